#!/usr/bin/env python3
"""Signed events a second into `suyuan serve`, durable, over HTTP, beside a transaction for each of them on anvil.

    scripts/bench_capture.py                  a table
    scripts/bench_capture.py --json           the same as JSON

The site is a process of its own with embedded database and chain in a temporary folder and seals meanwhile. Events
are signed before the clock starts; one counts when its answer is there, after its commit. On anvil the hash of each
event goes into `CheckpointStruct` (one struct in a mapping) by a transaction signed beforehand; anvil mines at once and
keeps its chain in memory.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import psycopg
from eth_account import Account
from web3 import HTTPProvider, Web3

from bench_scan import await_port
from compile_contracts import compile_files
from suyuan.chain.keystore import Signer
from suyuan.client import Author, Site
from suyuan.core import canonical
from suyuan.storage.database import EmbeddedServer
from toolchain import ROOT, ToolMissing, running_anvil

CONTEXT = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"]
PER_DOCUMENT = 100
CLIENTS = (1, 4)


@contextmanager
def running_site() -> Iterator[tuple[str, Signer, dict[str, str]]]:
    """`suyuan serve` on a fresh folder; its URL, a merchant that it knows, and how durable its database is."""
    merchant = Signer.random()
    folder = Path(tempfile.mkdtemp(prefix="suyuan-bench-"))
    folder.chmod(0o755)  # the database server may run as another user
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SUYUAN_")}
    environment = {**kept, "SUYUAN_DATA": str(folder / "data"), "SUYUAN_PORT": str(port)}
    suyuan = [sys.executable, "-c", "from suyuan.cli.main import main; main()"]
    quiet: dict[str, Any] = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*suyuan, "deploy"], check=True, **quiet)
    subprocess.run([*suyuan, "admit", merchant.address, "--licence", "bench"], check=True, **quiet)
    process = subprocess.Popen([*suyuan, "serve"], **quiet)
    try:
        await_port(process, port)
        with psycopg.connect(EmbeddedServer(folder / "data" / "postgres").url) as connection:
            durable = {
                name: connection.execute(f"SHOW {name}").fetchone()[0]  # type: ignore[index,arg-type]
                for name in ("fsync", "synchronous_commit", "full_page_writes")
            }
        yield f"http://127.0.0.1:{port}", merchant, durable
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def event(number: int) -> dict[str, Any]:
    """One of many that are all different: three items shipped, with a temperature."""
    return {
        "type": "ObjectEvent",
        "eventTime": f"2026-10-{number % 28 + 1:02}T{number % 24:02}:{number % 60:02}:00.000+08:00",
        "eventTimeZoneOffset": "+08:00",
        "epcList": [f"https://id.gs1.org/01/09521141012345/21/{number}-{i}" for i in range(3)],
        "action": "OBSERVE",
        "bizStep": "shipping",
        "disposition": "in_transit",
        "readPoint": {"id": "urn:epc:id:sgln:9521141.00001.0"},
        "bizTransactionList": [{"type": "po", "bizTransaction": f"urn:epcglobal:cbv:bt:9521141000021:{number}"}],
        "sensorElementList": [
            {
                "sensorMetadata": {"time": "2026-10-01T00:00:00Z"},
                "sensorReport": [{"type": "Temperature", "value": 4.5 + number % 3, "uom": "CEL"}],
            }
        ],
    }


def send(url: str, path: str, bodies: Sequence[bytes], clients: int) -> float:
    """Posts bodies over one connection for each client; how long until the last answer."""
    address = url.removeprefix("http://")

    def client(part: Sequence[bytes]) -> None:
        connection = http.client.HTTPConnection(address, timeout=120)
        for body in part:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = response.read()
            if response.status not in (201, 202):
                raise RuntimeError(answer.decode())
        connection.close()

    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(client, [bodies[i::clients] for i in range(clients)]))
    return time.perf_counter() - started


def captured(documents: int, singles: int) -> Iterator[dict[str, Any]]:
    """The site's rows, and first how durable it is."""
    with running_site() as (url, merchant, durable):
        yield durable
        author = Author(Site(url, http=httpx.Client(base_url=url, timeout=60)), merchant)
        number = iter(range(10**9))

        def document() -> bytes:
            events = [event(next(number)) for _ in range(PER_DOCUMENT)]
            return canonical.encode(author.sign_document({
                "@context": CONTEXT,
                "type": "EPCISDocument",
                "schemaVersion": "2.0",
                "creationDate": "2026-10-01T00:00:00Z",
                "epcisBody": {"eventList": events},
            }))  # fmt: skip

        def single() -> bytes:
            return canonical.encode(author.sign_event({"@context": CONTEXT, **event(next(number))}, None))

        send(url, "/epcis/capture", [document() for _ in range(5)], 1)  # until it is warm
        for clients in CLIENTS:
            bodies = [document() for _ in range(documents)]
            took = send(url, "/epcis/capture", bodies, clients)
            count = documents * PER_DOCUMENT
            yield {"what": f"documents of {PER_DOCUMENT}", "clients": clients, "events": count, "seconds": took}
        for clients in CLIENTS:
            bodies = [single() for _ in range(singles)]
            took = send(url, "/epcis/events", bodies, clients)
            yield {"what": "one by one", "clients": clients, "events": singles, "seconds": took}


def on_chain(count: int) -> dict[str, Any]:
    """The same events, a transaction each."""
    with running_anvil() as url:
        w3 = Web3(HTTPProvider(url))
        account = Account.create()
        w3.provider.make_request("anvil_setBalance", [account.address, hex(10**24)])  # type: ignore[arg-type]
        artifact = compile_files([ROOT / "contracts" / "test" / "CheckpointStruct.sol"])["CheckpointStruct"]
        factory = w3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"])
        deployed = w3.eth.wait_for_transaction_receipt(factory.constructor().transact({"from": w3.eth.accounts[0]}))
        contract = w3.eth.contract(deployed["contractAddress"], abi=artifact["abi"])
        envelope = {"chainId": w3.eth.chain_id, "gas": 200_000, "gasPrice": 10**10, "value": 0}
        calls = []
        for nonce in range(count):
            content = sha256(canonical.encode(event(nonce))).digest()
            place = sha256(b"urn:epc:id:sgln:9521141.00001.0").digest()
            built = contract.functions.record(sha256(str(nonce).encode()).digest(), content, place).build_transaction(
                {**envelope, "from": account.address, "nonce": nonce}  # type: ignore[typeddict-item]
            )
            raw = account.sign_transaction(built).raw_transaction.to_0x_hex()
            calls.append(json.dumps(
                {"jsonrpc": "2.0", "id": nonce, "method": "eth_sendRawTransaction", "params": [raw]}
            ).encode())  # fmt: skip
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        started = time.perf_counter()
        for call in calls:
            connection.request("POST", "/", call, {"Content-Type": "application/json"})
            last = json.loads(connection.getresponse().read())
        receipt = w3.eth.wait_for_transaction_receipt(last["result"], timeout=60, poll_latency=0.005)
        took = time.perf_counter() - started
        if receipt["status"] != 1 or w3.eth.get_transaction_count(account.address) != count:
            raise RuntimeError("anvil did not mine them all")
        return {"what": "a transaction each, anvil", "clients": 1, "events": count, "seconds": took}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=60, help="of 100 events, for each number of clients")
    parser.add_argument("--singles", type=int, default=800, help="events one by one, for each number of clients")
    parser.add_argument("--transactions", type=int, default=300)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    try:
        chain = on_chain(arguments.transactions)
        durable, *rows = captured(arguments.documents, arguments.singles)
    except ToolMissing as error:
        print(error, file=sys.stderr)
        return 2
    rows.append(chain)
    for row in rows:
        row["per_second"] = round(row["events"] / row["seconds"])
        row["ratio_to_chain"] = round(row["per_second"] / (chain["events"] / chain["seconds"]), 1)
        row["seconds"] = round(row["seconds"], 2)
    command = shlex.join(sys.argv)
    if arguments.json:
        print(json.dumps({"command": command, "database": durable, "rows": rows}))
        return 0
    print(f"{command}\ndatabase: {', '.join(f'{name} {value}' for name, value in durable.items())}\n")
    print(f"{'':28}{'clients':>8}{'events':>9}{'seconds':>9}{'events/s':>10}{'to anvil':>10}")
    for row in rows:
        print(
            f"{row['what']:28}{row['clients']:>8}{row['events']:>9,}{row['seconds']:>9}{row['per_second']:>10,}"
            f"{row['ratio_to_chain']:>10}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())

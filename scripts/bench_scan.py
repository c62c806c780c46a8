#!/usr/bin/env python3
"""Proof bundles a second from one worker, beside an empty FastAPI `def` endpoint, as the journal grows.

    scripts/bench_scan.py                        at 1,000, 100,000 and 1,000,000 subjects
    scripts/bench_scan.py --sizes 1000 --json    at another size, as JSON

Both endpoints run under uvicorn in a process of their own and are asked in turn by the same client, over connections
that stay open. Each subject is an item of a batch of a thousand. `cold`: subjects at random out of all, one event each
(a run of ten items), with a limit for which no answer is kept, so that every bundle is made anew; `hot`: the same few
again and again, six events each, answers kept. The ratio is to the empty endpoint in the same round; the median of the
rounds counts. Measured is a worker whose warm-up is over; it is said how long that took, and how much memory the
process has then.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shlex
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.request import urlopen

from fastapi import FastAPI
from sqlalchemy import Connection

from suyuan.chain.port import ChainHead, OpenAppeal, Outcome, Prepared, SealRecord, TransactionState
from suyuan.config import Settings
from suyuan.core import canonical, merkle, subjects
from suyuan.core.entries import Kind
from suyuan.core.heads import EMPTY
from suyuan.core.proof import Deployment, Seal, item_leaf
from suyuan.services.appeal import Appeals
from suyuan.services.prove import DEFAULT_LIMIT, Prover
from suyuan.services.seal import Pace, Sealer
from suyuan.storage import journal, registry
from suyuan.storage.database import Database, EmbeddedServer

SIZES = (1_000, 100_000, 1_000_000)
RUN = 10  # items that an event names
BATCH = 1_000  # items of a batch
HOT = 16
CONNECTIONS = 8
JOURNAL = "0x" + "11" * 20
AUTHOR = "0x" + "22" * 20


# -- a journal, made fast


class PaperChain:
    """A chain that agrees at once: it only remembers seals. Serves the sealer, and an audit as its source."""

    def __init__(self) -> None:
        self.seals: list[Seal] = []
        self._next: Seal | None = None

    def deployment(self) -> Deployment:
        return Deployment(31337, "0x" + "1a" * 20)

    def journal_head(self) -> ChainHead:
        last = self.seals[-1] if self.seals else Seal(0, 0, merkle.EMPTY_ROOT, EMPTY, 0)
        return ChainHead(last.number, last.size, last.root, last.heads, last.sealed_at)

    def prepare_seal(self, seal: Seal, *_: object) -> Prepared:
        self._next = Seal(seal.number, seal.size, seal.root, seal.heads, int(time.time()))
        return Prepared(b"seal", sha256(seal.root).digest(), seal.number, 1)

    def open_appeals(self, _: int) -> list[OpenAppeal]:
        return []

    def send(self, _: Prepared) -> None:
        assert self._next is not None
        self.seals.append(self._next)

    def seal_record(self, number: int) -> SealRecord:
        seal = self.seals[number - 1]
        return SealRecord(seal, number, sha256(seal.root).digest(), 1)

    def outcome(self, tx: bytes) -> Outcome:
        return Outcome(tx, TransactionState.MINED, 1, 1)

    def journal_seals(self) -> list[Seal]:
        return self.seals

    def confirms(self, seal: Seal) -> bool:
        return seal in self.seals


def subject(number: int) -> str:
    """The number's item."""
    return f"/01/09521141012345/21/{number}"


def _draft(first: int, count: int, repeat: int) -> journal.Draft:
    """A checkpoint that names so many items; not signed by anyone, which neither proofs nor audits look into."""
    document = canonical.encode({
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "ObjectEvent",
        "eventTime": "2026-11-24T10:00:00.000+08:00",
        "eventTimeZoneOffset": "+08:00",
        "epcList": [f"https://id.gs1.org{subject(first + i)}" for i in range(count)],
        "action": "OBSERVE",
        "bizStep": "shipping",
        "readPoint": {"id": "https://id.gs1.org/414/9521141000014"},
        "bizTransactionList": [{"type": "po", "bizTransaction": f"urn:epcglobal:cbv:bt:9521141000021:{first}.{repeat}"}],  # noqa: E501
    })  # fmt: skip
    name = sha256(document).digest()
    body = {
        "kind": Kind.CHECKPOINT.word,
        "public": {"event": f"ni:///sha-256;{name.hex()}?ver=CBV2.0", "document": name.hex()},
        "by": AUTHOR,
        "issuedAt": 1_795_000_000,
        "nonce": name.hex(),
        "signature": name.hex() * 2 + "1b",
        "named": count,
    }
    keys = tuple(sorted(subjects.key(subject(first + i)) for i in range(count)))
    return journal.Draft(Kind.CHECKPOINT, keys, AUTHOR, name, canonical.encode(body), name, document)


def _batch(connection: Connection, first: int, count: int) -> journal.Draft:
    """Puts a batch's row and its items' rows in; gives its entry."""
    name = f"/01/09521141012345/10/{first}"
    key = subjects.key(name)
    items = []
    for n, serial in enumerate(sorted(str(first + i) for i in range(count))):
        code = sha256(serial.encode()).digest()
        items.append(registry.Item(subjects.key(f"/01/09521141012345/21/{serial}"), key, n, serial, code))
    root = merkle.Tree(item_leaf(item.serial, item.code) for item in items).root()
    document = canonical.encode(
        {"productionDate": "2026-11-24", "place": {"id": "https://id.gs1.org/414/9521141000014"}}
    )
    public = {"document": sha256(document).hexdigest(), "quantity": count, "itemsRoot": root.hex()}
    body = canonical.encode({
        "kind": Kind.BATCH.word, "subject": name, "public": public, "by": AUTHOR, "issuedAt": 1_795_000_000,
        "nonce": key.hex(), "signature": key.hex() * 2 + "1b",
    })  # fmt: skip
    registry.add_batch(connection, registry.BatchRow(key, name, AUTHOR, count, root, sha256(body).digest()), items)
    return journal.Draft(Kind.BATCH, (key,), AUTHOR, key, body, sha256(document).digest(), document)


class Growing:
    """A sealed journal that grows to as many subjects as wanted. `batches`: whether they are items of such."""

    def __init__(self, database: Database, *, batches: bool = False) -> None:
        self._database = database
        self._batches = batches
        self.chain = PaperChain()
        appeals = Appeals(database, self.chain, None, clock=time.time)  # type: ignore[arg-type]
        self._sealer = Sealer(database, self.chain, Pace(0, 1, 1, 60), appeals)  # type: ignore[arg-type]
        self._size = 0

    def to(self, size: int) -> None:
        """One entry for each new subject, and some more for the hot ones at the start."""
        drafts = [_draft(n, min(RUN, size - n), 0) for n in range(self._size, size, RUN)]
        if not self._size:
            drafts += [_draft(n, 1, repeat) for n in range(HOT) for repeat in range(1, 6)]
        for begin in range(0, len(drafts), 5_000):
            with self._database.write() as connection:
                now = int(time.time() * 1000)
                part = drafts[begin : begin + 5_000]
                journal.append(connection, part, now=now, promise=86_400, sign=lambda _: bytes(65))
        for first in range(self._size, size, BATCH) if self._batches else ():
            with self._database.write() as connection:
                batch = _batch(connection, first, min(BATCH, size - first))
                now = int(time.time() * 1000)
                journal.append(connection, [batch], now=now, promise=86_400, sign=lambda _: bytes(65))
        with self._database.write() as connection:
            connection.exec_driver_sql("ANALYZE")
        while self._sealer.step(now=True):
            pass
        self._size = size


@contextmanager
def fresh_database() -> Iterator[tuple[Database, str]]:
    """A new embedded PostgreSQL in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="suyuan-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # the server may run as another user
        url = EmbeddedServer(Path(folder) / "postgres").url
        database = Database(url)
        database.migrate()
        try:
            yield database, url
        finally:
            database.close()


# -- the two servers


def site() -> FastAPI:
    """The real application, on a node that only proves."""
    from suyuan.api.app import create

    prover = Prover(Database(os.environ["SUYUAN_DATABASE_URL"]), Deployment(31337, JOURNAL))
    node: Any = SimpleNamespace(prover=prover, settings=Settings(), start=prover.start, stop=prover.stop)
    app = create(node)

    @app.get("/bench/warm")
    def warm() -> dict[str, float]:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return {"seconds": prover.warm() or 0, "megabytes": pages * os.sysconf("SC_PAGE_SIZE") >> 20}

    return app


def warmed(port: int) -> dict[str, float]:
    """Waits until a worker's warm-up is over; gives how long it took, and the memory that the process then has."""
    while True:
        with urlopen(f"http://127.0.0.1:{port}/bench/warm") as answer:
            met: dict[str, float] = json.load(answer)
        if met["seconds"]:
            return met
        time.sleep(0.1)


def empty() -> FastAPI:
    """What FastAPI costs."""
    app = FastAPI()

    @app.get("/v1/proof")
    def nothing() -> None:
        return None

    return app


@contextmanager
def serving(factory: str, url: str) -> Iterator[int]:
    """One uvicorn worker; gives its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    options = ["--factory", "--port", str(port), "--no-access-log", "--log-level", "warning"]
    command = [sys.executable, "-m", "uvicorn", f"bench_scan:{factory}", *options]
    environment = {**os.environ, "SUYUAN_DATABASE_URL": url}
    process = subprocess.Popen(command, cwd=Path(__file__).parent, env=environment)
    try:
        await_port(process, port)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def await_port(process: subprocess.Popen[bytes], port: int, seconds: float = 60) -> None:
    """Returns when somebody listens."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port} (exit code {process.poll()})")


# -- the client


class _Connection(asyncio.Protocol):
    """Asks again as soon as it is answered."""

    def __init__(self, path: Callable[[], str], count: Callable[[], None]) -> None:
        self._path = path
        self._count = count
        self._met = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._ask()

    def _ask(self) -> None:
        self._transport.write(f"GET {self._path()} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        self._met += data
        head, end, body = self._met.partition(b"\r\n\r\n")
        if not end:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(self._met.decode())
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) >= length:
            self._met = b""
            self._count()
            self._ask()


def rate(port: int, path: Callable[[], str], seconds: float) -> float:
    """Answers a second."""
    answered = 0

    def count() -> None:
        nonlocal answered
        answered += 1

    async def run() -> float:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: faults.append(context))
        opened = [await loop.create_connection(lambda: _Connection(path, count), "127.0.0.1", port)
                  for _ in range(CONNECTIONS)]  # fmt: skip
        started, before = time.perf_counter(), answered
        await asyncio.sleep(seconds)
        result = (answered - before) / (time.perf_counter() - started)
        for transport, _ in opened:
            transport.abort()
        return result

    faults: list[Any] = []
    result = asyncio.run(run())
    if faults:
        raise RuntimeError(faults[0])
    return result


def measure(size: int, url: str, rounds: int, seconds: float) -> dict[str, Any]:
    """Both endpoints in turn."""
    chosen = random.Random(size)  # noqa: S311
    paths: dict[str, Callable[[], str]] = {
        "cold": lambda: f"/v1/proof?subject={subject(chosen.randrange(size))}&limit={DEFAULT_LIMIT - 1}",
        "hot": lambda: f"/v1/proof?subject={subject(chosen.randrange(min(HOT, size)))}",
    }
    rates: dict[str, list[float]] = {"empty": [], "cold": [], "hot": []}
    with serving("empty", url) as bare, serving("site", url) as ours:
        warm = warmed(ours)
        for port in (bare, ours):
            rate(port, paths["cold"], 1)  # until it is warm
        for _ in range(rounds):
            rates["empty"].append(rate(bare, lambda: "/v1/proof", seconds))
            for name, path in paths.items():
                rates[name].append(rate(ours, path, seconds))
    row: dict[str, Any] = {"subjects": size, "warm": warm} | {
        name: round(statistics.median(met)) for name, met in rates.items()
    }
    for name in paths:
        ratios = [ours / bare for ours, bare in zip(rates[name], rates["empty"], strict=True)]
        row[f"{name}_ratio"] = round(statistics.median(ratios), 2)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of subjects, growing")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2, help="for each endpoint in each round")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    command = shlex.join(sys.argv)
    if not arguments.json:
        print(f"{command}\nanswers a second from one worker, {CONNECTIONS} connections\n")
        print(
            f"{'subjects':>10}{'empty':>10}{'cold':>10}{'ratio':>8}{'hot':>10}{'ratio':>8}"
            f"{'made in':>12}{'warm in':>10}"
        )
    rows = []
    with fresh_database() as (database, url):
        growing = Growing(database, batches=True)
        for size in sorted(arguments.sizes):
            started = time.perf_counter()
            growing.to(size)
            made = time.perf_counter() - started
            row = measure(size, url, arguments.rounds, arguments.seconds)
            rows.append(row)
            if not arguments.json:
                print(
                    f"{size:>10,}{row['empty']:>10,}{row['cold']:>10,}{row['cold_ratio']:>8}{row['hot']:>10,}"
                    f"{row['hot_ratio']:>8}{made:>10.1f} s"
                    f"{row['warm']['seconds']:>8.1f} s, {row['warm']['megabytes']:,} MB",
                    flush=True,
                )
    if arguments.json:
        print(json.dumps({"command": command, "rows": rows}))


if __name__ == "__main__":
    main()

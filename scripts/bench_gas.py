#!/usr/bin/env python3
"""What a seal costs, and what the same costs otherwise: receipts of one anvil chain, in one run.

    scripts/bench_gas.py            a table
    scripts/bench_gas.py --json     the same as JSON

Compared with the Ethereum Attestation Service (from npm, compiled here) and with one struct per checkpoint. A figure
per record is the receipt's gas divided by the records that the transaction covers.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from eth_account import Account
from web3 import HTTPProvider, Web3
from web3.contract import Contract

from compile_contracts import CONTRACTS, SETTINGS, compile_files
from proof_trees import consistency, inclusion, uniform
from toolchain import ROOT, SOLC_VERSION, ToolMissing, running_anvil
from trial_journals import APPEAL, BODY, SUBJECTS_DEPTH, TRIALS, Place, headers, heads, leaf, sealing

SIZES = {"10^3": 10**3, "10^6": 10**6, "10^9": 10**9, "2^30-1": 2**30 - 1}
GROWTHS = (1, 100, 10_000, 1_000_000)
GREATEST_GROWTH = 2**24
EAS = ROOT / "node_modules" / "@ethereum-attestation-service" / "eas-contracts" / "contracts"
EAS_SETTINGS = {key: value for key, value in SETTINGS.items() if key != "viaIR"}
ZERO = "0x" + "00" * 20
NOTHING = (0, 0, bytes(32), bytes(32), 0)
RECEIPT = [{"name": "leaves", "type": "bytes32"}] + [
    {"name": name, "type": "uint64"} for name in ("index", "count", "issuedAt", "sealBy")
]
TERMS = (86_400, 3 * 86_400, 10**15)  # promise bound, grace period, fee of an appeal


@dataclass(frozen=True)
class Figure:
    """Gas of one transaction that covers so many records."""

    what: str
    records: int
    gas: int

    @property
    def per_record(self) -> float:
        return self.gas / self.records


class Bench:
    """One chain, one sender."""

    def __init__(self, url: str) -> None:
        self.w3 = Web3(HTTPProvider(url))
        self.sender = self.w3.eth.accounts[0]
        # All that a transaction may use since EIP-7825.
        self._envelope = {"from": self.sender, "gas": 2**24, "gasPrice": 10**10}

    def deploy(self, artifact: dict[str, Any], *arguments: Any) -> Contract:
        factory = self.w3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"])
        receipt = self._mined(factory.constructor(*arguments))
        contract: Contract = self.w3.eth.contract(receipt["contractAddress"], abi=artifact["abi"])
        return contract

    def gas(self, call: Any, value: int = 0) -> int:
        """Send, with so many wei, and read what it cost from the receipt."""
        return int(self._mined(call, value)["gasUsed"])

    def gas_undone(self, call: Any) -> int:
        """The same, and put the chain back to where it was."""
        snapshot = self.w3.provider.make_request("evm_snapshot", [])["result"]  # type: ignore[arg-type]
        spent = self.gas(call)
        self.w3.provider.make_request("evm_revert", [snapshot])  # type: ignore[arg-type]
        return spent

    def _mined(self, call: Any, value: int = 0) -> Any:
        sent = call.transact({**self._envelope, **({"value": value} if value else {})})
        receipt = self.w3.eth.wait_for_transaction_receipt(sent, timeout=60, poll_latency=0.005)
        if receipt["status"] != 1:
            raise RuntimeError(f"refused: {call}")
        return receipt


def seals(bench: Bench) -> Iterator[Figure]:
    """A journal that grows seal by seal to each size, all of its leaves the same, and from there by each growth."""
    compiled = compile_files([ROOT / "contracts" / f"{name}.sol" for name in CONTRACTS])
    merchants = bench.deploy(compiled["MerchantRegistry"], bench.sender, bench.sender)
    batches = bench.deploy(compiled["BatchRegistry"], merchants.address)
    journal = bench.deploy(compiled["Journal"], merchants.address, batches.address, ZERO, NOTHING, *TERMS, bench.sender)
    bench.gas(journal.functions.grantRole(journal.functions.SEALER_ROLE().call(), bench.sender))

    tree = uniform()

    def seal(old: int, new: int) -> Any:
        heads = sha256(b"heads" + new.to_bytes(8, "big")).digest()
        return journal.functions.seal(new, tree(0, new), heads, consistency(old, new, tree), [])

    size = 0
    for name, target in SIZES.items():
        while size < target:
            grown = min(target, size + GREATEST_GROWTH)
            bench.gas(seal(size, grown))
            size = grown
        for growth in GROWTHS:
            yield Figure(f"seal at {name}, +{growth:,}", growth, bench.gas_undone(seal(size, size + growth)))


def judgements(bench: Bench) -> Iterator[Figure]:
    """Every proof of a fault, an appeal, and its answers, each on a journal of its own that holds what it turns on."""
    sources = [ROOT / "contracts" / f"{name}.sol" for name in CONTRACTS]
    compiled = compile_files([*sources, ROOT / "contracts" / "test" / "AnyPredecessor.sol"])
    for name, size in SIZES.items():
        if name != "2^30-1":
            for trial in TRIALS:
                for subjects in SUBJECTS_DEPTH if trial == "proveOmission" else (10**6,):
                    yield _judgement(bench, compiled, trial, name, size, subjects)


def _judgement(bench: Bench, compiled: Any, trial: str, name: str, size: int, subjects: int) -> Figure:
    function, _, what = trial.partition(" (")
    place, before = Place(size, headers(trial, size)), size - 100
    tree, (end, siblings, root) = place.tree, heads(subjects)
    merchants = bench.deploy(compiled["MerchantRegistry"], bench.sender, bench.sender)
    batches = bench.deploy(compiled["BatchRegistry"], merchants.address)
    begun = (1, before, tree(0, before), BODY, 1)
    anyone = bench.deploy(compiled["AnyPredecessor"])
    registries = (merchants.address, batches.address)
    journal = bench.deploy(compiled["Journal"], *registries, anyone.address, begun, *TERMS, bench.sender)
    functions = journal.functions
    bench.gas(functions.grantRole(functions.SEALER_ROLE().call(), bench.sender))
    key = Account.create()
    bench.gas(functions.setReceiptKey(key.address, True))
    first = next(iter(place.headers))
    label = f"{function} {what}".strip(" ,").replace(", ", "").strip() + f", {name}"
    if function == "proveOmission":
        label += f", {subjects:,} subjects"
    if function == "seal":
        count = int(what.split(" ")[0])
        for _ in range(count):
            bench.gas(functions.appeal(APPEAL), TERMS[2])
        one = (place.headers[first], first, inclusion(first, size, tree))
        return Figure(label, count, bench.gas(sealing(journal, before, place, root, [one] * count)))

    bench.gas(sealing(journal, before, place, root, []))
    under = (1, size, tree(0, size), root, bench.w3.eth.get_block("latest")["timestamp"])  # type: ignore[typeddict-item]
    evidence = [place.evidence(under, index) for index in place.headers]
    late = function == "proveLateness"
    made = {"leaves": BODY, "index": before if late else first, "count": 1, "issuedAt": 1, "sealBy": 2}
    domain = {"name": "Suyuan", "version": "1", "chainId": bench.w3.eth.chain_id, "verifyingContract": journal.address}
    signature = bytes(key.sign_typed_data(domain, {"Receipt": RECEIPT}, made).signature)
    receipt = tuple(made.values())
    if function == "answer":
        bench.gas(functions.appeal(APPEAL), TERMS[2])
    calls: dict[str, Callable[[], Any]] = {
        "answer": lambda: functions.answer(evidence[0]),
        "proveOmission": lambda: functions.proveOmission(evidence[0], (under, end, siblings)),
        "proveFork": lambda: functions.proveFork(evidence),
        "proveMisstep": lambda: functions.proveMisstep(evidence),
        "proveBrokenPromise": lambda: functions.proveBrokenPromise(
            receipt, signature, (0, BODY, []), (under, leaf(place.headers[first]), inclusion(first, size, tree))
        ),
        "proveLateness": lambda: functions.proveLateness(receipt, signature, NOTHING, under),
    }
    return Figure(label, 1, bench.gas(calls[function]()))


def appeals(bench: Bench) -> Iterator[Figure]:
    """Appeals of 340 bytes: the first that a journal meets, and one behind it."""
    compiled = compile_files([ROOT / "contracts" / f"{name}.sol" for name in CONTRACTS])
    merchants = bench.deploy(compiled["MerchantRegistry"], bench.sender, bench.sender)
    batches = bench.deploy(compiled["BatchRegistry"], merchants.address)
    journal = bench.deploy(compiled["Journal"], merchants.address, batches.address, ZERO, NOTHING, *TERMS, bench.sender)
    for which in ("first", "later"):
        yield Figure(f"appeal of 340 bytes, {which}", 1, bench.gas(journal.functions.appeal(APPEAL), TERMS[2]))


def attestations(bench: Bench) -> Iterator[Figure]:
    """EAS as published, with the optimizer at 200 runs; 32 bytes a record."""
    compiled = compile_files([EAS / "SchemaRegistry.sol", EAS / "EAS.sol"], EAS_SETTINGS, "solc-eas")
    registry = bench.deploy(compiled["SchemaRegistry"])
    eas = bench.deploy(compiled["EAS"], registry.address)
    bench.gas(registry.functions.register("bytes32 leaf", ZERO, False))
    schema = Web3.solidity_keccak(["string", "address", "bool"], ["bytes32 leaf", ZERO, False])

    def request(number: int, recipient: str = ZERO) -> tuple[Any, ...]:
        return (recipient, 0, False, bytes(32), sha256(number.to_bytes(8, "big")).digest(), 0)

    functions = eas.functions
    bench.gas(functions.attest((schema, request(0))))
    yield Figure("EAS attest, with recipient", 1, bench.gas(functions.attest((schema, request(1, bench.sender)))))
    yield Figure("EAS attest, without recipient", 1, bench.gas(functions.attest((schema, request(2)))))
    for label, recipient, first in (("with", bench.sender, 100), ("without", ZERO, 200)):
        many = [(schema, [request(number, recipient) for number in range(first, first + 100)])]
        yield Figure(f"EAS multiAttest of 100, {label} recipient", 100, bench.gas(functions.multiAttest(many)))
    hashes = [sha256(b"timestamp" + number.to_bytes(8, "big")).digest() for number in range(501)]
    yield Figure("EAS timestamp", 1, bench.gas(functions.timestamp(hashes[0])))
    yield Figure("EAS multiTimestamp of 500", 500, bench.gas(functions.multiTimestamp(hashes[1:])))


def structs(bench: Bench) -> Iterator[Figure]:
    """One struct per checkpoint in a mapping."""
    compiled = compile_files([ROOT / "contracts" / "test" / "CheckpointStruct.sol"])
    contract = bench.deploy(compiled["CheckpointStruct"])
    subject, content, place = (sha256(word).digest() for word in (b"subject", b"content", b"place"))
    for which in ("first", "later"):
        gas = bench.gas(contract.functions.record(subject, content, place))
        yield Figure(f"struct per checkpoint, {which} of a subject", 1, gas)


def machine() -> str:
    """The processor, its cores and the system."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores, {platform.platform()}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    try:
        with running_anvil() as url:
            bench = Bench(url)
            client = bench.w3.client_version
            figures = [*seals(bench), *appeals(bench), *judgements(bench), *attestations(bench), *structs(bench)]
    except ToolMissing as error:
        print(error, file=sys.stderr)
        return 2
    facts = {
        "command": shlex.join(sys.argv),
        "machine": machine(),
        "node": client,
        "compiler": f"solc {SOLC_VERSION}, {json.dumps(SETTINGS, sort_keys=True)}; EAS: solc-eas, without viaIR",
    }
    if arguments.json:
        rows = [{**asdict(figure), "per_record": round(figure.per_record, 3)} for figure in figures]
        print(json.dumps({**facts, "figures": rows}, indent=1))
        return 0
    for name, value in facts.items():
        print(f"{name}: {value}")
    print(f"\n{'':44}{'gas':>12}{'records':>12}{'per record':>14}")
    for figure in figures:
        print(f"{figure.what:44}{figure.gas:>12,}{figure.records:>12,}{figure.per_record:>14,.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""How fast an audit reads a journal, in how much memory, and what a later one costs, beside bare hashing and recovery.

    scripts/bench_audit.py                            journals of 10,000 and 100,000 entries
    scripts/bench_audit.py --sizes 100000 1000000     other sizes (the figures of docs; minutes)
    scripts/bench_audit.py --jobs 1 2 --json          in so many processes, as JSON

Of ten entries eight are events, each with a body, a document and a signature of its own and about items of which half
were met before, and two an order and its delivery. The log is a file and the chain a list, so neither is measured. Each
audit runs in a process of its own: its peak memory is that process's, and `readers` that of the largest of its readers.
`again`: the next 1,000 entries, from the state that the whole audit left. Stages are entries a second of one core.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from coincurve import PrivateKey

from suyuan.chain.port import Deployment, Fault, Standings
from suyuan.core import canonical, entries, heads, merkle, proof, rules, statements, subjects
from suyuan.core.entries import HEADER_SIZE, Kind
from suyuan.core.epcis import event_hash
from suyuan.core.notes import TILE
from suyuan.core.proof import BatchState, Seal
from suyuan.core.rules import Role, Standing
from suyuan.core.standing import Participant
from suyuan.core.statements import Signed, Statement
from suyuan.services.audit import audit

SIZES = (10_000, 100_000)
MORE = 1_000  # entries that a later audit reads
SEALS = 10
CHAIN, JOURNAL, MERCHANTS, BATCHES = 31337, "0x" + "1a" * 20, "0x" + "2b" * 20, "0x" + "3c" * 20
BEGUN = 1_790_000_000
GTIN = "09521141012345"
PRODUCT, BATCH = subjects.product(GTIN), subjects.batch(GTIN, "L1")
LISTING = canonical.encode({"name": "龙井"})
PUBLIC = {"document": sha256(LISTING).hexdigest(), "quantity": 2**32 - 1, "itemsRoot": "cd" * 32}
PIECE = 10_000  # entries that a process makes at once


class Signer:
    """A key of secp256k1."""

    def __init__(self, name: str) -> None:
        self._key = PrivateKey(sha256(name.encode()).digest())
        self.address = statements.address_of(self._key.public_key.format(compressed=False))

    def sign(self, digest: bytes) -> bytes:
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes((27 + signature[64],))


MERCHANT, OPERATOR = Signer("merchant"), Signer("operator")


# -- a journal, made fast


def entry(n: int) -> tuple[Kind, str, bytes, bytes]:
    """The kind, subject, body and document of entry `n`; the document is empty where there is none, or no new one."""
    name, by, public, document = sha256(b"%d" % n).hexdigest(), MERCHANT, PUBLIC, b""
    order = f"/order/{sha256(b'%d' % (n // 10)).hexdigest()[:32]}"
    if n == 0:
        kind, subject, public, document = Kind.PRODUCT, PRODUCT, {"document": PUBLIC["document"]}, LISTING
    elif n == 1:
        kind, subject = Kind.BATCH, BATCH
    elif n % 10 == 8:
        kind, subject, by, public = Kind.ORDER, order, OPERATOR, {"private": name}
    elif n % 10 == 9:
        kind, subject, by, public = Kind.DELIVERY, order, OPERATOR, {"goods": [{"batch": BATCH, "quantity": 1}]}
    else:
        kind, subject = Kind.CHECKPOINT, subjects.item(GTIN, str(n if n % 2 else n // 2))
        told = stored(subject, n)
        document = canonical.encode(told)
        public = {"event": event_hash(told), "document": sha256(document).hexdigest()}
    about = "" if kind is Kind.CHECKPOINT else subject
    statement = Statement(kind.word, about, canonical.digest(public), BEGUN, bytes.fromhex(name))
    signature = by.sign(statement.digest(statements.domain(CHAIN, MERCHANTS)))
    named = 1 if kind is Kind.CHECKPOINT else 0
    body = entries.encode_body(rules.body_of(Signed(by.address, statement, signature), public, named))
    return kind, subject, body, document


def stored(subject: str, n: int) -> dict[str, Any]:
    """An event of one item, as a warehouse captures it."""
    return {
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "ObjectEvent",
        "eventTime": f"2026-10-01T{n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}.000Z",
        "eventTimeZoneOffset": "+08:00",
        "epcList": [f"https://id.gs1.org{subject}"],
        "action": "OBSERVE",
        "bizStep": "storing",
        "disposition": "in_progress",
        "readPoint": {"id": "https://id.gs1.org/414/9521141000007"},
        "bizLocation": {"id": "https://id.gs1.org/414/9521141000007"},
    }


def piece(first: int, last: int) -> list[tuple[Kind, str, bytes, bytes]]:
    return [entry(n) for n in range(first, last)]


def write(folder: Path, size: int) -> None:
    """A journal of `size` entries and then some, sealed, as files."""
    tree, streams, seals = merkle.Frontier(), {}, []
    top, buckets = heads.in_memory()
    changed: dict[bytes, heads.Met] = {}
    marks = {size * step // SEALS for step in range(1, SEALS + 1)} | {size + MORE}
    spans = [(first, min(first + PIECE, size + MORE)) for first in range(0, size + MORE, PIECE)]
    with (
        ProcessPoolExecutor(mp_context=get_context("spawn")) as pool,
        (folder / "headers").open("wb") as headers,
        (folder / "bodies").open("wb") as bodies,
        (folder / "documents").open("wb") as documents,
        (folder / "places").open("wb") as places,
    ):
        for made in pool.map(piece, *zip(*spans, strict=True)):
            for kind, subject, text, document in made:
                key = subjects.key(subject)
                head = streams.get(key, entries.EMPTY)
                body = sha256(text).digest()
                raw = entries.follow(head, kind=kind, key=key, at=(BEGUN + 1) * 1000 + tree.size, body=body).encode()
                leaf = entries.leaf(raw)
                streams[key] = entries.Head(head.count + 1, leaf, head.state)
                changed[key] = heads.Met(key, head.count + 1, leaf)
                tree.append(leaf)
                places.write(bodies.tell().to_bytes(8, "big") + documents.tell().to_bytes(8, "big"))
                bodies.write(text + b"\n")
                documents.write(document + b"\n" if document else b"")
                headers.write(raw)
                if tree.size in marks:
                    buckets.update(top.update(changed.values()))
                    changed.clear()
                    at = BEGUN + 2 + tree.size // 1000
                    seals.append([len(seals) + 1, tree.size, tree.root().hex(), top.root.hex(), at])
        places.write(bodies.tell().to_bytes(8, "big") + documents.tell().to_bytes(8, "big"))
    (folder / "seals").write_text(json.dumps(seals))


class FileLog:
    """The log as these files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def headers(self, n: int, width: int) -> list[bytes]:
        text = self._part("headers", n * TILE * HEADER_SIZE, width * HEADER_SIZE)
        return [text[at : at + HEADER_SIZE] for at in range(0, len(text), HEADER_SIZE)]

    def bodies(self, n: int, width: int) -> list[bytes]:
        return self._lines("bodies", 0, n, width)

    def documents(self, n: int, width: int) -> list[bytes]:
        return self._lines("documents", 8, n, width)

    def _lines(self, name: str, column: int, n: int, width: int) -> list[bytes]:
        ends = self._part("places", n * TILE * 16, (width + 1) * 16)
        first = int.from_bytes(ends[column : column + 8], "big")
        last = int.from_bytes(ends[column - 16 : len(ends) - 8 + column], "big")
        return self._part(name, first, last - first).split(b"\n")[:-1]

    def _part(self, name: str, at: int, size: int) -> bytes:
        with (self._folder / name).open("rb") as file:
            file.seek(at)
            return file.read(size)


class ListedChain:
    """A chain of which the answers are a list."""

    def __init__(self, seals: Sequence[Seal]) -> None:
        self.seals = seals
        content = canonical.digest(PUBLIC)
        root = bytes.fromhex(str(PUBLIC["itemsRoot"]))
        self._batch = BatchState(MERCHANT.address, 2**32 - 1, root, content, BEGUN, 0)

    def as_of(self) -> ListedChain:
        return self

    def deployment(self) -> proof.Deployment:
        return proof.Deployment(CHAIN, JOURNAL)

    def deployment_of(self, journal: str) -> Deployment:
        return Deployment(CHAIN, journal, MERCHANTS, BATCHES)

    def predecessor(self) -> None:
        return None

    def journal_seals(self, since: int = 0) -> Sequence[Seal]:
        return self.seals[since:]

    def confirms(self, seal: Seal) -> bool:
        return seal in self.seals

    def participants_since(self, block: int) -> tuple[list[Participant], int]:
        people = [
            Participant(one.address, role, ((1, Standing.ADMITTED),), ((1, one.address),))
            for one, role in ((MERCHANT, Role.MERCHANT), (OPERATOR, Role.OPERATOR))
        ]
        return [] if block else people, len(self.seals)

    def batch(self, _: bytes) -> BatchState:
        return self._batch

    def standings(self) -> Standings:
        return Standings(Fault.NONE, 0, 0, 0, 0, 86400, 1)

    def appeals(self) -> list[Any]:
        return []

    def faults(self) -> list[Any]:
        return []


# -- what is measured


@dataclass(frozen=True)
class Run:
    """One audit: its seconds, the peak of its process and of the largest of its readers (MB), seconds by stage."""

    entries: int
    seconds: float
    peak: int
    readers: int
    stages: dict[str, float]


def run(folder: Path, size: int, jobs: int) -> Run:
    """Audits the first `size` entries, from the state that is there."""
    listed = [Seal(n, at, bytes.fromhex(root), bytes.fromhex(top), when)
              for n, at, root, top, when in json.loads((folder / "seals").read_text()) if at <= size]  # fmt: skip
    started = time.perf_counter()
    report = audit(
        ListedChain(listed), FileLog(folder), state=folder / f"state{jobs}", jobs=jobs, clock=lambda: BEGUN + 3
    )
    seconds = time.perf_counter() - started
    if report.findings or report.unchecked or report.entries != size:
        raise RuntimeError((report.entries, report.findings[:9], report.unchecked[:9]))
    readers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    return Run(size - report.began, seconds, peak(), readers, {stage.name: stage.seconds for stage in report.stages})


def peak() -> int:
    """This process's own peak in MB: what `getrusage` says of it may be that of the process that began it."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) // 1024


def apart(folder: Path, size: int, jobs: int) -> Run:
    """The same in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(run, folder, size, jobs).result()


def bare(folder: Path, size: int) -> dict[str, float]:
    """Entries a second of one core for hashing what is hashed, and for recovering as many signatures, and no more."""
    log, count = FileLog(folder), min(size, 20 * TILE)
    pairs = [
        pair
        for n in range(count // TILE)
        for pair in zip(log.headers(n, TILE), log.bodies(n, TILE), strict=True)
    ]  # fmt: skip
    started = time.thread_time()
    for raw, body in pairs:
        leaf = sha256(b"\0" + raw).digest()
        sha256(body).digest()
        sha256(b"\x01" + leaf + leaf).digest()
    hashed = time.thread_time()
    digests = [sha256(raw).digest() for raw, _ in pairs]
    signatures = [MERCHANT.sign(digest) for digest in digests]
    begun = time.thread_time()
    for digest, signature in zip(digests, signatures, strict=True):
        statements.recover(digest, signature)
    recovered = time.thread_time()
    return {"sha-256": len(pairs) / (hashed - started), "recovery": len(pairs) / (recovered - begun)}


def measure(size: int, jobs: Sequence[int]) -> Iterator[dict[str, Any]]:
    """A row for each number of processes."""
    with tempfile.TemporaryDirectory(prefix="bench-audit-") as name:
        folder = Path(name)
        write(folder, size)
        beside = bare(folder, size)
        for count in jobs:
            whole, more = apart(folder, size, count), apart(folder, size + MORE, count)
            state = (folder / f"state{count}").stat().st_size
            yield {
                "entries": size,
                "jobs": count,
                "audit": round(size / whole.seconds),
                "stages": {stage: round(size / seconds) for stage, seconds in whole.stages.items() if seconds},
                "beside": {what: round(speed) for what, speed in beside.items()},
                "peak_mb": whole.peak,
                "readers_mb": whole.readers if count > 1 else 0,
                "state_mb": state >> 20,
                "seconds": round(whole.seconds, 2),
                "again_seconds": round(more.seconds, 3),
                "again_ratio": round(more.seconds / whole.seconds, 4),
            }


def told(row: dict[str, Any]) -> str:
    stages = "  ".join(f"{stage} {speed:,}" for stage, speed in row["stages"].items())
    beside = "  ".join(f"{what} {speed:,}" for what, speed in row["beside"].items())
    return (
        f"{row['entries']:>10,} entries, {row['jobs']} jobs: {row['audit']:,} a second ({row['seconds']} s), "
        f"peak {row['peak_mb']} MB, readers {row['readers_mb']} MB, state {row['state_mb']} MB\n"
        f"{'':>12}one core: {stages}\n{'':>12}beside: {beside}\n"
        f"{'':>12}{MORE:,} more: {row['again_seconds']} s, {row['again_ratio']} of the whole"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of entries")
    parser.add_argument("--jobs", type=int, nargs="+", default=(1, os.cpu_count() or 1), help="processes that read")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    command = shlex.join(sys.argv)
    if not arguments.json:
        print(command, flush=True)
    rows = []
    for size in sorted(arguments.sizes):
        for row in measure(size, sorted(set(arguments.jobs))):
            rows.append(row)
            if not arguments.json:
                print(told(row), flush=True)
    if arguments.json:
        print(json.dumps({"command": command, "rows": rows}))


if __name__ == "__main__":
    main()

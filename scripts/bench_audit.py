#!/usr/bin/env python3
"""How fast an audit reads a journal, and how that grows, beside bare SHA-256 over the same bytes.

    scripts/bench_audit.py                        journals of 10,000 and 100,000 entries
    scripts/bench_audit.py --sizes 1000000        another size (json: --json)

`audit`: the product's audit, over the log as the database serves it, in one process. `replay`: core alone, all in
memory. `sha-256`: each header and each body hashed once, and a node for each entry, in the same loop.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from bench_scan import Growing, fresh_database
from suyuan.core.entries import HEADER_SIZE
from suyuan.core.notes import TILE, KeyType, NoteSigner
from suyuan.core.replay import Replay
from suyuan.services.audit import audit
from suyuan.services.publish import Log

SIZES = (10_000, 100_000)


class StoredLog:
    """The open log without HTTP."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def headers(self, n: int, width: int) -> list[bytes]:
        content, each = self._log.entry_bundle(n, width), 2 + HEADER_SIZE
        return [content[at + 2 : at + each] for at in range(0, len(content), each)]

    def bodies(self, n: int, width: int) -> list[bytes]:
        return self._log.body_bundle(n, width).split(b"\n")[:-1]


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(growing: Growing, log: StoredLog) -> dict[str, Any]:
    """The three ways over one journal."""
    size = growing.chain.seals[-1].size

    def whole() -> None:
        report = audit(growing.chain, log)
        if report.findings or report.unchecked or report.entries != size:
            raise RuntimeError(report)

    pairs: list[tuple[bytes, bytes]] = []
    for n in range(-(-size // TILE)):
        width = min(TILE, size - n * TILE)
        pairs += zip(log.headers(n, width), log.bodies(n, width), strict=True)

    def replayed() -> None:
        replay, seals = Replay(), iter(growing.chain.seals)
        seal = next(seals, None)
        findings: list[object] = []
        for raw, body in pairs:
            findings += replay.entry(raw, body)
            if seal is not None and seal.size == replay.size:
                findings += replay.seal(seal)
                seal = next(seals, None)
        if findings:
            raise RuntimeError(findings[0])

    def hashed() -> None:
        for raw, body in pairs:
            leaf = sha256(b"\0" + raw).digest()
            sha256(body).digest()
            sha256(b"\x01" + leaf + leaf).digest()

    ways = {"audit": whole, "replay": replayed, "sha-256": hashed}
    return {"entries": size} | {name: round(size / seconds(work)) for name, work in ways.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of entries, growing")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    command = shlex.join(sys.argv)
    if not arguments.json:
        print(f"{command}\nentries a second, one core\n")
        print(f"{'entries':>12}{'seals':>7}{'audit':>12}{'replay':>12}{'sha-256':>12}{'audit : sha-256':>17}")
    rows = []
    with fresh_database() as (database, _):
        growing, log = Growing(database), StoredLog(Log(database, NoteSigner("bench", KeyType.NOTE, bytes(range(32)))))
        for size in sorted(arguments.sizes):
            for step in range(1, 11):
                growing.to(size * step // 10)
            row = measure(growing, log)
            row["seals"], row["audit_ratio"] = len(growing.chain.seals), round(row["audit"] / row["sha-256"], 3)
            rows.append(row)
            if not arguments.json:
                print(
                    f"{row['entries']:>12,}{row['seals']:>7}{row['audit']:>12,}{row['replay']:>12,}"
                    f"{row['sha-256']:>12,}{row['audit_ratio']:>17}",
                    flush=True,
                )
    if arguments.json:
        print(json.dumps({"command": command, "rows": rows}))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""How fast events are parsed, hashed and resolved to subjects, on one core.

    scripts/bench_event_hash.py            a table
    scripts/bench_event_hash.py --json     the same as JSON

A typical event has a few EPCs, a read point, a business location, a sensor report and an extension. No event comes
twice, so that nothing of it is remembered; the best of five runs counts.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import shlex
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from suyuan.core.epcis import event_hash, parse_event, subjects_named

SIZES = (1, 5, 10, 100, 1000)
RUNS = 5


def event(number: int, epcs: int) -> dict[str, Any]:
    """One of many events that are all different."""
    minute, second = divmod(number, 60)
    moment = f"2026-11-24T{minute // 60 % 24:02}:{minute % 60:02}:{second:02}"
    return {
        "@context": [
            "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
            {"tea": "https://tea.example/ns/"},
        ],
        "type": "ObjectEvent",
        "eventTime": f"{moment}.500+08:00",
        "eventTimeZoneOffset": "+08:00",
        "epcList": [f"https://id.gs1.org/01/09521141012345/21/{number}-{serial}" for serial in range(epcs)],
        "action": "OBSERVE",
        "bizStep": "shipping",
        "disposition": "in_transit",
        "readPoint": {"id": "https://id.gs1.org/414/9521141000014"},
        "bizLocation": {"id": "urn:epc:id:sgln:9521141.00002.0"},
        "bizTransactionList": [{"type": "po", "bizTransaction": f"urn:epcglobal:cbv:bt:9521141000021:{number}"}],
        "sensorElementList": [
            {
                "sensorMetadata": {"time": f"{moment}+08:00", "deviceID": "urn:epc:id:giai:9521141.17"},
                "sensorReport": [{"type": "Temperature", "value": 2 + number % 50 / 10, "uom": "CEL"}],
            }
        ],
        "tea:garden": "Longjing",
    }


def resolve(one: Mapping[str, Any]) -> None:
    """All that capture does with an event before its signature."""
    parsed = parse_event(dict(one))
    event_hash(parsed.document)
    subjects_named(parsed)


def rate(work: Callable[[Mapping[str, Any]], object], count: int, epcs: int) -> int:
    """Events a second, the best of `RUNS` with `count` events each."""
    best = float("inf")
    for run in range(RUNS):
        events = [event(run * count + number, epcs) for number in range(count)]
        started = time.perf_counter()
        for one in events:
            work(one)
        best = min(best, time.perf_counter() - started)
    return round(count / best)


def machine() -> str:
    cores = Path("/proc/cpuinfo")
    models = re.findall(r"^model name\s*: (.*)$", cores.read_text(), re.M) if cores.exists() else []
    return f"{models[0] if models else platform.processor()}, {platform.platform()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=3000, help="how many of up to 10 EPCs (fewer of larger ones)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    rows = []
    for epcs in SIZES:
        count = max(20, arguments.events * 10 // max(10, epcs))
        rates: dict[str, Callable[[Mapping[str, Any]], object]] = {
            "hash_per_second": event_hash,
            "parse_hash_subjects_per_second": resolve,
        }
        rows.append({"epcs": epcs} | {name: rate(work, count, epcs) for name, work in rates.items()})
    report = {
        "command": shlex.join(sys.argv),
        "machine": machine(),
        "python": platform.python_version(),
        "rows": rows,
    }
    if arguments.json:
        print(json.dumps(report))
        return
    print(f"{report['command']}\n{report['machine']}, Python {report['python']}, one core\n")
    print("EPCs   event hash /s   parse + hash + subjects /s")
    for row in rows:
        print(f"{row['epcs']:4}{row['hash_per_second']:16,}{row['parse_hash_subjects_per_second']:29,}")


if __name__ == "__main__":
    main()

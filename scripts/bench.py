#!/usr/bin/env python3
"""Every figure, with the machine and the command; nothing is written but to temporary folders.

    scripts/bench.py                          all of them
    scripts/bench.py --only scan --only gas   some
    scripts/bench.py --json                   one JSON object

Each section is a script that runs alone, with more options: `scripts/bench_scan.py --help`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path

SCRIPTS = Path(__file__).parent
SECTIONS = {
    "gas": "what a seal costs, beside EAS and a struct for each checkpoint",
    "capture": "signed events into the site",
    "scan": "proof bundles out of it",
    "verify": "an item verified in a browser",
    "event_hash": "the CBV 2.0 event hash",
    "labels": "label sheets",
    "audit": "a journal read from its first byte",
    "reviews": "reviews submitted, proven to a reader, and on-chain",
    "signs": "signs of faking, in made markets",
}
SHORT = {  # what would take more than a minute here
    "audit": ("--sizes", "20000"),
    "signs": ("--worlds", "5", "--sizes", "10000", "50000"),
}


def machine() -> dict[str, str | int]:
    """What the figures were measured on."""
    cpuinfo = Path("/proc/cpuinfo")
    models = re.findall(r"^model name\s*: (.*)$", cpuinfo.read_text(), re.M) if cpuinfo.exists() else []
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count() or 0,
        "python": platform.python_version(),
        "kernel": platform.platform(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=SECTIONS, help="a section; may be repeated")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    arguments = parser.parse_args()
    here = machine()
    if not arguments.json:
        print(", ".join(f"{name}: {value}" for name, value in here.items()), flush=True)
    figures: dict[str, object] = {}
    failed = 0
    for name in arguments.only or SECTIONS:
        command = [sys.executable, str(SCRIPTS / f"bench_{name}.py"), *SHORT.get(name, ())]
        started = time.monotonic()
        if arguments.json:
            done = subprocess.run([*command, "--json"], stdout=subprocess.PIPE, check=False)
            figures[name] = json.loads(done.stdout) if done.returncode == 0 else None
        else:
            print(f"\n== {name}: {SECTIONS[name]}\n", flush=True)
            done = subprocess.run(command, check=False)
            print(f"\n({time.monotonic() - started:.0f} s)", flush=True)
        failed += done.returncode != 0
    if arguments.json:
        print(json.dumps({"machine": here, "figures": figures}, indent=1))
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())

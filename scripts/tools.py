"""Installs what tests need beyond Python: npm's packages from their lock, and a browser where that can be done."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from toolchain import node

ROOT = Path(__file__).resolve().parent.parent


def npm() -> list[str]:
    """The command that is npm: on PATH, else the one that comes with the environment's node."""
    if found := shutil.which("npm"):
        return [found]
    return [str(node()), str(node().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def with_node() -> dict[str, str]:
    """The environment with node on PATH, for what npm starts."""
    return {**os.environ, "PATH": f"{node().parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def main() -> None:
    """Does only what is missing."""
    lock = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    stamp = ROOT / "node_modules" / ".suyuan"
    if not stamp.exists() or stamp.read_text() != lock:
        subprocess.run([*npm(), "ci", "--no-audit", "--no-fund"], cwd=ROOT, env=with_node(), check=True)
        stamp.write_text(lock)
    if shutil.which("chromium") is None and shutil.which("apt-get") and os.geteuid() == 0:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=environment, check=True)
        subprocess.run(["apt-get", "install", "-qq", "-y", "chromium"], env=environment, check=True)
    if shutil.which("chromium") is None:
        sys.stderr.write("no chromium: install Debian's `chromium`, or the browser journeys will fail\n")


if __name__ == "__main__":
    main()

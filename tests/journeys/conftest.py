"""A real site in processes of its own, with the demo story told, and a real browser."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class LiveSite:
    """A site that is being served: its address, its data folder, and what `/v1/journal` says."""

    url: str
    data: Path
    journal: dict[str, Any]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """The demo's site, story told and sealed."""
    data = tmp_path_factory.mktemp("site")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "SUYUAN_DATA": str(data), "SUYUAN_PORT": str(port), "SUYUAN_RIGHTS_SECONDS": "0"}
    log = (data / "demo.log").open("wb")
    demo = subprocess.Popen(
        [sys.executable, str(ROOT / "scripts" / "demo.py")], env=environment, stdout=log, stderr=log, cwd=ROOT
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(900):
            assert demo.poll() is None, (data / "demo.log").read_text()
            if "Audit it:" in (data / "demo.log").read_text():
                break
            time.sleep(0.2)
        yield LiveSite(url, data, httpx.get(f"{url}/v1/journal").json())
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(60)
        log.close()

"""Runs the command line, against a site that really listens."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import uvicorn

from live import Live, epc, event
from suyuan.api.app import create
from suyuan.cli import main as cli

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `suyuan` with arguments: exit code, output, errors."""

    def one(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["suyuan", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), said.out, said.err

    return one


@pytest.fixture
def site(live: Live) -> Iterator[str]:
    """The address at which the world's site really listens. It does not seal by itself."""
    config = uvicorn.Config(create(live.node), port=0, log_level="critical", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def told(live: Live) -> Live:
    """A world with a batch and two events, under two seals."""
    live.list_and_register("L1", "A1", "A2")
    live.merchant.capture_event(event(epc("A1")))
    live.node.seal_now()
    live.merchant.capture_event(event(epc("A1"), epc("A2")))
    live.node.seal_now()
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    return live

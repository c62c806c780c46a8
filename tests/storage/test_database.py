"""Connections that are kept for scans: quick while they answer, never a wait without end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import text

from live import Live
from suyuan.core.errors import DatabaseAway
from suyuan.storage.database import Database, EmbeddedServer


def test_a_scan_is_quick_once_a_connection_has_answered_a_moment_ago(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = live.node.database
    with database.scan() as connection:
        connection.execute("SELECT 1")
    assert database.quick()
    with database.scan():
        assert not database.quick()  # it is in use
    monkeypatch.setattr("suyuan.storage.database._TRUSTED", 0.0)
    assert not database.quick()


def test_a_query_of_a_scan_that_hangs_is_a_database_that_is_away(live: Live) -> None:
    with live.node.database.scan() as connection:
        (limit,) = connection.execute("SHOW statement_timeout").fetchone() or ("",)
    assert limit == "5s"
    with pytest.raises(DatabaseAway), live.node.database.scan() as connection:
        connection.execute("SET statement_timeout = 20").execute("SELECT pg_sleep(5)")
    assert not live.node.database.quick()
    with live.node.database.scan() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def _alive(pid: int) -> bool:
    with suppress(OSError):
        os.kill(pid, 0)
        return True
    return False


def _until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_an_embedded_server_that_dies_is_started_again_and_stops_with_its_last_user() -> None:
    with TemporaryDirectory(prefix="suyuan-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # the server may run as another user
        data = Path(folder) / "postgres"
        first, second = Database(EmbeddedServer(data)), Database(EmbeddedServer(data))

        def pid() -> int:
            return int((data / "postmaster.pid").read_text().split()[0])

        def answers() -> bool:
            with suppress(DatabaseAway), first.read() as connection:
                return bool(connection.scalar(text("SELECT 1")) == 1)
            return False

        assert answers()
        killed = pid()
        os.kill(killed, signal.SIGKILL)
        _until(lambda: not _alive(killed))
        _until(answers)
        revived = pid()
        second.close()
        assert answers()
        first.close()
        _until(lambda: not _alive(revived))


def test_who_was_killed_holds_no_embedded_server() -> None:
    with TemporaryDirectory(prefix="suyuan-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        data = Path(folder) / "postgres"
        Database(EmbeddedServer(data)).close()
        (data / ".handle_pids.json").write_text(f"[{2**22 + 1}]")  # above what Linux gives
        database = Database(EmbeddedServer(data))
        server = int((data / "postmaster.pid").read_text().split()[0])
        database.close()
        _until(lambda: not _alive(server))

"""Connections that are kept for scans: quick while they answer, never a wait without end."""

from __future__ import annotations

import pytest

from live import Live
from suyuan.core.errors import DatabaseAway


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

"""Appending from many places at once: one journal, no forked streams."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from drafts import STREAMS, append, assert_unforked, draft, sign
from live import Live
from suyuan.core.errors import Conflict
from suyuan.storage import journal
from suyuan.storage.database import Database
from suyuan.storage.journal import Accepted, Outcome


def test_threads_that_append_to_the_same_streams_fork_none(live: Live) -> None:
    database = live.node.database

    def write(n: int) -> list[Accepted]:
        return append(database, draft(f"a{n}"), draft(f"b{n}", STREAMS[:2]), now=5_000 - n)

    with ThreadPoolExecutor(8) as pool:
        answers = [one for many in pool.map(write, range(40)) for one in many]
    runs = sorted((a.first, a.receipt.count) for a in answers)
    assert [first for first, _ in runs] == [sum(count for _, count in runs[:i]) for i in range(len(runs))]
    assert_unforked(database, 40 * 6)


def test_processes_that_append_to_the_same_streams_fork_none(live: Live) -> None:
    url = live.node.settings.database_url
    script = Path(__file__)
    environment = {**os.environ, "PYTHONPATH": str(script.parent.parent)}
    writers = [subprocess.Popen([sys.executable, str(script), url, name], env=environment) for name in ("x", "y")]
    assert [one.wait(60) for one in writers] == [0, 0]
    assert_unforked(live.node.database, 2 * 25 * 4)


def test_the_same_draft_from_many_threads_is_one_record(live: Live) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = [a for (a,) in pool.map(lambda _: append(live.node.database, draft("same")), range(12))]
    assert sorted(a.outcome.value for a in answers) == ["new"] + ["same"] * 11
    assert len({(a.first, a.receipt, a.signature) for a in answers}) == 1
    assert_unforked(live.node.database, 4)


def test_of_drafts_with_one_that_conflicts_none_is_recorded(live: Live) -> None:
    database = live.node.database
    append(database, draft("one"))
    with pytest.raises(Conflict):
        append(database, draft("two"), draft("one", content="other"))
    assert_unforked(database, 4)
    (two,) = append(database, draft("two"))
    assert (two.outcome, two.first) == (Outcome.NEW, 4)


def test_time_never_goes_back_along_the_journal(live: Live) -> None:
    append(live.node.database, draft("late"), now=9_000)
    (early,) = append(live.node.database, draft("early"), now=4_000)
    assert early.at == 9_000
    assert_unforked(live.node.database, 8)


def test_an_append_that_is_rolled_back_leaves_nothing(live: Live) -> None:
    database = live.node.database

    def break_off() -> None:
        with database.write() as connection:
            journal.append(connection, [draft("gone")], now=1, promise=60, sign=sign)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert_unforked(database, 0)
    append(database, draft("kept"))
    assert_unforked(database, 4)


if __name__ == "__main__":  # a writer process
    own = Database(sys.argv[1])
    for i in range(25):
        append(own, draft(f"{sys.argv[2]}{i}"))
    own.close()

"""Group commit: each caller has its own answer, all of a group are on disk or none, and no stream forks."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, make_url, text

from drafts import STREAMS, append, assert_unforked, draft, sign
from live import Live, Server
from suyuan.core.errors import Conflict, DatabaseAway
from suyuan.core.statements import Receipt
from suyuan.storage import journal
from suyuan.storage.appender import Answers, Appender
from suyuan.storage.database import Database
from suyuan.storage.journal import Accepted, Draft, Outcome


def made(database: Database) -> Appender:
    return Appender(database, promise=60, sign=sign)


def appended(appender: Appender, *drafts: Draft) -> list[Accepted]:
    """What became of one request of these drafts."""
    (answer,) = appender.append([drafts], now=1_000)
    if not isinstance(answer, list):
        raise answer
    return answer


@contextmanager
def gathered(database: Database, appender: Appender, *requests: list[Draft]) -> Iterator[list[Future[list[Accepted]]]]:
    """Callers, one for each request and one before them, that all wait when the block begins and go on after it."""
    with ThreadPoolExecutor(len(requests) + 1) as pool, database.write() as connection:
        journal.append(connection, [draft("lock")], now=1_000, promise=60, sign=sign)
        pool.submit(appended, appender, draft("leader"))
        while not appender._turn.locked() or appender._waiting:
            time.sleep(0.001)
        answers = []
        for number, request in enumerate(requests):  # in this order
            answers.append(pool.submit(appended, appender, *request))
            while len(appender._waiting) <= number:
                time.sleep(0.001)
        yield answers


def transactions(database: Database) -> int:
    with database.read() as connection:
        return int(connection.scalar(text("SELECT count(DISTINCT xmin::text) FROM records")) or 0)


def test_what_waits_at_the_same_time_is_one_transaction(live: Live) -> None:
    database = live.node.database
    with gathered(database, made(database), *([draft(f"w{i}")] for i in range(6))) as answers:
        pass
    assert [one.result()[0].first for one in answers] == [8 + 4 * i for i in range(6)]
    assert transactions(database) == 3  # what held the lock, the leader, and all that had gathered
    assert_unforked(database, 8 * 4)


def test_one_that_is_refused_hinders_no_other_in_its_group(live: Live) -> None:
    database = live.node.database
    append(database, draft("taken"))
    requests = [
        [draft("a")],
        [draft("b"), draft("taken", content="other"), draft("c")],
        [draft("b"), draft("d")],  # `b` was not taken by the one before
        [draft("a")],
        [draft("a", content="other")],  # in conflict with what is in the same group
        [draft("e")],
    ]
    with gathered(database, made(database), *requests) as answers:
        pass
    a, refused, b, again, conflict, e = answers
    assert isinstance(refused.exception(), Conflict)
    assert isinstance(conflict.exception(), Conflict)
    assert [one.outcome for one in (*a.result(), *b.result(), *e.result())] == [Outcome.NEW] * 4
    (same,) = again.result()
    assert (same.outcome, same.first, same.receipt) == (Outcome.SAME, a.result()[0].first, a.result()[0].receipt)
    assert transactions(database) == 4
    assert_unforked(database, (3 + 4) * 4)


def test_a_database_that_dies_within_a_group_leaves_none_of_it_and_acknowledges_none(
    live: Live, server: Server
) -> None:
    database = live.node.database
    name = make_url(live.node.settings.database_url).database or ""
    signed = 0

    def dying(_: Receipt) -> bytes:
        nonlocal signed
        signed += 1
        if signed == 3:  # the leader, then the second of the group
            server.allow(name, False)
        return bytes(65)

    appender = Appender(database, promise=60, sign=dying)
    with gathered(database, appender, *([draft(f"w{i}")] for i in range(4))) as answers:
        pass
    assert [type(one.exception()) for one in answers] == [DatabaseAway] * 4
    server.allow(name, True)
    assert_unforked(database, 2 * 4)
    assert [appended(appender, draft(f"w{i}"))[0].outcome for i in range(4)] == [Outcome.NEW] * 4
    assert_unforked(database, 6 * 4)


def test_what_else_was_to_be_written_is_written_with_its_group_or_neither_is(live: Live) -> None:
    database = live.node.database
    appender = made(database)

    def note(connection: Connection, answers: Answers) -> None:
        for answer in answers:
            assert isinstance(answer, list)
            values = {"id": f"job{answer[0].first}"}
            connection.execute(text("INSERT INTO jobs VALUES (:id, 0, 0, '{}')"), values)

    def fail(connection: Connection, answers: Answers) -> None:
        note(connection, answers)
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        appender.append([[draft("lost")]], now=1_000, also=fail)
    assert_unforked(database, 0)
    appender.append([[draft("one")], [draft("two")]], now=1_000, also=note)
    with database.read() as connection:
        assert list(connection.scalars(text("SELECT id FROM jobs ORDER BY id"))) == ["job0", "job4"]


def test_many_threads_have_each_their_own_answer(live: Live) -> None:
    database = live.node.database
    appender = made(database)

    def write(n: int) -> list[Accepted]:
        return appended(appender, draft(f"a{n}"), draft(f"b{n}", STREAMS[:2]), draft("shared"))

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(write, range(100)))
    assert sum(shared.outcome is Outcome.NEW for _, _, shared in answers) == 1
    assert len({shared.receipt for _, _, shared in answers}) == 1
    for n, (a, b, _) in enumerate(answers):
        with database.read() as connection:
            assert [body for _, _, _, body in journal.bodies(connection, a.first, b.first + 1)] == [
                draft(f"a{n}").body,
                draft(f"b{n}").body,
            ]
    assert_unforked(database, 100 * 6 + 4)


def test_processes_with_many_threads_each_fork_no_stream(live: Live) -> None:
    script = Path(__file__)
    environment = {**os.environ, "PYTHONPATH": str(script.parent.parent)}
    command = [sys.executable, str(script), live.node.settings.database_url]
    writers = [subprocess.Popen([*command, name], env=environment) for name in ("x", "y")]
    assert [one.wait(60) for one in writers] == [0, 0]
    assert_unforked(live.node.database, 2 * 60 * 4)


if __name__ == "__main__":  # a writer process
    own = Database(sys.argv[1])
    shared = made(own)
    with ThreadPoolExecutor(6) as writing:
        list(writing.map(lambda n: appended(shared, draft(f"{sys.argv[2]}{n}")), range(60)))
    own.close()

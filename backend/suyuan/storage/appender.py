"""Group commit: what waits at the same time is appended in one transaction.

In a process one group is written while the next gathers; between processes the journal's lock decides whose turn it is.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from sqlalchemy import Connection

from suyuan.core.statements import Receipt
from suyuan.storage import journal
from suyuan.storage.database import Database
from suyuan.storage.journal import Accepted, Draft, Refusal

Answers = list[list[Accepted] | Refusal]
Also = Callable[[Connection, Answers], None]

_FULL = 1000  # drafts after which a group takes no more


def nothing(connection: Connection, answers: Answers) -> None:
    """Writes nothing more."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Requests of one caller, to whom the answers go."""

    requests: Sequence[Sequence[Draft]]
    now: int
    also: Also
    answers: Future[Answers] = field(default_factory=Future)


class Appender:
    """Appends for many threads. `promise`, `sign` and `before` as `journal.append` has them."""

    def __init__(self, database: Database, *, promise: int, sign: Callable[[Receipt], bytes], before: int = 0) -> None:
        self._database = database
        self._promise = promise
        self._sign = sign
        self._before = before
        self._waiting: deque[_Waiting] = deque()
        self._turn = threading.Lock()

    def append(
        self,
        requests: Sequence[Sequence[Draft]],
        *,
        now: int,
        also: Also = nothing,
    ) -> Answers:
        """What became of each request, once that is on disk: all its drafts are recorded, or what refuses one is its
        answer and none is. `now` in ms; `also` writes more into the same transaction.

        Raises DatabaseAway, and then for all that were in the group.
        """
        mine = _Waiting(requests, now, also)
        self._waiting.append(mine)
        with self._turn:  # who waited here finds it done, or writes the next group
            while not mine.answers.done():
                self._write(self._group())
        return mine.answers.result()

    def _group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        drafts = 0
        while self._waiting and drafts < _FULL:
            group.append(self._waiting.popleft())
            drafts += sum(map(len, group[-1].requests))
        return group

    def _write(self, group: Sequence[_Waiting]) -> None:
        answers: list[Answers] = []
        try:
            with self._database.write() as connection:
                found = iter(
                    journal.append_each(
                        connection,
                        [request for one in group for request in one.requests],
                        now=max(one.now for one in group),
                        promise=self._promise,
                        sign=self._sign,
                        before=self._before,
                    )
                )
                for one in group:
                    answers.append([next(found) for _ in one.requests])
                    one.also(connection, answers[-1])
        except BaseException as error:
            for one in group:
                one.answers.set_exception(error)
            return
        for one, answer in zip(group, answers, strict=True):
            one.answers.set_result(answer)

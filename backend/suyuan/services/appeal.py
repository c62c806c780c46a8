"""Appeal: what the chain was told that a platform refused becomes entries, and seals bring the answers.

Whatever an appeal says, it is recorded byte for byte: an operator can always comply, and the contract takes no seal
past the grace period without. The queue itself is the contract's; here is kept how far its events have been read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from suyuan.chain.port import Answer, AppealNews, AppealRecord, Chain
from suyuan.chain.transactions import decode
from suyuan.core import appeal, merkle
from suyuan.core.appeal import Asked
from suyuan.core.errors import ChainAway, NotFound
from suyuan.core.statements import Signer
from suyuan.services.record import Recorder
from suyuan.storage import appeals, journal, registry, sealed
from suyuan.storage.appeals import AppealRow
from suyuan.storage.database import Database

log = logging.getLogger(__name__)

_CURSOR = "appeals"
_REMEMBERED = 1000  # blocks without news after which the cursor is written down all the same


class State(StrEnum):
    """How an appeal stands."""

    OPEN = "open"
    OVERDUE = "overdue"  # open, and older than the grace period
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Terms:
    """What an appeal costs (wei), and within how many seconds it is due."""

    fee: int
    grace: int


@dataclass(frozen=True, slots=True)
class Listed:
    """An appeal as it is told to people and programs. `body`: SHA-256 of its `size` bytes; times in seconds.

    `index`: of the entry that holds it; `asks`: what it asks for by its own word, None where it cannot be read.
    """

    number: int
    by: str
    tx: str
    asked_at: int
    due: int
    state: State
    body: str
    size: int
    index: int
    seal: int | None
    asks: Asked | None

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "by": self.by,
            "tx": self.tx,
            "askedAt": self.asked_at,
            "due": self.due,
            "state": self.state.value,
            "body": self.body,
            "bytes": self.size,
            "index": self.index,
            "seal": self.seal,
            "proof": f"/v1/entries/{self.index}",
            "asks": _asks(self.asks),
        }


@dataclass(frozen=True, slots=True)
class Answering:
    """What a tree has to answer the oldest open appeals with. `oldest`: the first one's number, 0 where none is open.

    `beyond`: an appeal is recorded, and not in that tree.
    """

    oldest: int
    answers: Sequence[Answer]
    beyond: bool


class Appeals:
    """The operator's side. `heard`: told when something was recorded. Steps are for one among all workers."""

    def __init__(
        self,
        database: Database,
        chain: Chain,
        recorder: Recorder,
        *,
        clock: Callable[[], float],
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._chain = chain
        self._recorder = recorder
        self._clock = clock
        self._heard = heard
        self._next: int | None = None  # the block to read from; None: from the beginning, or as it is written down
        self._doubted = False
        self._terms: Terms | None = None

    def step(self) -> bool:
        """Records what confirmed blocks tell; tells whether there was anything. Raises ChainAway, DatabaseAway."""
        with self._database.read() as connection:
            written, _ = registry.cursor(connection, _CURSOR)
            known = appeals.counts(connection)
        begin = 0 if self._doubted else max(written, self._next or 0)
        news = self._chain.appeals_since(begin)
        if news is None:
            return False
        if not self._doubted and not _follows(known, news):
            log.warning("appeals have changed in blocks that were read before: all are read again")
            self._doubted = True
            return True
        told = self._doubted or bool(news.asked or news.answered)
        if told or news.next - written > _REMEMBERED:
            self._take(news)
        self._next, self._doubted = news.next, False
        return told

    def _take(self, news: AppealNews) -> None:
        with self._database.write() as connection:
            if self._doubted:
                appeals.forget(connection)
            taken = self._recorder.appeals(connection, [one.body for one in news.asked])
            appeals.put(connection, [_row(one, held.first) for one, held in zip(news.asked, taken, strict=True)])
            appeals.answer(connection, news.answered)
            if appeals.counts(connection) != news.total:
                raise ChainAway(f"the node tells of other appeals than the contract has: {news.total}")
            registry.move_cursor(connection, _CURSOR, news.next, int(self._clock()))
        if news.asked:
            log.info("%d appeals are recorded", len(news.asked))
            self._heard()

    def answers(self, size: int, tree: merkle.Nodes) -> Answering:
        """Answers for a seal of `size` entries to the oldest open appeals, as many as are enough."""
        waiting = self._chain.open_appeals(appeal.TOGETHER)
        with self._database.read() as connection:
            held = appeals.held(connection, [one.number for one in waiting])
        found: list[Answer] = []
        for one in waiting:
            entry = held.get(one.number)
            if entry is None or entry.body != one.body:  # not confirmed yet, or a reorganisation put another there
                self._doubted |= entry is not None
                break
            if entry.index >= size:
                break
            found.append(Answer(entry.header, entry.index, merkle.inclusion(tree, entry.index, size)))
        beyond = any(entry.index >= size for entry in held.values())
        return Answering(waiting[0].number if waiting else 0, found, beyond)

    def have_moved(self, since: Answering) -> bool:
        """Whether somebody has answered since, or a reorganisation took appeals away."""
        waiting = self._chain.open_appeals(1)
        return (waiting[0].number if waiting else 0) != since.oldest

    def need_growth(self) -> bool:
        """Whether what is open could be answered by a seal, and there is nothing to seal."""
        with self._database.read() as connection:
            known = appeals.oldest_open(connection, 0, 1)
            newest = sealed.newest_sealed(connection)
            if not known or newest is None or journal.size(connection) > newest.size:
                return False
        waiting = self._chain.open_appeals(1)  # the newest seal may have answered what is known, and not be read yet
        with self._database.read() as connection:
            return bool(waiting) and waiting[0].number in appeals.held(connection, [waiting[0].number])

    # -- telling

    def terms(self) -> Terms:
        """What the contract wants, which never changes. Raises ChainAway."""
        if self._terms is None:
            standings = self._chain.standings()
            self._terms = Terms(standings.fee, standings.grace)
        return self._terms

    def newest(self, before: int | None = None, most: int = 50) -> list[Listed]:
        """Up to `most` appeals with numbers below `before`, the newest first. Raises ChainAway, DatabaseAway."""
        with self._database.read() as connection:
            found = appeals.newest(connection, 2**62 if before is None else before, most)
        return [self._listed(*one) for one in found]

    def open(self, after: int = 0, most: int = 50) -> list[Listed]:
        """Up to `most` open appeals with numbers above `after`, the oldest first. Raises ChainAway, DatabaseAway."""
        with self._database.read() as connection:
            found = appeals.oldest_open(connection, after, most)
        return [self._listed(*one) for one in found]

    def counts(self) -> tuple[int, int]:
        """How many were asked, and answered."""
        with self._database.read() as connection:
            return appeals.counts(connection)

    def _listed(self, row: AppealRow, body: bytes) -> Listed:
        due = row.asked_at + self.terms().grace
        return Listed(
            row.number, row.by, "0x" + row.tx.hex(), row.asked_at, due,
            _state(row.answered is not None, due, self._clock()), row.body.hex(), len(body), row.index, row.answered,
            appeal.read(body),
        )  # fmt: skip


def _follows(known: tuple[int, int], news: AppealNews) -> bool:
    """Whether news go on where what is known ends."""
    asked, answered = known
    in_order = [one.number for one in news.asked] == list(range(asked + 1, asked + len(news.asked) + 1))
    return in_order and news.total == (asked + len(news.asked), answered + len(news.answered))


def _row(one: AppealRecord, index: int) -> AppealRow:
    return AppealRow(one.number, one.by, sha256(one.body).digest(), one.asked_at, one.tx, index)


def _state(answered: bool, due: int, now: float) -> State:
    if answered:
        return State.ANSWERED
    return State.OVERDUE if now > due else State.OPEN


def _asks(asked: Asked | None) -> dict[str, Any] | None:
    if asked is None:
        return None
    return {"kind": asked.kind, "subject": asked.subject, "by": asked.by, "issuedAt": asked.issued_at}


# -- an author's side: a chain and no site


@dataclass(frozen=True, slots=True)
class Cost:
    """What sending an appeal takes: its fee, and at most so much gas at so much; wei."""

    fee: int
    gas: int
    gas_price: int


@dataclass(frozen=True, slots=True)
class Sent:
    """An appeal that is on-chain. `paid`: wei for `gas`, besides the fee; times in seconds."""

    number: int
    tx: bytes
    block: int
    asked_at: int
    due: int
    gas: int
    paid: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How an appeal stands by the contract's word. `answered`: seal and index of the entry, None while it is open."""

    record: AppealRecord
    due: int
    state: State
    asks: Asked | None


def send(chain: Chain, by: Signer, body: bytes, told: Callable[[Cost], None]) -> Sent:
    """Appeals, once `told` has had what it costs, and waits until it is on-chain. Raises ChainAway, ChainRefused."""
    standings = chain.standings()
    attempt = chain.prepare_appeal(by, body)
    told(Cost(standings.fee, decode(attempt.raw)[0].gas, attempt.fee))
    outcome = chain.transact(attempt)
    news = chain.appeals_since(outcome.block)
    made = next((one for one in news.asked if one.tx == outcome.tx), None) if news is not None else None
    if made is None:
        raise ChainAway(f"0x{outcome.tx.hex()} is mined, and the node does not tell of its appeal: ask it again")
    due = made.asked_at + standings.grace
    return Sent(made.number, made.tx, outcome.block, made.asked_at, due, outcome.gas, outcome.paid)


def standing(chain: Chain, number: int | None = None, *, now: float) -> list[Standing]:
    """How an appeal stands, or all of them. Raises NotFound, ChainAway."""
    grace = chain.standings().grace
    found = [one for one in chain.appeals() if number in (None, one.number)]
    if number is not None and not found:
        raise NotFound(f"the contract was asked no appeal {number}")
    return [
        Standing(one, one.asked_at + grace, _state(one.answered is not None, one.asked_at + grace, now),
                 appeal.read(one.body))
        for one in found
    ]  # fmt: skip

"""Known: what the contracts say, kept here so that reads need no chain: who is registered, how the journal stands."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from suyuan.chain.port import Chain, Fault, FaultRecord, Standings
from suyuan.core import statements
from suyuan.core.errors import BadSignature, ChainAway, ChainRefused
from suyuan.core.standing import Participant
from suyuan.services.background import Background
from suyuan.storage import registry
from suyuan.storage.database import Database

_CURSOR = "participants"


def check_key(author: Participant, digest: bytes, signature: bytes, now: int) -> None:
    """Returns if a participant's key of `now` (seconds) made a signature. Raises BadSignature."""
    signer = statements.recover(digest, signature)
    if signer != author.key_at(now):
        raise BadSignature(f"signed by {signer}, which is not the key of {author.id}")


class Queue(StrEnum):
    """How the oldest appeal stands that is not answered."""

    EMPTY = "empty"
    WAITING = "waiting"
    OVERDUE = "overdue"  # longer than the grace period: the contract takes no seal without its answer


@dataclass(frozen=True, slots=True)
class Heard:
    """How the contract says the journal stands, `at` a second. `proven`: the fault that ended it, once it was found."""

    at: int
    standings: Standings
    proven: FaultRecord | None = None

    @property
    def ended(self) -> bool:
        """Whether a proven fault ended the journal: nothing is sealed any more."""
        return self.standings.ended is not Fault.NONE

    @property
    def due(self) -> int:
        """When the oldest open appeal is due, in seconds; 0 where none is open."""
        since = self.standings.waiting_since
        return since + self.standings.grace if since else 0

    def queue(self, now: float) -> Queue:
        """How the oldest open appeal stands at a time."""
        if not self.due:
            return Queue.EMPTY
        return Queue.OVERDUE if now > self.due else Queue.WAITING


class Listener:
    """Asks the contract how the journal stands, every `poll` seconds once it was started; else when it is asked.

    Where the chain does not answer nothing is claimed, but a proven fault is for ever: once heard, it stays.
    Safe for many threads; each worker has its own.
    """

    def __init__(
        self,
        chain: Chain,
        *,
        poll: float,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._chain = chain
        self._poll = poll
        self._clock = clock
        self._wall = wall
        self._lock = threading.Lock()
        self._heard: Heard | None = None
        self._block: object = None  # that it is as of
        self._asked_at: float | None = None
        self._listening = Background("listener", self._listen)

    def start(self) -> None:
        """Begins to listen in the background, so that no page waits for the chain."""
        self._listening.start()

    def stop(self) -> None:
        """Ends that."""
        self._listening.stop()

    def _listen(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            self.ask()
            stopping.wait(self._poll)

    def heard(self) -> Heard | None:
        """How the journal stands, as last heard; None where nothing can be claimed."""
        asked = self._asked_at
        if asked is None or (not self._listening.runs and self._clock() - asked >= self._poll):
            self.ask()
        return self._heard

    def ended(self) -> bool:
        """Whether a proven fault has ended the journal, as far as was heard; never asks."""
        found = self._heard
        return found is not None and found.ended

    def now(self) -> Heard:
        """The same for who has to know. Raises ChainAway."""
        found = self.heard()
        if found is None:
            raise ChainAway("the contract does not say how the journal stands")
        return found

    def ask(self) -> None:
        """Asks the contract, if a block came since."""
        with self._lock:
            begun, before = self._clock(), self._heard
            try:
                block = self._chain.rpc("eth_blockNumber", []).get("result")
                if before is None or block != self._block or (before.ended and before.proven is None):
                    self._heard, self._block = self._told(before), block
            except (ChainAway, ChainRefused):
                self._heard = before if before is not None and before.ended else None
            self._asked_at = begun

    def _told(self, before: Heard | None) -> Heard:
        standings, proven = self._chain.standings(), None
        if standings.ended is not Fault.NONE:
            if before is not None and before.standings.ended is standings.ended and before.proven is not None:
                proven = before.proven
            else:
                proven = next((one for one in self._chain.faults() if one.fault is standings.ended), None)
        return Heard(int(self._wall()), standings, proven)


class Known:
    """Who is registered, with what standing and keys. Safe for many threads and workers.

    `participant` is for taking records: it asks the chain again after `poll` seconds, and raises ChainAway rather than
    believe something old. `participants` is for pages: what was last heard.
    """

    def __init__(
        self, database: Database, chain: Chain, *, poll: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._chain = chain
        self._poll = poll
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[str, Participant] = {}
        self._held_as_of = -1  # the cursor's block when they were read; another worker may have moved it since
        self._read_at = -poll
        self._asked_at = -poll

    def participant(self, id: str) -> Participant | None:
        """A participant as of now. Raises ChainAway, DatabaseAway."""
        if self._clock() - self._read_at >= self._poll:
            self.refresh()
        return self._held.get(id)

    def participants(self) -> dict[str, Participant]:
        """Everyone, as last heard; asks the chain if it answers."""
        if self._clock() - max(self._read_at, self._asked_at) >= self._poll:
            self._asked_at = self._clock()  # a chain that is away is asked once in a while, not by every page
            try:
                self.refresh()
            except ChainAway:
                with self._database.read() as connection:
                    self._held = registry.participants(connection)
        return self._held

    def refresh(self) -> None:
        """Reads the registry's new events into the database, and from there."""
        with self._lock:
            started = self._clock()
            with self._database.read() as connection:
                block, _ = registry.cursor(connection, _CURSOR)
            changed, next_block = self._chain.participants_since(block)
            if next_block != block:
                with self._database.write() as connection:
                    for one in changed:
                        registry.put_participant(connection, one)
                    registry.move_cursor(connection, _CURSOR, next_block, int(time.time()))
            if next_block != self._held_as_of:
                with self._database.read() as connection:
                    self._held = registry.participants(connection)
                self._held_as_of = next_block
            self._read_at = started

"""Known: the MerchantRegistry as the chain's events tell it, kept here so that reads need no chain."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from suyuan.chain.port import Chain
from suyuan.core import statements
from suyuan.core.errors import BadSignature, ChainAway
from suyuan.storage import registry
from suyuan.storage.database import Database
from suyuan.storage.registry import Participant

_CURSOR = "participants"


def check_key(author: Participant, digest: bytes, signature: bytes, now: int) -> None:
    """Returns if a participant's key of `now` (seconds) made a signature. Raises BadSignature."""
    signer = statements.recover(digest, signature)
    if signer != author.key_at(now):
        raise BadSignature(f"signed by {signer}, which is not the key of {author.id}")


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
                if not self._held:
                    self._held = registry.participants(connection)
            changed, next_block = self._chain.participants_since(block)
            if next_block != block:
                with self._database.write() as connection:
                    for m in changed:
                        one = Participant(m.id, m.role, m.licence, tuple(m.standings), tuple(m.keys))
                        registry.put_participant(connection, one)
                    registry.move_cursor(connection, _CURSOR, next_block, int(time.time()))
                with self._database.read() as connection:
                    self._held = registry.participants(connection)
            self._read_at = started

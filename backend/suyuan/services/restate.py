"""Restate: the platform says again what it promises, once a day in which nobody records anything.

A seal needs growth, and to a reader an old seal is no proof of how things are: without this an idle journal would
become one that nobody can check. Appeals whose answers wait for a seal need one likewise.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from suyuan.core import canonical
from suyuan.core.entries import Kind
from suyuan.services.record import Recorder
from suyuan.storage import journal, sealed
from suyuan.storage.database import Database

SUBJECT = "/terms/platform"
EVERY = 86_400  # seconds; readers call a seal stale after two days


class Restater:
    """States the terms when the newest seal is `EVERY` seconds old. `terms`: the document; `heard`: told when done."""

    def __init__(
        self,
        database: Database,
        recorder: Recorder,
        terms: Mapping[str, Any],
        *,
        heard: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._recorder = recorder
        self._document = canonical.encode(dict(terms))
        self._heard = heard
        self._clock = clock

    def step(self, *, now: bool = False) -> bool:
        """States them, if it is time or a seal is needed `now`; tells whether it did. Raises DatabaseAway."""
        with self._database.read() as connection:
            newest = sealed.newest_sealed(connection)
            idle = newest is not None and journal.size(connection) == newest.size
        if newest is None or not idle or not (now or self._clock() - (newest.sealed_at or 0) >= EVERY):
            return False
        public = {"document": sha256(self._document).hexdigest()}
        with self._database.write() as connection:
            self._recorder.by_operator(connection, Kind.TERMS, SUBJECT, public, document=self._document)
        self._heard()
        return True

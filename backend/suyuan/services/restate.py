"""Restate: the platform says what it promises, in a journal that is empty, and again each day in which nobody records.

A seal needs growth, and to a reader an old seal is no proof of how things are: without this an idle journal would
become one that nobody can check, and a new one could not prove that something is absent. Appeals whose answers wait for
a seal need one likewise.
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
FIRST = 10  # seconds that a new journal may stay empty


class Restater:
    """States the terms when the newest seal is `EVERY` seconds old, or a new journal `FIRST` after the start is empty.

    `terms`: the document; `heard`: told when done.
    """

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
        self._began = clock()

    def step(self, *, now: bool = False) -> bool:
        """States them, if it is time or a seal is needed `now`; tells whether it did. Raises DatabaseAway."""
        with self._database.read() as connection:
            newest = sealed.newest_sealed(connection)
            size = journal.size(connection)
        if size != (newest.size if newest else 0):
            return False
        due = newest.sealed_at + EVERY if newest and newest.sealed_at else self._began + FIRST
        if not now and self._clock() < due:
            return False
        public = {"document": sha256(self._document).hexdigest()}
        with self._database.write() as connection:
            self._recorder.by_operator(connection, Kind.TERMS, SUBJECT, public, document=self._document)
        self._heard()
        return True

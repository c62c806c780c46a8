"""Grant: rights to review that wait are published, those of many deliveries together (PROTOCOL section 2).

So nobody can tell from a parcel's label which review its receiver wrote. All is one transaction: the entries and what
is remembered of them are there together, or not at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import groupby

from sqlalchemy import Connection

from suyuan.core.entries import Kind
from suyuan.core.rules import RIGHTS_LIMIT
from suyuan.services.record import Recorder
from suyuan.storage import orders
from suyuan.storage.database import Database
from suyuan.storage.orders import Right, Supply


def left(supply: Supply, *, delivered: int = 0, claimed: int = 0) -> int:
    """How many rights a batch can still give, when that much more of it is delivered or claimed."""
    most = min(supply.quantity, supply.delivered + delivered + supply.claimed + claimed)
    return max(0, most - supply.granted)


class Granter:
    """Publishes rights. `wait`: seconds for which the oldest waits; `heard`: told when something was recorded.

    Several may run at once: each right is published once.
    """

    def __init__(
        self,
        database: Database,
        recorder: Recorder,
        *,
        wait: float,
        heard: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._recorder = recorder
        self._wait = wait
        self._heard = heard
        self._clock = clock

    def step(self, *, now: bool = False) -> bool:
        """Publishes what waits, if it is time (`now`: whether or not); tells whether it did. Raises DatabaseAway."""
        due = self.due()
        if due is None or (due > self._clock() and not now):
            return False
        with self._database.write() as connection:
            waiting = orders.lock_waiting(connection)
            for batch, rights in groupby(waiting, key=lambda right: right.batch):
                self._publish(connection, batch, list(rights))
        self._heard()
        return bool(waiting)

    def due(self) -> float | None:
        """The second from which what waits is published; None: nothing waits."""
        with self._database.read() as connection:
            oldest = orders.oldest_waiting(connection)
        return None if oldest is None else oldest + self._wait

    def _publish(self, connection: Connection, batch: str, rights: Sequence[Right]) -> None:
        for begin in range(0, len(rights), RIGHTS_LIMIT):
            some = [right.right for right in rights[begin : begin + RIGHTS_LIMIT]]
            public = {"batch": batch, "rights": sorted(one.hex() for one in some)}
            accepted = self._recorder.by_operator(connection, Kind.RIGHTS, f"/rights/{rights[0].gtin}", public)
            orders.issue(connection, some, accepted.first)

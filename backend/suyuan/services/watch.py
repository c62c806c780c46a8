"""Watch: a code that is seen in two cities within an hour is probably on two labels.

Nothing is known of who scans but the city, which the operator's own proxy tells, and nothing is kept for longer than an
hour. Anyone can have a label's picture scanned elsewhere: it is a warning, and says nothing of the goods.
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable
from typing import Any

from suyuan.core import canonical, subjects
from suyuan.core.errors import Malformed
from suyuan.services.authorise import Authority
from suyuan.storage import registry, scans
from suyuan.storage.database import Database

HOUR = 3_600_000  # milliseconds
_LONGEST = 64
NOTHING = canonical.digest({})  # what a statement that states nothing hashes to


class Watch:
    """Takes scans, and tells merchants of copies."""

    def __init__(self, database: Database, authority: Authority, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._authority = authority
        self._clock = clock

    def scanned(self, subject: str, city: str) -> bool:
        """Takes a scan of an item in a city; whether its code was seen in another within the hour. Raises DatabaseAway.

        What is no registered item, or no city's name, is left aside.
        """
        name = " ".join(unicodedata.normalize("NFKC", city).casefold().split())
        if "/21/" not in subject or not name or len(name) > _LONGEST or not name.isprintable():
            return False
        item, now = subjects.key(subject), int(self._clock() * 1000)
        with self._database.write() as connection:
            scans.forget(connection, now - HOUR)
            if registry.item(connection, item) is None:
                return False
            cities = scans.add(connection, item, name, now)
            if len(cities) > 1:
                scans.mark(connection, item, cities, now // 1000)
        return len(cities) > 1

    def copies(self, statement: object) -> list[dict[str, Any]]:
        """The items of the participant who asks that were seen in two cities. Raises InvalidInput, Refused."""
        by = statement.get("by") if isinstance(statement, dict) else None
        if not isinstance(by, str):
            raise Malformed("is by a participant", "statement/by")
        merchant = self._authority.participant("copies", statement, subjects.merchant(by), NOTHING)
        with self._database.read() as connection:
            found = scans.copies_of(connection, merchant)
        return [
            {
                "subject": subjects.item(one.batch[4:18], one.serial), "batch": one.batch, "seenAt": one.seen_at,
                "cities": list(one.cities),
            }
            for one in found
        ]  # fmt: skip

"""Where items' codes were scanned within the hour, and which were seen in two cities. All runs in the caller's
transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from suyuan.storage.database import Reading, fetch


@dataclass(frozen=True, slots=True)
class Copy:
    """An item whose code was seen in several cities within the hour; `seen_at` in seconds."""

    batch: str
    serial: str
    seen_at: int
    cities: tuple[str, ...]


def forget(connection: Connection, before: int) -> None:
    """Deletes the scans from before a time (milliseconds)."""
    connection.execute(text("DELETE FROM scans WHERE at < :before"), {"before": before})


def add(connection: Connection, item: bytes, city: str, at: int) -> list[str]:
    """Takes a scan (`at` in milliseconds); the cities in which the item was seen of late, this one among them."""
    values = {"item": item, "city": city, "at": at}
    seen = connection.execute(text("UPDATE scans SET at = :at WHERE item = :item AND city = :city"), values).rowcount
    if not seen:
        connection.execute(text("INSERT INTO scans (item, city, at) VALUES (:item, :city, :at)"), values)
    found = connection.execute(text("SELECT DISTINCT city FROM scans WHERE item = :item ORDER BY city"), values)
    return [name for (name,) in found]


def mark(connection: Connection, item: bytes, cities: Sequence[str], at: int) -> None:
    """Marks an item as seen in several cities (`at` in seconds)."""
    connection.execute(
        text(
            "INSERT INTO copies (item, seen_at, cities) VALUES (:item, :at, :cities)"
            " ON CONFLICT (item) DO UPDATE SET seen_at = excluded.seen_at, cities = excluded.cities"
        ).bindparams(bindparam("cities", type_=JSONB)),
        {"item": item, "at": at, "cities": list(cities)},
    )


def alarms(connection: Reading, item: bytes) -> tuple[int, int, int | None]:
    """When an item was seen in several cities (seconds, 0: never), and its first claim: when (milliseconds, 0: never)
    and the index of its entry.
    """
    query = (
        "SELECT (SELECT seen_at FROM copies WHERE item = %s), c.at, c.index"
        " FROM (SELECT 1) AS one LEFT JOIN claims c ON c.item = %s"
    )
    ((seen, at, index),) = fetch(connection, query, (item, item))
    return seen or 0, at or 0, index


def copies_of(connection: Connection, merchant: str) -> list[Copy]:
    """A merchant's items that were seen in several cities, newest first."""
    found = connection.execute(
        text(
            "SELECT b.subject, i.serial, c.seen_at, c.cities FROM copies c JOIN items i USING (item)"
            " JOIN batches b ON b.key = i.batch WHERE b.merchant = :merchant ORDER BY c.seen_at DESC, i.serial"
        ),
        {"merchant": merchant},
    )
    return [Copy(subject, serial, seen, tuple(cities)) for subject, serial, seen, cities in found]

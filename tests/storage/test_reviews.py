"""What is remembered of reviews and scans, and what a bundle asks of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Connection

from live import Live
from suyuan.core.errors import Conflict
from suyuan.core.reviews import Review
from suyuan.storage import orders, reviews, scans
from suyuan.storage.orders import Right
from suyuan.storage.reviews import PhotoRow, Row

GTIN = "09521141012345"
BATCH = f"/01/{GTIN}/10/L1"


def row(n: int, **changes: object) -> Row:
    made = Row(bytes([n]) * 32, GTIN, BATCH, 1, Review(f"04{n:0128x}", 4), 1_000, n, n, None, bytes(32), b"box", None)
    return replace(made, **changes)  # type: ignore[arg-type]


def give(connection: Connection, *numbers: int) -> None:
    orders.grant(connection, [Right(bytes([n]) * 32, BATCH, 1, None, None, n) for n in numbers])


def test_a_review_is_remembered_as_it_is_now(live: Live) -> None:
    with live.node.database.write() as connection:
        reviews.put(connection, row(1))
        changed = row(1, review=Review("04" + "0" * 127 + "1", 2, "abuse"), newest=7, hold=7, content=None, reply=b"r")
        reviews.put(connection, changed)
        assert reviews.review(connection, changed.right) == replace(changed, first=1)
        assert reviews.review(connection, bytes(32)) is None
        assert list(reviews.reviews(connection, {changed.right, bytes(32)})) == [changed.right]


def test_what_withholds_is_told_by_reason_newest_first(live: Live) -> None:
    with live.node.database.write() as connection:
        for n in range(1, 7):
            held = Review(f"04{n:0128x}", 1, "fake" if n == 6 else "abuse" if n % 2 else "")
            reviews.put(connection, row(n, review=held, hold=10 * n if held.withheld else None))
        assert reviews.holds(connection, GTIN, 2) == {"abuse": (3, [50, 30]), "fake": (1, [60])}
        assert reviews.holds(connection, "0" * 14, 2) == {}
        assert reviews.older_holds(connection, GTIN, 55, 2) == [30, 50]
        assert reviews.older_holds(connection, GTIN, 10, 2) == []


def test_a_key_is_bound_to_one_right(live: Live) -> None:
    with live.node.database.write() as connection:
        give(connection, 1, 2)
        reviews.bind(connection, bytes([1]) * 32, 5, "04aa")
        assert reviews.binding_claims(connection, ["04aa", "04bb"], 6) == [5]
        assert reviews.binding_claims(connection, ["04aa"], 5) == []

    def again() -> None:
        with live.node.database.write() as connection:
            reviews.bind(connection, bytes([2]) * 32, 6, "04aa")

    with pytest.raises(Conflict):
        again()


def test_photos_are_dropped_but_for_those_to_keep(live: Live) -> None:
    with live.node.database.write() as connection:
        reviews.put(connection, row(1))
        for n in (1, 2):
            for _ in range(2):
                reviews.add_photo(connection, PhotoRow(bytes([n]) * 32, bytes([1]) * 32, "image/jpeg", b"x"), n)
        assert [photo.hash[0] for photo in reviews.photos_of(connection, bytes([1]) * 32)] == [1, 2]
        reviews.drop_photos(connection, bytes([1]) * 32, [bytes([2]) * 32])
        assert reviews.photo_hashes(connection, bytes([1]) * 32) == {bytes([2]) * 32}
        assert [photo.hash[0] for photo, _ in reviews.shown_photos(connection, bytes([2]) * 32)] == [2]
        reviews.put(connection, row(1, review=Review("04", 4, "abuse")))
        assert reviews.shown_photos(connection, bytes([2]) * 32) == []


def test_scans_are_forgotten_and_cities_are_told_apart(live: Live) -> None:
    item, other = bytes(32), bytes([1]) * 32
    with live.node.database.write() as connection:
        assert scans.add(connection, item, "a", 1_000) == ["a"]
        assert scans.add(connection, other, "b", 1_000) == ["b"]
        assert scans.add(connection, item, "b", 5_000) == ["a", "b"]
        scans.forget(connection, 2_000)
        assert scans.add(connection, item, "c", 6_000) == ["b", "c"]
        scans.mark(connection, item, ["b", "c"], 6)
        assert scans.alarms(connection, item) == (6, 0, None)
        assert scans.alarms(connection, other) == (0, 0, None)

"""Orders' tables: what the migrations make is what tables.py says; two transactions never grant or count twice."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from live import GTIN, Live
from suyuan.core.errors import Conflict, ProofFault
from suyuan.core.subjects import item, key
from suyuan.storage import orders
from suyuan.storage.orders import Line, Order, Right, ShopRow, Supply
from suyuan.storage.tables import metadata
from suyuan.storage.vault import Vault

BATCH = f"/01/{GTIN}/10/L1"


def test_the_migrations_make_the_tables_that_the_code_names(live: Live) -> None:
    with live.node.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def right(name: bytes, *, buyer: int = 1, at: int = 1, **more: Any) -> Right:
    return Right(name * 32, BATCH, buyer, more.get("order", "o"), more.get("item"), at)


def test_a_right_is_granted_locked_issued_and_bound(live: Live) -> None:
    database = live.node.database
    with database.write() as connection:
        orders.grant(connection, [right(b"b", at=7), right(b"a", at=9)])
        assert orders.oldest_waiting(connection) == 7
        assert [one.right[:1] for one in orders.lock_waiting(connection)] == [b"a", b"b"]
        orders.issue(connection, [b"b" * 32], 41)
        orders.bind_right(connection, b"b" * 32, 43, "04")
    with database.read() as connection:
        assert orders.oldest_waiting(connection) == 9
        found = orders.right(connection, b"b" * 32)
        assert found is not None
        assert (found.issued, found.claimed, found.by, found.item) == (41, 43, "04", None)
        assert orders.right(connection, b"x" * 32) is None
        assert len(orders.rights_of(connection, 1)) == 2


def test_a_second_right_of_a_hash_or_an_item_is_a_conflict(live: Live) -> None:
    database = live.node.database
    with database.write() as connection:
        orders.grant(connection, [])
        orders.grant(connection, [right(b"a"), right(b"b", item=b"i")])
    for again in (right(b"a", buyer=2), right(b"c", item=b"i")):
        with pytest.raises(Conflict), database.write() as connection:
            orders.grant(connection, [right(b"d"), again])
    with database.read() as connection:
        assert len(orders.rights_of(connection, 1)) == 2


def test_an_order_keeps_its_lines_and_items_and_a_number_is_placed_once(live: Live) -> None:
    database = live.node.database
    lines = [Line(0, BATCH, 2, None, (b"a", b"b")), Line(1, BATCH, 5)]
    order = Order("o1", "s", b"ref", 1, 10, b"box")
    with database.write() as connection:
        orders.add_order(connection, order, lines)
    with pytest.raises(Conflict), database.write() as connection:
        orders.add_order(connection, Order("o2", "s", b"ref", 1, 10, b"box"), [Line(0, BATCH, 1)])
    with pytest.raises(Conflict), database.write() as connection:
        orders.add_order(connection, Order("o3", "s", b"other", 1, 10, b"box"), [Line(0, BATCH, 1, None, (b"b",))])
    with database.read() as connection:
        assert orders.lines(connection, "o1") == lines
        assert orders.order_by(connection, "s", b"ref") == order
        assert orders.order_by(connection, "t", b"ref") is None
        assert orders.orders_of(connection, 1) == [order]
        assert orders.order_of_item(connection, b"b") == (order, lines[0])
        assert orders.order_of_item(connection, b"z") is None
        assert connection.scalar(text("SELECT count(*) FROM orders")) == 1


def test_a_parcel_is_shipped_and_delivered_once(live: Live) -> None:
    database = live.node.database
    with database.write() as connection:
        orders.add_order(connection, Order("o1", "s", b"r", 1, 1, None), [Line(0, BATCH, 1), Line(1, BATCH, 1)])
        orders.ship(connection, "o1", "p1", [0], 5)
    for sscc, numbers in (("p1", [1]), ("p2", [0]), ("p2", [0, 1])):
        with pytest.raises(Conflict), database.write() as connection:
            orders.ship(connection, "o1", sscc, numbers, 6)
    with database.write() as connection:
        orders.deliver(connection, "p1", 7)
    with pytest.raises(Conflict), database.write() as connection:
        orders.deliver(connection, "p1", 8)
    with database.read() as connection:
        assert orders.parcels_of(connection, "o1") == [orders.Parcel("p1", "o1", 5, 7)]
        assert orders.parcel(connection, "p2") is None


def test_a_locked_batch_counts_for_one_transaction_after_another(live: Live) -> None:
    live.list_and_register()
    database = live.node.database

    def add() -> None:
        for _ in range(5):
            with database.write() as connection:
                assert orders.lock_batch(connection, BATCH, key(BATCH)) is not None
                orders.count(connection, key(BATCH), delivered=1, claimed=2, granted=3)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.write() as connection:
        found = orders.lock_batch(connection, BATCH, key(BATCH))
        assert found == Supply(BATCH, live.signers["merchant"].address, 3, 20, 40, 60)
        assert orders.lock_batch(connection, BATCH + "x", key(BATCH + "x")) is None
        assert orders.count_items(connection, key(BATCH), [key(item(GTIN, "A1")), b"x"]) == 1


def test_a_message_is_new_once_and_then_answered(live: Live) -> None:
    database = live.node.database
    with database.write() as connection:
        assert orders.begin_message(connection, "s", "m", b"d", 1) is None
        orders.answer_message(connection, "s", "m", {"index": 3, "rights": ["waiting"]})
    with database.write() as connection:
        assert orders.begin_message(connection, "s", "m", b"d", 2) == {"index": 3, "rights": ["waiting"]}
        assert orders.begin_message(connection, "t", "m", b"e", 2) is None
    with pytest.raises(Conflict), database.write() as connection:
        orders.begin_message(connection, "s", "m", b"e", 2)


def test_a_buyers_key_is_wrapped_and_bound_to_the_buyer(live: Live) -> None:
    database, safe = live.node.database, live.node.vault
    with database.write() as connection:
        one, other = orders.buyer_of(connection, safe, "s", "ann"), orders.buyer_of(connection, safe, "s", "bob")
        assert orders.buyer_of(connection, safe, "s", "ann") == one
        assert orders.buyer_of(connection, safe, "t", "ann").id not in (one.id, other.id)
        assert one.key.hex() not in repr(one)
        assert one.key != connection.scalar(text("SELECT key FROM buyers WHERE id = :id"), {"id": one.id})
        connection.execute(
            text("UPDATE buyers SET key = (SELECT key FROM buyers WHERE id = :other) WHERE id = :id"),
            {"id": one.id, "other": other.id},
        )
    with pytest.raises(ProofFault), database.write() as connection:
        orders.buyer(connection, safe, one.id)
    with pytest.raises(ProofFault), database.write() as connection:
        orders.buyer(connection, Vault(bytes(32)), other.id)


def test_a_new_buyer_of_two_orders_at_once_is_one(live: Live) -> None:
    database, safe = live.node.database, live.node.vault
    found: list[int] = []

    def meet() -> None:
        with database.write() as connection:
            found.append(orders.buyer_of(connection, safe, "s", "ann").id)

    threads = [threading.Thread(target=meet) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1


def test_a_shop_is_found_by_its_id(live: Live) -> None:
    with live.node.database.write() as connection:
        orders.add_shop(connection, ShopRow("s", "0x", b"w"))
        assert orders.shop(connection, "s") == ShopRow("s", "0x", b"w")
        assert orders.shop(connection, "t") is None
        with pytest.raises(Conflict):
            orders.add_shop(connection, ShopRow("s", "0x", b"w"))

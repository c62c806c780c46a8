"""Shops and their messages, buyers and their keys, orders and parcels, and the rights that deliveries give.

Everything runs in the caller's transaction. Who needs several locks takes them in this order: message, buyer, order,
batches (by subject), rights, and the journal last. Times are seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from suyuan.core.errors import Conflict
from suyuan.storage.vault import Vault

# -- shops and messages


@dataclass(frozen=True, slots=True)
class ShopRow:
    """A shop: the participant who answers for it, and its secret, wrapped."""

    id: str
    merchant: str
    secret: bytes


def add_shop(connection: Connection, shop: ShopRow) -> None:
    """Takes a new shop. Raises Conflict where the id is taken."""
    added = connection.execute(
        text("INSERT INTO shops (id, merchant, secret) VALUES (:id, :merchant, :secret) ON CONFLICT DO NOTHING"),
        {"id": shop.id, "merchant": shop.merchant, "secret": shop.secret},
    ).rowcount
    if not added:
        raise Conflict(f"there is a shop {shop.id} already")


def shop(connection: Connection, id: str) -> ShopRow | None:
    """A shop by its id."""
    found = connection.execute(text("SELECT id, merchant, secret FROM shops WHERE id = :id"), {"id": id}).one_or_none()
    return None if found is None else ShopRow(found[0], found[1], bytes(found[2]))


def begin_message(connection: Connection, shop: str, id: str, digest: bytes, at: int) -> dict[str, Any] | None:
    """Takes a message once: None where it is new, else what it was answered. Waits for another that takes it just now.

    Raises Conflict where the id has other content.
    """
    values = {"shop": shop, "id": id, "digest": digest, "at": at}
    added = connection.execute(
        text(
            "INSERT INTO messages (shop, id, digest, answer, at) VALUES (:shop, :id, :digest, '{}', :at)"
            " ON CONFLICT DO NOTHING"
        ),
        values,
    ).rowcount
    if added:
        return None
    known, answer = connection.execute(
        text("SELECT digest, answer FROM messages WHERE shop = :shop AND id = :id"), values
    ).one()
    if bytes(known) != digest:
        raise Conflict("this message id came before with other content")
    return dict(answer)


def answer_message(connection: Connection, shop: str, id: str, answer: Mapping[str, Any]) -> None:
    """Writes down what a message is answered."""
    connection.execute(
        text("UPDATE messages SET answer = :answer WHERE shop = :shop AND id = :id").bindparams(
            bindparam("answer", type_=JSONB)
        ),
        {"shop": shop, "id": id, "answer": dict(answer)},
    )


# -- buyers: each has a key, which all that is personal is encrypted with


@dataclass(frozen=True, slots=True)
class Buyer:
    """A buyer and its key, unwrapped; `key` is shown nowhere."""

    id: int
    key: bytes

    def __repr__(self) -> str:
        return f"<Buyer {self.id}>"


def _of(id: int) -> bytes:
    return f"buyer {id}".encode()


def add_buyer(
    connection: Connection, vault: Vault, *, shop: str | None = None, reference: bytes | None = None
) -> Buyer:
    """A new buyer with a fresh key. `reference`: the keyed hash of a shop's name for it; None: known to no shop."""
    id = connection.execute(
        text("INSERT INTO buyers (shop, reference) VALUES (:shop, :reference) RETURNING id"),
        {"shop": shop, "reference": reference},
    ).scalar_one()
    key, wrapped = vault.new_key(_of(id))
    connection.execute(text("UPDATE buyers SET key = :key WHERE id = :id"), {"id": id, "key": wrapped})
    return Buyer(id, key)


def buyer_of(connection: Connection, vault: Vault, shop: str, name: str) -> Buyer:
    """The buyer whom a shop calls so, made if there is none; it is not erased before the transaction ends."""
    reference = vault.reference(shop, f"buyer {name}")
    connection.execute(  # two orders of a new buyer make one buyer
        text("SELECT pg_advisory_xact_lock(:lock)"),
        {"lock": int.from_bytes(reference[:8], "big", signed=True)},
    )
    found = connection.execute(
        text("SELECT id, key FROM buyers WHERE shop = :shop AND reference = :reference AND key IS NOT NULL FOR SHARE"),
        {"shop": shop, "reference": reference},
    ).one_or_none()
    if found is None:
        return add_buyer(connection, vault, shop=shop, reference=reference)
    return Buyer(found[0], vault.unwrap(bytes(found[1]), _of(found[0])))


def buyer(connection: Connection, vault: Vault, id: int) -> Buyer | None:
    """A buyer with its key; None once the key was destroyed."""
    found = connection.execute(
        text("SELECT key FROM buyers WHERE id = :id AND key IS NOT NULL FOR SHARE"), {"id": id}
    ).scalar_one_or_none()
    return None if found is None else Buyer(id, vault.unwrap(bytes(found), _of(id)))


def keys(connection: Connection, vault: Vault, ids: Iterable[int]) -> dict[int, bytes]:
    """The keys of buyers, by id, to read with; those that were destroyed are not among them."""
    found = connection.exec_driver_sql(
        "SELECT id, key FROM buyers WHERE id = ANY(%s::bigint[]) AND key IS NOT NULL", (list(ids),)
    )
    return {id: vault.unwrap(bytes(key), _of(id)) for id, key in found}


def erase_buyer(connection: Connection, id: int, at: int) -> bool:
    """Destroys a buyer's key and by what it is found, and the boxes of its orders; whether there was a key."""
    had = connection.execute(
        text(
            "UPDATE buyers SET key = NULL, shop = NULL, reference = NULL, erased_at = :at"
            " WHERE id = :id AND key IS NOT NULL"
        ),
        {"id": id, "at": at},
    ).rowcount
    connection.execute(text("UPDATE orders SET content = NULL WHERE buyer = :id"), {"id": id})
    return bool(had)


# -- orders


@dataclass(frozen=True, slots=True)
class Order:
    """An order. `reference`: keyed hash of the shop's number; `content`: encrypted, None once it was erased."""

    id: str
    shop: str
    reference: bytes
    buyer: int
    placed_at: int
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order: `batch` is a subject, `items` are keys, `parcel` an SSCC or None where it is not shipped."""

    number: int
    batch: str
    quantity: int
    parcel: str | None = None
    items: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parcel: `delivered_at` None while it is on its way."""

    sscc: str
    order: str
    shipped_at: int
    delivered_at: int | None


def add_order(connection: Connection, order: Order, lines: Sequence[Line]) -> None:
    """Takes a new order. Raises Conflict for a number that was placed, or an item that is in another order."""
    added = connection.execute(
        text(
            'INSERT INTO orders (id, shop, reference, buyer, placed_at, content)'
            " VALUES (:id, :shop, :reference, :buyer, :placed_at, :content) ON CONFLICT (shop, reference) DO NOTHING"
        ),
        {
            "id": order.id, "shop": order.shop, "reference": order.reference, "buyer": order.buyer,
            "placed_at": order.placed_at, "content": order.content,
        },
    ).rowcount  # fmt: skip
    if not added:
        raise Conflict("this order was placed before, in another message")
    connection.execute(
        text('INSERT INTO order_lines ("order", line, batch, quantity) VALUES (:order, :line, :batch, :quantity)'),
        [{"order": order.id, "line": n.number, "batch": n.batch, "quantity": n.quantity} for n in lines],
    )
    items = sorted((item, line.number) for line in lines for item in line.items)  # in one order: no deadlock
    taken = connection.exec_driver_sql(
        'INSERT INTO order_items (item, "order", line)'
        " SELECT item, %s, line FROM unnest(%s::bytea[], %s::smallint[]) AS new (item, line) ON CONFLICT DO NOTHING",
        (order.id, [item for item, _ in items], [line for _, line in items]),
    ).rowcount
    if items and taken != len(items):
        raise Conflict("an item of this order is in another order")


def order_by(connection: Connection, shop: str, reference: bytes, *, lock: bool = False) -> Order | None:
    """A shop's order by its number; `lock`: no other message changes it before the transaction ends."""
    found = connection.execute(
        text(
            "SELECT id, shop, reference, buyer, placed_at, content FROM orders"
            f" WHERE shop = :shop AND reference = :reference{' FOR UPDATE' if lock else ''}"
        ),
        {"shop": shop, "reference": reference},
    ).one_or_none()
    if found is None:
        return None
    id, by, name, buyer, placed_at, content = found
    return Order(id, by, bytes(name), buyer, placed_at, None if content is None else bytes(content))


def order(connection: Connection, id: str) -> Order | None:
    """An order by its id."""
    found = connection.execute(
        text("SELECT id, shop, reference, buyer, placed_at, content FROM orders WHERE id = :id"), {"id": id}
    ).one_or_none()
    if found is None:
        return None
    _, by, name, buyer, placed_at, content = found
    return Order(id, by, bytes(name), buyer, placed_at, None if content is None else bytes(content))


def orders_of(connection: Connection, buyer: int) -> list[Order]:
    """A buyer's orders, oldest first."""
    found = connection.execute(
        text(
            "SELECT id, shop, reference, buyer, placed_at, content FROM orders WHERE buyer = :buyer"
            " ORDER BY placed_at, id"
        ),
        {"buyer": buyer},
    )
    return [
        Order(id, shop, bytes(name), by, placed_at, None if content is None else bytes(content))
        for id, shop, name, by, placed_at, content in found
    ]


def lines(connection: Connection, order: str) -> list[Line]:
    """An order's lines, in their order."""
    items: dict[int, list[bytes]] = {}
    for line, item in connection.execute(
        text('SELECT line, item FROM order_items WHERE "order" = :order ORDER BY item'), {"order": order}
    ):
        items.setdefault(line, []).append(bytes(item))
    found = connection.execute(
        text('SELECT line, batch, quantity, parcel FROM order_lines WHERE "order" = :order ORDER BY line'),
        {"order": order},
    )
    return [
        Line(number, batch, quantity, parcel, tuple(items.get(number, ()))) for number, batch, quantity, parcel in found
    ]


def parcel(connection: Connection, sscc: str) -> Parcel | None:
    """A parcel by its SSCC."""
    found = connection.execute(
        text('SELECT sscc, "order", shipped_at, delivered_at FROM parcels WHERE sscc = :sscc'), {"sscc": sscc}
    ).one_or_none()
    return None if found is None else Parcel(*found)


def parcels_of(connection: Connection, order: str) -> list[Parcel]:
    """An order's parcels, as they were shipped."""
    found = connection.execute(
        text(
            'SELECT sscc, "order", shipped_at, delivered_at FROM parcels WHERE "order" = :order'
            " ORDER BY shipped_at, sscc"
        ),
        {"order": order},
    )
    return [Parcel(*values) for values in found]


@dataclass(frozen=True, slots=True)
class Announced:
    """What a shop says is in a parcel: an amount of a batch (a subject), and the serials of a line that has any."""

    batch: str
    quantity: int
    serials: tuple[str, ...]


def announced(connection: Connection, sscc: str) -> list[Announced]:
    """A parcel's lines, in their order, without the order that they are of; none where no shop shipped it."""
    found = connection.execute(
        text(
            "SELECT l.batch, l.quantity, array_remove(array_agg(s.serial ORDER BY s.place), NULL)"
            ' FROM parcels p JOIN order_lines l ON l."order" = p."order" AND l.parcel = p.sscc'
            ' LEFT JOIN order_items i ON i."order" = l."order" AND i.line = l.line'
            " LEFT JOIN items s ON s.item = i.item"
            " WHERE p.sscc = :sscc GROUP BY l.line, l.batch, l.quantity ORDER BY l.line"
        ),
        {"sscc": sscc},
    )
    return [Announced(batch, int(quantity), tuple(serials)) for batch, quantity, serials in found]


def ship(connection: Connection, order: str, sscc: str, numbers: Iterable[int], at: int) -> None:
    """Puts lines into a new parcel. Raises Conflict where the SSCC is another parcel's, or a line is shipped."""
    added = connection.execute(
        text('INSERT INTO parcels (sscc, "order", shipped_at) VALUES (:sscc, :order, :at) ON CONFLICT DO NOTHING'),
        {"sscc": sscc, "order": order, "at": at},
    ).rowcount
    if not added:
        raise Conflict(f"parcel {sscc} was shipped before: an SSCC is one parcel's")
    wanted = list(numbers)
    put = connection.execute(
        text(
            'UPDATE order_lines SET parcel = :sscc WHERE "order" = :order AND line = ANY(:numbers) AND parcel IS NULL'
        ),
        {"sscc": sscc, "order": order, "numbers": wanted},
    ).rowcount
    if put != len(wanted):
        raise Conflict("a line of it was shipped before")


def deliver(connection: Connection, sscc: str, at: int) -> None:
    """Marks a parcel as delivered. Raises Conflict where it was before."""
    done = connection.execute(
        text("UPDATE parcels SET delivered_at = :at WHERE sscc = :sscc AND delivered_at IS NULL"),
        {"sscc": sscc, "at": at},
    ).rowcount
    if not done:
        raise Conflict(f"parcel {sscc} was delivered before")


# -- how much of a batch there is


@dataclass(frozen=True, slots=True)
class Supply:
    """A locked batch: how many there are, were delivered, were claimed, and how many rights it gave (or will)."""

    batch: str
    merchant: str
    quantity: int
    delivered: int
    claimed: int
    granted: int


def lock_batch(connection: Connection, batch: str, key: bytes) -> Supply | None:
    """Locks a batch until the transaction ends: its counts are this transaction's alone. `key`: of the subject."""
    found = connection.execute(
        text(
            "SELECT subject, merchant, quantity, delivered, claimed, granted FROM batches"
            " WHERE key = :key AND subject = :batch FOR UPDATE"
        ),
        {"key": key, "batch": batch},
    ).one_or_none()
    return None if found is None else Supply(*found)


def count(connection: Connection, key: bytes, *, delivered: int = 0, claimed: int = 0, granted: int = 0) -> None:
    """Counts what was delivered or claimed of a batch that this transaction has locked, and rights that it gave."""
    connection.execute(
        text(
            "UPDATE batches SET delivered = delivered + :delivered, claimed = claimed + :claimed,"
            " granted = granted + :granted WHERE key = :key"
        ),
        {"key": key, "delivered": delivered, "claimed": claimed, "granted": granted},
    )


# -- rights


@dataclass(frozen=True, slots=True)
class Right:
    """A right to review. From an `order` or an `item` (key). `issued`, `claimed`: index of the entry, None: not yet;
    `by`: the key that it is bound to.
    """

    right: bytes
    batch: str
    buyer: int
    order: str | None
    item: bytes | None
    granted_at: int
    issued: int | None = None
    claimed: int | None = None
    by: str | None = None

    @property
    def gtin(self) -> str:
        return self.batch[4:18]


_RIGHT = '"right", batch, buyer, "order", item, granted_at, issued, claimed, by'


def _right(values: Any) -> Right:
    right, batch, buyer, order, item, granted_at, issued, claimed, by = values
    return Right(
        bytes(right), batch, buyer, order, None if item is None else bytes(item), granted_at, issued, claimed, by
    )


def grant(connection: Connection, rights: Sequence[Right]) -> None:
    """Takes new rights; they wait to be published. Raises Conflict for one that there is, or a second for an item."""
    taken = connection.exec_driver_sql(
        'INSERT INTO rights ("right", batch, buyer, "order", item, granted_at)'
        " SELECT * FROM unnest(%s::bytea[], %s::text[], %s::bigint[], %s::text[], %s::bytea[], %s::bigint[])"
        " ON CONFLICT DO NOTHING",
        (
            [r.right for r in rights], [r.batch for r in rights], [r.buyer for r in rights],
            [r.order for r in rights], [r.item for r in rights], [r.granted_at for r in rights],
        ),
    ).rowcount  # fmt: skip
    if rights and taken != len(rights):
        raise Conflict("a right was given before: each delivery has a secret of its own")


def right(connection: Connection, hash: bytes, *, lock: bool = False) -> Right | None:
    """A right; `lock`: no other claim takes it before the transaction ends."""
    found = connection.execute(
        text(f'SELECT {_RIGHT} FROM rights WHERE "right" = :right{" FOR UPDATE" if lock else ""}'), {"right": hash}
    ).one_or_none()
    return None if found is None else _right(found)


def rights_of(connection: Connection, buyer: int) -> list[Right]:
    """A buyer's rights, oldest first."""
    found = connection.execute(
        text(f'SELECT {_RIGHT} FROM rights WHERE buyer = :buyer ORDER BY granted_at, "right"'), {"buyer": buyer}
    )
    return [_right(values) for values in found]


def bind_right(connection: Connection, hash: bytes, claimed: int, by: str) -> None:
    """Writes down the claim of a right that this transaction has locked."""
    connection.execute(
        text('UPDATE rights SET claimed = :claimed, by = :by WHERE "right" = :right'),
        {"right": hash, "claimed": claimed, "by": by},
    )


def oldest_waiting(connection: Connection) -> int | None:
    """Since when the oldest right waits to be published."""
    found = connection.scalar(text("SELECT min(granted_at) FROM rights WHERE issued IS NULL"))
    return None if found is None else int(found)


def lock_waiting(connection: Connection) -> list[Right]:
    """All rights that wait to be published, by batch and hash; nobody else publishes them."""
    found = connection.execute(
        text(f'SELECT {_RIGHT} FROM rights WHERE issued IS NULL ORDER BY batch, "right" FOR UPDATE')
    )
    return [_right(values) for values in found]


def issue(connection: Connection, hashes: Sequence[bytes], index: int) -> None:
    """Writes down the entry that published rights."""
    connection.exec_driver_sql('UPDATE rights SET issued = %s WHERE "right" = ANY(%s::bytea[])', (index, list(hashes)))


def count_items(connection: Connection, batch: bytes, items: Sequence[bytes]) -> int:
    """How many of these items a batch has; all are keys."""
    return int(
        connection.exec_driver_sql(
            "SELECT count(*) FROM items WHERE item = ANY(%s::bytea[]) AND batch = %s", (list(items), batch)
        ).scalar_one()
    )


def items_with_rights(connection: Connection, items: Sequence[bytes]) -> set[bytes]:
    """Those of these items whose own claim gave a right."""
    if not items:
        return set()
    found = connection.exec_driver_sql("SELECT item FROM rights WHERE item = ANY(%s::bytea[])", (list(items),))
    return {bytes(item) for (item,) in found}


def order_of_item(connection: Connection, item: bytes) -> tuple[Order, Line] | None:
    """The order and line that an item was sold by, if any."""
    found = connection.execute(
        text(
            "SELECT o.id, o.shop, o.reference, o.buyer, o.placed_at, o.content, i.line FROM order_items i"
            ' JOIN orders o ON o.id = i."order" WHERE i.item = :item'
        ),
        {"item": item},
    ).one_or_none()
    if found is None:
        return None
    id, by, name, buyer, placed_at, content, number = found
    (line,) = [one for one in lines(connection, id) if one.number == number]
    return Order(id, by, bytes(name), buyer, placed_at, None if content is None else bytes(content)), line


def batches_of_items(connection: Connection, items: Sequence[bytes]) -> dict[str, int]:
    """How many of these items (keys) each batch has, by its subject; what was never registered is left out."""
    found = connection.exec_driver_sql(
        "SELECT b.subject, count(*) FROM items i JOIN batches b ON b.key = i.batch"
        " WHERE i.item = ANY(%s::bytea[]) GROUP BY b.subject ORDER BY b.subject",
        (list(items),),
    )
    return {subject: int(count) for subject, count in found}

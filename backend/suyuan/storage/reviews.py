"""Reviews and what belongs to them: claims of items, photos, what an erasure takes away and an export gives.

Everything that changes runs in the caller's transaction, which has locked the right before (see `storage.orders`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from suyuan.core.errors import Conflict
from suyuan.core.reviews import Content, Reply, Review, State
from suyuan.storage import orders
from suyuan.storage.database import Reading, fetch

# -- statements and keys


def recorded(connection: Connection, by: str, nonce: bytes) -> bool:
    """Whether a statement was recorded before: the journal then gives the same answer, or says what conflicts."""
    return bool(
        connection.scalar(
            text("SELECT EXISTS (SELECT FROM records WHERE by = :by AND nonce = :nonce)"), {"by": by, "nonce": nonce}
        )
    )


def has_signed(connection: Connection, by: str) -> bool:
    """Whether a key has signed any entry: a shopper's is fresh for each right and each item."""
    return bool(connection.scalar(text("SELECT EXISTS (SELECT FROM records WHERE by = :by)"), {"by": by}))


def bind(connection: Connection, right: bytes, claimed: int, by: str) -> None:
    """Binds a right, which this transaction has locked, to a key. Raises Conflict for a key of another right."""
    try:
        orders.bind_right(connection, right, claimed, by)
    except IntegrityError as error:
        raise Conflict("this key is bound to another right") from error


# -- claims of items


def claim_of(connection: Connection, item: bytes) -> tuple[int, int] | None:
    """An item's first claim: index of its entry, and when (milliseconds)."""
    found = connection.execute(text("SELECT index, at FROM claims WHERE item = :item"), {"item": item}).one_or_none()
    return None if found is None else (found[0], found[1])


def add_claim(connection: Connection, item: bytes, index: int, at: int) -> None:
    """Takes the first claim of an item whose batch this transaction has locked."""
    connection.execute(
        text("INSERT INTO claims (item, index, at) VALUES (:item, :index, :at)"),
        {"item": item, "index": index, "at": at},
    )


def is_ordered(connection: Connection, item: bytes) -> bool:
    """Whether an item is in an order: its right comes with the delivery then."""
    return bool(connection.scalar(text("SELECT EXISTS (SELECT FROM order_items WHERE item = :item)"), {"item": item}))


def right_from(connection: Connection, item: bytes) -> bytes | None:
    """The right that an item's claim gave."""
    found = connection.scalar(text('SELECT "right" FROM rights WHERE item = :item'), {"item": item})
    return None if found is None else bytes(found)


# -- reviews


@dataclass(frozen=True, slots=True)
class Row:
    """A right's review with what is kept of it. `at` in milliseconds; `first`, `newest`, `hold`: indices of entries;
    `content` and `reply` are encrypted, None where there is none (any more).
    """

    right: bytes
    gtin: str
    batch: str
    buyer: int
    review: Review
    at: int
    first: int
    newest: int
    hold: int | None
    private: bytes
    content: bytes | None
    reply: bytes | None


_COLUMNS = (
    '"right", product, batch, buyer, by, stars, state, withheld, content_state, reply_state,'
    " at, first, newest, hold, private, content, reply"
)


def _row(values: Any) -> Row:
    (right, gtin, batch, buyer, by, stars, state, withheld, content_state, reply_state,
     at, first, newest, hold, private, content, reply) = values  # fmt: skip
    review = Review(by, stars, withheld, State(state), Content(content_state), Reply(reply_state))
    return Row(
        bytes(right), gtin, batch, buyer, review, at, first, newest, hold, bytes(private),
        None if content is None else bytes(content), None if reply is None else bytes(reply),
    )  # fmt: skip


def review(connection: Connection, right: bytes) -> Row | None:
    """The review of a right."""
    found = connection.execute(
        text(f'SELECT {_COLUMNS} FROM reviews WHERE "right" = :right'), {"right": right}
    ).one_or_none()
    return None if found is None else _row(found)


def reviews(connection: Connection, rights: Collection[bytes]) -> dict[bytes, Row]:
    """The reviews of rights, by right."""
    found = connection.exec_driver_sql(
        f'SELECT {_COLUMNS} FROM reviews WHERE "right" = ANY(%s::bytea[])', (list(rights),)
    )
    return {row.right: row for row in map(_row, found)}


def reviews_of(connection: Connection, buyer: int) -> list[Row]:
    """A buyer's reviews, oldest first."""
    found = connection.execute(
        text(f"SELECT {_COLUMNS} FROM reviews WHERE buyer = :buyer ORDER BY first"), {"buyer": buyer}
    )
    return [_row(values) for values in found]


def reviews_about(connection: Connection, gtin: str) -> list[Row]:
    """A product's reviews, oldest first."""
    found = connection.execute(
        text(f"SELECT {_COLUMNS} FROM reviews WHERE product = :gtin ORDER BY first"), {"gtin": gtin}
    )
    return [_row(values) for values in found]


def put(connection: Connection, row: Row) -> None:
    """Takes a review as it is now."""
    one = row.review
    connection.execute(
        text(
            f"INSERT INTO reviews ({_COLUMNS}) VALUES (:right, :product, :batch, :buyer, :by, :stars, :state,"
            " :withheld, :content_state, :reply_state, :at, :first, :newest, :hold, :private, :content, :reply)"
            ' ON CONFLICT ("right") DO UPDATE SET stars = excluded.stars, state = excluded.state,'
            " withheld = excluded.withheld, content_state = excluded.content_state,"
            " reply_state = excluded.reply_state, newest = excluded.newest, hold = excluded.hold,"
            " private = excluded.private, content = excluded.content, reply = excluded.reply"
        ),
        {
            "right": row.right, "product": row.gtin, "batch": row.batch, "buyer": row.buyer, "by": one.by,
            "stars": one.stars, "state": one.state.value, "withheld": one.withheld,
            "content_state": one.content.value, "reply_state": one.reply.value, "at": row.at, "first": row.first,
            "newest": row.newest, "hold": row.hold, "private": row.private, "content": row.content,
            "reply": row.reply,
        },
    )  # fmt: skip


def newest_bodies(connection: Connection, key: bytes, limit: int) -> list[bytes]:
    """The bodies of a stream's newest `limit` sealed entries, and of those that wait for a seal."""
    found = connection.execute(
        text(
            # by the stream's index and then one record each, whatever a planner makes of a stream that is most of all
            "WITH sealed AS (SELECT coalesce(max(size), 0) AS size FROM seals WHERE state = 'sealed'),"
            " head AS (SELECT seq FROM entries, sealed WHERE key = :key AND index < size ORDER BY seq DESC LIMIT 1),"
            " newest AS MATERIALIZED (SELECT seq, run FROM entries"
            "  WHERE key = :key AND seq > coalesce((SELECT seq FROM head), -1) - :limit ORDER BY seq DESC)"
            " SELECT r.body FROM newest e"
            " CROSS JOIN LATERAL (SELECT body FROM records WHERE first = e.run OFFSET 0) AS r ORDER BY e.seq"
        ),
        {"key": key, "limit": limit},
    )
    return [bytes(body) for (body,) in found]


def holds(connection: Connection, gtin: str, most: int) -> dict[str, tuple[int, list[int]]]:
    """Why reviews of a product are withheld now: by reason how many, and the newest `most` entries that say so."""
    found = connection.exec_driver_sql(
        "SELECT withheld, count(*), (array_agg(hold ORDER BY hold DESC))[1:%s] FROM reviews"
        " WHERE product = %s AND withheld <> '' GROUP BY withheld ORDER BY withheld",
        (most, gtin),
    )
    return {reason: (count, list(indices)) for reason, count, indices in found}


# -- what a bundle of reviews needs beside its own entries


def binding_claims(connection: Reading, keys: Iterable[str], size: int) -> list[int]:
    """Where the claims stand that bind these keys to rights, as far as the first `size` entries have them."""
    query = "SELECT claimed FROM rights WHERE by = ANY(%s::text[]) AND claimed < %s ORDER BY claimed"
    return [index for (index,) in fetch(connection, query, (list(keys), size))]


def older_holds(connection: Reading, gtin: str, before: int, most: int) -> list[int]:
    """Where the newest `most` entries stand that withhold a product's reviews now, and lie before an index."""
    query = (
        "SELECT hold FROM (SELECT hold FROM reviews WHERE product = %s AND withheld <> '' AND hold < %s"
        " ORDER BY hold DESC LIMIT %s) AS newest ORDER BY hold"
    )
    return [index for (index,) in fetch(connection, query, (gtin, before, most))]


# -- photos


@dataclass(frozen=True, slots=True)
class PhotoRow:
    """A photo of a right: `hash` is that of the bytes that are served, `content` those bytes, encrypted."""

    hash: bytes
    right: bytes
    type: str
    content: bytes


def add_photo(connection: Connection, photo: PhotoRow, at: int) -> None:
    """Takes a photo; the same again does nothing. `at` in milliseconds."""
    connection.execute(
        text(
            'INSERT INTO photos (hash, "right", type, content, at) VALUES (:hash, :right, :type, :content, :at)'
            " ON CONFLICT DO NOTHING"
        ),
        {"hash": photo.hash, "right": photo.right, "type": photo.type, "content": photo.content, "at": at},
    )


def photos_of(connection: Connection, right: bytes) -> list[PhotoRow]:
    """A right's photos, as they came."""
    found = connection.execute(
        text('SELECT hash, "right", type, content FROM photos WHERE "right" = :right ORDER BY at, hash'),
        {"right": right},
    )
    return [PhotoRow(bytes(hash), bytes(of), type, bytes(content)) for hash, of, type, content in found]


def photo_hashes(connection: Connection, right: bytes) -> set[bytes]:
    """Which photos a right has."""
    found = connection.execute(text('SELECT hash FROM photos WHERE "right" = :right'), {"right": right})
    return {bytes(hash) for (hash,) in found}


def shown_photos(connection: Connection, hash: bytes) -> list[tuple[PhotoRow, Row]]:
    """The photos of that hash with their reviews, of reviews that are shown."""
    columns = ", ".join(f"r.{name.strip()}" for name in _COLUMNS.split(","))
    found = connection.execute(
        text(
            f'SELECT p.hash, p."right", p.type, p.content, {columns} FROM photos p JOIN reviews r USING ("right")'
            " WHERE p.hash = :hash AND r.state = 'standing' AND r.withheld = '' AND r.content IS NOT NULL"
        ),
        {"hash": hash},
    )
    return [
        (PhotoRow(bytes(values[0]), bytes(values[1]), values[2], bytes(values[3])), _row(values[4:]))
        for values in found
    ]


def drop_photos(connection: Connection, right: bytes, keep: Sequence[bytes] = ()) -> None:
    """Destroys a right's photos but for those to keep."""
    connection.exec_driver_sql(
        'DELETE FROM photos WHERE "right" = %s AND NOT (hash = ANY(%s::bytea[]))', (right, list(keep))
    )


# -- what there is about a buyer


def entries_of(
    connection: Connection, keys: Sequence[bytes], signers: Sequence[str], indices: Sequence[int]
) -> list[tuple[int, int]]:
    """(index, kind) of the entries in some streams, of those that some keys signed, and of some others, in order."""
    found = connection.exec_driver_sql(
        "SELECT e.index, r.kind FROM entries e JOIN records r ON r.first = e.run"
        " WHERE e.key = ANY(%s::bytea[]) OR e.index = ANY(%s::bigint[])"
        " UNION SELECT first, kind FROM records WHERE by = ANY(%s::text[]) ORDER BY 1",
        (list(keys), list(indices), list(signers)),
    )
    return [(index, kind) for index, kind in found]

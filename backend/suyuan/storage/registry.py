"""What the chain's registries said, as far as their events have been read; batches and their items."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from suyuan.core.errors import Conflict
from suyuan.core.rules import Role, Standing
from suyuan.core.standing import Participant
from suyuan.storage.database import Reading, fetch


def participants(connection: Connection) -> dict[str, Participant]:
    """Everyone who is registered, by id."""
    found = connection.execute(text("SELECT id, role, licence, standings, keys FROM participants"))
    return {
        id: Participant(
            id,
            Role(role),
            tuple((since, Standing(s)) for since, s in standings),
            tuple((since, k) for since, k in keys),
            bytes(licence),
        )
        for id, role, licence, standings, keys in found
    }


def put_participant(connection: Connection, one: Participant) -> None:
    """Takes a participant as the chain has it."""
    from sqlalchemy.dialects.postgresql import insert

    from suyuan.storage.tables import participants as table

    values = {
        "role": int(one.role),
        "licence": one.licence,
        "standings": [[since, int(s)] for since, s in one.standings],
        "keys": [[since, k] for since, k in one.keys],
    }
    connection.execute(
        insert(table).values(id=one.id, **values).on_conflict_do_update(index_elements=["id"], set_=values)
    )


def cursor(connection: Connection, name: str) -> tuple[int, int]:
    """The next block to read for a purpose, and the second of the last reading."""
    found = connection.execute(
        text("SELECT block, read_at FROM cursors WHERE name = :name"), {"name": name}
    ).one_or_none()
    return (0, 0) if found is None else (found[0], found[1])


def move_cursor(connection: Connection, name: str, block: int, read_at: int) -> None:
    """Remembers how far the chain has been read, and when."""
    connection.execute(
        text(
            "INSERT INTO cursors (name, block, read_at) VALUES (:name, :block, :read_at)"
            " ON CONFLICT (name) DO UPDATE SET block = excluded.block, read_at = excluded.read_at"
        ),
        {"name": name, "block": block, "read_at": read_at},
    )


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch. `registered_at`, `recalled_at`: seconds, as the chain has them; 0: not (yet)."""

    key: bytes
    subject: str
    merchant: str
    quantity: int
    items_root: bytes
    content: bytes
    registered_at: int = 0
    recalled_at: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a batch: its place among the serials in order, and the hash of its code."""

    key: bytes
    batch: bytes
    place: int
    serial: str
    code: bytes


def add_batch(connection: Connection, batch: BatchRow, items: Sequence[Item]) -> None:
    """Takes a new batch and its items. Raises Conflict where the batch or an item is another batch's."""
    inserted = connection.execute(
        text(
            "INSERT INTO batches (key, subject, merchant, quantity, items_root, content)"
            " VALUES (:key, :subject, :merchant, :quantity, :root, :content) ON CONFLICT DO NOTHING"
        ),
        {
            "key": batch.key, "subject": batch.subject, "merchant": batch.merchant, "quantity": batch.quantity,
            "root": batch.items_root, "content": batch.content,
        },
    ).rowcount  # fmt: skip
    if not inserted:
        raise Conflict(f"{batch.subject} is registered already")
    taken = connection.exec_driver_sql(
        "INSERT INTO items (item, batch, place, serial, code)"
        " SELECT * FROM unnest(%s::bytea[], %s::bytea[], %s::int[], %s::text[], %s::bytea[])"
        " ON CONFLICT DO NOTHING",
        (
            [i.key for i in items], [i.batch for i in items], [i.place for i in items], [i.serial for i in items],
            [i.code for i in items],
        ),
    ).rowcount  # fmt: skip
    if taken != len(items):
        raise Conflict("a serial of this batch is another batch's item")


def batch(connection: Reading, key: bytes) -> BatchRow | None:
    """A batch by its subject's key."""
    found = fetch(
        connection,
        "SELECT key, subject, merchant, quantity, items_root, content, registered_at, recalled_at"
        " FROM batches WHERE key = %s",
        (key,),
    )
    return BatchRow(*found[0]) if found else None


def batch_keys(connection: Reading) -> list[bytes]:
    """All batches' keys, those that were registered last first."""
    return [key for (key,) in fetch(connection, "SELECT key FROM batches ORDER BY registered_at DESC, key", ())]


def batches_of(connection: Connection, gtin: str) -> list[BatchRow]:
    """A product's batches, by subject."""
    found = connection.execute(
        text(
            "SELECT key, subject, merchant, quantity, items_root, content, registered_at, recalled_at"
            " FROM batches WHERE subject LIKE :prefix ORDER BY subject"
        ),
        {"prefix": f"/01/{gtin}/10/%"},
    )
    return [BatchRow(*values) for values in found]


def set_batch_times(connection: Connection, key: bytes, registered_at: int, recalled_at: int) -> None:
    """Takes what the BatchRegistry says of a batch."""
    connection.execute(
        text("UPDATE batches SET registered_at = :registered, recalled_at = :recalled WHERE key = :key"),
        {"key": key, "registered": registered_at, "recalled": recalled_at},
    )


def item(connection: Reading, key: bytes) -> Item | None:
    """An item by its subject's key."""
    found = fetch(connection, "SELECT item, batch, place, serial, code FROM items WHERE item = %s", (key,))
    return Item(*found[0]) if found else None


def codes(connection: Reading, batch_key: bytes) -> list[tuple[str, bytes]]:
    """The serials and codes of a batch's items, in their order."""
    return fetch(connection, "SELECT serial, code FROM items WHERE batch = %s ORDER BY place", (batch_key,))


def items_of(connection: Connection, batch_key: bytes) -> Iterable[Item]:
    """A batch's items, in their order."""
    found = connection.exec_driver_sql(
        "SELECT item, batch, place, serial, code FROM items WHERE batch = %s ORDER BY place", (batch_key,)
    )
    return [Item(*values) for values in found]

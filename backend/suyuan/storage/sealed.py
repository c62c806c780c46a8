"""The sealed journal: seals as they go on-chain, the tree's tiles and the heads map's buckets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, text

from suyuan.core import heads, merkle
from suyuan.core.errors import ProofFault
from suyuan.core.proof import Seal
from suyuan.storage.database import Database, Reading, fetch

TILE = 256
BLOCK = 64  # buckets that are read together
_HEIGHT = 8
_TILE_BYTES = 17_000  # that a full tile takes in memory

K = TypeVar("K")
V = TypeVar("V")


class Kept(Generic[K, V]):
    """What was read last, up to so many bytes in all. Safe for many threads."""

    def __init__(self, most: int, size: Callable[[V], int]) -> None:
        self._most = most
        self._size = size
        self._held: dict[K, V] = {}
        self._bytes = 0
        self._lock = threading.Lock()
        self.get = self._held.get

    def put(self, found: Mapping[K, V]) -> None:
        """Keeps these, and forgets those that have been here longest if they are too many."""
        with self._lock:
            for key, value in found.items():
                self._forget(key)
                self._held[key] = value
                self._bytes += self._size(value)
            while self._bytes > self._most:
                self._forget(next(iter(self._held)))

    def _forget(self, key: K) -> None:
        value = self._held.pop(key, None)
        if value is not None:
            self._bytes -= self._size(value)

    def without(self, keys: Iterable[K]) -> Kept[K, V]:
        """A copy that lacks some."""
        other = Kept[K, V](self._most, self._size)
        with self._lock:
            other._held.update(self._held)
            other._bytes = self._bytes
        for key in keys:
            other._forget(key)
        return other

    def room(self, share: float = 0.9) -> bool:
        """Whether there is room without forgetting anything."""
        return self._bytes < share * self._most


class SealState(StrEnum):
    """How far a seal has come."""

    PREPARED = "prepared"  # written down; what is sent is not known yet
    SENT = "sent"  # its transaction is written down and may have been sent
    SEALED = "sealed"  # confirmed by the chain


@dataclass(frozen=True, slots=True)
class SealRow:
    """A seal as written down. `raw`, `tx`, `nonce`, `fee` are its newest transaction's, once there is one.

    `number` counts the seals of all journals that go on from one another: `before` are of those before its own.
    """

    number: int
    size: int
    root: bytes
    heads: bytes
    state: SealState
    raw: bytes | None
    tx: bytes | None
    nonce: int | None
    fee: int | None
    block: int | None
    sealed_at: int | None
    before: int = 0

    @property
    def own(self) -> int:
        """Its number in its own journal, from 1."""
        return self.number - self.before

    def seal(self) -> Seal:
        """The seal that a bundle shows."""
        return Seal(self.own, self.size, self.root, self.heads, self.sealed_at or 0)


def _row(values: Any) -> SealRow:
    number, size, root, head, state, raw, tx, nonce, fee, block, sealed_at, before = values
    return SealRow(
        number, size, bytes(root), bytes(head), SealState(state), raw and bytes(raw), tx and bytes(tx), nonce, fee,
        block, sealed_at, before,
    )  # fmt: skip


_COLUMNS = "number, size, root, heads, state, raw, tx, nonce, fee, block, sealed_at, before"


def newest(connection: Connection) -> SealRow | None:
    """The newest seal, however far it has come."""
    found = connection.execute(text(f"SELECT {_COLUMNS} FROM seals ORDER BY number DESC LIMIT 1")).one_or_none()
    return None if found is None else _row(found)


def newest_sealed(connection: Connection) -> SealRow | None:
    """The newest seal that the chain has confirmed (and may, after a reorganisation, be getting again)."""
    found = connection.exec_driver_sql(
        f"SELECT {_COLUMNS} FROM seals WHERE sealed_at IS NOT NULL ORDER BY number DESC LIMIT 1"
    ).one_or_none()
    return None if found is None else _row(found)


def by_number(connection: Connection, number: int) -> SealRow | None:
    """A seal by its number among all."""
    found = connection.execute(
        text(f"SELECT {_COLUMNS} FROM seals WHERE number = :number"), {"number": number}
    ).one_or_none()
    return None if found is None else _row(found)


def newest_within(connection: Connection, size: int) -> SealRow | None:
    """The newest seal that the chain has confirmed of at most so many entries."""
    found = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM seals WHERE sealed_at IS NOT NULL AND size <= :size ORDER BY number DESC LIMIT 1"
        ),
        {"size": size},
    ).one_or_none()
    return None if found is None else _row(found)


def oldest_open(connection: Connection) -> SealRow | None:
    """The oldest seal that is written down and not on-chain."""
    found = connection.execute(
        text(f"SELECT {_COLUMNS} FROM seals WHERE state <> 'sealed' ORDER BY number LIMIT 1")
    ).one_or_none()
    return None if found is None else _row(found)


def unseal(connection: Connection, after: int) -> int:
    """Seals after a number vanished from the chain: they wait to be sent again. Gives how many."""
    return connection.execute(
        text(
            "UPDATE seals SET state = 'prepared', raw = NULL, tx = NULL, nonce = NULL, fee = NULL"
            " WHERE number > :after AND state = 'sealed'"
        ),
        {"after": after},
    ).rowcount


def prepare(connection: Connection, number: int, size: int, root: bytes, heads: bytes, before: int) -> None:
    """Writes a seal down before anything is sent."""
    connection.execute(
        text(
            "INSERT INTO seals (number, size, root, heads, state, before)"
            " VALUES (:number, :size, :root, :heads, 'prepared', :before)"
        ),
        {"number": number, "size": size, "root": root, "heads": heads, "before": before},
    )


def sending(connection: Connection, number: int, *, raw: bytes, tx: bytes, nonce: int, fee: int) -> None:
    """Writes down the transaction that is about to be sent for a seal."""
    connection.execute(
        text(
            "UPDATE seals SET state = 'sent', raw = :raw, tx = :tx, nonce = :nonce, fee = :fee WHERE number = :number"
        ),
        {"number": number, "raw": raw, "tx": tx, "nonce": nonce, "fee": fee},
    )


def unsent(connection: Connection, number: int) -> None:
    """A seal whose transaction came to nothing is only prepared again."""
    connection.execute(
        text(
            "UPDATE seals SET state = 'prepared', raw = NULL, tx = NULL, nonce = NULL, fee = NULL"
            " WHERE number = :number"
        ),
        {"number": number},
    )


def withdraw(connection: Connection, number: int) -> None:
    """A seal that was never on-chain is not to be: its entries wait again."""
    connection.execute(
        text("DELETE FROM seals WHERE number = :number AND state = 'prepared' AND sealed_at IS NULL"),
        {"number": number},
    )


def withdraw_open(connection: Connection) -> None:
    """No seal that was never on-chain is to be, whatever was sent: their entries wait for another journal's."""
    connection.execute(text("DELETE FROM seals WHERE state <> 'sealed' AND sealed_at IS NULL"))


def confirm(
    connection: Connection,
    number: int,
    *,
    block: int,
    sealed_at: int,
    tx: bytes,
    buckets: Mapping[int, tuple[bytes, heads.Summary]],
) -> None:
    """Marks a seal as sealed, and makes the heads map's changed buckets the sealed ones, together."""
    connection.execute(
        text(
            "UPDATE seals SET state = 'sealed', block = :block, sealed_at = :at, tx = :tx, gas = NULL, paid = NULL"
            " WHERE number = :number"
        ),
        {"number": number, "block": block, "at": sealed_at, "tx": tx},
    )
    if buckets:
        connection.execute(
            text(
                "INSERT INTO buckets (n, records, keys, hash, seal) VALUES (:n, :records, :keys, :hash, :seal)"
                " ON CONFLICT (n) DO UPDATE SET records = excluded.records, keys = excluded.keys,"
                " hash = excluded.hash, seal = excluded.seal"
            ),
            [
                {"n": n, "records": records, "keys": summary.keys, "hash": summary.hash, "seal": number}
                for n, (records, summary) in buckets.items()
            ],
        )


def state(connection: Reading) -> tuple[SealRow | None, int]:
    """The newest seal that the chain has confirmed, and how many entries have been accepted."""
    found = fetch(
        connection,
        f"SELECT (SELECT size FROM journal), {_COLUMNS} FROM (SELECT 1) AS one LEFT JOIN"
        " (SELECT * FROM seals WHERE sealed_at IS NOT NULL ORDER BY number DESC LIMIT 1) AS newest ON true",
        (),
    )
    ((accepted, *values),) = found
    return (None if values[0] is None else _row(values)), accepted or 0


def summaries(connection: Reading, after: int, until: int) -> dict[int, heads.Summary]:
    """The summaries of buckets that seals after `after` changed. Raises ProofFault if one newer than `until` did."""
    changed = {}
    for n, keys, h, seal in fetch(connection, "SELECT n, keys, hash, seal FROM buckets WHERE seal > %s", (after,)):
        if seal > until:
            raise StaleRead
        changed[n] = heads.Summary(keys, h)
    return changed


class StaleRead(ProofFault):
    """What was read belongs to a newer seal than the reader's: read again."""

    def __init__(self) -> None:
        super().__init__("a newer seal came while this was read")


def block(connection: Reading, n: int, until: int, width: int = BLOCK) -> dict[int, bytes]:
    """A bucket's records and its neighbours', which cost next to nothing more; empty ones too.

    Raises StaleRead if a seal newer than `until` changed one.
    """
    first = n - n % width
    found = fetch(connection, "SELECT n, records, seal FROM buckets WHERE n >= %s AND n < %s", (first, first + width))
    if any(seal > until for _, _, seal in found):
        raise StaleRead
    return dict.fromkeys(range(first, first + width), b"") | {m: records for m, records, _ in found}


def buckets_of(connection: Connection, numbers: Iterable[int]) -> dict[int, bytes]:
    """Several buckets' records."""
    found = connection.exec_driver_sql("SELECT n, records FROM buckets WHERE n = ANY(%s)", (list(numbers),))
    return {n: bytes(records) for n, records in found}


def leaves(connection: Connection, begin: int, end: int) -> Iterator[bytes]:
    """The headers from `begin` to `end`, in order, read in steps so that a million fit in memory."""
    for start in range(begin, end, 50_000):
        found = connection.exec_driver_sql(
            "SELECT header FROM entries WHERE index >= %s AND index < %s ORDER BY index",
            (start, min(end, start + 50_000)),
        )
        for (header,) in found:
            yield bytes(header)


# -- tiles

_STEP = 32  # tiles that are read together to warm up
_TILES = (
    "SELECT level, n, (SELECT hashes FROM tiles t WHERE t.level = wanted.level AND t.n = wanted.n)"
    " FROM unnest(%b::int2[], %b::int8[]) AS wanted(level, n)"
)


def extend(connection: Connection, begin: int, leaf_hashes: Sequence[bytes]) -> None:
    """Puts leaves from index `begin` on into the tiles of every level that they fill."""
    level, first, hashes = 0, begin, list(leaf_hashes)
    while hashes:
        n, inside = divmod(first, TILE)
        carried: list[bytes] = []
        held = tile(connection, level, n)[:inside] if inside else []
        if len(held) < inside:
            raise ProofFault(f"tile {level}/{n} has {len(held)} hashes, wanted are {inside}")
        everything = held + hashes
        rows = []
        for offset in range(0, len(everything), TILE):
            part = everything[offset : offset + TILE]
            rows.append({"level": level, "n": n + offset // TILE, "hashes": b"".join(part)})
            if len(part) == TILE:
                carried.append(_rows_of(part)[_HEIGHT][0])
        connection.execute(
            text(
                "INSERT INTO tiles (level, n, hashes) VALUES (:level, :n, :hashes)"
                " ON CONFLICT (level, n) DO UPDATE SET hashes = excluded.hashes"
            ),
            rows,
        )
        level, first, hashes = level + 1, n, carried


def tile(connection: Connection, level: int, n: int) -> list[bytes]:
    """A tile's hashes, as many as there are."""
    found = connection.exec_driver_sql("SELECT hashes FROM tiles WHERE level = %s AND n = %s", (level, n)).scalar()
    return [] if found is None else [bytes(found[i : i + 32]) for i in range(0, len(found), 32)]


def _rows_of(hashes: list[bytes]) -> list[list[bytes]]:
    """The rows of full subtrees over a tile's hashes, the hashes themselves first."""
    rows = [hashes]
    for _ in range(_HEIGHT):
        below = rows[-1]
        rows.append([merkle.node(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
    return rows


Place = tuple[int, int]  # a tile's level and number
Rows = tuple[bytes, ...]  # a tile's, each row its hashes back to back


class TiledTree:
    """The journal's tree as `merkle.Nodes`, over tiles. Full tiles never change: `most` bytes of the lowest level are
    kept in memory, and all above, which are 1/256 of that.
    """

    def __init__(self, database: Database, *, most: int = 256 << 20) -> None:
        self._database = database
        self._lowest = Kept[Place, Rows](most, lambda rows: _TILE_BYTES * len(rows[0]) // (32 * TILE))
        self._upper: dict[Place, Rows] = {}

    def _held(self, place: Place) -> Rows | None:
        return self._upper.get(place) if place[0] else self._lowest.get(place)

    def read(self, connection: Reading, places: Iterable[Place]) -> dict[Place, Rows]:
        """Takes tiles into memory, in one query; gives those that there are."""
        levels, numbers = zip(*places, strict=True)
        found = {
            (level, n): merkle.rows(hashes, _HEIGHT)
            for level, n, hashes in fetch(connection, _TILES, (list(levels), list(numbers)))
            if hashes is not None
        }
        self._upper.update((place, rows) for place, rows in found.items() if place[0])
        self._lowest.put({place: rows for place, rows in found.items() if not place[0]})
        return found

    def prepare(self, connection: Reading, paths: merkle.Paths, indices: Iterable[int]) -> None:
        """Reads what the paths of some leaves need and memory lacks."""
        missing = set()
        for index in indices:
            for level in range((paths.height(index) + _HEIGHT - 1) // _HEIGHT):
                n = index >> _HEIGHT * (level + 1)
                rows = self._held((level, n))
                if rows is None or len(rows[0]) < 32 * min(TILE, (paths.size >> _HEIGHT * level) - TILE * n):
                    missing.add((level, n))
        if missing:
            self.read(connection, missing)

    def warm(self, connection: Connection, size: int) -> Iterator[None]:
        """Reads the tiles of a tree of so many leaves, the upper levels first, as many as are kept; some at a step."""
        for level in reversed(range((size.bit_length() + _HEIGHT - 1) // _HEIGHT)):
            tiles = (size >> _HEIGHT * level) // TILE
            for n in range(0, tiles, _STEP):
                if not level and not self._lowest.room():
                    return
                self.read(connection, [(level, m) for m in range(n, min(n + _STEP, tiles))])
                yield

    def full(self, height: int, i: int) -> bytes:
        level, row = divmod(height, _HEIGHT)
        n, place = divmod(i, TILE >> row)
        rows = self._held((level, n))
        h = rows[row][32 * place : 32 * place + 32] if rows else b""
        if not h:
            with self._database.read() as connection:
                rows = self.read(connection, [(level, n)]).get((level, n))
            h = rows[row][32 * place : 32 * place + 32] if rows else b""
        if not h:
            raise ProofFault(f"no full subtree {i} of height {height}")
        return h


class InTransaction:
    """The tree as `merkle.Nodes`, as a transaction that is extending it sees it."""

    def __init__(self, connection: Connection) -> None:
        self._rows = lru_cache(maxsize=64)(lambda level, n: _rows_of(tile(connection, level, n)))

    def full(self, height: int, i: int) -> bytes:
        level, row = divmod(height, _HEIGHT)
        n, place = divmod(i, TILE >> row)
        return self._rows(level, n)[row][place]

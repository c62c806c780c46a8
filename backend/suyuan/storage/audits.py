"""What the operator's work comes to: counts that are kept as seals come, what seals cost, and audits handed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from suyuan.storage import registry, sealed

COUNTER_LOCK = 0x5379_0004
_CURSOR = "counted"
_SEALS = 1_000  # counted at once
_HOUR = 3600

# -- counting


def count(connection: Connection, now: int) -> bool:
    """Counts the entries of the next seals that the chain confirmed, if there are any; tells whether it did.

    In the caller's transaction, one at a time (the caller holds the lock). Each seal is counted once, when it was
    first confirmed: after a reorganisation the times of its entries stay those. `now` in seconds.
    """
    after, _ = registry.cursor(connection, _CURSOR)
    newest = sealed.newest_sealed(connection)
    until = min(newest.number if newest else 0, after + _SEALS)
    if until <= after:
        return False
    before = sealed.by_number(connection, after)
    span = {"after": after, "until": until, "begin": before.size if before else 0}
    (end,) = connection.execute(text("SELECT size FROM seals WHERE number = :until"), span).one()
    connection.execute(
        text(
            "INSERT INTO entry_counts (kind, arg, entries)"
            " SELECT get_byte(header, 1), get_byte(header, 2), count(*) FROM entries"
            " WHERE index >= :begin AND index < :end GROUP BY 1, 2"
            " ON CONFLICT (kind, arg) DO UPDATE SET entries = entry_counts.entries + excluded.entries"
        ),
        {**span, "end": end},
    )
    connection.execute(
        text(
            "INSERT INTO entry_waits (seconds, entries)"
            " SELECT CASE WHEN w.seconds <= :hour THEN w.seconds ELSE (w.seconds + 59) / 60 * 60 END, count(*)"
            " FROM (SELECT number, sealed_at, size, lag(size, 1, :begin) OVER (ORDER BY number) AS begin FROM seals"
            "  WHERE number > :after AND number <= :until) AS s"
            " CROSS JOIN LATERAL (SELECT greatest(0, s.sealed_at"
            "  - ('x' || encode(substr(header, 76, 8), 'hex'))::bit(64)::bigint / 1000) AS seconds FROM entries"
            "  WHERE index >= s.begin AND index < s.size) AS w GROUP BY 1"
            " ON CONFLICT (seconds) DO UPDATE SET entries = entry_waits.entries + excluded.entries"
        ),
        {**span, "hour": _HOUR},
    )
    registry.move_cursor(connection, _CURSOR, until, now)
    return True


def counts(connection: Connection) -> dict[tuple[int, int], int]:
    """How many counted entries there are by (kind, arg)."""
    found = connection.execute(text("SELECT kind, arg, entries FROM entry_counts"))
    return {(kind, arg): entries for kind, arg, entries in found}


def waits(connection: Connection) -> list[tuple[int, int]]:
    """(seconds from acceptance to seal, rounded up; how many entries), the shortest first."""
    found = connection.execute(text("SELECT seconds, entries FROM entry_waits ORDER BY seconds"))
    return [(seconds, entries) for seconds, entries in found]


# -- what seals cost


def unread(connection: Connection, most: int) -> list[tuple[int, bytes]]:
    """Seals whose transaction's receipt was not read yet, oldest first: (number, transaction)."""
    found = connection.execute(
        text("SELECT number, tx FROM seals WHERE state = 'sealed' AND gas IS NULL ORDER BY number LIMIT :most"),
        {"most": most},
    )
    return [(number, bytes(tx)) for number, tx in found]


def set_cost(connection: Connection, number: int, tx: bytes, gas: int, paid: int) -> None:
    """Keeps what a seal's transaction used and paid; does nothing where the seal has another one by now."""
    connection.execute(
        text("UPDATE seals SET gas = :gas, paid = :paid WHERE number = :number AND tx = :tx"),
        {"number": number, "tx": tx, "gas": gas, "paid": paid},
    )


@dataclass(frozen=True, slots=True)
class Costs:
    """Of the seals whose receipts were read: how many, the entries in them, gas, and wei paid for it."""

    seals: int
    entries: int
    gas: int
    paid: int


def costs(connection: Connection) -> Costs:
    """What all seals cost, as far as it was read."""
    found = connection.execute(
        text(
            "SELECT count(gas), coalesce(sum(size - begin) FILTER (WHERE gas IS NOT NULL), 0), coalesce(sum(gas), 0),"
            " coalesce(sum(paid), 0) FROM"
            " (SELECT size, gas, paid, lag(size, 1, 0) OVER (ORDER BY number) AS begin FROM seals"
            "  WHERE sealed_at IS NOT NULL) AS s"
        )
    ).one()
    return Costs(*map(int, found))


@dataclass(frozen=True, slots=True)
class SealPoint:
    """A seal as lists and charts show it, by its own journal's number; `before`: how many the journals before it have.

    `gas` None: its receipt was not read yet.
    """

    number: int
    size: int
    sealed_at: int
    tx: bytes
    block: int
    gas: int | None
    before: int = 0


_POINT = "number - before, size, sealed_at, tx, block, gas, before FROM seals WHERE sealed_at IS NOT NULL"


def points(connection: Connection, numbers: Sequence[int]) -> list[SealPoint]:
    """Some seals, by their numbers among all, in order."""
    found = connection.exec_driver_sql(
        f"SELECT {_POINT} AND number = ANY(%s::bigint[]) ORDER BY number", (list(numbers),)
    )
    return [
        SealPoint(number, size, at, bytes(tx), block, gas, before) for number, size, at, tx, block, gas, before in found
    ]


def gaps(connection: Connection, most: int) -> list[int]:
    """Seconds between each of the newest `most` seals and the one before, oldest first."""
    found = connection.execute(
        text(
            "SELECT sealed_at - before FROM (SELECT number, sealed_at, lag(sealed_at) OVER (ORDER BY number) AS before"
            " FROM (SELECT number, sealed_at FROM seals WHERE sealed_at IS NOT NULL ORDER BY number DESC LIMIT :most)"
            " AS newest) AS pairs WHERE before IS NOT NULL ORDER BY number"
        ),
        {"most": most + 1},
    )
    return [gap for (gap,) in found]


# -- what is withheld


@dataclass(frozen=True, slots=True)
class Withheld:
    """How many of a product's reviews with these stars are withheld now, for this reason."""

    gtin: str
    reason: str
    stars: int
    reviews: int


def withheld(connection: Connection) -> list[Withheld]:
    """All reviews that are withheld now, as the site's own table has them; it reads no others."""
    found = connection.execute(
        text(
            "SELECT product, withheld, stars, count(*) FROM reviews WHERE withheld <> ''"
            " GROUP BY product, withheld, stars ORDER BY product, withheld, stars"
        )
    )
    return [Withheld(*row) for row in found]


def newest_states(connection: Connection, keys: Sequence[bytes], size: int) -> dict[bytes, bytes]:
    """The headers of some streams' newest entries among the first `size`, by key."""
    found = connection.exec_driver_sql(
        "SELECT k.key, e.header FROM unnest(%s::bytea[]) AS k(key) CROSS JOIN LATERAL"
        " (SELECT header FROM entries WHERE entries.key = k.key AND index < %s ORDER BY seq DESC LIMIT 1) AS e",
        (list(keys), size),
    )
    return {bytes(key): bytes(header) for key, header in found}


# -- audits


def roots(connection: Connection, numbers: Sequence[int]) -> dict[int, set[bytes]]:
    """The roots of some confirmed seals by the numbers that their contracts gave them: one for each journal."""
    held: dict[int, set[bytes]] = {}
    newest = sealed.newest_sealed(connection)
    while newest is not None:  # from each journal to the one that it goes on from
        found = connection.exec_driver_sql(
            "SELECT number - before, root FROM seals"
            " WHERE sealed_at IS NOT NULL AND before = %s AND number = ANY(%s::bigint[])",
            (newest.before, [number + newest.before for number in numbers if number < 2**53]),
        )
        for number, root in found:
            held.setdefault(number, set()).add(bytes(root))
        newest = sealed.by_number(connection, newest.before) if newest.before else None
    return held


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An audit that was handed in. `public`: canonical JSON; the rest is the statement over it. Times in seconds."""

    by: str
    audited_at: int
    received_at: int
    public: bytes
    issued_at: int
    nonce: bytes
    signature: bytes


_AUDIT = "by, audited_at, received_at, public, issued_at, nonce, signature"


def put(connection: Connection, row: AuditRow, day: int) -> None:
    """Keeps an audit unless its address handed in a newer one for that day."""
    connection.execute(
        text(
            f"INSERT INTO audits (day, {_AUDIT}) VALUES (:day, :by, :audited_at, :received_at, :public, :issued_at,"
            " :nonce, :signature) ON CONFLICT (by, day) DO UPDATE SET audited_at = excluded.audited_at,"
            " received_at = excluded.received_at, public = excluded.public, issued_at = excluded.issued_at,"
            " nonce = excluded.nonce, signature = excluded.signature"
            " WHERE audits.audited_at < excluded.audited_at"
        ),
        {
            "day": day, "by": row.by, "audited_at": row.audited_at, "received_at": row.received_at,
            "public": row.public, "issued_at": row.issued_at, "nonce": row.nonce, "signature": row.signature,
        },
    )  # fmt: skip


def forget(connection: Connection, known: int, unknown: int) -> None:
    """Keeps the newest `known` audits by those who are registered, and the newest `unknown` by others."""
    connection.execute(
        text(
            "DELETE FROM audits WHERE (by, day) IN (SELECT by, day FROM (SELECT a.by, a.day, p.id IS NOT NULL AS known,"
            " row_number() OVER (PARTITION BY p.id IS NOT NULL ORDER BY a.audited_at DESC, a.by) AS place"
            " FROM audits a LEFT JOIN participants p ON p.id = a.by) AS ranked"
            " WHERE place > CASE WHEN known THEN :known ELSE :unknown END)"
        ),
        {"known": known, "unknown": unknown},
    )


def newest(connection: Connection, most: int, by: str = "") -> list[AuditRow]:
    """The newest audits, of all or of one address; of the same time, as they came."""
    found = connection.execute(
        text(
            f"SELECT {_AUDIT} FROM audits WHERE :by = '' OR by = :by ORDER BY audited_at DESC, received_at, by"
            " LIMIT :most"
        ),
        {"most": most, "by": by},
    )
    return [
        AuditRow(who, audited, received, bytes(public), issued, bytes(nonce), bytes(signature))
        for who, audited, received, public, issued, nonce, signature in found
    ]

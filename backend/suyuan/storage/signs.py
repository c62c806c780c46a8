"""What the signs of faking are read from: reviews with their buyers, and lines of orders with their parcels."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from suyuan.core.entries import Kind


@dataclass(frozen=True, slots=True)
class ReviewedRow:
    """A review that stands. `at` in milliseconds; `content`: encrypted, None where it was erased."""

    right: bytes
    gtin: str
    batch: str
    buyer: int
    stars: int
    at: int
    withheld: str
    content: bytes | None


@dataclass(frozen=True, slots=True)
class BoughtRow:
    """A line of an order. Times in milliseconds, None: not yet; `checkpoints`: the parcel's own, 0 without a parcel."""

    order: str
    buyer: int
    shop: str
    batch: str
    placed_at: int
    delivered_at: int | None
    claimed_at: int | None
    checkpoints: int


def reviewed(connection: Connection) -> list[ReviewedRow]:
    """Every review that stands, withheld ones among them."""
    found = connection.execute(
        text(
            'SELECT "right", product, batch, buyer, stars, at, withheld, content FROM reviews'
            " WHERE state = 'standing' ORDER BY first"
        )
    )
    return [
        ReviewedRow(bytes(right), gtin, batch, buyer, stars, at, withheld, None if content is None else bytes(content))
        for right, gtin, batch, buyer, stars, at, withheld, content in found
    ]


def bought(connection: Connection) -> list[BoughtRow]:
    """Every line of every order."""
    found = connection.execute(
        text(
            "SELECT o.id, o.buyer, o.shop, l.batch, o.placed_at, p.delivered_at, c.at, coalesce(e.count, 0)"
            ' FROM order_lines l JOIN orders o ON o.id = l."order"'
            " LEFT JOIN parcels p ON p.sscc = l.parcel"
            " LEFT JOIN LATERAL (SELECT min(x.at) AS at FROM rights r JOIN records x ON x.first = r.claimed"
            '  WHERE r."order" = o.id AND r.batch = l.batch) AS c ON true'
            " LEFT JOIN LATERAL (SELECT count(*) AS count FROM entries n JOIN records x ON x.first = n.run"
            "  WHERE n.key = sha256(convert_to('/00/' || p.sscc, 'UTF8')) AND x.kind = :checkpoint) AS e ON true"
            " ORDER BY o.placed_at, o.id, l.line"
        ),
        {"checkpoint": int(Kind.CHECKPOINT)},
    )
    return [BoughtRow(*values) for values in found]

"""A shop to test with: it speaks to a live node as a real one does."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from live import GTIN, URL, Live
from suyuan.shop import Line, Shop
from suyuan_qr import gs1

SECRET = bytes(range(32))
SHOP = "xianyu"


def sscc(number: int) -> str:
    digits = f"09521141{number:09d}"
    return digits + gs1.check_digit(digits)


def add_shop(live: Live, id: str = SHOP, who: str = "merchant", secret: bytes = SECRET) -> Shop:
    """A shop that the node knows."""
    live.node.shops.add(id, live.signers[who].address, secret)
    return Shop(URL, id, secret, http=live.http)


def line(*serials: str, lot: str = "L1", gtin: str = GTIN, quantity: int = 0) -> Line:
    return Line(gtin, lot, quantity or len(serials), serials)


def delivered(shop: Shop, reference: str, number: int, *lines: Line, buyer: str = "u-1", **more: Any) -> Any:
    """An order that has arrived, in one parcel."""
    shop.place(reference, buyer, lines, **more)
    shop.ship(reference, sscc(number))
    return shop.deliver(reference, sscc(number))


def rows(live: Live, query: str, **values: Any) -> list[tuple[Any, ...]]:
    with live.node.database.read() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


def order_counts(live: Live) -> dict[str, int]:
    """How many rows each table of orders has."""
    names = "messages buyers orders order_lines order_items parcels rights records".split()
    return {name: rows(live, f"SELECT count(*) FROM {name}")[0][0] for name in names}

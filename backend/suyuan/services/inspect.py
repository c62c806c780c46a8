"""Inspect: signs of faking among reviews and orders, for the operator's eyes; shown, not judged."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from hmac import compare_digest

from suyuan.core import signs
from suyuan.core.errors import ProofFault
from suyuan.core.signs.model import Bought, Delivery, Flag, Reviewed
from suyuan.services.review import opened
from suyuan.storage import orders
from suyuan.storage import signs as rows
from suyuan.storage.database import Database
from suyuan.storage.signs import BoughtRow, ReviewedRow
from suyuan.storage.vault import Vault


class Inspector:
    """Reads what the site knows and gives every flag. `password`: of the operator's page."""

    def __init__(self, database: Database, vault: Vault, password: str) -> None:
        self._database = database
        self._vault = vault
        self.__password = password

    def admits(self, password: str) -> bool:
        """Whether it is the operator's, told in a time that says nothing of it."""
        return compare_digest(password.encode(), self.__password.encode())

    def flags(self) -> list[Flag]:
        """Every flag, strongest first. Raises DatabaseAway."""
        with self._database.read() as connection:
            reviewed = rows.reviewed(connection)
            keys = orders.keys(connection, self._vault, {row.buyer for row in reviewed})
            bought = rows.bought(connection)
        return signs.inspect([_reviewed(row, keys) for row in reviewed], map(_bought, bought))


def _reviewed(row: ReviewedRow, keys: Mapping[int, bytes]) -> Reviewed:
    content = None
    with suppress(ProofFault):  # the page of reviews says that it is missing
        content = opened(keys.get(row.buyer), row)
    words, language = (content["words"], content["language"]) if content else ("", "")
    return Reviewed(row.right.hex(), row.gtin, row.batch, row.buyer, row.stars, row.at, words, language, row.withheld)


def _bought(row: BoughtRow) -> Bought:
    return Bought(
        row.order,
        row.buyer,
        row.shop,
        row.batch[4:18],
        row.placed_at,
        row.checkpoints,
        Delivery.UNDERWAY if row.delivered_at is None else Delivery.DELIVERED,
        row.claimed_at,
    )

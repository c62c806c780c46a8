"""Transactions other than seals: written down with what caused them, before they are sent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, text

from suyuan.storage.tables import outbox as table


class OutboxState(StrEnum):
    """How far a transaction has come."""

    WAITING = "waiting"
    SENT = "sent"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Order:
    """A transaction that is to be sent: `action` with its `payload`, and the newest attempt at it."""

    id: int
    action: str
    payload: dict[str, Any]
    state: OutboxState
    raw: bytes | None
    tx: bytes | None
    nonce: int | None
    fee: int | None


def add(connection: Connection, action: str, payload: dict[str, Any]) -> None:
    """Orders a transaction, in the transaction of what causes it."""
    connection.execute(table.insert().values(action=action, payload=payload, state=OutboxState.WAITING))


def open_orders(connection: Connection, most: int) -> list[Order]:
    """The oldest orders that are not settled; those sent come first."""
    found = connection.execute(
        text(
            "SELECT id, action, payload, state, raw, tx, nonce, fee FROM outbox WHERE state IN ('waiting', 'sent')"
            " ORDER BY state, id LIMIT :most"
        ),
        {"most": most},
    )
    return [
        Order(id, action, payload, OutboxState(state), raw and bytes(raw), tx and bytes(tx), nonce, fee)
        for id, action, payload, state, raw, tx, nonce, fee in found
    ]


def sending(connection: Connection, ids: list[int], *, raw: bytes, tx: bytes, nonce: int, fee: int) -> None:
    """Writes down the transaction that is about to be sent for these orders."""
    connection.execute(
        text("UPDATE outbox SET state = 'sent', raw = :raw, tx = :tx, nonce = :nonce, fee = :fee WHERE id = ANY(:ids)"),
        {"ids": ids, "raw": raw, "tx": tx, "nonce": nonce, "fee": fee},
    )


def settle(connection: Connection, ids: list[int], state: OutboxState, reason: str | None = None) -> None:
    """Marks orders as done, refused (with the contract's reason), or waiting again."""
    connection.execute(
        text("UPDATE outbox SET state = :state, reason = :reason WHERE id = ANY(:ids)"),
        {"ids": ids, "state": state, "reason": reason},
    )


def reopen(connection: Connection, most: int = 1000) -> None:
    """The newest orders that were done are looked at again: the chain may have lost them with its blocks."""
    connection.execute(
        text(
            "UPDATE outbox SET state = 'sent' WHERE state = 'done' AND tx IS NOT NULL"
            " AND id > (SELECT coalesce(max(id), 0) FROM outbox) - :most"
        ),
        {"most": most},
    )

"""Appeals as far as the chain's events have been read, and the entries that hold their bodies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class AppealRow:
    """An appeal. `body`: its SHA-256; `index`: of the entry that holds it; `answered`: a seal's number, None: open."""

    number: int
    by: str
    body: bytes
    asked_at: int
    tx: bytes
    index: int
    answered: int | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """An appeal's body (its SHA-256), and the header and the place of the entry that holds it."""

    body: bytes
    header: bytes
    index: int


_COLUMNS = 'number, by, body, asked_at, tx, "index", answered'


def put(connection: Connection, rows: Sequence[AppealRow]) -> None:
    """Takes appeals that the chain told of."""
    if rows:
        connection.execute(
            text(
                f"INSERT INTO appeals ({_COLUMNS})"
                " VALUES (:number, :by, :body, :asked_at, :tx, :index, :answered)"
            ),
            [
                {
                    "number": one.number, "by": one.by, "body": one.body, "asked_at": one.asked_at, "tx": one.tx,
                    "index": one.index, "answered": one.answered,
                }
                for one in rows
            ],
        )  # fmt: skip


def answer(connection: Connection, answers: Sequence[tuple[int, int]]) -> None:
    """Takes answers that the chain told of: an appeal's number, and the seal's."""
    if answers:
        connection.execute(
            text("UPDATE appeals SET answered = :seal WHERE number = :number"),
            [{"number": number, "seal": seal} for number, seal in answers],
        )


def forget(connection: Connection) -> None:
    """Forgets all of them (not their entries), to be read anew."""
    connection.execute(text("DELETE FROM appeals"))


def counts(connection: Connection) -> tuple[int, int]:
    """How many were asked, and answered."""
    asked, answered = connection.execute(text("SELECT count(*), count(answered) FROM appeals")).one()
    return int(asked), int(answered)


def held(connection: Connection, numbers: Sequence[int]) -> dict[int, Held]:
    """Some appeals, by number, with their entries."""
    found = connection.execute(
        text(
            'SELECT a.number, a.body, e.header, a."index" FROM appeals a JOIN entries e ON e."index" = a."index"'
            " WHERE a.number = ANY(:numbers)"
        ),
        {"numbers": list(numbers)},
    )
    return {number: Held(bytes(body), bytes(header), index) for number, body, header, index in found}


def newest(connection: Connection, before: int, most: int) -> list[tuple[AppealRow, bytes]]:
    """Up to `most` appeals with numbers below `before`, the newest first, with their bodies."""
    rows = _listed(connection, "number < :bound ORDER BY number DESC LIMIT :most", before, most)
    return sorted(rows, key=_number, reverse=True)


def oldest_open(connection: Connection, after: int, most: int) -> list[tuple[AppealRow, bytes]]:
    """Up to `most` open appeals with numbers above `after`, the oldest first, with their bodies."""
    rows = _listed(connection, "answered IS NULL AND number > :bound ORDER BY number LIMIT :most", after, most)
    return sorted(rows, key=_number)


def one(connection: Connection, number: int) -> tuple[AppealRow, bytes] | None:
    """An appeal by its number, with its body."""
    return next(iter(_listed(connection, "number = :bound LIMIT :most", number, 1)), None)


def _listed(connection: Connection, which: str, bound: int, most: int) -> list[tuple[AppealRow, bytes]]:
    found = connection.execute(
        text(
            "SELECT a.*, r.body FROM"
            f' (SELECT {_COLUMNS} FROM appeals WHERE {which}) AS a JOIN records r ON r.first = a."index"'
        ),
        {"bound": bound, "most": most},
    )
    return [
        (AppealRow(number, by, bytes(digest), asked_at, bytes(tx), index, answered), bytes(body))
        for number, by, digest, asked_at, tx, index, answered, body in found
    ]


def _number(listed: tuple[AppealRow, bytes]) -> int:
    return listed[0].number

"""Appending to the journal and reading it back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Any, cast

import psycopg
from sqlalchemy import Connection, text

from suyuan.core import entries, merkle
from suyuan.core.entries import Kind
from suyuan.core.errors import Conflict, NotFound
from suyuan.core.statements import Receipt
from suyuan.storage.database import Reading, fetch

_RECORD_COLUMNS = (
    "first count kind at by nonce body document_hash document leaves issued_at seal_by signature"
    " event event_id corrects parent event_type action event_time biz_step disposition read_point biz_location"
).split()
_RECORD_TYPES = (
    "int8 int4 int2 int8 text bytea bytea bytea bytea bytea int8 int8 bytea"
    " bytea text bytea text text text int8 text text text text"
).split()
_COPY_RECORDS = f"COPY records ({', '.join(_RECORD_COLUMNS)}) FROM STDIN (FORMAT BINARY)"
_COPY_ENTRIES = "COPY entries (index, key, seq, header, run) FROM STDIN (FORMAT BINARY)"
_ENTRY_TYPES = ["int8", "bytea", "int8", "bytea", "int8"]


@dataclass(frozen=True, slots=True)
class EventIndex:
    """By what an event is found again. `event`: its CBV hash, 32 bytes; `corrects`: a document hash; `time` in ms."""

    event: bytes
    event_id: str | None
    corrects: bytes | None
    parent: str | None
    type: str
    action: str | None
    time: int
    biz_step: str | None
    disposition: str | None
    read_point: str | None
    biz_location: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked statement that is to be recorded. `keys`: of the subjects it goes to, in order; `body` and `document`
    are canonical JSON, `document` and its hash empty where the kind names none; `arg`: the header's.
    """

    kind: Kind
    keys: tuple[bytes, ...]
    by: str
    nonce: bytes
    body: bytes
    document_hash: bytes
    document: bytes
    event: EventIndex | None = None
    arg: int = 0


class Outcome(Enum):
    """Whether a draft became a record now, or had been one before."""

    NEW = "new"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What came of a draft: the run's first index, how many entries, and its receipt."""

    outcome: Outcome
    first: int
    at: int
    receipt: Receipt
    signature: bytes


@dataclass(frozen=True, slots=True)
class Row:
    """An entry with its record's parts, as a reader of a stream needs them."""

    index: int
    seq: int
    header: bytes
    body: bytes
    document_hash: bytes
    document: bytes
    parent: str | None
    receipt: Receipt
    signature: bytes


def size(connection: Connection) -> int:
    """How many entries have been accepted."""
    return int(connection.scalar(text("SELECT size FROM journal")) or 0)


def append(
    connection: Connection,
    drafts: Sequence[Draft],
    *,
    now: int,
    promise: int,
    sign: Callable[[Receipt], bytes],
) -> list[Accepted]:
    """Records drafts, all or none, in the caller's transaction. `now` in ms, `promise` in seconds until the seal.

    The same draft again gives what it gave before. Raises Conflict where an identity or a nonce has other content.
    """
    connection.execute(text("INSERT INTO journal (one, size, at) VALUES (1, 0, 0) ON CONFLICT (one) DO NOTHING"))
    index, last = connection.execute(text("SELECT size, at FROM journal FOR UPDATE")).one()
    at = max(now, last)
    known = _Known(connection, drafts)
    heads = _heads(connection, {key for draft in drafts for key in draft.keys})
    records: list[tuple[Any, ...]] = []
    rows: list[tuple[Any, ...]] = []
    answers: list[Accepted] = []
    begin = index
    for draft in drafts:
        if same := known.same(draft):
            answers.append(same)
            continue
        body_hash = sha256(draft.body).digest()
        run = merkle.Frontier()
        first = index
        for key in draft.keys:
            header = entries.follow(
                heads.get(key, entries.EMPTY), kind=draft.kind, key=key, at=at, body=body_hash, arg=draft.arg
            )
            raw = header.encode()
            leaf = entries.leaf(raw)
            run.append(leaf)
            heads[key] = entries.Head(header.seq + 1, leaf, header.state)
            rows.append((index, key, header.seq, raw, first))
            index += 1
        receipt = Receipt(run.root(), first, run.size, at // 1000, at // 1000 + promise)
        accepted = Accepted(Outcome.NEW, first, at, receipt, sign(receipt))
        known.add(draft, accepted)
        answers.append(accepted)
        records.append(_record(draft, accepted))
    if index != begin:
        _copy(connection, _COPY_RECORDS, _RECORD_TYPES, records)
        _copy(connection, _COPY_ENTRIES, _ENTRY_TYPES, rows)
        connection.execute(text("UPDATE journal SET size = :size, at = :at"), {"size": index, "at": at})
    return answers


def _record(draft: Draft, accepted: Accepted) -> tuple[Any, ...]:
    receipt, event = accepted.receipt, draft.event
    found_by: tuple[Any, ...] = (None,) * 11
    if event is not None:
        found_by = (
            event.event, event.event_id, event.corrects, event.parent, event.type, event.action, event.time,
            event.biz_step, event.disposition, event.read_point, event.biz_location,
        )  # fmt: skip
    return (
        accepted.first, receipt.count, int(draft.kind), accepted.at, draft.by, draft.nonce, draft.body,
        draft.document_hash, draft.document, receipt.leaves, receipt.issued_at, receipt.seal_by, accepted.signature,
        *found_by,
    )  # fmt: skip


def _copy(connection: Connection, statement: str, types: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def _heads(connection: Connection, keys: set[bytes]) -> dict[bytes, entries.Head]:
    found = connection.exec_driver_sql(
        "SELECT e.header FROM unnest(%s::bytea[]) AS k(key) CROSS JOIN LATERAL"
        " (SELECT header FROM entries WHERE entries.key = k.key ORDER BY seq DESC LIMIT 1) AS e",
        (list(keys),),
    )
    heads = {}
    for (raw,) in found:
        header = entries.decode(bytes(raw))
        heads[header.key] = entries.Head(header.seq + 1, entries.leaf(bytes(raw)), header.state)
    return heads


class _Known:
    """Records that drafts may be the same as, by nonce, by event and by the event's own id."""

    def __init__(self, connection: Connection, drafts: Sequence[Draft]) -> None:
        self._nonces: dict[tuple[str, bytes], tuple[bytes, Accepted]] = {}
        self._events: dict[bytes, dict[bytes | None, tuple[str, bytes, Accepted]]] = {}
        self._ids: dict[str, bytes] = {}
        events = [d.event for d in drafts if d.event is not None]
        found = connection.exec_driver_sql(
            "SELECT * FROM (SELECT r.first FROM records r JOIN unnest(%s::text[], %s::bytea[]) AS n(by, nonce)"
            " ON r.by = n.by AND r.nonce = n.nonce"
            " UNION SELECT first FROM records WHERE event = ANY(%s::bytea[])"
            " UNION SELECT first FROM records WHERE event_id = ANY(%s::text[])) AS known"
            " JOIN records USING (first)",
            (
                [d.by for d in drafts],
                [d.nonce for d in drafts],
                [e.event for e in events],
                [e.event_id for e in events if e.event_id is not None],
            ),
        )
        for r in found.mappings():
            accepted = Accepted(Outcome.SAME, r["first"], r["at"], _receipt(r), bytes(r["signature"]))
            event = None if r["event"] is None else bytes(r["event"])
            corrects = None if r["corrects"] is None else bytes(r["corrects"])
            self._put(
                r["by"], bytes(r["nonce"]), bytes(r["document_hash"]), event, corrects, r["event_id"], accepted,
                sha256(bytes(r["body"])).digest(),
            )  # fmt: skip

    def _put(
        self,
        by: str,
        nonce: bytes,
        document: bytes,
        event: bytes | None,
        corrects: bytes | None,
        event_id: str | None,
        accepted: Accepted,
        body: bytes,
    ) -> None:
        self._nonces[by, nonce] = body, accepted
        if event is not None:
            slot = None if corrects is None else document
            self._events.setdefault(event, {})[slot] = by, document, accepted
            if event_id is not None:
                self._ids[event_id] = event

    def add(self, draft: Draft, accepted: Accepted) -> None:
        e = draft.event
        same = Accepted(Outcome.SAME, accepted.first, accepted.at, accepted.receipt, accepted.signature)
        self._put(
            draft.by, draft.nonce, draft.document_hash, e.event if e else None, e.corrects if e else None,
            e.event_id if e else None, same, sha256(draft.body).digest(),
        )  # fmt: skip

    def same(self, draft: Draft) -> Accepted | None:
        """The record that the draft is the same as. Raises Conflict, NotFound."""
        event = draft.event
        if event is not None:
            versions = self._events.get(event.event, {})
            if event.corrects is None:
                if None in versions:
                    by, document, accepted = versions[None]
                    if by == draft.by and document == draft.document_hash:
                        return accepted
                    raise Conflict("this event was recorded before, with other content or by another")
            else:
                original = versions.get(None)
                if original is None or original[:2] != (draft.by, event.corrects):
                    raise NotFound("the event that the error declaration retracts was not recorded by this author")
                if draft.document_hash in versions:
                    return versions[draft.document_hash][2]
            if event.event_id is not None and self._ids.get(event.event_id, event.event) != event.event:
                raise Conflict(f"another event has the id {event.event_id}")
        used = self._nonces.get((draft.by, draft.nonce))
        if used is None:
            return None
        if used[0] == sha256(draft.body).digest():
            return used[1]
        raise Conflict("this nonce was used by its signer before, for something else")


def _receipt(r: Any) -> Receipt:
    return Receipt(bytes(r["leaves"]), r["first"], r["count"], r["issued_at"], r["seal_by"])


def original(connection: Connection, event: bytes) -> tuple[str, bytes] | None:
    """Who recorded an event, and its document hash; None where nobody has."""
    found = connection.execute(
        text("SELECT by, document_hash FROM records WHERE event = :event AND corrects IS NULL"), {"event": event}
    ).one_or_none()
    return None if found is None else (found[0], bytes(found[1]))


_STREAM = (
    "SELECT e.index, e.seq, e.header, r.body, r.document_hash, r.document, r.parent,"
    " r.leaves, r.first, r.count, r.issued_at, r.seal_by, r.signature"
    " FROM entries e JOIN records r ON r.first = e.run WHERE e.key = %s AND e.seq >= %s ORDER BY e.seq"
)


def stream(connection: Reading, key: bytes, first_seq: int) -> list[Row]:
    """A stream's entries from `first_seq` on, oldest first, those not yet sealed among them."""
    return [
        Row(index, seq, header, body, name, document, parent, Receipt(leaves, first, count, issued, by), signature)
        for index, seq, header, body, name, document, parent, leaves, first, count, issued, by, signature
        in fetch(connection, _STREAM, (key, first_seq))
    ]  # fmt: skip


def headers(connection: Connection, begin: int, end: int) -> list[bytes]:
    """The headers of entries from `begin` to `end`."""
    found = connection.exec_driver_sql(
        "SELECT header FROM entries WHERE index >= %s AND index < %s ORDER BY index", (begin, end)
    )
    return [bytes(header) for (header,) in found]


def bodies(connection: Connection, begin: int, end: int) -> list[tuple[int, int, bytes]]:
    """The bodies of the runs that touch entries `begin` to `end`: (first index, count, canonical text)."""
    found = connection.exec_driver_sql(
        "SELECT first, count, body FROM records WHERE first < %s AND first + count > %s"
        " AND first >= (SELECT coalesce(max(first), 0) FROM records WHERE first <= %s) ORDER BY first",
        (end, begin, begin),
    )
    return [(first, count, bytes(body)) for first, count, body in found]


def document(connection: Connection, name: bytes) -> bytes:
    """The canonical text of a public document. Raises NotFound."""
    found = connection.execute(
        text("SELECT document FROM records WHERE document_hash = :name LIMIT 1"), {"name": name}
    ).scalar()
    if found is None:
        raise NotFound(f"no document {name.hex()}")
    return bytes(found)

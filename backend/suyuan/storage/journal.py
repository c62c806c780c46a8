"""Appending to the journal and reading it back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import sha256
from typing import Any, cast

import psycopg
from sqlalchemy import Connection, text

from suyuan.core import entries, merkle
from suyuan.core.entries import Kind
from suyuan.core.errors import Conflict, NotFound, Unavailable
from suyuan.core.statements import Receipt
from suyuan.storage.database import Reading, fetch
from suyuan.storage.registry import Item

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

    An appeal's body is any bytes, it is by nobody, and its nonce is its hash: the same again is the same record.
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


Refusal = Conflict | NotFound


class Superseded(Unavailable):
    """The site goes on, or is about to, in another journal than this process knows: nothing more is taken for it."""

    def __init__(self, begun: int, known: int) -> None:
        super().__init__(
            f"the journal is handed over: the next one goes on after {begun} seals, this process knows of {known}."
            " `suyuan succeed` ends that, and then the site has to be started again"
        )


def size(connection: Connection) -> int:
    """How many entries have been accepted."""
    return int(connection.scalar(text("SELECT size FROM journal")) or 0)


def before(connection: Connection) -> int:
    """How many seals the journals have that the one goes on from which takes what is appended now."""
    return int(connection.scalar(text("SELECT before FROM journal")) or 0)


def hand_over(connection: Connection, size: int, known: int, before: int) -> None:
    """From here on what is appended is for the journal that goes on after `before` seals.

    Raises Conflict if another size than the caller knows was accepted by now, Superseded if it was handed over already.
    """
    met = connection.execute(text("SELECT size, before FROM journal FOR UPDATE")).one()
    if met.before != known:
        raise Superseded(met.before, known)
    if met.size != size:
        raise Conflict(f"{met.size - size} entries came in meanwhile: stop the site first")
    connection.execute(text("UPDATE journal SET before = :before"), {"before": before})


def kinds_since(connection: Connection, begin: int) -> dict[int, int]:
    """How many entries there are from `begin` on, by kind."""
    found = connection.execute(
        text("SELECT get_byte(header, 1) AS kind, count(*) AS entries FROM entries WHERE index >= :begin GROUP BY 1"),
        {"begin": begin},
    )
    return {row.kind: row.entries for row in found}


def append(
    connection: Connection,
    drafts: Sequence[Draft],
    *,
    now: int,
    promise: int,
    sign: Callable[[Receipt], bytes],
    before: int = 0,
) -> list[Accepted]:
    """Records drafts, all or none, in the caller's transaction. `now` in ms, `promise` in seconds until the seal.

    The same draft again gives what it gave before. Raises Conflict where an identity or a nonce has other content,
    Superseded where the journal that goes on after `before` seals is not the one that takes entries now.
    """
    (answer,) = append_each(connection, [drafts], now=now, promise=promise, sign=sign, before=before)
    if not isinstance(answer, list):
        raise answer
    return answer


def append_each(
    connection: Connection,
    requests: Sequence[Sequence[Draft]],
    *,
    now: int,
    promise: int,
    sign: Callable[[Receipt], bytes],
    before: int = 0,
) -> list[list[Accepted] | Refusal]:
    """Does with each request what `append` does; what refuses one is its answer, and hinders no other."""
    locked = _lock(connection, [draft for request in requests for draft in request])
    if locked.before != before:
        raise Superseded(locked.before, before)
    index, at, heads = locked.size, max(now, locked.at), locked.heads
    known = _Known(locked.records)
    judged: list[list[_Place] | Refusal] = []
    for request in requests:
        trial = known.copy()
        try:
            judged.append([trial.place(draft) for draft in request])
            known = trial
        except (Conflict, NotFound) as refusal:
            judged.append(refusal)
    made: list[Accepted] = []
    rows: list[tuple[Any, ...]] = []
    for draft in known.new:
        first, body = index, sha256(draft.body).digest()
        run = merkle.Frontier()
        for key in draft.keys:
            head = heads.get(key, entries.EMPTY)
            header = entries.follow(head, kind=draft.kind, key=key, at=at, body=body, arg=draft.arg)
            raw = header.encode()
            leaf = entries.leaf(raw)
            run.append(leaf)
            heads[key] = entries.Head(header.seq + 1, leaf, header.state)
            rows.append((index, key, header.seq, raw, first))
            index += 1
        receipt = Receipt(run.root(), first, run.size, at // 1000, at // 1000 + promise)
        made.append(Accepted(Outcome.NEW, first, at, receipt, sign(receipt)))
    if made:
        _copy(connection, _COPY_RECORDS, _RECORD_TYPES, map(_record, known.new, made))
        _copy(connection, _COPY_ENTRIES, _ENTRY_TYPES, rows)
        _driver(connection).execute("UPDATE journal SET size = %b, at = %b", (index, at), prepare=True)
    return [[one.among(made) for one in found] if isinstance(found, list) else found for found in judged]


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


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


def _copy(connection: Connection, statement: str, types: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    with _driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


@dataclass(frozen=True, slots=True)
class _Locked:
    """The journal, locked: its size and newest time, and of some drafts the streams' heads and the records that they
    may be the same as.
    """

    size: int
    at: int
    before: int
    heads: dict[bytes, entries.Head]
    records: list[Any]


_MAKE = "INSERT INTO journal (one, size, at) VALUES (1, 0, 0) ON CONFLICT (one) DO NOTHING"
_LOCK = "SELECT size, at, before FROM journal FOR UPDATE"
_HEADS = (
    "SELECT e.header FROM unnest(%b::bytea[]) AS k(key) CROSS JOIN LATERAL"
    " (SELECT header FROM entries WHERE entries.key = k.key ORDER BY seq DESC LIMIT 1) AS e"
)
_RECORDS = (
    "SELECT r.by, r.nonce, r.body, r.document_hash, r.event, r.corrects, r.event_id, r.at, r.signature,"
    " r.leaves, r.first, r.count, r.issued_at, r.seal_by"
    " FROM (SELECT r.first FROM records r JOIN unnest(%b::text[], %b::bytea[]) AS n(by, nonce)"
    " ON r.by = n.by AND r.nonce = n.nonce"
    " UNION SELECT first FROM records WHERE event = ANY(%b::bytea[])"
    " UNION SELECT first FROM records WHERE event_id = ANY(%b::text[])) AS known"
    " JOIN records r USING (first)"
)


def _lock(connection: Connection, drafts: Sequence[Draft]) -> _Locked:
    """In one round trip. Each statement sees what is committed when it starts, which is after the lock was had."""
    driver = _driver(connection)
    events = [draft.event for draft in drafts if draft.event is not None]
    with driver.pipeline():
        driver.execute(_MAKE, prepare=True)
        journal = driver.execute(_LOCK, prepare=True)
        heads = driver.execute(_HEADS, (list({key for draft in drafts for key in draft.keys}),), prepare=True)
        records = driver.execute(
            _RECORDS,
            (
                [draft.by for draft in drafts],
                [draft.nonce for draft in drafts],
                [event.event for event in events],
                [event.event_id for event in events if event.event_id is not None],
            ),
            prepare=True,
        )
    ((size, at, before),) = journal.fetchall()
    return _Locked(size, at, before, dict(_head(raw) for (raw,) in heads), records.fetchall())


def _head(raw: bytes) -> tuple[bytes, entries.Head]:
    header = entries.decode(raw)
    return header.key, entries.Head(header.seq + 1, entries.leaf(raw), header.state)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a draft is recorded: as it was before, or as the one so many among those that are new."""

    outcome: Outcome
    found: Accepted | int

    def among(self, made: Sequence[Accepted]) -> Accepted:
        if isinstance(self.found, Accepted):
            return self.found
        return made[self.found] if self.outcome is Outcome.NEW else replace(made[self.found], outcome=Outcome.SAME)


class _Known:
    """Records that drafts may be the same as, by nonce, by event and by the event's own id; and drafts that are new."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self.new: list[Draft] = []
        self._nonces: dict[tuple[str, bytes], tuple[bytes, _Place]] = {}
        # an event by its hash alone, a correction also by its document
        self._events: dict[tuple[bytes, bytes | None], tuple[str, bytes, _Place]] = {}
        self._ids: dict[str, bytes] = {}
        for by, nonce, body, document, event, corrects, event_id, at, signature, *receipt in rows:
            accepted = Accepted(Outcome.SAME, receipt[1], at, Receipt(*receipt), signature)
            self._put(by, nonce, body, document, event, corrects, event_id, _Place(Outcome.SAME, accepted))

    def copy(self) -> _Known:
        """What goes on from here without changing this."""
        other = _Known(())
        other.new = self.new.copy()
        other._nonces, other._events, other._ids = self._nonces.copy(), self._events.copy(), self._ids.copy()
        return other

    def _put(
        self,
        by: str,
        nonce: bytes,
        body: bytes,
        document: bytes,
        event: bytes | None,
        corrects: bytes | None,
        event_id: str | None,
        place: _Place,
    ) -> None:
        self._nonces[by, nonce] = body, place
        if event is not None:
            self._events[event, None if corrects is None else document] = by, document, place
            if event_id is not None:
                self._ids[event_id] = event

    def place(self, draft: Draft) -> _Place:
        """Where the draft is recorded, or will be. Raises Conflict, NotFound."""
        known = self._same(draft)
        if known is not None:
            return known
        number, e = len(self.new), draft.event
        self.new.append(draft)
        self._put(
            draft.by, draft.nonce, draft.body, draft.document_hash, e.event if e else None, e.corrects if e else None,
            e.event_id if e else None, _Place(Outcome.SAME, number),
        )  # fmt: skip
        return _Place(Outcome.NEW, number)

    def _same(self, draft: Draft) -> _Place | None:
        event = draft.event
        if event is not None:
            original = self._events.get((event.event, None))
            if event.corrects is None:
                if original is not None:
                    if original[:2] == (draft.by, draft.document_hash):
                        return original[2]
                    raise Conflict("this event was recorded before, with other content or by another")
            else:
                if original is None or original[:2] != (draft.by, event.corrects):
                    raise NotFound("the event that the error declaration retracts was not recorded by this author")
                correction = self._events.get((event.event, draft.document_hash))
                if correction is not None:
                    return correction[2]
            if event.event_id is not None and self._ids.get(event.event_id, event.event) != event.event:
                raise Conflict(f"another event has the id {event.event_id}")
        used = self._nonces.get((draft.by, draft.nonce))
        if used is None:
            return None
        if used[0] == draft.body:
            return used[1]
        raise Conflict("this nonce was used by its signer before, for something else")


def original(connection: Connection, event: bytes) -> tuple[str, bytes] | None:
    """Who recorded an event, and its document hash; None where nobody has."""
    found = connection.execute(
        text("SELECT by, document_hash FROM records WHERE event = :event AND corrects IS NULL"), {"event": event}
    ).one_or_none()
    return None if found is None else (found[0], bytes(found[1]))


def taken(connection: Connection, firsts: Sequence[int]) -> dict[int, tuple[bytes, Accepted]]:
    """Recorded events by their first indices: each its hash, and how it was accepted."""
    found = fetch(
        connection,
        "SELECT event, at, signature, leaves, first, count, issued_at, seal_by FROM records WHERE first = ANY(%b)",
        (list(firsts),),
    )
    return {
        receipt[1]: (event, Accepted(Outcome.SAME, receipt[1], at, Receipt(*receipt), signature))
        for event, at, signature, *receipt in found
    }


_ROWS = (
    "SELECT e.index, e.seq, e.header, r.body, r.document_hash, r.document, r.parent,"
    " r.leaves, r.first, r.count, r.issued_at, r.seal_by, r.signature"
    " FROM entries e JOIN records r ON r.first = e.run"
)
_STREAM = f"{_ROWS} WHERE e.key = %s AND e.seq >= %s ORDER BY e.seq"
_STREAMS = (
    "SELECT k.n, i.batch, i.place, i.serial, i.code, s.* FROM unnest(%b::bytea[], %b::int8[])"
    " WITH ORDINALITY AS k(key, first_seq, n) LEFT JOIN items i ON i.item = k.key"
    f" LEFT JOIN LATERAL ({_ROWS} WHERE e.key = k.key AND e.seq >= k.first_seq) AS s ON true"
)
_PLACES = f"{_ROWS} WHERE e.index = ANY(%s::bigint[]) ORDER BY e.index"


def stream(connection: Reading, key: bytes, first_seq: int) -> list[Row]:
    """A stream's entries from `first_seq` on, oldest first, those not yet sealed among them."""
    return _rows(connection, _STREAM, (key, first_seq))


def streams(connection: Reading, asked: Sequence[tuple[bytes, int]]) -> list[tuple[list[Row], Item | None]]:
    """What `stream` gives for several keys, in one query, and where each belongs if it is an item's."""
    keys, firsts = zip(*asked, strict=True)
    rows: list[list[Row]] = [[] for _ in asked]
    items: list[Item | None] = [None] * len(rows)
    for n, batch, place, serial, code, *values in fetch(connection, _STREAMS, (list(keys), list(firsts))):
        if batch is not None:
            items[n - 1] = Item(keys[n - 1], batch, place, serial, code)
        if values[0] is not None:
            rows[n - 1].append(_row(values))
    for found in rows:
        found.sort(key=lambda row: row.seq)
    return list(zip(rows, items, strict=True))


def rows(connection: Reading, indices: Sequence[int]) -> list[Row]:
    """The entries at some places, in their order."""
    return _rows(connection, _PLACES, (list(indices),)) if indices else []


def _rows(connection: Reading, query: str, values: tuple[Any, ...]) -> list[Row]:
    return [_row(found) for found in fetch(connection, query, values)]


def _row(values: Sequence[Any]) -> Row:
    return Row(*(*values[:7], Receipt(*values[7:12]), values[12]))


def headers(connection: Connection, begin: int, end: int) -> list[bytes]:
    """The headers of entries from `begin` to `end`."""
    found = connection.exec_driver_sql(
        "SELECT header FROM entries WHERE index >= %s AND index < %s ORDER BY index", (begin, end)
    )
    return [bytes(header) for (header,) in found]


_TOUCHED = (
    "FROM records WHERE first < %s AND first + count > %s"
    " AND first >= (SELECT coalesce(max(first), 0) FROM records WHERE first <= %s) ORDER BY first"
)


def bodies(connection: Connection, begin: int, end: int) -> list[tuple[int, int, int, bytes]]:
    """The bodies of the runs that touch entries `begin` to `end`: (first index, count, kind, body)."""
    found = connection.exec_driver_sql(f"SELECT first, count, kind, body {_TOUCHED}", (end, begin, begin))
    return [(first, count, kind, bytes(body)) for first, count, kind, body in found]


def documents(connection: Connection, begin: int, end: int) -> list[bytes]:
    """The documents of the runs that touch entries `begin` to `end`, each once, as they first appear there."""
    found = connection.exec_driver_sql(f"SELECT document_hash, document {_TOUCHED}", (end, begin, begin))
    texts: dict[bytes, bytes] = {}
    for name, document in found:
        if name:
            texts.setdefault(bytes(name), bytes(document))
    return list(texts.values())


def run_of(connection: Connection, index: int) -> int:
    """The first entry of the run that an accepted entry belongs to."""
    return int(connection.exec_driver_sql("SELECT run FROM entries WHERE index = %s", (index,)).scalar_one())


def document(connection: Connection, name: bytes) -> bytes:
    """The canonical text of a public document. Raises NotFound."""
    found = connection.execute(
        text("SELECT document FROM records WHERE document_hash = :name LIMIT 1"), {"name": name}
    ).scalar()
    if found is None:
        raise NotFound(f"no document {name.hex()}")
    return bytes(found)

"""What an audit keeps, so that memory stays flat and the next run starts where this one stopped: one SQLite file.

It holds everything that the fold will ask again (streams, nonces, rights and reviews), the heads map's buckets, the
participants, the seals, and what was found. A transaction for each chunk of entries: who dies goes on from the last.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from suyuan.core import entries, heads
from suyuan.core.entries import HEADER_SIZE, Header, Kind
from suyuan.core.errors import Conflict, Unavailable
from suyuan.core.proof import Deployment, Seal
from suyuan.core.replay import Awaited, Fault, Finding, Memory, Position, Reading, Replay, Run, Stream
from suyuan.core.reviews import Books, Content, Lot, Reply, Review, Right, State
from suyuan.core.rules import Role, Standing
from suyuan.core.standing import Participant

_VERSION = 2
_TOGETHER = 5_000  # names in one query
_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE streams (key BLOB PRIMARY KEY, head BLOB NOT NULL, tail BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE nonces (once BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE books (shelf TEXT, name TEXT, value BLOB NOT NULL, PRIMARY KEY (shelf, name)) WITHOUT ROWID;
CREATE TABLE buckets (number INTEGER PRIMARY KEY, keys INTEGER NOT NULL, hash BLOB NOT NULL);
CREATE TABLE participants (registry TEXT, id TEXT, value BLOB NOT NULL, PRIMARY KEY (registry, id)) WITHOUT ROWID;
CREATE TABLE seals (journal TEXT, number INTEGER, value BLOB NOT NULL, PRIMARY KEY (journal, number)) WITHOUT ROWID;
CREATE TABLE awaited (registry TEXT, kind INTEGER, subject TEXT, value BLOB NOT NULL,
                      PRIMARY KEY (registry, kind, subject)) WITHOUT ROWID;
CREATE TABLE findings (id INTEGER PRIMARY KEY, fault TEXT NOT NULL, place INTEGER NOT NULL, detail TEXT NOT NULL);
CREATE TABLE bundles (number INTEGER PRIMARY KEY, digest BLOB NOT NULL);
"""
# head = length (8) || newest leaf (32), which with the key before it is a record of the heads map
# tail = seq (8) || at (8) || state (32)


class AuditState:
    """An auditor's file. Not for two audits at once. Raises Conflict for a file of something else."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[tuple[str, str], bytes] = {}
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            # What the last seconds wrote may be lost with the machine's power: it is read again then.
            for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=NORMAL", "cache_size=-16384"):
                self._db.execute(f"PRAGMA {pragma}").fetchone()
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if not version:
                self._db.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version={_VERSION}; COMMIT;")
            else:
                self._db.execute("BEGIN IMMEDIATE")
                self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise Conflict(f"{path} cannot be used now: {error}") from error
        except sqlite3.DatabaseError as error:
            raise Conflict(f"{path} is no audit's state: {error}") from error
        if version not in (0, _VERSION):
            self.close()
            raise Conflict(f"{path} is of another version of this program: begin with a new file")

    def close(self) -> None:
        """Lets go of the file; what is not committed is as if it had never been."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what is written within, or nothing."""
        self.begin()
        try:
            yield
        except BaseException:
            self.undo()
            raise
        self._db.execute("COMMIT")

    def begin(self) -> None:
        """Begins what `undo` takes back."""
        self._db.execute("BEGIN IMMEDIATE")

    def undo(self) -> None:
        """Takes back what was written since `begin`."""
        self._db.execute("ROLLBACK")

    # -- what it is about

    def bind(self, deployment: Deployment) -> None:
        """Says of which journal it is. Raises Conflict where it is of another."""
        ours = [deployment.chain, deployment.journal]
        met = self._meta("deployment")
        if met is None:
            with self.transaction():
                self._put_meta("deployment", ours)
        elif met != ours:
            raise Conflict(f"{self._path} is the state of an audit of {met[1]} on chain {met[0]}, not of {ours[1]}")

    def forget(self) -> None:
        """Begins anew, with the same journal."""
        with self.transaction():
            for table in "streams nonces books buckets participants seals awaited findings bundles".split():
                self._db.execute(f"DELETE FROM {table}")
            self._db.execute("DELETE FROM meta WHERE name <> 'deployment'")

    def cursor(self, address: str) -> int:
        """The block from which a contract's events are still to be read."""
        return int(self._meta(f"cursor {address}") or 0)

    def seals(self, journal: str) -> list[Seal]:
        """The seals of a journal that were heard of, by number."""
        found = self._db.execute("SELECT value FROM seals WHERE journal = ? ORDER BY number", (journal,))
        return [_seal(orjson.loads(value)) for (value,) in found]

    def hear(
        self,
        journal: str,
        seals: Iterable[Seal],
        registry: str,
        who: Iterable[Participant],
        block: int,
        findings: Iterable[Finding],
    ) -> None:
        """Keeps what the chain told and what is wrong with it, and from which block on it is to be asked next."""
        with self.transaction():
            rows = [(journal, seal.number, orjson.dumps(_seal_json(seal))) for seal in seals]
            self._db.executemany("INSERT OR REPLACE INTO seals VALUES (?, ?, ?)", rows)
            people = [(registry, one.id, orjson.dumps([one.role, one.standings, one.keys])) for one in who]
            self._db.executemany("INSERT OR REPLACE INTO participants VALUES (?, ?, ?)", people)
            self.add_findings(findings)
            self._put_meta(f"cursor {journal}", block)

    def participants(self, registry: str) -> Iterator[Participant]:
        """Everyone who was admitted to a registry, as last heard."""
        for id, value in self._db.execute("SELECT id, value FROM participants WHERE registry = ?", (registry,)):
            role, standings, keys = orjson.loads(value)
            since = tuple((at, Standing(one)) for at, one in standings)
            yield Participant(id, Role(role), since, tuple((at, key) for at, key in keys))

    # -- the fold

    def position(self) -> Position:
        """Where the fold stands."""
        met = self._meta("position")
        if met is None:
            return Position()
        return Position(
            met["size"],
            tuple(map(bytes.fromhex, met["peaks"])),
            met["at"],
            met["firstAt"],
            _seal(met["sealed"]),
            Run(bytes.fromhex(met["run"][0]), bytes.fromhex(met["run"][1]), met["run"][2]),
            set(met["buckets"]),
            Counter({int(kind): count for kind, count in met["kinds"].items()}),
        )

    def summaries(self) -> dict[int, heads.Summary]:
        """The heads map's buckets as they were at the last seal."""
        found = self._db.execute("SELECT number, keys, hash FROM buckets")
        return {number: heads.Summary(keys, digest) for number, keys, digest in found}

    def bucket(self, number: int) -> bytes:
        """The records of a bucket of the heads map, as of the last chunk."""
        first = number.to_bytes(2, "big")
        last = first + b"\xff" * 30
        found = self._db.execute("SELECT key, head FROM streams WHERE key BETWEEN ? AND ?", (first, last))
        return b"".join(part for record in found for part in record)

    def stream(self, key: bytes) -> tuple[int, bytes] | None:
        """How many entries a stream has, and its newest leaf."""
        met = self._db.execute("SELECT head FROM streams WHERE key = ?", (key,)).fetchone()
        return (int.from_bytes(met[0][:8], "big"), met[0][8:]) if met else None

    def load(self, readings: Sequence[Reading]) -> Memory:
        """All that is known of what these entries touch."""
        keys = list({reading.raw[3:35] for reading in readings if len(reading.raw) == HEADER_SIZE})
        memory = Memory()
        for key, head, tail in self._among("SELECT key, head, tail FROM streams WHERE key", keys):
            memory.streams[key] = _stream(key, head, tail)
        bodies = {id(r.body): r.body for r in readings if r.body is not None and r.body.author is not None}.values()
        onces = [body.author.once for body in bodies if body.author is not None]
        memory.nonces = {once for (once,) in self._among("SELECT once FROM nonces WHERE once", onces)}
        touched = [body.touched for body in bodies]
        books = memory.books
        self._known.clear()
        rights = {name for one in touched for name in one.rights}
        for name, value in self._shelf("rights", rights):
            books.rights[name] = Right(*value)
        for name, (by, stars, withheld, state, content, reply) in self._shelf("reviews", rights):
            books.reviews[name] = Review(by, stars, withheld, State(state), Content(content), Reply(reply))
        batches = {name for one in touched for name in one.batches} | {right.batch for right in books.rights.values()}
        for name, (merchant, quantity, root, *counts) in self._shelf("batches", batches):
            books.batches[name] = Lot(merchant, quantity, bytes.fromhex(root), *counts)
        for name, value in self._shelf("products", {name for one in touched for name in one.products}):
            books.products[name] = value
        books.orders |= {name for name, _ in self._shelf("orders", {name for one in touched for name in one.orders})}
        books.items |= {name for name, _ in self._shelf("items", {name for one in touched for name in one.items})}
        return memory

    def save(self, replay: Replay, registry: str, bundles: Mapping[int, bytes]) -> None:
        """Keeps what a chunk has changed, before the replay is settled."""
        execute = self._db.executemany
        rows = [(key, _head(one), _tail(one)) for key, one in replay.memory.streams.items()]
        execute("INSERT OR REPLACE INTO streams VALUES (?, ?, ?)", rows)
        execute("INSERT OR IGNORE INTO nonces VALUES (?)", ((once,) for once in replay.memory.nonces))
        written = ((shelf, name, orjson.dumps(value)) for shelf, name, value in _written(replay.memory.books))
        changed = (row for row in written if self._known.get(row[:2]) != row[2])
        execute("INSERT OR REPLACE INTO books VALUES (?, ?, ?)", changed)
        summaries = ((number, one.keys, one.hash) for number, one in replay.summaries.items())
        execute("INSERT OR REPLACE INTO buckets VALUES (?, ?, ?)", summaries)
        awaited = ((registry, one.kind, one.subject, _awaited_json(one)) for one in replay.awaited)
        execute("INSERT OR IGNORE INTO awaited VALUES (?, ?, ?, ?)", awaited)
        execute("INSERT OR REPLACE INTO bundles VALUES (?, ?)", bundles.items())

    def save_position(self, position: Position) -> None:
        """Keeps where the fold stands, after the replay is settled."""
        value = {
            "size": position.size,
            "peaks": [peak.hex() for peak in position.peaks],
            "at": position.at,
            "firstAt": position.first_at,
            "sealed": _seal_json(position.sealed),
            "run": [position.run.body.hex(), position.run.key.hex(), position.run.left],
            "buckets": sorted(position.buckets),
            "kinds": {str(kind): count for kind, count in position.kinds.items()},
        }
        self._put_meta("position", value)

    # -- what else is kept

    def awaited(self, registry: str) -> list[Awaited]:
        """Batches and recalls that the registry has not been seen to have."""
        found = self._db.execute("SELECT value FROM awaited WHERE registry = ? AND value <> ''", (registry,))
        return [_awaited(orjson.loads(value)) for (value,) in found]

    def settle(self, registry: str, one: Awaited) -> None:
        """The registry has it; what it has never changes."""
        where = (registry, one.kind, one.subject)
        self._db.execute("UPDATE awaited SET value = '' WHERE registry = ? AND kind = ? AND subject = ?", where)

    def add_findings(self, findings: Iterable[Finding]) -> None:
        """Keeps findings that will still be true."""
        rows = ((one.fault.value, one.where, one.detail) for one in findings)
        self._db.executemany("INSERT INTO findings (fault, place, detail) VALUES (?, ?, ?)", rows)

    def findings(self) -> list[Finding]:
        """All that were kept, as they were found."""
        found = self._db.execute("SELECT fault, place, detail FROM findings ORDER BY id")
        return [Finding(Fault(fault), place, detail) for fault, place, detail in found]

    def bundle(self, number: int) -> bytes | None:
        """The digest of a bundle as it was served when it was audited."""
        met = self._db.execute("SELECT digest FROM bundles WHERE number = ?", (number,)).fetchone()
        return bytes(met[0]) if met else None

    def put_bundle(self, number: int, digest: bytes) -> None:
        """Keeps the digest of a bundle as it is served now."""
        self._db.execute("INSERT OR REPLACE INTO bundles VALUES (?, ?)", (number, digest))

    def turn(self, count: int, among: int) -> list[int]:
        """The next few numbers below `among`, each in its turn, run after run."""
        first = int(self._meta("turn") or 0) % max(1, among)
        with self.transaction():
            self._put_meta("turn", first + min(count, among))
        return [(first + i) % among for i in range(min(count, among))]

    # -- beneath

    def _meta(self, name: str) -> Any:
        met = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if met is None else orjson.loads(met[0])

    def _put_meta(self, name: str, value: Any) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, orjson.dumps(value)))

    def _among(self, query: str, names: Sequence[Any], *before: Any) -> Iterator[tuple[Any, ...]]:
        for at in range(0, len(names), _TOGETHER):
            some = names[at : at + _TOGETHER]
            yield from self._db.execute(f"{query} IN ({','.join('?' * len(some))})", (*before, *some))

    def _shelf(self, shelf: str, names: set[str]) -> Iterator[tuple[str, Any]]:
        query = "SELECT name, value FROM books WHERE shelf = ? AND name"
        for name, value in self._among(query, list(names), shelf):
            self._known[shelf, name] = value
            yield name, orjson.loads(value)


@contextmanager
def open_state(path: Path | None) -> Iterator[AuditState]:
    """The state in a file; without one, in a file that is gone afterwards. Raises Conflict.

    Raises Unavailable where the file fails while it is used: a full disk.
    """
    with TemporaryDirectory(prefix="suyuan-audit-") as folder:
        state = AuditState(path or Path(folder) / "state.db")
        try:
            yield state
        except sqlite3.Error as error:
            raise Unavailable(f"the audit's state cannot be kept: {error}") from error
        finally:
            state.close()


def _head(stream: Stream) -> bytes:
    return stream.length.to_bytes(8, "big") + stream.leaf


def _tail(stream: Stream) -> bytes:
    header = stream.header
    return header.seq.to_bytes(8, "big") + header.at.to_bytes(8, "big") + header.state


def _stream(key: bytes, head: bytes, tail: bytes) -> Stream:
    seq, at = int.from_bytes(tail[:8], "big"), int.from_bytes(tail[8:16], "big")
    newest = Header(0, 0, key, seq, entries.ZERO, at, tail[16:], entries.ZERO)  # what follows asks no more of it
    return Stream(newest, head[8:], int.from_bytes(head[:8], "big"))


def _written(books: Books) -> Iterator[tuple[str, str, Any]]:
    for name, owner in books.products.items():
        yield "products", name, owner
    for name, lot in books.batches.items():
        counts = (lot.delivered, lot.claimed, lot.rights)
        yield "batches", name, (lot.merchant, lot.quantity, lot.items_root.hex(), *counts)
    for name in books.orders:
        yield "orders", name, 1
    for name in books.items:
        yield "items", name, 1
    for name, right in books.rights.items():
        yield "rights", name, (right.gtin, right.batch, right.by)
    for name, one in books.reviews.items():
        yield "reviews", name, (one.by, one.stars, one.withheld, one.state, one.content, one.reply)


def _seal_json(seal: Seal) -> list[Any]:
    return [seal.number, seal.size, seal.root.hex(), seal.heads.hex(), seal.sealed_at]


def _seal(value: Sequence[Any]) -> Seal:
    number, size, root, top, sealed_at = value
    return Seal(number, size, bytes.fromhex(root), bytes.fromhex(top), sealed_at)


def _awaited_json(one: Awaited) -> bytes:
    return orjson.dumps(asdict(one) | {"items_root": one.items_root.hex(), "content": one.content.hex()})


def _awaited(value: dict[str, Any]) -> Awaited:
    met = Awaited(**value)
    return replace(
        met,
        kind=Kind(met.kind),
        items_root=bytes.fromhex(value["items_root"]),
        content=bytes.fromhex(value["content"]),
    )

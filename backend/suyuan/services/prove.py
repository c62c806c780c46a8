"""Prove: a subject's proof bundle (PROTOCOL section 8), under the newest seal, fast enough for every scan."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import orjson

from suyuan.core import canonical, entries, heads, merkle, proof, rules, subjects
from suyuan.core.entries import Kind
from suyuan.core.epcis.model import parse_event, subjects_named
from suyuan.core.errors import NotFound, SuyuanError, Unavailable
from suyuan.core.proof import Deployment
from suyuan.storage import journal, registry, reviews, sealed
from suyuan.storage.database import Database, Reading
from suyuan.storage.sealed import Kept, SealRow, StaleRead

DEFAULT_LIMIT = 20
MAX_CONTAINERS = 8  # related containers, each with its newest entries
MAX_HOLDS = 50  # entries before those shown that withhold a review now
_ANSWERS = 32 << 20  # bytes of answers of the usual length kept in memory,
_RELATED = 32 << 20  # of what batches and containers give to the bundles of what is in them,
_BUCKETS = 128 << 20  # of the heads map,
_ITEMS = 256 << 20  # and of batches' trees
_WARMED = 256  # buckets that are read together to warm up
_EACH = 100  # that keeping one thing takes beside its own bytes
_LOOK_AGAIN = 0.02  # seconds for which a worker believes that no newer seal has come
_ALL = 2**62


class NothingSealed(Unavailable):
    """Nothing is on-chain yet, so nothing can be proven."""


@dataclass(frozen=True, slots=True)
class Proven:
    """A bundle as JSON text, and whether its subject is known (sealed, or accepted and waiting)."""

    text: bytes
    known: bool


@dataclass
class _Sealed:
    """The newest seal as this worker knows it, with the top of its heads map and the buckets that were read."""

    row: SealRow
    accepted: int
    map: heads.HeadsMap
    buckets: Kept[int, bytes]
    paths: merkle.Paths
    related: Kept[str, _Part]
    answers: Kept[str, Proven]  # hold while neither a seal nor an entry has come


@dataclass(frozen=True, slots=True)
class _Batch:
    """What the bundles of a batch's items say of it; does not change."""

    subject: str
    items: merkle.Paths


@dataclass
class _Part:
    """What one stream gives to a bundle. `paths`: of `rows`, once they were wanted."""

    subject: str
    head: dict[str, Any]
    rows: list[journal.Row]
    pending: list[journal.Row]
    relation: str = ""
    items: dict[str, Any] | None = None
    paths: list[list[bytes]] = field(default_factory=list)

    def size(self) -> int:
        """About how many bytes it takes."""
        return sum(len(r.body) + len(r.document) + 30 * _EACH for r in self.rows) + 30 * _EACH


@dataclass
class _Hashes:
    """The bundle's hashes, each once, and where it stands."""

    numbers: dict[bytes, int] = field(default_factory=dict)

    def numbers_of(self, path: list[bytes]) -> list[int]:
        numbers = self.numbers
        return [numbers.setdefault(h, len(numbers)) for h in path]


class Prover:
    """Answers with bundles. Safe for many threads."""

    def __init__(
        self, database: Database, deployment: Deployment, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._deployment = deployment
        self._clock = clock
        self._tree = sealed.TiledTree(database)
        self._lock = threading.Lock()
        self._now: _Sealed | None = None
        self._looked = -1.0
        self._batches = Kept[bytes, _Batch](_ITEMS, lambda batch: 64 * batch.items.size + 50 * _EACH)
        self._stopping = threading.Event()
        self._warming: threading.Thread | None = None
        self._warm_in: float | None = None

    def start(self) -> None:
        """Begins to read in the background what proofs will need, as much as is kept, half of the time resting."""
        self._stopping.clear()
        self._warming = threading.Thread(target=self._warm, name="warming", daemon=True)
        self._warming.start()

    def stop(self) -> None:
        """Ends that."""
        self._stopping.set()
        if self._warming is not None:
            self._warming.join(timeout=30)
            self._warming = None

    def warm(self) -> float | None:
        """In how many seconds that came to its end; None: it has not."""
        return self._warm_in

    def prove(self, subject: str, limit: int | None = DEFAULT_LIMIT) -> Proven:
        """The bundle of a subject with its newest `limit` entries (None: all). Raises NothingSealed, DatabaseAway."""
        if limit != DEFAULT_LIMIT:
            return self._ask(subject, limit)
        now = self._newest()
        proven = now.answers.get(subject)
        if proven is None:
            proven = self._ask(subject, limit)
            now.answers.put({subject: proven})
        return proven

    def known(self, subject: str, limit: int | None) -> Proven | None:
        """What `prove` would give, if that is in memory; never waits."""
        now = self._now
        if now is None or limit != DEFAULT_LIMIT or self._clock() - self._looked >= _LOOK_AGAIN:
            return None
        return now.answers.get(subject)

    def quick(self, limit: int | None) -> bool:
        """Whether `prove` would wait for next to nothing: few entries, of a database that answers."""
        few = limit is not None and limit <= DEFAULT_LIMIT
        return few and self._now is not None and self._database.quick()

    def heard(self) -> None:
        """Something was accepted in this process: what is believed is older than that."""
        self._looked = -1.0

    def _ask(self, subject: str, limit: int | None) -> Proven:
        while True:
            try:
                now = self._newest()
                with self._database.scan() as connection:
                    return self._prove(connection, now, subject, limit or _ALL)
            except StaleRead:
                self._looked = -1.0

    def entry(self, index: int) -> bytes:
        """One entry's proof under the newest seal, as JSON text; one that waits has none. Raises NotFound."""
        seal = self.newest_seal()
        with self._database.read() as connection:
            row = next(iter(journal.rows(connection, [index])), None)
        if row is None:
            raise NotFound(f"there is no entry {index}")
        answer = {
            "chain": self._chain(),
            "seal": seal and _seal(seal),
            "subject": _subject(row),
            "index": index,
            "header": row.header.hex(),
            "body": orjson.Fragment(row.body),
        }
        if seal is None or index >= seal.size:
            return orjson.dumps({**answer, "pending": True})
        return orjson.dumps({**answer, "proof": [h.hex() for h in merkle.inclusion(self._tree, index, seal.size)]})

    def newest_seal(self) -> SealRow | None:
        """The newest seal, as bundles show it."""
        try:
            return self._newest().row
        except NothingSealed:
            return None

    def _newest(self) -> _Sealed:
        now = self._now
        if now is not None and self._clock() - self._looked < _LOOK_AGAIN:
            return now
        with self._lock:
            now = self._now
            if now is not None and self._clock() - self._looked < _LOOK_AGAIN:
                return now
            with self._database.read() as connection:
                looked = self._clock()
                row, accepted = sealed.state(connection)
                if row is None:
                    raise NothingSealed("nothing is sealed yet: the first seal comes within seconds")
                if now is None or now.row != row:
                    now = self._sealed(connection, now, row, accepted)
                elif now.accepted != accepted:
                    now = replace(now, accepted=accepted, answers=_answers())
            self._now = now
            self._looked = looked
            return now

    def _sealed(self, connection: Reading, now: _Sealed | None, row: SealRow, accepted: int) -> _Sealed:
        """What is known under a seal, from what was known before."""
        before = now.row.number if now is not None and now.row.number <= row.number else 0
        changed = sealed.summaries(connection, before, row.number)
        if now is None or before == 0:
            top, buckets = heads.HeadsMap(_unread), Kept[int, bytes](_BUCKETS, lambda bucket: len(bucket) + _EACH)
        else:
            top, buckets = now.map.copy(_unread), now.buckets.without(changed)
        top.place(changed)
        related = Kept[str, _Part](_RELATED, _Part.size)
        return _Sealed(row, accepted, top, buckets, merkle.Paths(self._tree, row.size), related, _answers())

    def _warm(self) -> None:
        with suppress(SuyuanError):  # a proof that has the same trouble says so
            first = began = time.monotonic()
            for _ in self._warmed():
                if self._stopping.wait(time.monotonic() - began):
                    return
                began = time.monotonic()
            self._warm_in = time.monotonic() - first

    def _warmed(self) -> Iterator[None]:
        size = self._newest().row.size
        with self._database.read() as connection:
            yield from self._tree.warm(connection, size)
            for n in range(0, heads.BUCKETS, _WARMED):
                now = self._newest()
                if not now.buckets.room():
                    break
                with suppress(StaleRead):
                    now.buckets.put(sealed.block(connection, n, now.row.number, _WARMED))
                yield
            for key in registry.batch_keys(connection):
                if not self._batches.room():
                    break
                self._batch(connection, key)
                yield

    def _prove(self, connection: Reading, now: _Sealed, subject: str, limit: int) -> Proven:
        hashes = _Hashes()
        main, item = self._part(connection, now, subject, limit)
        related = self._related(connection, now, main, item, hashes)
        support = self._support(connection, now, main)
        row = now.row
        unproven = [part for part in (main, *related) if len(part.paths) < len(part.rows)]
        rows = chain(support, *(part.rows for part in unproven))
        self._tree.prepare(connection, now.paths, [r.index for r in rows])
        for part in unproven:
            part.paths[:] = [now.paths.of(r.index) for r in part.rows]
        bundle: dict[str, Any] = {
            "version": 1,
            "subject": subject,
            "chain": self._chain(),
            "seal": _seal(row),
            **_shown(main, hashes, [(r.index, now.paths.of(r.index)) for r in support]),
            "support": [{"subject": _subject(r), **_told(r)} for r in support],
            "related": [
                {
                    "relation": part.relation,
                    "subject": part.subject,
                    **_shown(part, hashes),
                    **({} if part.items is None else {"items": part.items}),
                }
                for part in related
            ],
            "pending": [{**_told(r), "receipt": r.receipt.as_json(r.signature)} for r in main.pending],
        }
        bundle["documents"].update(_documents(main.pending))
        bundle["hashes"] = [h.hex() for h in hashes.numbers]
        return Proven(orjson.dumps(bundle), bool(main.rows or main.pending))

    def _part(self, connection: Reading, now: _Sealed, subject: str, limit: int) -> tuple[_Part, registry.Item | None]:
        """What a stream gives, and where its subject belongs if it is an item."""
        key = subjects.key(subject)
        found = self._head(connection, now, key)
        met = found.met
        head: dict[str, Any]
        if met is not None and met.key == key:
            count = met.count
            head = {"count": count, "leaf": met.leaf.hex()}
        else:
            count = 0
            head = {
                "met": met and {"key": met.key.hex(), "count": met.count, "leaf": met.leaf.hex()},
            }
        head["siblings"] = [h.hex() for h in found.siblings]
        first = max(0, count - limit)
        if "/21/" in subject:
            rows, item = journal.item_stream(connection, key, first)
        else:
            rows, item = journal.stream(connection, key, first), None
        return _Part(subject, head, [r for r in rows if r.seq < count], [r for r in rows if r.seq >= count]), item

    def _other(self, connection: Reading, now: _Sealed, subject: str, relation: str) -> _Part:
        """What the stream of a batch or container gives, which many bundles ask for."""
        part = now.related.get(subject)
        if part is None:
            part, _ = self._part(connection, now, subject, DEFAULT_LIMIT)
            now.related.put({subject: part})
        return replace(part, relation=relation)

    def _head(self, connection: Reading, now: _Sealed, key: bytes) -> heads.HeadProof:
        def load(n: int) -> bytes:
            held = now.buckets.get(n)
            if held is None:
                found = sealed.block(connection, n, now.row.number)
                now.buckets.put(found)
                held = found[n]
            return held

        return now.map.prove(key, load)

    def _chain(self) -> dict[str, Any]:
        return {"id": self._deployment.chain, "journal": self._deployment.journal}

    def _support(self, connection: Reading, now: _Sealed, main: _Part) -> list[journal.Row]:
        """Of reviews: the claims that bind their keys to rights, and what withholds older ones now."""
        shown = [*main.rows, *main.pending]
        if not main.subject.startswith("/reviews/") or not shown:
            return []
        signers = {orjson.loads(r.body)["by"] for r in shown if entries.decode(r.header).kind in rules.SHOPPERS}
        size, gtin = now.row.size, main.subject.removeprefix("/reviews/")
        found = reviews.binding_claims(connection, signers, size)
        found += reviews.older_holds(connection, gtin, min(shown[0].index, size), MAX_HOLDS)
        return journal.rows(connection, sorted(found))

    def _related(
        self, connection: Reading, now: _Sealed, main: _Part, item: registry.Item | None, hashes: _Hashes
    ) -> list[_Part]:
        parts: list[_Part] = []
        if item is not None:
            batch = self._batch(connection, item.batch)
            part = self._other(connection, now, batch.subject, "batch")
            part.items = {
                "serial": item.serial,
                "code": item.code.hex(),
                "index": item.place,
                "proof": hashes.numbers_of(batch.items.of(item.place)),
            }
            parts.append(part)
        seen = {main.subject}
        queue = [main, *parts]
        containers = 0
        for part in queue:
            for row in part.rows:
                if row.parent is None or row.parent in seen or containers == MAX_CONTAINERS:
                    continue
                seen.add(row.parent)
                containers += 1
                container = self._other(connection, now, row.parent, "container")
                parts.append(container)
                queue.append(container)
        return parts

    def _batch(self, connection: Reading, key: bytes) -> _Batch:
        held = self._batches.get(key)
        if held is None:
            row = registry.batch(connection, key)
            assert row is not None  # it came with its items
            tree = merkle.Packed(proof.item_leaf(serial, code) for serial, code in registry.codes(connection, key))
            held = _Batch(row.subject, merkle.Paths(tree, tree.size))
            self._batches.put({key: held})
        return held


def _answers() -> Kept[str, Proven]:
    return Kept(_ANSWERS, lambda proven: len(proven.text) + _EACH)


def _shown(part: _Part, hashes: _Hashes, support: Sequence[tuple[int, list[bytes]]] = ()) -> dict[str, Any]:
    """A stream's entries and proofs. `support`: more entries' indices and paths."""
    paths = [(r.index, path) for r, path in zip(part.rows, part.paths, strict=True)]
    return {
        "head": part.head,
        "entries": [_told(r) for r in part.rows],
        "inclusion": [{"index": index, "proof": hashes.numbers_of(path)} for index, path in (*paths, *support)],
        "documents": _documents(part.rows),
    }


def _seal(row: SealRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "size": row.size,
        "root": row.root.hex(),
        "heads": row.heads.hex(),
        "sealedAt": row.sealed_at,
        "block": row.block,
        "tx": "0x" + (row.tx or b"").hex(),
    }


def _told(row: journal.Row) -> dict[str, Any]:
    return {"index": row.index, "header": row.header.hex(), "body": orjson.Fragment(row.body)}


def _documents(rows: Sequence[journal.Row]) -> dict[str, Any]:
    """By hash; most kinds of orders and reviews have none."""
    return {r.document_hash.hex(): orjson.Fragment(r.document) for r in rows if r.document_hash}


def _subject(row: journal.Row) -> str:
    """What an entry is about; an event's says it among what it names."""
    header = entries.decode(row.header)
    if header.kind != Kind.CHECKPOINT:
        return str(orjson.loads(row.body)["subject"])
    named = subjects_named(parse_event(canonical.parse_trusted(row.document)))
    return next((one for one in named if subjects.key(one) == header.key), "")


def _unread(_: int) -> bytes:
    raise AssertionError("a bucket is read by whoever asks for a proof")

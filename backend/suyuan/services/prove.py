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

from suyuan.core import appeal, canonical, entries, heads, merkle, proof, rules, subjects
from suyuan.core.entries import Kind
from suyuan.core.epcis.model import parse_event, subjects_named
from suyuan.core.errors import NotFound, SuyuanError, Unavailable
from suyuan.core.proof import Deployment
from suyuan.services.background import Background
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


Asked = tuple[str, int | None]  # a subject, and how many of its newest entries; None: all


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

    def kept(self, asked: Asked) -> Proven | None:
        """An answer of the usual length that was given before."""
        subject, limit = asked
        return self.answers.get(subject) if limit == DEFAULT_LIMIT else None


@dataclass(frozen=True, slots=True)
class _Batch:
    """What the bundles of a batch's items say of it; does not change."""

    subject: str
    items: merkle.Paths


@dataclass(frozen=True, slots=True)
class _Part:
    """What one stream gives to a bundle. `paths`: of `rows`, once they were wanted."""

    subject: str
    head: dict[str, Any]
    rows: list[journal.Row]
    pending: list[journal.Row]
    item: registry.Item | None
    paths: list[list[bytes]] = field(default_factory=list)

    def size(self) -> int:
        """About how many bytes it takes."""
        return sum(len(r.body) + len(r.document) + 30 * _EACH for r in self.rows) + 30 * _EACH


@dataclass(frozen=True, slots=True)
class _Related:
    """A part that belongs to a bundle of something else."""

    relation: str
    part: _Part
    items: dict[str, Any] | None = None


@dataclass
class _Hashes:
    """The bundle's hashes, each once, and where it stands."""

    numbers: dict[bytes, int] = field(default_factory=dict)

    def numbers_of(self, path: list[bytes]) -> list[int]:
        numbers = self.numbers
        return [numbers.setdefault(h, len(numbers)) for h in path]


class Prover:
    """Answers with bundles. Safe for many threads.

    `journal_after`: whose own seals come after so many, where the journal goes on from others. Until it has a seal of
    its own, bundles are those of the journal before it, under the seal that was handed over.
    """

    def __init__(
        self,
        database: Database,
        deployment: Deployment,
        *,
        journal_after: Callable[[int], str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._deployment = deployment
        self._journal_after = journal_after or (lambda _: deployment.journal)
        self._clock = clock
        self._tree = sealed.TiledTree(database)
        self._lock = threading.Lock()
        self._now: _Sealed | None = None
        self._looked = -1.0
        self._batches = Kept[bytes, _Batch](_ITEMS, lambda batch: 64 * batch.items.size + 50 * _EACH)
        self._warming = Background("warming", self._warm)
        self._warm_in: float | None = None

    def start(self) -> None:
        """Begins to read in the background what proofs will need, as much as is kept, half of the time resting."""
        self._warming.start()

    def stop(self) -> None:
        """Ends that."""
        self._warming.stop()

    def warm(self) -> float | None:
        """In how many seconds that came to its end; None: it has not."""
        return self._warm_in

    def prove(self, subject: str, limit: int | None = DEFAULT_LIMIT) -> Proven:
        """The bundle of a subject with its newest `limit` entries (None: all). Raises NothingSealed, DatabaseAway."""
        return self.prove_all([(subject, limit)])[0]

    def prove_all(self, asked: Sequence[Asked]) -> list[Proven]:
        """What `prove` gives for each subject and limit. Made together they cost less. Raises like it."""
        while True:
            try:
                now = self._newest()
                proven = {one: kept for one in asked if (kept := now.kept(one)) is not None}
                proven |= self._made(now, [one for one in dict.fromkeys(asked) if one not in proven])
            except StaleRead:
                self._looked = -1.0
            else:
                return [proven[one] for one in asked]

    def known(self, subject: str, limit: int | None) -> Proven | None:
        """What `prove` would give, if that is in memory; never waits."""
        now = self._now
        if now is None or self._clock() - self._looked >= _LOOK_AGAIN:
            return None
        return now.kept((subject, limit))

    def quick(self, limit: int | None) -> bool:
        """Whether `prove` would wait for next to nothing: few entries, of a database that answers."""
        few = limit is not None and limit <= DEFAULT_LIMIT
        return few and self._now is not None and self._database.quick()

    def heard(self) -> None:
        """Something was accepted in this process: what is believed is older than that."""
        self._looked = -1.0

    def entry(self, index: int) -> bytes:
        """One entry's proof under the newest seal, as JSON text; one that waits has none. Raises NotFound."""
        seal = self.newest_seal()
        with self._database.read() as connection:
            row = next(iter(journal.rows(connection, [index])), None)
        if row is None:
            raise NotFound(f"there is no entry {index}")
        answer = {
            "chain": self._chain(seal),
            "seal": seal and _seal(seal),
            "subject": _subject(row),
            "index": index,
            "header": row.header.hex(),
            "body": _body(row),
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
                    raise NothingSealed("nothing is sealed yet: a seal comes seconds after the first record")
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

    def _warm(self, stopping: threading.Event) -> None:
        with suppress(SuyuanError):  # a proof that has the same trouble says so
            first = began = time.monotonic()
            for _ in self._warmed():
                if stopping.wait(time.monotonic() - began):
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

    def _made(self, now: _Sealed, asked: Sequence[Asked]) -> dict[Asked, Proven]:
        if not asked:
            return {}
        with self._database.scan() as connection:
            parts = self._parts(connection, now, [(subject, limit or _ALL) for subject, limit in asked])
            proven = {one: self._prove(connection, now, part) for one, part in zip(asked, parts, strict=True)}
        now.answers.put({subject: one for (subject, limit), one in proven.items() if limit == DEFAULT_LIMIT})
        return proven

    def _prove(self, connection: Reading, now: _Sealed, main: _Part) -> Proven:
        hashes = _Hashes()
        related = self._related(connection, now, main, hashes)
        support = self._support(connection, now, main)
        row = now.row
        unproven = [part for part in (main, *(one.part for one in related)) if len(part.paths) < len(part.rows)]
        rows = chain(support, *(part.rows for part in unproven))
        self._tree.prepare(connection, now.paths, [r.index for r in rows])
        for part in unproven:
            part.paths[:] = [now.paths.of(r.index) for r in part.rows]
        bundle: dict[str, Any] = {
            "version": 1,
            "subject": main.subject,
            "chain": self._chain(row),
            "seal": _seal(row),
            **_shown(main, hashes, [(r.index, now.paths.of(r.index)) for r in support]),
            "support": [{"subject": _subject(r), **_told(r)} for r in support],
            "related": [
                {
                    "relation": one.relation,
                    "subject": one.part.subject,
                    **_shown(one.part, hashes),
                    **({} if one.items is None else {"items": one.items}),
                }
                for one in related
            ],
            "pending": [{**_told(r), "receipt": r.receipt.as_json(r.signature)} for r in main.pending],
        }
        bundle["documents"].update(_documents(main.pending))
        bundle["hashes"] = [h.hex() for h in hashes.numbers]
        return Proven(orjson.dumps(bundle), bool(main.rows or main.pending))

    def _parts(self, connection: Reading, now: _Sealed, asked: Sequence[tuple[str, int]]) -> list[_Part]:
        """What streams give with their newest so many entries."""
        keys = [subjects.key(subject) for subject, _ in asked]
        # what waits is the next journal's where the seal is not its own: it was signed for that one
        shows_waiting = self._journal_after(now.row.before) == self._deployment.journal
        found = [self._head(connection, now, key) for key in keys]
        counts = [
            p.met.count if p.met is not None and p.met.key == key else 0 for key, p in zip(keys, found, strict=True)
        ]
        wanted = [(key, max(0, count - limit)) for key, count, (_, limit) in zip(keys, counts, asked, strict=True)]
        return [
            _Part(
                subject,
                _told_head(head, count),
                [r for r in rows if r.seq < count],
                [r for r in rows if r.seq >= count] if shows_waiting else [],
                item,
            )
            for (subject, _), head, count, (rows, item) in zip(
                asked, found, counts, journal.streams(connection, wanted), strict=True
            )
        ]

    def _other(self, connection: Reading, now: _Sealed, subject: str) -> _Part:
        """What the stream of a batch or container gives, which many bundles ask for."""
        part = now.related.get(subject)
        if part is None:
            (part,) = self._parts(connection, now, [(subject, DEFAULT_LIMIT)])
            now.related.put({subject: part})
        return part

    def _head(self, connection: Reading, now: _Sealed, key: bytes) -> heads.HeadProof:
        def load(n: int) -> bytes:
            held = now.buckets.get(n)
            if held is None:
                found = sealed.block(connection, n, now.row.number)
                now.buckets.put(found)
                held = found[n]
            return held

        return now.map.prove(key, load)

    def _chain(self, seal: SealRow | None) -> dict[str, Any]:
        """The deployment of a seal."""
        journal = self._journal_after(seal.before) if seal else self._deployment.journal
        return {"id": self._deployment.chain, "journal": journal}

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

    def _related(self, connection: Reading, now: _Sealed, main: _Part, hashes: _Hashes) -> list[_Related]:
        related: list[_Related] = []
        if main.item is not None:
            batch = self._batch(connection, main.item.batch)
            items = {
                "serial": main.item.serial,
                "code": main.item.code.hex(),
                "index": main.item.place,
                "proof": hashes.numbers_of(batch.items.of(main.item.place)),
            }
            related.append(_Related("batch", self._other(connection, now, batch.subject), items))
        seen = {main.subject}
        queue = [main, *(one.part for one in related)]
        containers = 0
        for part in queue:
            for row in part.rows:
                if row.parent is None or row.parent in seen or containers == MAX_CONTAINERS:
                    continue
                seen.add(row.parent)
                containers += 1
                container = self._other(connection, now, row.parent)
                related.append(_Related("container", container))
                queue.append(container)
        return related

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


def _told_head(found: heads.HeadProof, count: int) -> dict[str, Any]:
    """A head proof; `count` 0: of its absence."""
    met, siblings = found.met, [h.hex() for h in found.siblings]
    if met is not None and count:
        return {"count": count, "leaf": met.leaf.hex(), "siblings": siblings}
    end = met and {"key": met.key.hex(), "count": met.count, "leaf": met.leaf.hex()}
    return {"met": end, "siblings": siblings}


def _seal(row: SealRow) -> dict[str, Any]:
    return {
        "number": row.own,
        "size": row.size,
        "root": row.root.hex(),
        "heads": row.heads.hex(),
        "sealedAt": row.sealed_at,
        "block": row.block,
        "tx": "0x" + (row.tx or b"").hex(),
    }


def _body(row: journal.Row) -> orjson.Fragment:
    """A body as it is; an appeal's may be any bytes, and is a string where it is no object."""
    return orjson.Fragment(appeal.shown(row.body) if row.header[1] == Kind.APPEAL else row.body)


def _told(row: journal.Row) -> dict[str, Any]:
    return {"index": row.index, "header": row.header.hex(), "body": _body(row)}


def _documents(rows: Sequence[journal.Row]) -> dict[str, Any]:
    """By hash; most kinds of orders and reviews have none."""
    return {r.document_hash.hex(): orjson.Fragment(r.document) for r in rows if r.document_hash}


def _subject(row: journal.Row) -> str:
    """What an entry is about; an event's says it among what it names."""
    header = entries.decode(row.header)
    if header.kind == Kind.APPEAL:
        return appeal.SUBJECT
    if header.kind != Kind.CHECKPOINT:
        return str(orjson.loads(row.body)["subject"])
    named = subjects_named(parse_event(canonical.parse_trusted(row.document)))
    return next((one for one in named if subjects.key(one) == header.key), "")


def _unread(_: int) -> bytes:
    raise AssertionError("a bucket is read by whoever asks for a proof")

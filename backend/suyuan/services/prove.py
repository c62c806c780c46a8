"""Prove: a subject's proof bundle (PROTOCOL section 8), under the newest seal, fast enough for every scan."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import orjson

from suyuan.core import heads, merkle, proof, subjects
from suyuan.core.errors import Unavailable
from suyuan.core.proof import Deployment
from suyuan.storage import journal, registry, sealed
from suyuan.storage.database import Database, Reading
from suyuan.storage.sealed import SealRow, StaleRead

DEFAULT_LIMIT = 20
MAX_CONTAINERS = 8  # related containers, each with its newest entries
_ANSWERS = 1024  # answers of the usual length kept in memory, some 50 kB each
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
    buckets: dict[int, bytes]


@dataclass
class _Part:
    """What one stream gives to a bundle."""

    subject: str
    head: dict[str, Any]
    rows: list[journal.Row]
    pending: list[journal.Row]
    relation: str = ""
    items: dict[str, Any] | None = None


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
        self._items_tree = lru_cache(maxsize=16)(self._load_items_tree)
        # an answer holds while neither a seal nor an entry has come; the key only has to differ then
        self._answers = lru_cache(maxsize=_ANSWERS)(lambda _state, subject: self._ask(subject, DEFAULT_LIMIT))

    def prove(self, subject: str, limit: int | None = DEFAULT_LIMIT) -> Proven:
        """The bundle of a subject with its newest `limit` entries (None: all). Raises NothingSealed, DatabaseAway."""
        if limit == DEFAULT_LIMIT:
            now = self._newest()
            return self._answers((now.row, now.accepted), subject)
        return self._ask(subject, limit)

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

    def newest_seal(self) -> SealRow | None:
        """The newest seal, as bundles show it."""
        try:
            return self._newest().row
        except NothingSealed:
            return None

    def _newest(self) -> _Sealed:
        if self._now is not None and self._clock() - self._looked < _LOOK_AGAIN:
            return self._now
        with self._lock, self._database.read() as connection:
            looked = self._clock()
            row, accepted = sealed.newest_sealed(connection), journal.size(connection)
            if row is None:
                raise NothingSealed("nothing is sealed yet: the first seal comes within seconds")
            now = self._now
            if now is None or now.row != row:
                before = now.row.number if now is not None and now.row.number <= row.number else 0
                changed = sealed.summaries(connection, before, row.number)
                if now is None or before == 0:
                    top, buckets = heads.HeadsMap(_unread), {}
                else:
                    top, buckets = now.map.copy(_unread), dict(now.buckets)
                for n in changed:
                    buckets.pop(n, None)
                top.place(changed)
                now = _Sealed(row, accepted, top, buckets)
            self._now = now = replace(now, accepted=accepted)
            self._looked = looked
            return now

    def _prove(self, connection: Reading, now: _Sealed, subject: str, limit: int) -> Proven:
        hashes = _Hashes()
        main = self._part(connection, now, subject, limit)
        related = self._related(connection, now, main, hashes)
        row = now.row
        bundle: dict[str, Any] = {
            "version": 1,
            "subject": subject,
            "chain": {"id": self._deployment.chain, "journal": self._deployment.journal},
            "seal": {
                "number": row.number,
                "size": row.size,
                "root": row.root.hex(),
                "heads": row.heads.hex(),
                "sealedAt": row.sealed_at,
                "block": row.block,
                "tx": "0x" + (row.tx or b"").hex(),
            },
            **self._shown(main, row.size, hashes),
            "support": [],
            "related": [
                {
                    "relation": part.relation,
                    "subject": part.subject,
                    **self._shown(part, row.size, hashes),
                    **({} if part.items is None else {"items": part.items}),
                }
                for part in related
            ],
            "pending": [
                {
                    "index": r.index,
                    "header": r.header.hex(),
                    "body": orjson.Fragment(r.body),
                    "receipt": r.receipt.as_json(r.signature),
                }
                for r in main.pending
            ],
        }
        bundle["documents"].update((r.document_hash.hex(), orjson.Fragment(r.document)) for r in main.pending)
        bundle["hashes"] = [h.hex() for h in hashes.numbers]
        return Proven(orjson.dumps(bundle), bool(main.rows or main.pending))

    def _part(self, connection: Reading, now: _Sealed, subject: str, limit: int, relation: str = "") -> _Part:
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
        rows = journal.stream(connection, key, max(0, count - limit))
        return _Part(subject, head, [r for r in rows if r.seq < count], [r for r in rows if r.seq >= count], relation)

    def _head(self, connection: Reading, now: _Sealed, key: bytes) -> heads.HeadProof:
        def load(n: int) -> bytes:
            held = now.buckets.get(n)
            if held is None:
                now.buckets.update(sealed.block(connection, n, now.row.number))
                held = now.buckets[n]
            return held

        return now.map.prove(key, load)

    def _shown(self, part: _Part, size: int, hashes: _Hashes) -> dict[str, Any]:
        return {
            "head": part.head,
            "entries": [
                {"index": r.index, "header": r.header.hex(), "body": orjson.Fragment(r.body)} for r in part.rows
            ],
            "inclusion": [
                {"index": r.index, "proof": hashes.numbers_of(merkle.inclusion(self._tree, r.index, size))}
                for r in part.rows
            ],
            "documents": {r.document_hash.hex(): orjson.Fragment(r.document) for r in part.rows},
        }

    def _related(self, connection: Reading, now: _Sealed, main: _Part, hashes: _Hashes) -> list[_Part]:
        parts: list[_Part] = []
        if "/21/" in main.subject:
            item = registry.item(connection, subjects.key(main.subject))
            batch = registry.batch(connection, item.batch) if item is not None else None
            if item is not None and batch is not None:
                part = self._part(connection, now, batch.subject, DEFAULT_LIMIT, "batch")
                path = merkle.inclusion(self._items_tree(item.batch), item.place, batch.quantity)
                part.items = {
                    "serial": item.serial,
                    "code": item.code.hex(),
                    "index": item.place,
                    "proof": hashes.numbers_of(path),
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
                container = self._part(connection, now, row.parent, DEFAULT_LIMIT, "container")
                parts.append(container)
                queue.append(container)
        return parts

    def _load_items_tree(self, batch: bytes) -> merkle.Tree:
        with self._database.read() as connection:
            return merkle.Tree(proof.item_leaf(i.serial, i.code) for i in registry.items_of(connection, batch))


def _unread(_: int) -> bytes:
    raise AssertionError("a bucket is read by whoever asks for a proof")

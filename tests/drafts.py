"""Drafts to append with, and what must hold of a journal after whatever happened to it."""

from __future__ import annotations

import json
from collections import defaultdict
from hashlib import sha256

from suyuan.core import entries, subjects
from suyuan.core.entries import Kind
from suyuan.core.statements import Receipt
from suyuan.storage import journal
from suyuan.storage.database import Database
from suyuan.storage.journal import Accepted, Draft

STREAMS = [subjects.key(f"/01/09521141012345/21/T{i}") for i in range(4)]
BY = "0x" + "ab" * 20


def draft(word: str, keys: list[bytes] | None = None, content: str = "") -> Draft:
    text = json.dumps({"word": word, "content": content}).encode()
    nonce, name = sha256(word.encode()).digest(), sha256(text).digest()
    return Draft(Kind.PRODUCT, tuple(sorted(keys or STREAMS)), BY, nonce, text, name, text)


def sign(_: Receipt) -> bytes:
    return bytes(65)


def append(database: Database, *drafts: Draft, now: int = 1_000) -> list[Accepted]:
    with database.write() as connection:
        return journal.append(connection, drafts, now=now, promise=60, sign=sign)


def assert_unforked(database: Database, size: int) -> None:
    """Indices have no gap, and in each stream seq and prev follow."""
    with database.read() as connection:
        assert journal.size(connection) == size
        raw = journal.headers(connection, 0, size + 1)
    assert len(raw) == size
    streams: dict[bytes, list[bytes]] = defaultdict(list)
    at = 0
    for header in raw:
        decoded = entries.decode(header)
        assert decoded.at >= at
        at = decoded.at
        streams[decoded.key].append(header)
    for held in streams.values():
        before, leaf = None, entries.ZERO
        for header in held:
            entries.check_follows(before, leaf, entries.decode(header))
            before, leaf = entries.decode(header), entries.leaf(header)

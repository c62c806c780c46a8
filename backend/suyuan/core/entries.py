"""Entries: the fixed header that is hashed and proven, and the body it commits to (PROTOCOL section 2).

offset  0  1  version, 1          offset 43  32  prev: leaf of the stream's previous entry
        1  1  kind                       75   8  at: accepted, milliseconds since 1970 UTC
        2  1  arg                        83  32  state after this entry
        3 32  key of the subject        115  32  SHA-256(JCS(body))
       35  8  seq, from 0               147      leaf = SHA-256(0x00 || header)
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Any

from suyuan.core import canonical, tally
from suyuan.core.errors import Malformed, ProofFault

HEADER_SIZE = 147
VERSION = 1
BODY_LIMIT = 64 * 1024
ZERO = bytes(32)
_LAYOUT = struct.Struct(">BBB32sQ32sQ32s32s")


class Kind(IntEnum):
    """What an entry is; `Kind.word` is its name in a body."""

    PRODUCT = 1
    BATCH = 2
    CHECKPOINT = 3
    RECALL = 4
    RIGHTS = 5
    CLAIM = 6
    REVIEW = 7
    REVIEW_AMEND = 8
    REVIEW_WITHDRAW = 9
    REVIEW_WITHHOLD = 10
    REVIEW_RESTORE = 11
    REVIEW_ERASE = 12
    REVIEW_REPLY = 13
    ORDER = 14
    DELIVERY = 15
    MERCHANT = 16
    CASE = 17
    TERMS = 18
    APPEAL = 19

    @property
    def word(self) -> str:
        return self.name.lower().replace("_", ".")


BY_WORD = {kind.word: kind for kind in Kind}


@dataclass(frozen=True, slots=True)
class Header:
    """An entry's 147 bytes, decoded. Hashes are 32 bytes, `at` is in milliseconds."""

    kind: int
    arg: int
    key: bytes
    seq: int
    prev: bytes
    at: int
    state: bytes
    body: bytes
    version: int = VERSION

    def encode(self) -> bytes:
        return _LAYOUT.pack(
            self.version, self.kind, self.arg, self.key, self.seq, self.prev, self.at, self.state, self.body
        )


def decode(header: bytes) -> Header:
    """The header in 147 bytes. Raises Malformed for another length."""
    if len(header) != HEADER_SIZE:
        raise Malformed(f"a header has {HEADER_SIZE} bytes, met {len(header)}")
    version, kind, arg, key, seq, prev, at, state, body = _LAYOUT.unpack(header)
    return Header(kind, arg, key, seq, prev, at, state, body, version)


def leaf(header: bytes) -> bytes:
    """The leaf hash of an encoded header."""
    return sha256(b"\0" + header).digest()


def encode_body(body: dict[str, Any]) -> bytes:
    """JCS of a body. Raises Malformed for floats, names that are not ASCII, or more than 64 KiB."""
    text = canonical.encode(body, strict=True)
    if len(text) > BODY_LIMIT:
        raise Malformed(f"a body has at most {BODY_LIMIT} bytes, met {len(text)}")
    return text


@dataclass(frozen=True, slots=True)
class Head:
    """A stream's newest entry: how many entries there are, its leaf, and its running state."""

    count: int
    leaf: bytes
    state: bytes


EMPTY = Head(0, ZERO, tally.ZERO)


def follow(head: Head, *, kind: int, key: bytes, at: int, body: bytes, arg: int = 0) -> Header:
    """The header that goes on `head`. Raises ProofFault where the state cannot take that step."""
    return Header(kind, arg, key, head.count, head.leaf, at, tally.step(head.state, kind, arg), body)


def check_follows(before: Header | None, before_leaf: bytes, header: Header) -> None:
    """Returns if `header` may stand after `before` in one stream (None: it is the first). Raises ProofFault."""
    if header.version != VERSION:
        raise ProofFault(f"version {header.version}, expected {VERSION}")
    seq, prev, state, at = (0, ZERO, tally.ZERO, 0)
    if before is not None:
        seq, prev, state, at = before.seq + 1, before_leaf, before.state, before.at
    if header.seq != seq:
        raise ProofFault(f"seq {header.seq}, expected {seq}")
    if header.prev != prev:
        raise ProofFault(f"prev {header.prev.hex()}, expected {prev.hex()}")
    if header.at < at:
        raise ProofFault(f"time goes back from {at} to {header.at}")
    after = tally.step(state, header.kind, header.arg)
    if header.state != after:
        raise ProofFault(f"state {header.state.hex()}, expected {after.hex()}")

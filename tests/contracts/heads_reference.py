"""The heads map straight from section 4 of the protocol: slow, and nothing but the definition."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

Heads = Mapping[bytes, tuple[int, bytes]]  # key → count, newest leaf
EMPTY = bytes(32)


def leaf(key: bytes, count: int, newest: bytes) -> bytes:
    return sha256(b"\x02" + key + count.to_bytes(8, "big") + newest).digest()


def root(heads: Heads, depth: int = 0) -> bytes:
    """The hash of the subtree that holds these keys, which share their first `depth` bits."""
    if not heads:
        return EMPTY
    if len(heads) == 1:
        ((key, (count, newest)),) = heads.items()
        return leaf(key, count, newest)
    left, right = (_side(heads, depth, side) for side in (0, 1))
    return sha256(b"\x03" + root(left, depth + 1) + root(right, depth + 1)).digest()


def proof(heads: Heads, key: bytes, depth: int = 0) -> tuple[list[bytes], tuple[bytes, int, bytes] | None]:
    """The siblings from here downwards, and the leaf at which the path of `key` ends, if any."""
    if len(heads) <= 1:
        return [], next(((met, *head) for met, head in heads.items()), None)
    side = _bit(key, depth)
    siblings, met = proof(_side(heads, depth, side), key, depth + 1)
    return [root(_side(heads, depth, 1 - side), depth + 1), *siblings], met


def _side(heads: Heads, depth: int, side: int) -> Heads:
    return {key: head for key, head in heads.items() if _bit(key, depth) == side}


def _bit(key: bytes, depth: int) -> int:
    return key[depth // 8] >> (7 - depth % 8) & 1

"""RFC 9162 proofs for tests and benchmarks, straight from the definitions of sections 2.1.1 to 2.1.4.

A tree is given by the hashes of its subtrees, `subtree(start, end)` over the leaves from `start` up to `end`, so that
the same lines serve a list of leaves and a tree of 10^9 that nobody holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import sha256

Subtree = Callable[[int, int], bytes]
EMPTY = sha256(b"").digest()


def of_leaves(leaves: Sequence[bytes]) -> Subtree:
    """The tree over these leaf hashes."""

    @cache
    def subtree(start: int, end: int) -> bytes:
        if start == end:
            return EMPTY
        if end - start == 1:
            return leaves[start]
        middle = start + _split(end - start)
        return _node(subtree(start, middle), subtree(middle, end))

    return subtree


def uniform(leaf: bytes = sha256(b"leaf").digest()) -> Subtree:
    """A tree of any size, all of its leaves the same: a subtree's hash follows from its size."""

    @cache
    def of_size(size: int) -> bytes:
        if size == 1:
            return leaf
        return _node(of_size(_split(size)), of_size(size - _split(size)))

    return lambda start, end: of_size(end - start) if end > start else EMPTY


def planted(leaves: Mapping[int, bytes]) -> Subtree:
    """A tree of any size, uniform but for these leaves by their index."""
    plain = uniform()

    def subtree(start: int, end: int) -> bytes:
        if not any(start <= index < end for index in leaves):
            return plain(start, end)
        if end - start == 1:
            return leaves[start]
        middle = start + _split(end - start)
        return _node(subtree(start, middle), subtree(middle, end))

    return subtree


def inclusion(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """PATH(index, D[size]) of section 2.1.3.1."""

    def path(start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + _split(end - start)
        if index < middle:
            return [*path(start, middle), subtree(middle, end)]
        return [*path(middle, end), subtree(start, middle)]

    return path(0, size)


def consistency(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """PROOF(old, D[new]) of section 2.1.4.1; empty where `old` is 0, as `Journal.seal` takes it."""

    def subproof(start: int, end: int, known: bool) -> list[bytes]:
        if old == end:
            return [] if known else [subtree(start, end)]
        middle = start + _split(end - start)
        if old <= middle:
            return [*subproof(start, middle, known), subtree(middle, end)]
        return [*subproof(middle, end, False), subtree(start, middle)]

    return subproof(0, new, True) if old else []


def _split(size: int) -> int:
    """The largest power of two below `size`, at least 2."""
    return int(1 << (size - 1).bit_length() - 1)


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()

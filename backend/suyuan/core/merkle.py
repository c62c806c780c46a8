"""RFC 9162 trees (PROTOCOL section 3), over the hashes of full subtrees, so that nothing is ever rebuilt.

    node(left, right) = SHA-256(0x01 || left || right);  the empty tree is SHA-256("")
    full(height, i)   = the node over the 2^height leaves from i * 2^height on; never changes once it is there

A tree is read through `Nodes`; `Tree` is one in memory, `storage.sealed` keeps one in C2SP tiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Protocol

from suyuan.core.errors import ProofFault

EMPTY_ROOT = sha256(b"").digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


class Nodes(Protocol):
    """Where a tree's hashes are read."""

    def full(self, height: int, i: int) -> bytes:
        """Hash of the full subtree of 2^height leaves from i * 2^height on. Raises ProofFault where it is not there."""


def _subtree(nodes: Nodes, begin: int, end: int) -> bytes:
    """Hash of the leaves from `begin` to `end`, one of the ranges into which RFC 9162 splits."""
    width = end - begin
    if width & (width - 1) == 0:
        return nodes.full(width.bit_length() - 1, begin // width)
    split = 1 << ((width - 1).bit_length() - 1)
    return node(_subtree(nodes, begin, begin + split), _subtree(nodes, begin + split, end))


def root(nodes: Nodes, size: int) -> bytes:
    """The root of the first `size` leaves."""
    return _subtree(nodes, 0, size) if size else EMPTY_ROOT


def inclusion(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """The audit path of leaf `index` in the tree of `size` leaves (RFC 9162 section 2.1.3), nearest sibling first."""
    if not 0 <= index < size:
        raise ProofFault(f"index {index} outside a tree of {size}")
    path: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        split = begin + (1 << ((end - begin - 1).bit_length() - 1))
        if index < split:
            path.append(_subtree(nodes, split, end))
            end = split
        else:
            path.append(_subtree(nodes, begin, split))
            begin = split
    path.reverse()
    return path


class Paths:
    """The audit paths of one size's tree: what many of them share is hashed once."""

    def __init__(self, nodes: Nodes, size: int) -> None:
        self.size = size
        self._nodes = nodes
        peaks: list[tuple[int, bytes]] = []  # (height, hash) of the full subtrees side by side, widest first
        begin = 0
        for height in reversed(range(size.bit_length())):
            if size >> height & 1:
                peaks.append((height, nodes.full(height, begin >> height)))
                begin += 1 << height
        self._ends: dict[int, list[bytes]] = {}  # by a peak's height: what follows when its own root is reached
        rest: list[bytes] = []
        for n, (height, h) in reversed(list(enumerate(peaks))):
            self._ends[height] = rest + [left for _, left in reversed(peaks[:n])]
            rest = [node(h, rest[0]) if rest else h]

    def height(self, index: int) -> int:
        """How many of a leaf's siblings lie in the full subtree that holds it."""
        return (index ^ self.size).bit_length() - 1

    def of(self, index: int) -> list[bytes]:
        """What `inclusion` gives."""
        if not 0 <= index < self.size:
            raise ProofFault(f"index {index} outside a tree of {self.size}")
        height, full = self.height(index), self._nodes.full
        return [full(h, index >> h ^ 1) for h in range(height)] + self._ends[height]


def consistency(nodes: Nodes, old: int, new: int) -> list[bytes]:
    """The proof that the tree of `old` leaves is a prefix of that of `new` (RFC 9162 section 2.1.4)."""
    if not 0 < old <= new:
        raise ProofFault(f"no consistency proof from {old} to {new}")
    path: list[bytes] = []
    begin, end, whole = 0, new, True
    while old != end:
        split = begin + (1 << ((end - begin - 1).bit_length() - 1))
        if old <= split:
            path.append(_subtree(nodes, split, end))
            end = split
        else:
            path.append(_subtree(nodes, begin, split))
            begin, whole = split, False
    if not whole:
        path.append(_subtree(nodes, begin, end))
    path.reverse()
    return path


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that an audit path leads to (RFC 9162 section 2.1.3.2).

    Raises ProofFault for a path of the wrong length.
    """
    _check_hashes([leaf, *proof])
    if not 0 <= index < size:
        raise ProofFault(f"index {index} outside a tree of {size}")
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        if sn == 0:
            raise ProofFault(f"inclusion proof of {len(proof)} hashes is too long for {index} of {size}")
        if fn & 1 or fn == sn:
            r = node(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node(r, p)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise ProofFault(f"inclusion proof of {len(proof)} hashes is too short for {index} of {size}")
    return r


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Returns if the leaf is in the tree at its index. Raises ProofFault."""
    met = root_from_inclusion(leaf, index, size, proof)
    if met != root:
        raise ProofFault(f"inclusion of {index} in {size} leads to {met.hex()}, expected {root.hex()}")


def check_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Returns if the tree of `old` leaves is a prefix of that of `new`. Raises ProofFault."""
    if not 0 < old <= new:
        raise ProofFault(f"sizes {old} and {new} prove nothing")
    if old == new:
        if proof or old_root != new_root:
            raise ProofFault(f"one size, {len(proof)} hashes, roots {old_root.hex()} and {new_root.hex()}")
        return
    _check_hashes([old_root, new_root, *proof])
    if not proof:
        raise ProofFault(f"no proof from {old} to {new}")
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            raise ProofFault(f"consistency proof of {len(proof)} hashes is too long for {old} to {new}")
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    if sn or fr != old_root or sr != new_root:
        raise ProofFault(
            f"{old} to {new} leads to {fr.hex()} and {sr.hex()}, expected {old_root.hex()} and {new_root.hex()}"
        )


def _check_hashes(hashes: Iterable[bytes]) -> None:
    for h in hashes:
        if len(h) != 32:
            raise ProofFault(f"a hash has 32 bytes, met {len(h)}")


class Tree:
    """A whole tree in memory, appended to leaf by leaf: an auditor's, a batch's items, a test's. Is its own `Nodes`."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        self.extend(leaves)

    def __len__(self) -> int:
        return len(self._levels[0])

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Appends leaf hashes; O(1) hashes each."""
        self._levels[0].extend(leaves)
        height = 0
        while len(self._levels[height]) > 1:
            if len(self._levels) == height + 1:
                self._levels.append([])
            below, row = self._levels[height], self._levels[height + 1]
            for i in range(2 * len(row), len(below) - 1, 2):
                row.append(sha256(b"\x01" + below[i] + below[i + 1]).digest())
            height += 1

    def full(self, height: int, i: int) -> bytes:
        if height >= len(self._levels) or i >= len(self._levels[height]):
            raise ProofFault(f"no full subtree {i} of height {height} in a tree of {len(self)}")
        return self._levels[height][i]

    def root(self, size: int | None = None) -> bytes:
        """The root of the first `size` leaves (all, unless told)."""
        return root(self, len(self) if size is None else size)


def rows(hashes: bytes, height: int) -> tuple[bytes, ...]:
    """Hashes back to back, and above them the full subtrees over them, row by row, up to a height."""
    made = [hashes]
    for _ in range(height):
        below = made[-1]
        pairs = range(0, len(below) - 63, 64)
        made.append(b"".join([sha256(b"\x01" + below[i : i + 64]).digest() for i in pairs]))
    return tuple(made)


class Packed:
    """A finished tree in memory that takes 64 bytes a leaf. Is its own `Nodes`."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        hashes = b"".join(leaves)
        self.size = len(hashes) // 32
        self._rows = rows(hashes, self.size.bit_length())

    def full(self, height: int, i: int) -> bytes:
        h = self._rows[height][32 * i : 32 * i + 32]
        if not h:
            raise ProofFault(f"no full subtree {i} of height {height} in a tree of {self.size}")
        return h


class Frontier:
    """A tree that keeps only what its root needs: the roots of its full subtrees, widest first.

    `size` and `peaks`: from where it goes on.
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        heights = [height for height in reversed(range(size.bit_length())) if size >> height & 1]
        self._subtrees = list(zip(heights, peaks, strict=True))  # (height, hash)
        self.size = size

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The roots of the full subtrees, widest first."""
        return tuple(h for _, h in self._subtrees)

    def append(self, leaf: bytes) -> None:
        """Appends a leaf hash."""
        height, h = 0, leaf
        while self._subtrees and self._subtrees[-1][0] == height:
            h = sha256(b"\x01" + self._subtrees.pop()[1] + h).digest()
            height += 1
        self._subtrees.append((height, h))
        self.size += 1

    def root(self) -> bytes:
        """The root of all leaves so far."""
        if not self._subtrees:
            return EMPTY_ROOT
        h = self._subtrees[-1][1]
        for _, left in reversed(self._subtrees[:-1]):
            h = node(left, h)
        return h

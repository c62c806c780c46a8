"""The heads map: each subject's key to how many entries it has and its newest leaf (PROTOCOL section 4).

    leaf  = SHA-256(0x02 || key || count (8) || newest leaf)
    node  = SHA-256(0x03 || left || right)
    empty = 32 zero bytes
    A subtree with exactly one key is that key's leaf, at whatever depth; with none it is empty.

Kept as 65,536 buckets, one for each first two bytes of a key, under a fixed tree of 16 levels: a change costs its
bucket and 16 nodes, whatever the number of subjects. A bucket is its records in the order of their keys, back to back:

    record = key (32) || count (8) || newest leaf (32)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from suyuan.core.errors import ProofFault

EMPTY = bytes(32)
RECORD = 72
TOP = 16
BUCKETS = 1 << TOP
_MAX_SIBLINGS = 256
_ONE = 1
_MANY = 2


def leaf_hash(record: bytes) -> bytes:
    """The map's leaf of a 72-byte record."""
    return sha256(b"\x02" + record).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return sha256(b"\x03" + left + right).digest()


def bucket_of(key: bytes) -> int:
    """The number of the bucket that holds a key."""
    return key[0] << 8 | key[1]


def _bit(key: bytes, depth: int) -> int:
    return key[depth >> 3] >> (7 - (depth & 7)) & 1


@dataclass(frozen=True, slots=True)
class Met:
    """A leaf at which a path ends."""

    key: bytes
    count: int
    leaf: bytes

    def record(self) -> bytes:
        return self.key + self.count.to_bytes(8, "big") + self.leaf


@dataclass(frozen=True, slots=True)
class HeadProof:
    """Siblings from the root downwards, and the leaf that the path ends at, if any."""

    siblings: tuple[bytes, ...]
    met: Met | None


def check(key: bytes, proof: HeadProof, root: bytes) -> None:
    """Returns if the proof leads from what was met to the root; whether `met` is the key's own is the caller's to see.

    Raises ProofFault.
    """
    depth = len(proof.siblings)
    if depth > _MAX_SIBLINGS:
        raise ProofFault(f"{depth} siblings, at most {_MAX_SIBLINGS}")
    if any(len(h) != 32 for h in (key, root, *proof.siblings)):
        raise ProofFault("a hash that has not 32 bytes")
    if depth and proof.siblings[-1] == EMPTY:
        raise ProofFault("the last sibling is empty: one key by itself, or none, is no node")
    met = proof.met
    if met is None:
        h = EMPTY
    else:
        if len(met.key) != 32 or len(met.leaf) != 32 or not 0 < met.count < 2**64:
            raise ProofFault(f"no leaf of a heads map: {met}")
        if any(_bit(met.key, d) != _bit(key, d) for d in range(depth)):
            raise ProofFault(f"met {met.key.hex()}, which is not on the path of {key.hex()}")
        h = leaf_hash(met.record())
    for d in reversed(range(depth)):
        sibling = proof.siblings[d]
        h = node(sibling, h) if _bit(key, d) else node(h, sibling)
    if h != root:
        raise ProofFault(f"heads proof leads to {h.hex()}, expected {root.hex()}")


def _records(bucket: bytes) -> list[bytes]:
    return [bucket[i : i + RECORD] for i in range(0, len(bucket), RECORD)]


def _hash(records: Sequence[bytes], depth: int) -> bytes:
    """Hash of the subtree at `depth` over records in order."""
    if not records:
        return EMPTY
    if len(records) == 1:
        return leaf_hash(records[0])
    split = _split(records, depth)
    return node(_hash(records[:split], depth + 1), _hash(records[split:], depth + 1))


def _split(records: Sequence[bytes], depth: int) -> int:
    """How many of the records, in order, have a 0 at `depth`."""
    low, high = 0, len(records)
    while low < high:
        middle = (low + high) // 2
        if _bit(records[middle], depth):
            high = middle
        else:
            low = middle + 1
    return low


def merge(bucket: bytes, changes: Iterable[Met]) -> bytes:
    """The bucket with these heads put in or replaced."""
    records = {record[:32]: record for record in _records(bucket)}
    records.update((met.key, met.record()) for met in changes)
    return b"".join(records[key] for key in sorted(records))


@dataclass(frozen=True, slots=True)
class Summary:
    """What the top tree keeps of a bucket: how many keys (0, 1 or many), and the hash of its subtree."""

    keys: int
    hash: bytes


def summarise(bucket: bytes) -> Summary:
    """The summary of a bucket's records."""
    return Summary(min(len(bucket) // RECORD, _MANY), _hash(_records(bucket), TOP))


class HeadsMap:
    """The whole map's top tree, over buckets that `load` reads when a proof or a change needs them. Not for two threads
    at once; `copy` is cheap (4 MB).
    """

    def __init__(self, load: Callable[[int], bytes]) -> None:
        self._load = load
        # node i has children 2i and 2i+1; 1 is the root, BUCKETS + b is bucket b
        self._keys = bytearray(2 * BUCKETS)
        self._hashes = bytearray(2 * BUCKETS * 32)

    def copy(self, load: Callable[[int], bytes]) -> HeadsMap:
        """A copy of its own, over other buckets."""
        other = HeadsMap.__new__(HeadsMap)
        other._load = load
        other._keys, other._hashes = self._keys[:], self._hashes[:]
        return other

    @property
    def root(self) -> bytes:
        return self._hash(1)

    def _hash(self, i: int) -> bytes:
        return bytes(self._hashes[32 * i : 32 * i + 32])

    def place(self, summaries: Mapping[int, Summary]) -> None:
        """Takes buckets' new summaries and brings every node above them up to date, each once."""
        dirty = set()
        for bucket, summary in summaries.items():
            i = BUCKETS + bucket
            self._keys[i] = summary.keys
            self._hashes[32 * i : 32 * i + 32] = summary.hash
            dirty.add(i >> 1)
        while dirty:
            for i in dirty:
                left, right = self._keys[2 * i], self._keys[2 * i + 1]
                if left + right <= _ONE:
                    h = self._hash(2 * i if left else 2 * i + 1)
                else:
                    h = node(self._hash(2 * i), self._hash(2 * i + 1))
                self._keys[i] = min(left + right, _MANY)
                self._hashes[32 * i : 32 * i + 32] = h
            dirty = {i >> 1 for i in dirty if i > 1}

    def update(self, changes: Iterable[Met]) -> dict[int, bytes]:
        """Puts heads in; gives the buckets that changed, for the caller to keep (`load` answers them from then on)."""
        by_bucket: dict[int, list[Met]] = {}
        for met in changes:
            by_bucket.setdefault(bucket_of(met.key), []).append(met)
        buckets = {b: merge(self._load(b), mets) for b, mets in by_bucket.items()}
        self.place({b: summarise(records) for b, records in buckets.items()})
        return buckets

    def prove(self, key: bytes, load: Callable[[int], bytes] | None = None) -> HeadProof:
        """The proof of a key's head, or of its absence. `load`: where buckets are read this once, if not as ever."""
        load = load or self._load
        siblings: list[bytes] = []
        bucket, hashes = BUCKETS + bucket_of(key), self._hashes
        for above in range(TOP, 0, -1):
            if self._keys[bucket >> above] <= _ONE:
                return HeadProof(tuple(siblings), self._only(bucket >> above, load))
            at = 32 * (bucket >> above - 1 ^ 1)
            siblings.append(bytes(hashes[at : at + 32]))
        records = _records(load(bucket - BUCKETS))
        depth = TOP
        while len(records) > 1:
            split = _split(records, depth)
            zeros, ones = records[:split], records[split:]
            mine, other = (ones, zeros) if _bit(key, depth) else (zeros, ones)
            siblings.append(_hash(other, depth + 1))
            records, depth = mine, depth + 1
        return HeadProof(tuple(siblings), _met(records[0]) if records else None)

    def _only(self, i: int, load: Callable[[int], bytes]) -> Met | None:
        """The one leaf below node i, if there is one."""
        if not self._keys[i]:
            return None
        while i < BUCKETS:
            i = 2 * i + (not self._keys[2 * i])
        return _met(load(i - BUCKETS))


def _met(record: bytes) -> Met:
    return Met(record[:32], int.from_bytes(record[32:40], "big"), record[40:])


def in_memory() -> tuple[HeadsMap, dict[int, bytes]]:
    """A map with its buckets in a dict: an auditor's, a test's. After `update`, put what it gives into the dict."""
    buckets: dict[int, bytes] = {}
    return HeadsMap(lambda b: buckets.get(b, b"")), buckets

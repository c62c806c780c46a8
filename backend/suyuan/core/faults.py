"""What an operator can be proven to have done (PROTOCOL section 10), as `contracts/libraries/Faults.sol` judges it.

Pure: whether an entry is in a seal's tree, and a head in its map, is for who asks to have checked. Nothing here says
yes of entries and heads that were written by the rules.

The searches look at every pair that could matter by way of its key, its place or its leaf: their cost grows with what
is given, not with its square.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from suyuan.core import entries, heads, merkle, tally
from suyuan.core.entries import Header
from suyuan.core.errors import ProofFault
from suyuan.core.heads import Met
from suyuan.core.proof import Seal
from suyuan.core.statements import Receipt

_DEEPEST = 256  # siblings in a proof of the heads map


@dataclass(frozen=True, slots=True)
class Exhibit:
    """An entry of the journal: its header, leaf hash and index. `number`: of the oldest seal known to hold it."""

    header: Header
    leaf: bytes
    index: int
    number: int

    @classmethod
    def of(cls, raw: bytes, index: int, number: int) -> Exhibit:
        """From an encoded header. Raises Malformed for another length."""
        return cls(entries.decode(raw), entries.leaf(raw), index, number)


@dataclass(frozen=True, slots=True)
class HeadExhibit:
    """What the path of `key` ends at in a seal's heads map: its own head, another key's, or nothing."""

    seal: Seal
    key: bytes
    end: Met | None
    siblings: tuple[bytes, ...]

    @property
    def count(self) -> int:
        """How many entries of the key the map knows of."""
        return self.end.count if self.end is not None and self.end.key == self.key else 0


# -- what one, or two, prove


def proven(head: HeadExhibit) -> bool:
    """Whether the seal's map has that end on the key's path, as the contract climbs it.

    `heads.check` also refuses an empty last sibling, which no honest map has: sealed by another, it still proves.
    """
    end, siblings = head.end, head.siblings
    depth = len(siblings)
    if depth > _DEEPEST:
        return False
    if end is not None:
        if not 0 < end.count < 2**64 or _prefix(end.key, depth) != _prefix(head.key, depth):
            return False
        met = heads.leaf_hash(end.record())
    else:
        met = heads.EMPTY
    path = int.from_bytes(head.key, "big")
    for at in reversed(range(depth)):
        right = path >> (255 - at) & 1
        met = heads.node(siblings[at], met) if right else heads.node(met, siblings[at])
    return met == head.seal.heads


def omitted(one: Exhibit, head: HeadExhibit) -> bool:
    """Whether a head of the entry's own key, of the same or a later seal, leaves the entry out."""
    if one.header.seq >= head.count:
        return True
    return head.end is not None and one.header.seq == head.count - 1 and one.leaf != head.end.leaf


def forked(first: Exhibit, second: Exhibit | None = None) -> bool:
    """Whether the first of a stream names one before it; or two of a stream are different and have one place, or the
    second comes next and names another as the one before it.
    """
    a = first.header
    if second is None:
        return a.seq == 0 and a.prev != entries.ZERO
    b = second.header
    if a.key != b.key:
        return False
    if a.seq == b.seq:
        return first.leaf != second.leaf
    return b.seq - 1 == a.seq and b.prev != first.leaf


def misstepped(first: Exhibit, second: Exhibit | None = None) -> bool:
    """Whether an entry's version is not 1, or it is the first of its stream and its state does not follow from zeros;
    or the second lies further on and was accepted earlier, or names the first and has a state that does not follow.
    """
    a = first.header
    if second is None:
        return a.version != entries.VERSION or (a.seq == 0 and not _follows(tally.ZERO, a))
    b = second.header
    if first.index < second.index and a.at > b.at:
        return True
    return b.prev == first.leaf and not _follows(a.state, b)


def _follows(before: bytes, header: Header) -> bool:
    try:
        return tally.step(before, header.kind, header.arg) == header.state
    except ProofFault:
        return False


def _prefix(key: bytes, depth: int) -> int:
    return int.from_bytes(key, "big") >> (256 - depth)


# -- searches


def find_omissions(shown: Iterable[Exhibit], told: Iterable[HeadExhibit]) -> Iterator[tuple[Exhibit, HeadExhibit]]:
    """An entry that it leaves out, for each head that leaves one out."""
    streams = _by_key(shown)
    for head in told:
        stream = streams.get(head.key)
        if stream is not None and (one := stream.omitted(head)) is not None:
            yield one, head


class _Stream:
    """One key's exhibits, oldest seal first; at each place those with the two oldest leaves."""

    def __init__(self, shown: Sequence[Exhibit]) -> None:
        in_order = sorted(shown, key=lambda one: (one.number, one.index))
        self._numbers = [one.number for one in in_order]
        self._furthest = list(accumulate(in_order, _further))
        self._at: dict[int, list[Exhibit]] = defaultdict(list)
        for one in in_order:
            _add(self._at[one.header.seq], one)

    def omitted(self, head: HeadExhibit) -> Exhibit | None:
        known = bisect_right(self._numbers, head.seal.number)
        candidates = [self._furthest[known - 1]] if known else []
        candidates += [one for one in self._at.get(head.count - 1, ()) if one.number <= head.seal.number]
        return next((one for one in candidates if omitted(one, head)), None)


def _further(a: Exhibit, b: Exhibit) -> Exhibit:
    return b if b.header.seq > a.header.seq else a


def _by_key(shown: Iterable[Exhibit]) -> dict[bytes, _Stream]:
    by: dict[bytes, list[Exhibit]] = defaultdict(list)
    for one in shown:
        by[one.header.key].append(one)
    return {key: _Stream(group) for key, group in by.items()}


def _add(group: list[Exhibit], one: Exhibit) -> None:
    """Two with different leaves are enough: whatever a third contradicts, one of them does."""
    if len(group) < 2 and all(other.leaf != one.leaf for other in group):
        group.append(one)


def find_forks(shown: Iterable[Exhibit]) -> Iterator[tuple[Exhibit, ...]]:
    """One or two entries for each place in a stream at which it forks."""
    places: dict[tuple[bytes, int], list[Exhibit]] = defaultdict(list)
    given = list(shown)
    for one in given:
        _add(places[one.header.key, one.header.seq], one)
    for first, *others in places.values():
        for second in others:
            yield first, second
    for one in given:
        if forked(one):
            yield (one,)
        for before in places.get((one.header.key, one.header.seq - 1), ()):
            if forked(before, one):
                yield before, one
                break


def find_missteps(shown: Iterable[Exhibit]) -> Iterator[tuple[Exhibit, ...]]:
    """One or two entries for each whose version, state or time does not follow."""
    in_order = sorted(shown, key=lambda one: one.index)
    by_leaf = {one.leaf: one for one in in_order}
    latest: Exhibit | None = None
    for one in in_order:
        before = by_leaf.get(one.header.prev)
        if misstepped(one):
            yield (one,)
        elif latest is not None and misstepped(latest, one):
            yield latest, one
        elif before is not None and misstepped(before, one):
            yield before, one
        if latest is None or one.header.at > latest.header.at:
            latest = one


# -- receipts


@dataclass(frozen=True, slots=True)
class Promised:
    """The leaf that a receipt promised, the `place`th of its run, with its proof in the receipt's `leaves`."""

    place: int
    leaf: bytes
    proof: tuple[bytes, ...]


def broken(receipt: Receipt, said: Mapping[int, bytes], found: Mapping[int, bytes]) -> Promised | None:
    """The first leaf of a receipt's run that is another one where it is found.

    `said`: leaves, by index, that were shown while they waited; `found`: those that a seal has, of the whole run. A run
    of one is its own leaf; of a longer one each leaf has to be known, from one or the other, or nothing can be told.
    """
    run = range(receipt.index, receipt.index + receipt.count)
    promised = [receipt.leaves] if receipt.count == 1 else [said.get(index, found[index]) for index in run]
    tree = merkle.Tree(promised)
    if tree.root() != receipt.leaves:
        return None
    for place, (index, leaf) in enumerate(zip(run, promised, strict=True)):
        if found[index] != leaf:
            return Promised(place, leaf, tuple(merkle.inclusion(tree, place, receipt.count)))
    return None


def covering(receipt: Receipt, seals: Sequence[Seal]) -> tuple[Seal | None, Seal | None]:
    """Of all seals, in order: the last that does not cover a receipt's run, and the first that does."""
    first = bisect_left(seals, receipt.index + receipt.count, key=lambda seal: seal.size)
    return seals[first - 1] if first else None, seals[first] if first < len(seals) else None


def late(receipt: Receipt, seals: Sequence[Seal], now: int) -> bool:
    """Whether the first seal to cover a receipt's run came after `seal_by`; or it is past that, `now`, and none did."""
    _, cover = covering(receipt, seals)
    return (now if cover is None else cover.sealed_at) > receipt.seal_by

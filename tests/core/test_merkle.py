"""Trees, frontiers and proofs, held against RFC 9162 as it defines them: recursively, over lists of leaves."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.core import merkle
from suyuan.core.errors import ProofFault

SIZES = st.integers(1, 70)


def leaves_of(size: int) -> list[bytes]:
    return [sha256(i.to_bytes(4, "big")).digest() for i in range(size)]


def split(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def mth(d: list[bytes]) -> bytes:
    if not d:
        return sha256(b"").digest()
    if len(d) == 1:
        return d[0]
    k = split(len(d))
    return sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


def path(m: int, d: list[bytes]) -> list[bytes]:
    if len(d) == 1:
        return []
    k = split(len(d))
    return [*path(m, d[:k]), mth(d[k:])] if m < k else [*path(m - k, d[k:]), mth(d[:k])]


def subproof(m: int, d: list[bytes], whole: bool) -> list[bytes]:
    if m == len(d):
        return [] if whole else [mth(d)]
    k = split(len(d))
    return [*subproof(m, d[:k], whole), mth(d[k:])] if m <= k else [*subproof(m - k, d[k:], False), mth(d[:k])]


def flip(h: bytes, bit: int) -> bytes:
    return (int.from_bytes(h, "big") ^ 1 << bit % (8 * len(h))).to_bytes(len(h), "big")


def holds(check: Callable[[], None]) -> bool:
    try:
        check()
    except ProofFault:
        return False
    return True


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert sha256(b"").digest() == merkle.EMPTY_ROOT == merkle.Tree().root() == merkle.Frontier().root()


def test_tree_and_frontier_have_the_defined_root_at_every_size() -> None:
    leaves = leaves_of(130)
    tree, frontier = merkle.Tree(leaves), merkle.Frontier()
    for size, leaf in enumerate(leaves, 1):
        frontier.append(leaf)
        assert (size, mth(leaves[:size])) == (frontier.size, frontier.root())
        assert mth(leaves[:size]) == tree.root(size)


@given(st.lists(st.integers(0, 20), max_size=8))
def test_a_tree_grows_in_steps_as_at_once(steps: list[int]) -> None:
    leaves = leaves_of(sum(steps))
    tree, done = merkle.Tree(), 0
    for step in steps:
        tree.extend(leaves[done : done + step])
        done += step
    assert (len(leaves), mth(leaves)) == (len(tree), tree.root())


@given(SIZES, st.data())
def test_inclusion_is_proven_as_defined(size: int, data: st.DataObject) -> None:
    leaves, index = leaves_of(size), data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion(merkle.Tree(leaves_of(70)), index, size)
    assert path(index, leaves) == proof
    merkle.check_inclusion(leaves[index], index, size, proof, mth(leaves))


@given(SIZES, st.data())
def test_consistency_is_proven_as_defined(new: int, data: st.DataObject) -> None:
    leaves, old = leaves_of(new), data.draw(st.integers(1, new))
    proof = merkle.consistency(merkle.Tree(leaves_of(70)), old, new)
    assert subproof(old, leaves, True) == proof
    merkle.check_consistency(old, mth(leaves[:old]), new, mth(leaves), proof)


@given(SIZES, st.data())
def test_an_inclusion_proof_bent_anywhere_is_refused(size: int, data: st.DataObject) -> None:
    leaves, index = leaves_of(size), data.draw(st.integers(0, size - 1))
    proof, root = path(index, leaves), mth(leaves)
    bit, at = data.draw(st.integers(0, 255)), data.draw(st.integers(0, max(0, len(proof) - 1)))
    other = data.draw(st.integers(0, 80).filter(lambda i: i != index))
    bent = {
        "leaf": (flip(leaves[index], bit), index, size, proof, root),
        "root": (leaves[index], index, size, proof, flip(root, bit)),
        "index": (leaves[index], other, size, proof, root),
        "negative": (leaves[index], -1 - index, size, proof, root),
        "no tree": (leaves[index], index, 0, proof, root),
        "longer": (leaves[index], index, size, [*proof, root], root),
        "begun earlier": (leaves[index], index, size, [root, *proof], root),
        "short leaf": (leaves[index][:31], index, size, proof, root),
    }
    if proof:
        bent["flipped"] = (leaves[index], index, size, [*proof[:at], flip(proof[at], bit), *proof[at + 1 :]], root)
        bent["dropped"] = (leaves[index], index, size, [*proof[:at], *proof[at + 1 :]], root)
        bent["doubled"] = (leaves[index], index, size, [*proof[:at], proof[at], *proof[at:]], root)
        bent["short"] = (leaves[index], index, size, [*proof[:at], proof[at][:31], *proof[at + 1 :]], root)
    assert [] == [name for name, values in bent.items() if holds(lambda v=values: merkle.check_inclusion(*v))]


@given(st.integers(2, 70), st.data())
def test_a_consistency_proof_bent_anywhere_is_refused(new: int, data: st.DataObject) -> None:
    leaves, old = leaves_of(new), data.draw(st.integers(1, new - 1))
    proof, before, after = subproof(old, leaves, True), mth(leaves[:old]), mth(leaves)
    bit, at = data.draw(st.integers(0, 255)), data.draw(st.integers(0, len(proof) - 1))
    bent = {
        "old root": (old, flip(before, bit), new, after, proof),
        "new root": (old, before, new, flip(after, bit), proof),
        "swapped": (old, after, new, before, proof),
        "backwards": (new, after, old, before, proof),
        "nothing before": (0, merkle.EMPTY_ROOT, new, after, proof),
        "one size": (new, before, new, after, []),
        "no proof": (old, before, new, after, []),
        "longer": (old, before, new, after, [*proof, after]),
        "begun earlier": (old, before, new, after, [before, *proof]),
        "flipped": (old, before, new, after, [*proof[:at], flip(proof[at], bit), *proof[at + 1 :]]),
        "dropped": (old, before, new, after, [*proof[:at], *proof[at + 1 :]]),
        "doubled": (old, before, new, after, [*proof[:at], proof[at], *proof[at:]]),
        "short": (old, before, new, after, [*proof[:at], proof[at][:31], *proof[at + 1 :]]),
    }
    assert [] == [name for name, values in bent.items() if holds(lambda v=values: merkle.check_consistency(*v))]


def test_one_size_is_consistent_with_itself_by_no_proof() -> None:
    root = mth(leaves_of(5))
    merkle.check_consistency(5, root, 5, root, [])
    with pytest.raises(ProofFault):
        merkle.check_consistency(5, root, 5, root, [root])


@pytest.mark.parametrize("index", [-1, 5, 6])
def test_no_proof_is_made_of_what_is_outside(index: int) -> None:
    with pytest.raises(ProofFault):
        merkle.inclusion(merkle.Tree(leaves_of(5)), index, 5)


def test_no_proof_is_made_of_a_tree_that_is_not_there() -> None:
    tree = merkle.Tree(leaves_of(5))
    with pytest.raises(ProofFault):
        merkle.inclusion(tree, 0, 9)
    with pytest.raises(ProofFault):
        merkle.consistency(tree, 3, 9)
    for old, new in ((0, 5), (5, 4)):
        with pytest.raises(ProofFault):
            merkle.consistency(tree, old, new)


def test_sizes_beyond_any_tree_are_judged_all_the_same() -> None:
    size = 2**60
    root = sha256(b"leaf").digest()
    proof = [bytes((i,)) * 32 for i in range(60)]
    met = merkle.root_from_inclusion(root, size - 1, size, proof)
    merkle.check_inclusion(root, size - 1, size, proof, met)
    with pytest.raises(ProofFault):
        merkle.check_inclusion(root, size - 1, size, proof[1:], met)


@given(SIZES)
def test_paths_and_packed_trees_give_what_inclusion_gives(size: int) -> None:
    leaves = leaves_of(size)
    tree, packed = merkle.Tree(leaves), merkle.Packed(leaves)
    paths = merkle.Paths(packed, size)
    assert [paths.of(i) for i in range(size)] == [merkle.inclusion(tree, i, size) for i in range(size)]
    before = merkle.Paths(packed, size // 2)
    assert [before.of(i) for i in range(size // 2)] == [merkle.inclusion(tree, i, size // 2) for i in range(size // 2)]


def test_a_path_of_no_leaf_is_refused() -> None:
    packed = merkle.Packed(leaves_of(5))
    for index in (-1, 5):
        with pytest.raises(ProofFault):
            merkle.Paths(packed, 5).of(index)
    with pytest.raises(ProofFault):
        merkle.Paths(packed, 6)

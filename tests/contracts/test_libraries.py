"""Rfc9162, HeadsMap and EntryHeader against the definitions, with every way to bend a proof."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from web3.contract import Contract

from contracts import heads_reference
from contracts.nodes import Node, Refused
from proof_trees import EMPTY, consistency, inclusion, of_leaves, uniform

LEAVES = [sha256(bytes([i])).digest() for i in range(70)]
TREE = of_leaves(LEAVES)
FEW = settings(max_examples=30, deadline=None)
hashes = st.binary(min_size=32, max_size=32)


def bent(proof: list[bytes]) -> list[list[bytes]]:
    """The proof cut, padded at either end, with two hashes swapped, and with a bit flipped in each hash."""
    changed = [[*proof, bytes(32)], [bytes(32), *proof], [*proof, *proof[-1:]], [*proof, EMPTY, EMPTY]]
    if proof:
        changed += [proof[:-1], proof[1:], []]
    if len(proof) > 1:
        changed.append([proof[1], proof[0], *proof[2:]])
    changed += [[*proof[:i], bytes([proof[i][0] ^ 1]) + proof[i][1:], *proof[i + 1 :]] for i in range(len(proof))]
    return [other for other in changed if other != proof]


def included(harness: Contract, leaf: bytes, index: int, proof: list[bytes], size: int, root: bytes) -> bool:
    return bool(harness.functions.included(leaf, index, proof, size, root).call())


def consistent(harness: Contract, old: int, old_root: bytes, new: int, new_root: bytes, proof: list[bytes]) -> bool:
    return bool(harness.functions.consistent(old, old_root, new, new_root, proof).call())


def test_included_holds_for_every_leaf_of_small_trees(harness: Contract) -> None:
    for size in range(1, 9):
        for index in range(size):
            proof = inclusion(index, size, TREE)
            assert included(harness, LEAVES[index], index, proof, size, TREE(0, size))


def test_included_of_an_index_outside_is_false(harness: Contract) -> None:
    assert not included(harness, LEAVES[0], 0, [], 0, EMPTY)
    assert not included(harness, EMPTY, 0, [], 0, EMPTY)
    assert not included(harness, LEAVES[0], 1, [], 1, LEAVES[0])
    assert not included(harness, LEAVES[0], 2**64 - 1, [], 1, LEAVES[0])


def test_included_holds_at_the_greatest_size(harness: Contract) -> None:
    size, tree = 2**64 - 1, uniform(LEAVES[0])
    for index in (0, 2**63 - 1, 2**63, size - 1):
        assert included(harness, LEAVES[0], index, inclusion(index, size, tree), size, tree(0, size))


@FEW
@given(size=st.integers(1, len(LEAVES)), data=st.data())
def test_included_refuses_what_was_bent(harness: Contract, size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion(index, size, TREE), TREE(0, size)
    assert included(harness, LEAVES[index], index, proof, size, root)

    wrong = data.draw(st.sampled_from(bent(proof)))
    assert not included(harness, LEAVES[index], index, wrong, size, root)
    assert not included(harness, LEAVES[index - 1], index, proof, size, root) or size == 1
    assert not included(harness, LEAVES[index], index, proof, size, LEAVES[-1] if size > 1 else EMPTY)
    elsewhere = data.draw(st.integers(0, 2**64 - 1).filter(lambda other: other != index))
    assert not included(harness, LEAVES[index], elsewhere, proof, size, root)


def test_consistent_holds_between_all_small_trees(harness: Contract) -> None:
    for new in range(1, 9):
        for old in range(1, new + 1):
            proof = consistency(old, new, TREE)
            assert consistent(harness, old, TREE(0, old), new, TREE(0, new), proof)


def test_consistent_from_the_empty_tree_is_false(harness: Contract) -> None:
    assert not consistent(harness, 0, EMPTY, 0, EMPTY, [])
    assert not consistent(harness, 0, EMPTY, 1, LEAVES[0], [])
    assert not consistent(harness, 0, EMPTY, 2, TREE(0, 2), [LEAVES[0], LEAVES[1]])


def test_consistent_of_equal_sizes_takes_the_empty_proof_alone(harness: Contract) -> None:
    for size in (1, 2, 3, 2**64 - 1):
        root = LEAVES[0]
        assert consistent(harness, size, root, size, root, [])
        assert not consistent(harness, size, root, size, LEAVES[1], [])
        assert not consistent(harness, size, root, size, root, [root])


def test_consistent_of_a_shrunk_tree_is_false(harness: Contract) -> None:
    assert not consistent(harness, 3, TREE(0, 3), 2, TREE(0, 2), [])
    assert not consistent(harness, 3, TREE(0, 3), 2, TREE(0, 2), consistency(2, 3, TREE))


def test_consistent_without_a_proof_is_false(harness: Contract) -> None:
    for old, new in ((1, 2), (2, 3), (3, 4), (4, 8), (5, 7)):
        assert not consistent(harness, old, TREE(0, old), new, TREE(0, new), [])
        assert not consistent(harness, old, TREE(0, old), new, TREE(0, old), [])


@pytest.mark.parametrize("old", [1, 2**29, 2**30 - 1, 10**9, 2**63 - 1, 2**63, 2**64 - 3])
def test_consistent_holds_between_great_trees(harness: Contract, old: int) -> None:
    tree = uniform()
    for new in (old + 1, old + 2, 2**64 - 1):
        proof = consistency(old, new, tree)
        assert consistent(harness, old, tree(0, old), new, tree(0, new), proof)
        assert not consistent(harness, old, tree(0, old), new, tree(0, new), proof[:-1])
        assert not consistent(harness, old, tree(0, old), new, tree(0, new), [*proof, EMPTY])


@FEW
@given(new=st.integers(2, len(LEAVES)), data=st.data())
def test_consistent_refuses_what_was_bent(harness: Contract, new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new - 1))
    proof, roots = consistency(old, new, TREE), (TREE(0, old), TREE(0, new))
    assert consistent(harness, old, roots[0], new, roots[1], proof)

    wrong = data.draw(st.sampled_from(bent(proof)))
    assert not consistent(harness, old, roots[0], new, roots[1], wrong)
    assert not consistent(harness, old, EMPTY, new, roots[1], proof)
    assert not consistent(harness, old, roots[0], new, EMPTY, proof)
    assert not consistent(harness, old, roots[1], new, roots[0], proof)


@FEW
@given(new=st.integers(2, len(LEAVES)), data=st.data())
def test_consistent_refuses_a_rewritten_past(harness: Contract, new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new - 1))
    changed = data.draw(st.integers(0, old - 1))
    rewritten = of_leaves([*LEAVES[:changed], EMPTY, *LEAVES[changed + 1 :]])
    for proof in (consistency(old, new, TREE), consistency(old, new, rewritten)):
        assert not consistent(harness, old, TREE(0, old), new, rewritten(0, new), proof)


def close_keys(base: bytes) -> list[bytes]:
    """Keys that share 0, 1, 7, 8, 200 and 255 bits with the base."""
    number = int.from_bytes(base, "big")
    return [(number ^ 1 << 255 - shared).to_bytes(32, "big") for shared in (0, 1, 7, 8, 200, 255)]


@FEW
@given(base=hashes, keys=st.sets(hashes, max_size=6), count=st.integers(1, 2**64 - 1), data=st.data())
def test_present_and_absent_hold_for_the_map_and_nothing_else(
    harness: Contract, base: bytes, keys: set[bytes], count: int, data: st.DataObject
) -> None:
    keys |= set(data.draw(st.lists(st.sampled_from(close_keys(base)), max_size=3)))
    heads = {key: (count, sha256(key).digest()) for key in sorted(keys)}
    root = heads_reference.root(heads)
    siblings, met = heads_reference.proof(heads, base)
    there = base in heads
    head = (base, *heads.get(base, (count, bytes(32))))
    nothing: tuple[Any, ...] = (bytes(32), 0, bytes(32))

    assert there == present(harness, head, siblings, root)
    assert (not there) == absent(harness, base, met or nothing, siblings, root)
    wrong = data.draw(st.sampled_from(bent(siblings)))
    assert not present(harness, head, wrong, root)
    assert not absent(harness, base, met or nothing, wrong, root)
    assert not present(harness, (base, 0, bytes(32)), siblings, root)
    assert not present(harness, (base, count - 1, head[2]), siblings, root)
    if met is not None:
        assert not absent(harness, base, nothing, siblings, root)
        assert not absent(harness, base, (met[0], met[1] - 1, met[2]), siblings, root)
        assert not absent(harness, met[0], met, siblings, root)


def present(harness: Contract, head: tuple[Any, ...], siblings: list[bytes], root: bytes) -> bool:
    return bool(harness.functions.present(head, siblings, root).call())


def absent(harness: Contract, key: bytes, met: tuple[Any, ...], siblings: list[bytes], root: bytes) -> bool:
    return bool(harness.functions.absent(key, met, siblings, root).call())


def test_absent_from_the_empty_map_holds_for_every_key(harness: Contract) -> None:
    nothing = (bytes(32), 0, bytes(32))
    assert absent(harness, LEAVES[0], nothing, [], bytes(32))
    assert not absent(harness, LEAVES[0], nothing, [], LEAVES[0])
    assert not absent(harness, LEAVES[0], nothing, [bytes(32)], bytes(32))


def test_absent_by_half_a_leaf_is_false(harness: Contract) -> None:
    for met in ((LEAVES[1], 0, bytes(32)), (bytes(32), 0, LEAVES[1])):
        assert not absent(harness, LEAVES[0], met, [], bytes(32))
    count_of_none = heads_reference.leaf(LEAVES[1], 0, LEAVES[2])
    assert not absent(harness, LEAVES[0], (LEAVES[1], 0, LEAVES[2]), [], count_of_none)
    assert not present(harness, (LEAVES[1], 0, LEAVES[2]), [], count_of_none)


def test_absent_by_a_leaf_off_the_path_is_false(harness: Contract) -> None:
    """A leaf can be moved to where the missing key's path leads, in a map that nobody should build."""
    missing, met = bytes(32), b"\x80" + bytes(31)
    moved = sha256(b"\x03" + heads_reference.leaf(met, 1, LEAVES[0]) + LEAVES[1]).digest()
    assert not absent(harness, missing, (met, 1, LEAVES[0]), [LEAVES[1]], moved)


def test_present_at_depth_256_holds_and_beyond_is_false(harness: Contract) -> None:
    key = bytes(31) + b"\1"
    heads = {key: (3, LEAVES[0]), bytes(32): (1, LEAVES[1])}
    root = heads_reference.root(heads)
    siblings, _ = heads_reference.proof(heads, key)
    assert 256 == len(siblings)
    assert present(harness, (key, 3, LEAVES[0]), siblings, root)
    assert not present(harness, (key, 3, LEAVES[0]), [*siblings, bytes(32)], root)
    assert not absent(harness, key, (bytes(32), 1, LEAVES[1]), [*siblings, bytes(32)], root)
    assert not absent(harness, key, (key, 3, LEAVES[0]), siblings, root)


header = st.tuples(
    *[st.integers(0, 255)] * 3, hashes, st.integers(0, 2**64 - 1), hashes, st.integers(0, 2**64 - 1), hashes, hashes
)


def packed(fields: tuple[Any, ...]) -> bytes:
    widths = (1, 1, 1, 32, 8, 32, 8, 32, 32)
    return b"".join(
        value if isinstance(value, bytes) else value.to_bytes(width, "big")
        for value, width in zip(fields, widths, strict=True)
    )


@FEW
@given(fields=header)
def test_decode_gives_back_every_field(harness: Contract, fields: tuple[Any, ...]) -> None:
    assert fields == tuple(harness.functions.decode(packed(fields)).call())


@FEW
@given(content=st.binary(min_size=147, max_size=147))
def test_leaf_hash_is_sha256_of_zero_and_header(harness: Contract, content: bytes) -> None:
    assert sha256(b"\0" + content).digest() == harness.functions.leafHash(content).call()


@pytest.mark.parametrize("length", [0, 1, 113, 146, 148, 294])
def test_decode_and_leaf_hash_of_another_length_are_refused(chain: Node, harness: Contract, length: int) -> None:
    for function in (harness.functions.decode, harness.functions.leafHash):
        with pytest.raises(Refused) as refused:
            chain.call(function(bytes(length)))
        assert Refused("HeaderLength", (length,)) == refused.value

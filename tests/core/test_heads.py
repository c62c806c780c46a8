"""The heads map, held against section 4 of the protocol as it stands there."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.core import heads
from suyuan.core.errors import ProofFault
from suyuan.core.heads import HeadProof, Met

Naive = dict[bytes, Met]
FULL = bytes.fromhex("5a" * 32)


def bit(key: bytes, depth: int) -> str:
    return f"{int.from_bytes(key, 'big'):0256b}"[depth]


def side(of: Naive, depth: int, which: str) -> Naive:
    return {key: met for key, met in of.items() if bit(key, depth) == which}


def leaf(met: Met) -> bytes:
    return sha256(b"\x02" + met.key + met.count.to_bytes(8, "big") + met.leaf).digest()


def naive_root(of: Naive, depth: int = 0) -> bytes:
    if not of:
        return bytes(32)
    if len(of) == 1:
        return leaf(*of.values())
    left, right = (naive_root(side(of, depth, which), depth + 1) for which in "01")
    return sha256(b"\x03" + left + right).digest()


def naive_proof(of: Naive, key: bytes, depth: int = 0) -> HeadProof:
    if len(of) <= 1:
        return HeadProof((), next(iter(of.values()), None))
    mine = bit(key, depth)
    below = naive_proof(side(of, depth, mine), key, depth + 1)
    other = naive_root(side(of, depth, "0" if mine == "1" else "1"), depth + 1)
    return HeadProof((other, *below.siblings), below.met)


def near(key: bytes, depth: int) -> bytes:
    """A key that shares exactly the first `depth` bits."""
    return (int.from_bytes(key, "big") ^ 1 << (255 - depth)).to_bytes(32, "big")


# keys that share no bit, a few, a bucket (16), more than a bucket, all but one
keys = st.binary(min_size=32, max_size=32) | st.sampled_from(
    [FULL, *(near(FULL, d) for d in (0, 1, 7, 14, 15, 16, 17, 18, 40, 200, 254, 255)), near(near(FULL, 17), 30)]
)
mets = st.builds(Met, keys, st.integers(1, 2**53), st.binary(min_size=32, max_size=32))
maps = st.lists(mets, max_size=12)


def kept(changes: list[list[Met]]) -> tuple[heads.HeadsMap, Naive]:
    top, buckets = heads.in_memory()
    naive: Naive = {}
    for some in changes:
        buckets.update(top.update(some))
        naive.update((met.key, met) for met in some)
    return top, naive


def refused(key: bytes, proof: HeadProof, root: bytes) -> bool:
    try:
        heads.check(key, proof, root)
    except ProofFault:
        return True
    return False


@given(st.lists(maps, max_size=4))
def test_a_map_changed_step_by_step_has_the_defined_root(changes: list[list[Met]]) -> None:
    top, naive = kept(changes)
    at_once, _ = kept([list(naive.values())])
    assert naive_root(naive) == top.root == at_once.root


@given(maps, keys)
def test_proofs_are_as_defined_and_hold(changes: list[Met], stranger: bytes) -> None:
    top, naive = kept([changes])
    for key in (*naive, stranger):
        proof = top.prove(key)
        assert naive_proof(naive, key) == proof
        heads.check(key, proof, top.root)
        assert naive.get(key) == (proof.met if proof.met and proof.met.key == key else None)


@given(maps, keys, st.data())
def test_a_proof_bent_anywhere_is_refused(changes: list[Met], stranger: bytes, data: st.DataObject) -> None:
    top, naive = kept([changes])
    key = data.draw(st.sampled_from([*naive, stranger]))
    proof, root = top.prove(key), top.root
    siblings, met = proof.siblings, proof.met
    flipped = 1 << data.draw(st.integers(0, 255))

    def flip(h: bytes) -> bytes:
        return (int.from_bytes(h, "big") ^ flipped).to_bytes(32, "big")

    bent = {
        "root": (key, proof, flip(root)),
        "longer": (key, HeadProof((*siblings, bytes(32)), met), root),
        "longer by something": (key, HeadProof((*siblings, root), met), root),
        "begun earlier": (key, HeadProof((root, *siblings), met), root),
        "short key": (key[:31], proof, root),
        "short root": (key, proof, root[:31]),
    }
    if met is not None:
        bent["met nothing"] = (key, HeadProof(siblings, None), root)
        bent["another count"] = (key, HeadProof(siblings, Met(met.key, met.count + 1, met.leaf)), root)
        bent["no count"] = (key, HeadProof(siblings, Met(met.key, 0, met.leaf)), root)
        bent["huge count"] = (key, HeadProof(siblings, Met(met.key, 2**64, met.leaf)), root)
        bent["another leaf"] = (key, HeadProof(siblings, Met(met.key, met.count, flip(met.leaf))), root)
        bent["another key"] = (key, HeadProof(siblings, Met(flip(met.key), met.count, met.leaf)), root)
        bent["short leaf"] = (key, HeadProof(siblings, Met(met.key, met.count, met.leaf[:31])), root)
    else:
        bent["met something"] = (key, HeadProof(siblings, Met(key, 1, root)), root)
    if siblings:
        at = data.draw(st.integers(0, len(siblings) - 1))
        swapped = (*siblings[:at], flip(siblings[at]), *siblings[at + 1 :])
        bent["flipped"] = (key, HeadProof(swapped, met), root)
        bent["dropped"] = (key, HeadProof((*siblings[:at], *siblings[at + 1 :]), met), root)
        bent["short sibling"] = (key, HeadProof((*siblings[:at], siblings[at][:31], *siblings[at + 1 :]), met), root)
        bent["the other side"] = (near(key, at), proof, root)
    assert [] == [name for name, values in bent.items() if not refused(*values)]


def test_keys_that_differ_in_their_last_bit_have_256_siblings() -> None:
    top, naive = kept([[Met(FULL, 1, FULL), Met(near(FULL, 255), 2, FULL)]])
    proof = top.prove(FULL)
    assert 256 == len(proof.siblings)
    heads.check(FULL, proof, top.root)
    assert naive_root(naive) == top.root


def test_257_siblings_are_refused_whatever_they_lead_to() -> None:
    root, siblings = leaf(Met(FULL, 1, FULL)), []
    for _ in range(257):
        siblings.append(FULL)
        root = heads.node(FULL, root)
    assert refused(FULL, HeadProof(tuple(siblings), Met(FULL, 1, FULL)), root)


def test_a_lone_key_put_below_a_node_is_no_map() -> None:
    met = Met(bytes(32), 1, FULL)
    root = heads.node(leaf(met), heads.EMPTY)
    assert refused(met.key, HeadProof((heads.EMPTY,), met), root)


def test_an_empty_map_proves_every_absence() -> None:
    top, _ = kept([])
    assert heads.EMPTY == top.root
    heads.check(FULL, top.prove(FULL), top.root)
    assert HeadProof((), None) == top.prove(FULL)


def test_a_copy_goes_its_own_way() -> None:
    top, naive = kept([[Met(FULL, 1, FULL)]])
    before = top.root
    copy = top.copy(lambda _: b"")
    copy.update([Met(near(FULL, 0), 1, FULL)])
    assert before == top.root == naive_root(naive)
    assert before != copy.root


@pytest.mark.parametrize("shared", [15, 16, 17, 200, 255])
def test_an_absence_is_proven_by_the_key_met_on_the_way(shared: int) -> None:
    met = Met(near(FULL, shared), 7, FULL)
    top, naive = kept([[met, Met(near(FULL, 0), 1, FULL)]])
    proof = top.prove(FULL)
    assert met == proof.met
    heads.check(FULL, proof, naive_root(naive))

"""The shared vectors through the Solidity libraries, by eth_call on the EVM in this process."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from web3.contract import Contract
from web3.exceptions import MismatchedABI

from contracts.nodes import node
from vectors.sources import ACCEPTED_BUT_NOT_HASHES, journal_params, load, merkle_params, merkle_vector

NOTHING: tuple[bytes, int, bytes] = (bytes(32), 0, bytes(32))


@pytest.fixture(scope="module")
def harness() -> Iterator[Contract]:
    with node("eth-tester") as chain:
        yield chain.deploy("VectorHarness")


def unhex(values: list[str]) -> list[bytes]:
    return [bytes.fromhex(value) for value in values]


@pytest.mark.parametrize("path", journal_params())
def test_headers_hash_to_their_leaves_and_decode_to_their_fields(harness: Contract, path: Path) -> None:
    for entry in load(path)["entries"]:
        header = bytes.fromhex(entry["header"])
        assert bytes.fromhex(entry["leaf"]) == harness.functions.leafHash(header).call()

        fields: tuple[Any, ...] = (
            1,
            entry["kind"],
            entry["arg"],
            sha256(entry["subject"].encode()).digest(),
            entry["seq"],
            bytes.fromhex(entry["prev"]),
            entry["at"],
            bytes.fromhex(entry["state"]),
            sha256(entry["canonical"].encode()).digest(),
        )
        assert fields == tuple(harness.functions.decode(header).call())


@pytest.mark.parametrize("path", journal_params())
def test_consistency_proofs_hold_between_seals_and_not_when_bent(harness: Contract, path: Path) -> None:
    vectors = load(path)
    roots = {seal["size"]: bytes.fromhex(seal["root"]) for seal in vectors["seals"]}
    consistent = harness.functions.consistent
    for vector in vectors["consistency"]:
        old, new, proof = vector["old"], vector["new"], unhex(vector["proof"])
        assert consistent(old, roots[old], new, roots[new], proof).call()
        assert not consistent(old, roots[old], new, roots[new], [*proof, bytes(32)]).call()
        if proof:
            assert not consistent(old, roots[old], new, roots[new], proof[:-1]).call()
            assert not consistent(old, roots[new], new, roots[old], proof).call()


@pytest.mark.parametrize("path", journal_params())
def test_inclusion_proofs_hold_and_not_when_bent(harness: Contract, path: Path) -> None:
    vectors = load(path)
    roots = {seal["size"]: bytes.fromhex(seal["root"]) for seal in vectors["seals"]}
    included = harness.functions.included
    for vector in vectors["inclusion"]:
        leaf, index, size, proof = (
            bytes.fromhex(vector["leaf"]), vector["index"], vector["size"], unhex(vector["proof"]),
        )  # fmt: skip
        assert included(leaf, index, proof, size, roots[size]).call()
        assert not included(leaf, index, [*proof, bytes(32)], size, roots[size]).call()
        assert not included(leaf, size, proof, size, roots[size]).call()
        assert not included(leaf[::-1], index, proof, size, roots[size]).call()


@pytest.mark.parametrize("path", journal_params())
def test_heads_proofs_say_present_or_absent_and_never_both(harness: Contract, path: Path) -> None:
    vectors = load(path)
    roots = {seal["size"]: bytes.fromhex(seal["heads"]) for seal in vectors["seals"]}
    for vector in vectors["heads"]:
        key, siblings, root = bytes.fromhex(vector["key"]), unhex(vector["siblings"]), roots[vector["size"]]
        met = vector["met"]
        end = (bytes.fromhex(met["key"]), met["count"], bytes.fromhex(met["leaf"])) if met else NOTHING
        present = harness.functions.present((key, *end[1:]), siblings, root).call()
        absent = harness.functions.absent(key, end, siblings, root).call()
        assert (vector["present"], not vector["present"]) == (present, absent)
        assert not harness.functions.present((key, end[1] + 1, end[2]), siblings, root).call()
        assert not harness.functions.absent(key, end, [*siblings, bytes(32)], root).call()


@pytest.mark.parametrize("path", journal_params())
def test_tallies_step_to_their_next_or_nowhere(harness: Contract, path: Path) -> None:
    for vector in load(path)["steps"]:
        valid, state = harness.functions.step(bytes.fromhex(vector["before"]), vector["kind"], vector["arg"]).call()
        assert vector["after"] == (state.hex() if valid else None), vector


@pytest.mark.parametrize("path", merkle_params())
def test_foreign_merkle_vectors_have_their_verdict(harness: Contract, path: Path) -> None:
    vector = merkle_vector(path)
    if vector.name.endswith(ACCEPTED_BUT_NOT_HASHES):
        pytest.skip("its roots are not 32 bytes long: bytes32 cannot be given them")
    function = harness.functions.included if vector.kind == "inclusion" else harness.functions.consistent
    (first, second), (old, new) = vector.sizes, vector.roots
    proof = list(vector.proof)
    arguments = (old, first, proof, second, new) if vector.kind == "inclusion" else (first, old, second, new, proof)
    if not vector.hashes:
        assert not vector.valid
        with pytest.raises(MismatchedABI):
            function(*arguments)
        return
    assert vector.valid == function(*arguments).call()

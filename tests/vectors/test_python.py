"""The foreign vectors through `suyuan.core`."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from suyuan.core import canonical, entries, heads, merkle, subjects, tally
from suyuan.core.entries import BY_WORD, Header
from suyuan.core.errors import ProofFault
from suyuan.core.heads import HeadProof, Met
from vectors.sources import (
    JOURNALS,
    MERKLE,
    journal_params,
    journal_vector_files,
    load,
    merkle_params,
    merkle_vector,
    merkle_vector_files,
)  # fmt: skip

unhex = bytes.fromhex


def unhex_all(values: list[str]) -> list[bytes]:
    return [unhex(value) for value in values]


def holds(check: Callable[..., None], *values: Any) -> bool:
    try:
        check(*values)
    except ProofFault:
        return False
    return True


def flip(h: bytes) -> bytes:
    return bytes((h[0] ^ 1,)) + h[1:]


def header_of(entry: dict[str, Any]) -> Header:
    return Header(
        entry["kind"],
        entry["arg"],
        subjects.key(entry["subject"]),
        entry["seq"],
        unhex(entry["prev"]),
        entry["at"],
        unhex(entry["state"]),
        sha256(entries.encode_body(entry["body"])).digest(),
    )


def trees(vectors: dict[str, Any]) -> merkle.Tree:
    return merkle.Tree(unhex(entry["leaf"]) for entry in vectors["entries"])


@pytest.mark.parametrize("path", journal_params())
def test_bodies_have_their_canonical_form(path: Path) -> None:
    for entry in load(path)["entries"]:
        text = entry["canonical"].encode()
        assert text == entries.encode_body(entry["body"])
        assert entry["body"] == canonical.parse(text)
        assert entry["body"]["kind"] == next(word for word, kind in BY_WORD.items() if kind == entry["kind"])


@pytest.mark.parametrize("path", journal_params())
def test_documents_have_their_canonical_form_and_hash(path: Path) -> None:
    for vector in load(path)["documents"]:
        given = canonical.parse(json.dumps(vector["document"]).encode())
        assert vector["canonical"].encode() == canonical.encode(vector["document"]) == canonical.encode(given)
        assert vector["hash"] == canonical.digest(given).hex()


@pytest.mark.parametrize("path", journal_params())
def test_headers_encode_decode_and_hash_to_their_leaves(path: Path) -> None:
    for entry in load(path)["entries"]:
        header = header_of(entry)
        assert entry["header"] == header.encode().hex()
        assert header == entries.decode(unhex(entry["header"]))
        assert entry["leaf"] == entries.leaf(header.encode()).hex()


@pytest.mark.parametrize("path", journal_params())
def test_entries_follow_in_their_streams(path: Path) -> None:
    newest: dict[bytes, tuple[Header, bytes]] = {}
    for entry in load(path)["entries"]:
        header, leaf = header_of(entry), unhex(entry["leaf"])
        before, before_leaf = newest.get(header.key, (None, entries.ZERO))
        entries.check_follows(before, before_leaf, header)
        state = before.state if before else entries.ZERO
        head = entries.Head(header.seq, before_leaf, state)
        put = entries.follow(head, kind=header.kind, key=header.key, at=header.at, body=header.body, arg=header.arg)
        assert header == put
        newest[header.key] = header, leaf


@pytest.mark.parametrize("path", journal_params())
def test_tallies_step_or_are_refused(path: Path) -> None:
    for step in load(path)["steps"]:
        try:
            after = tally.step(unhex(step["before"]), step["kind"], step["arg"]).hex()
        except ProofFault:
            after = None
        assert (step, step["after"]) == (step, after)


@pytest.mark.parametrize("path", journal_params())
def test_seals_have_the_root_and_heads_of_their_entries(path: Path) -> None:
    vectors = load(path)
    tree, frontier = trees(vectors), merkle.Frontier()
    top, buckets = heads.in_memory()
    for seal in sorted(vectors["seals"], key=lambda s: int(s["size"])):
        some = vectors["entries"][frontier.size : seal["size"]]
        for entry in some:
            frontier.append(unhex(entry["leaf"]))
        newest = {entry["subject"]: entry for entry in some}
        buckets.update(top.update(Met(subjects.key(s), e["seq"] + 1, unhex(e["leaf"])) for s, e in newest.items()))
        assert seal["root"] == frontier.root().hex() == tree.root(seal["size"]).hex()
        assert seal["heads"] == top.root.hex()


@pytest.mark.parametrize("path", journal_params())
def test_consistency_is_proven_so_and_refused_when_bent(path: Path) -> None:
    vectors = load(path)
    tree = trees(vectors)
    roots = {seal["size"]: unhex(seal["root"]) for seal in vectors["seals"]}
    for vector in vectors["consistency"]:
        old, new, proof = vector["old"], vector["new"], unhex_all(vector["proof"])
        before, after = roots[old], roots[new]
        assert proof == merkle.consistency(tree, old, new)
        assert holds(merkle.check_consistency, old, before, new, after, proof)
        assert not holds(merkle.check_consistency, old, flip(before), new, after, proof)
        assert not holds(merkle.check_consistency, old, before, new, after, [*proof, after])
        if proof:
            assert not holds(merkle.check_consistency, old, before, new, after, proof[1:])
            assert not holds(merkle.check_consistency, old, after, new, before, proof)


@pytest.mark.parametrize("path", journal_params())
def test_inclusion_is_proven_so_and_refused_when_bent(path: Path) -> None:
    vectors = load(path)
    tree = trees(vectors)
    roots = {seal["size"]: unhex(seal["root"]) for seal in vectors["seals"]}
    for vector in vectors["inclusion"]:
        index, size, leaf, proof = vector["index"], vector["size"], unhex(vector["leaf"]), unhex_all(vector["proof"])
        root = roots[size]
        assert proof == merkle.inclusion(tree, index, size)
        assert holds(merkle.check_inclusion, leaf, index, size, proof, root)
        assert not holds(merkle.check_inclusion, flip(leaf), index, size, proof, root)
        assert not holds(merkle.check_inclusion, leaf, index + 1, size, proof, root)
        assert not holds(merkle.check_inclusion, leaf, index, size, [*proof, root], root)
        if proof:
            assert not holds(merkle.check_inclusion, leaf, index, size, proof[:-1], root)


@pytest.mark.parametrize("path", journal_params())
def test_heads_are_proven_so_present_or_absent_and_refused_when_bent(path: Path) -> None:
    vectors = load(path)
    maps: dict[int, heads.HeadsMap] = {}
    for seal in vectors["seals"]:
        newest = {entry["subject"]: entry for entry in vectors["entries"][: seal["size"]]}
        maps[seal["size"]], buckets = heads.in_memory()
        buckets.update(
            maps[seal["size"]].update(Met(subjects.key(s), e["seq"] + 1, unhex(e["leaf"])) for s, e in newest.items())
        )
    for vector in vectors["heads"]:
        key, siblings, met = unhex(vector["key"]), tuple(unhex_all(vector["siblings"])), vector["met"]
        root = maps[vector["size"]].root
        proof = HeadProof(siblings, met and Met(unhex(met["key"]), met["count"], unhex(met["leaf"])))
        assert key == subjects.key(vector["subject"])
        assert proof == maps[vector["size"]].prove(key)
        assert vector["present"] is (proof.met is not None and proof.met.key == key)
        assert holds(heads.check, key, proof, root)
        assert not holds(heads.check, key, proof, flip(root))
        assert not holds(heads.check, key, HeadProof((*siblings, bytes(32)), proof.met), root)
        if siblings:
            assert not holds(heads.check, key, HeadProof(siblings[:-1], proof.met), root)
        if proof.met:
            more = Met(proof.met.key, proof.met.count + 1, proof.met.leaf)
            assert not holds(heads.check, key, HeadProof(siblings, more), root)


@pytest.mark.parametrize("path", merkle_params())
def test_foreign_merkle_vectors_have_their_verdict(path: Path) -> None:
    vector = merkle_vector(path)
    (first, second), (old, new) = vector.sizes, vector.roots
    if vector.kind == "inclusion":
        verdict = holds(merkle.check_inclusion, old, first, second, vector.proof, new)
    else:
        verdict = holds(merkle.check_consistency, first, old, second, new, vector.proof)
    assert vector.valid is verdict


@pytest.mark.skipif(not JOURNALS.is_dir(), reason=f"no vectors: {JOURNALS} is not there")
def test_journal_vectors_are_all_there() -> None:
    assert len(journal_vector_files()) >= 3


@pytest.mark.skipif(not MERKLE.is_dir(), reason=f"no vectors: {MERKLE} is not there")
def test_merkle_vectors_are_all_there() -> None:
    assert len(merkle_vector_files()) >= 196

"""What two pieces of evidence prove: every fault, nothing of an honest journal, and no pair overlooked."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import journal_builder as jb
from suyuan.core import entries, faults, heads, merkle, subjects, tally
from suyuan.core.entries import Header, Kind
from suyuan.core.faults import Exhibit, HeadExhibit
from suyuan.core.heads import HeadsMap, Met
from suyuan.core.proof import Seal
from suyuan.core.statements import Receipt

A, B = (sha256(word).digest() for word in (b"/reviews/1", b"/terms/2"))
ONE_STAR = (1).to_bytes(3, "big") + bytes(29)


def exhibit(index: int = 0, number: int = 1, **changes: object) -> Exhibit:
    """An entry that its stream may begin with."""
    header = replace(Header(Kind.PRODUCT, 0, A, 0, bytes(32), 1, tally.ZERO, B), **changes)
    return Exhibit.of(header.encode(), index, number)


def after(before: Exhibit, index: int, **changes: object) -> Exhibit:
    """An entry that may come next in the stream."""
    honest = {"seq": before.header.seq + 1, "prev": before.leaf, "state": before.header.state}
    return exhibit(index, **{"at": before.header.at, **honest, **changes})


def head(count: int, leaf: bytes, number: int = 1, key: bytes = A) -> HeadExhibit:
    """The only head of a seal's map."""
    end = Met(key, count, leaf)
    root = heads.leaf_hash(end.record())
    return HeadExhibit(Seal(number, 10 * number, bytes(32), root, 1), key, end, ())


def nothing(key: bytes = A, number: int = 1) -> HeadExhibit:
    return HeadExhibit(Seal(number, 10, bytes(32), heads.EMPTY, 1), key, None, ())


# -- heads


@given(st.sets(st.integers(0, 40), min_size=1, max_size=12), st.integers(0, 40))
def test_what_a_map_proves_of_any_key_is_proven_and_of_another_root_is_not(names: set[int], asked: int) -> None:
    keys = [subjects.key(f"/terms/{name}") for name in names]
    top, buckets = heads.in_memory()
    buckets.update(top.update(Met(key, n + 1, key) for n, key in enumerate(keys)))
    key = subjects.key(f"/terms/{asked}")
    found = top.prove(key)
    right = HeadExhibit(Seal(1, 50, bytes(32), top.root, 1), key, found.met, found.siblings)
    assert faults.proven(right)
    assert right.count == (keys.index(key) + 1 if key in keys else 0)
    assert not faults.proven(replace(right, seal=replace(right.seal, heads=B)))
    assert not faults.proven(replace(right, siblings=(*right.siblings, B)))
    if found.met is not None:
        assert not faults.proven(replace(right, end=replace(found.met, count=found.met.count + 1)))


def test_a_head_off_the_path_or_with_more_siblings_than_bits_is_not_proven() -> None:
    assert not faults.proven(replace(head(1, B), siblings=(B,) * 257))
    one, far = head(1, B), bytes([A[0] ^ 0x80]) + A[1:]
    sides = (one.seal.heads, B) if far[0] >> 7 == 0 else (B, one.seal.heads)
    right = replace(one.seal, heads=heads.node(*sides))
    assert not faults.proven(replace(one, key=far, siblings=(B,), seal=right))


def test_a_map_with_a_node_over_one_key_still_proves_what_it_says() -> None:
    """No honest map has one, and `heads.check` refuses it; sealed, it is no way out."""
    one = head(1, B)
    sides = (heads.EMPTY, one.seal.heads) if A[0] >> 7 else (one.seal.heads, heads.EMPTY)
    assert faults.proven(replace(one, siblings=(heads.EMPTY,), seal=replace(one.seal, heads=heads.node(*sides))))


# -- omissions


@pytest.mark.parametrize("told", [head(1, A), head(2, A), nothing(), replace(head(9, B, key=B), key=A)])
def test_an_entry_that_the_heads_do_not_count_end_with_or_know_is_an_omission(told: HeadExhibit) -> None:
    one = after(exhibit(), 4)
    assert faults.omitted(one, told)
    assert [(one, told)] == list(faults.find_omissions([exhibit(), one], [told]))


def test_heads_that_count_the_entry_leave_nothing_out() -> None:
    one = after(exhibit(), 4)
    assert not faults.omitted(one, head(2, one.leaf))
    assert not faults.omitted(one, head(3, B))
    assert [] == list(faults.find_omissions([exhibit(), one], [head(2, one.leaf), head(3, B), nothing(B)]))


def test_heads_of_an_older_seal_than_an_entry_is_known_to_be_under_prove_nothing() -> None:
    first, one = exhibit(), after(exhibit(), 14, number=2)
    assert [] == list(faults.find_omissions([first, one], [head(1, first.leaf, number=1)]))
    assert len(list(faults.find_omissions([first, one], [head(1, first.leaf, number=2)]))) == 1


# -- forks


FORKS = {
    "a first that names one before it": [exhibit(prev=B)],
    "two at one place": [exhibit(), exhibit(1, body=A)],
    "one that names another before it": [exhibit(), after(exhibit(), 1, prev=B)],
}


@pytest.mark.parametrize("pair", FORKS.values(), ids=FORKS)
def test_a_fork_is_found_in_any_order(pair: list[Exhibit]) -> None:
    assert faults.forked(*pair)
    assert [tuple(pair)] == list(faults.find_forks(pair))
    assert len(list(faults.find_forks(pair[::-1]))) == 1


def test_entries_of_two_streams_or_far_apart_are_no_fork() -> None:
    first = exhibit()
    for other in (exhibit(1, key=B), after(first, 1), exhibit(1, seq=2, prev=B), exhibit(1)):
        assert not faults.forked(first, other)
        assert [] == list(faults.find_forks([first, other]))


# -- missteps


STARS = exhibit(kind=Kind.REVIEW, arg=1, state=ONE_STAR)
MISSTEPS = {
    "another version": [exhibit(version=2)],
    "a first state that does not follow": [exhibit(state=ONE_STAR)],
    "an arg that is none": [exhibit(arg=1)],
    "time going back": [exhibit(at=2), exhibit(5, key=B, at=1)],
    "a state that does not follow": [STARS, after(STARS, 1, kind=Kind.REVIEW, arg=1, state=ONE_STAR)],
    "a state that no step leads to": [exhibit(), after(exhibit(), 1, kind=Kind.REVIEW_WITHDRAW, arg=1 << 3)],
}


@pytest.mark.parametrize("pair", MISSTEPS.values(), ids=MISSTEPS)
def test_a_misstep_is_found_in_any_order(pair: list[Exhibit]) -> None:
    assert faults.misstepped(*pair)
    assert [tuple(pair)] == list(faults.find_missteps(pair))
    assert [tuple(pair)] == list(faults.find_missteps(pair[::-1]))


def test_steps_that_follow_are_no_misstep() -> None:
    two = after(STARS, 1, kind=Kind.REVIEW_WITHHOLD, arg=1 << 3, state=ONE_STAR[:15] + b"\0\0\1" + bytes(14))
    assert not faults.misstepped(STARS)
    assert not faults.misstepped(STARS, two)
    assert [] == list(faults.find_missteps([STARS, two]))


# -- receipts


def test_a_receipt_of_one_entry_is_broken_by_any_other_leaf_there() -> None:
    receipt = Receipt(A, 7, 1, 100, 200)
    assert faults.Promised(0, A, ()) == faults.broken(receipt, {}, {7: B})
    assert faults.broken(receipt, {}, {7: A}) is None


def test_a_longer_run_is_broken_at_the_leaf_that_was_shown_while_it_waited() -> None:
    run = [bytes([n]) * 32 for n in range(5)]
    tree = merkle.Tree(run)
    receipt = Receipt(tree.root(), 7, 5, 100, 200)
    found = dict(enumerate(run, 7)) | {9: B}
    broken = faults.broken(receipt, {9: run[2], 1: A}, found)
    assert broken is not None
    merkle.check_inclusion(run[2], broken.place, 5, broken.proof, receipt.leaves)
    assert (2, run[2]) == (broken.place, broken.leaf)
    assert faults.broken(receipt, {}, found) is None  # which leaf was promised, nobody has shown
    assert faults.broken(receipt, {}, dict(enumerate(run, 7))) is None


SEALS = [Seal(n, size, bytes(32), bytes(32), 1000 * n) for n, size in ((1, 5), (2, 8), (3, 20))]


@pytest.mark.parametrize(
    ("index", "count", "before", "cover"),
    [(0, 5, None, 1), (4, 2, 1, 2), (5, 1, 1, 2), (7, 1, 1, 2), (8, 12, 2, 3), (8, 13, 3, None), (20, 1, 3, None)],
)
def test_the_seals_around_a_run_are_the_last_that_does_not_and_the_first_that_does_cover_it(
    index: int, count: int, before: int | None, cover: int | None
) -> None:
    found = faults.covering(Receipt(A, index, count, 1, 2), SEALS)
    assert (before, cover) == tuple(seal and seal.number for seal in found)


def test_a_run_is_late_when_its_seal_came_after_the_promise_or_none_did() -> None:
    assert faults.late(Receipt(A, 6, 1, 1, 1999), SEALS, now=0)
    assert not faults.late(Receipt(A, 6, 1, 1, 2000), SEALS, now=9999)
    assert faults.late(Receipt(A, 20, 1, 1, 3500), SEALS, now=3501)
    assert not faults.late(Receipt(A, 20, 1, 1, 3500), SEALS, now=3500)


# -- nothing of an honest journal, and everything of another


def shown_by(journal: jb.Journal) -> list[Exhibit]:
    """Every sealed entry, known by the oldest seal that holds it."""
    numbers = [next(s.number for s in journal.seals if s.size > e.index) for e in journal.written[: _size(journal)]]
    return [Exhibit.of(e.raw, e.index, n) for e, n in zip(journal.written, numbers, strict=False)]


def _size(journal: jb.Journal) -> int:
    return journal.seals[-1].size


def told_by(journal: jb.Journal) -> list[HeadExhibit]:
    """What every seal says of every subject, and of one that there is not."""
    names = {e.subject for e in journal.written} | {"/terms/none"}
    found = []
    for seal in journal.seals:
        top: HeadsMap = journal.map(seal.size)
        for key in map(subjects.key, sorted(names)):
            proof = top.prove(key)
            found.append(HeadExhibit(seal, key, proof.met, proof.siblings))
            if proof.met is not None:
                found.append(HeadExhibit(seal, proof.met.key, proof.met, proof.siblings))
    return found


SHOWN, TOLD = shown_by(jb.market()), told_by(jb.market())


@given(st.sets(st.sampled_from(range(len(SHOWN)))), st.sets(st.sampled_from(range(len(TOLD)))))
def test_no_selection_of_an_honest_journals_entries_and_heads_proves_anything(some: set[int], heard: set[int]) -> None:
    shown, told = [SHOWN[n] for n in some], [TOLD[n] for n in heard]
    assert all(map(faults.proven, told))
    found = [faults.find_omissions(shown, told), faults.find_forks(shown), faults.find_missteps(shown)]
    assert [[], [], []] == [list(one) for one in found]


def test_all_of_an_honest_journal_proves_nothing() -> None:
    found = [faults.find_omissions(SHOWN, TOLD), faults.find_forks(SHOWN), faults.find_missteps(SHOWN)]
    assert [[], [], []] == [list(one) for one in found]


@st.composite
def journals(draw: st.DrawFn) -> list[Exhibit]:
    """Entries of few keys, places, times and states, some naming one another: as wrong as can be."""
    made: list[Exhibit] = []
    for index in range(draw(st.integers(0, 7))):
        prev = draw(st.sampled_from([bytes(32), B, *(one.leaf for one in made)]))
        kind, arg, state = draw(st.sampled_from([(1, 0, tally.ZERO), (7, 1, ONE_STAR), (1, 0, ONE_STAR)]))
        made.append(
            exhibit(
                index, index // 3 + 1, key=draw(st.sampled_from([A, B])), seq=draw(st.integers(0, 2)), prev=prev,
                at=draw(st.integers(0, 1)), kind=kind, arg=arg, state=state, body=bytes([index]) * 32,
            )
        )  # fmt: skip
    return made


@given(journals(), st.sampled_from([A, B]), st.integers(0, 3), st.integers(1, 3), st.integers(0, 6))
def test_a_search_finds_something_exactly_where_some_pair_proves_it(
    shown: list[Exhibit], key: bytes, count: int, number: int, which: int
) -> None:
    pairs = [*((one,) for one in shown), *permutations(shown, 2)]
    forks, missteps = list(faults.find_forks(shown)), list(faults.find_missteps(shown))
    assert any(faults.forked(*pair) for pair in pairs) == bool(forks)
    assert any(faults.misstepped(*pair) for pair in pairs) == bool(missteps)
    assert all(faults.forked(*pair) for pair in forks)
    assert all(faults.misstepped(*pair) for pair in missteps)

    leaf = shown[which % len(shown)].leaf if shown else B
    told = head(count, leaf, number, key) if count else nothing(key, number)
    mine = [one for one in shown if one.header.key == key and one.number <= number]
    omissions = list(faults.find_omissions(shown, [told]))
    assert any(faults.omitted(one, told) for one in mine) == bool(omissions)
    assert all(faults.omitted(*pair) and pair[0] in mine for pair in omissions)


def test_the_searches_do_not_grow_with_the_square() -> None:
    """Ten thousand entries at one place of one stream, and as many heads of it, are two of each too many to pair up."""
    shown = [exhibit(n, 1, body=n.to_bytes(32, "big")) for n in range(10_000)]
    told = [head(1, B, number) for number in range(1, 10_001)]
    assert len(list(faults.find_omissions(shown, told))) == 10_000
    assert len(list(faults.find_forks(shown))) == 1
    assert [] == list(faults.find_missteps(shown))


def test_an_entry_of_another_length_is_no_exhibit() -> None:
    with pytest.raises(entries.Malformed):
        Exhibit.of(bytes(146), 0, 1)

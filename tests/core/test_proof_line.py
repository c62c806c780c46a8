"""What was proven against a journal, journals that go on from one another, and appeals' bodies as they are."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from journal_builder import (
    CHAIN,
    JOURNAL,
    PRODUCT,
    FakeJudge,
    build,
    changed,
    numbers,
    review_bundle,
    story,
    verify,
)
from succession import IMPOSTOR, NEXT, THIRD, succession
from suyuan.core import proof
from suyuan.core.errors import ChainAway, Malformed
from suyuan.core.proof import APPEALS, Deployment, Predecessor, Proven, Report, State


def told(bundle: Any, pinned: str, judge: FakeJudge | None = None) -> Report:
    """What a reader is told of a bundle who has pinned that journal."""
    where = succession()
    judge = judge or where.judges[pinned]
    return proof.verify(proof.parse(bundle), pinned=Deployment(CHAIN, pinned), now=where.now, judge=judge)


def named(name: str) -> Any:
    return succession().bundles[name]


# --- faults


@pytest.mark.parametrize("fault", ["omission", "fork", "misstep", "broken promise"])
def test_a_proven_fault_fails_all_though_every_obligation_holds(fault: str) -> None:
    report = verify(review_bundle(), replace(story().judge(), fault=fault))
    assert (State.FAILS, set()) == (report.state, numbers(report))
    assert (Proven(JOURNAL, fault, 0),) == report.proven


def test_receipts_that_were_late_are_told_and_fail_nothing() -> None:
    report = verify(review_bundle(), replace(story().judge(), late=3))
    assert (State.HOLDS, (Proven(JOURNAL, "", 3),)) == (report.state, report.proven)


def test_a_chain_that_does_not_say_what_was_proven_leaves_the_first_unchecked_alone() -> None:
    class Older(FakeJudge):
        def proven(self) -> Proven:
            raise ChainAway("the Journal is one of an older kind")

    judge = story().judge()
    report = verify(review_bundle(), Older(judge.seals, judge.batches))
    assert (State.UNCHECKED, {1}) == (report.state, numbers(report, State.UNCHECKED))


# --- journals that go on from one another


@pytest.mark.parametrize("pinned", [NEXT, THIRD])
@pytest.mark.parametrize("name", [name for name in succession().bundles if name.startswith("first")])
def test_a_journal_before_the_pinned_one_holds_and_is_named(name: str, pinned: str) -> None:
    report = told(named(name), pinned)
    assert (State.HOLDS, None) == (report.state, report.predecessor)
    assert report.line == {NEXT: (NEXT, JOURNAL), THIRD: (THIRD, NEXT, JOURNAL)}[pinned]


@pytest.mark.parametrize("name", [name for name in succession().bundles if name.startswith("second")])
def test_entries_are_judged_by_the_deployment_that_took_them(name: str) -> None:
    """Its shoppers and merchants signed for the first journal and its registry, then for the second and another."""
    report = told(named(name), NEXT)
    assert (State.HOLDS, ()) == (report.state, report.line)
    assert Predecessor(JOURNAL, succession().handed) == report.predecessor


def test_a_later_journal_fails_a_reader_of_the_earlier_whatever_it_says_of_itself() -> None:
    for name in ("third: reviews", "impostor: reviews"):
        report = told(named(name), NEXT)
        assert 1 in numbers(report)
        assert (
            "says that it goes on from the pinned one, which anyone's contract can say" in report.obligations[0].detail
        )


def test_a_journal_that_the_pinned_one_does_not_name_fails() -> None:
    report = told(named("impostor: reviews"), THIRD)
    assert 1 in numbers(report)
    assert IMPOSTOR in report.obligations[0].detail


def test_a_seal_after_the_handover_is_not_of_the_line() -> None:
    where = succession()
    bundle = named("first: product")
    first, second = where.judges[JOURNAL], where.judges[NEXT]
    later = replace(where.handed, number=where.handed.number + 1)
    went_on = replace(first, seals=[*first.seals, later])
    report = told(changed(bundle, "seal/number", later.number), NEXT, replace(second, before=(went_on, where.handed)))
    assert {1} == numbers(report)
    assert "what came later is not of it" in report.obligations[0].detail


def test_an_earlier_journal_that_does_not_know_the_handed_over_seal_fails() -> None:
    where = succession()
    first, second = where.judges[JOURNAL], where.judges[NEXT]
    forgot = replace(first, seals=first.seals[:-1])
    report = told(named("first: product"), NEXT, replace(second, before=(forgot, where.handed), others=[]))
    assert {1} == numbers(report)


def test_a_fault_of_the_bundle_s_journal_or_of_the_pinned_one_fails() -> None:
    where = succession()
    first, second = where.judges[JOURNAL], where.judges[NEXT]
    for judge, faulty in (
        (replace(second, fault="fork"), NEXT),
        (replace(second, before=(replace(first, fault="fork"), where.handed), others=[]), JOURNAL),
    ):
        report = told(named("first: product"), NEXT, judge)
        assert (State.FAILS, set()) == (report.state, numbers(report))
        assert (Proven(faulty, "fork", 0),) == report.proven


def test_a_signature_for_the_wrong_journal_of_the_line_fails() -> None:
    """What was taken before the handover counts as signed for the first journal alone, what came after, the second."""
    where = succession()
    second = where.judges[NEXT]
    for size in (0, where.handed.size + 1000):
        moved = replace(second, before=(second.before[0], replace(where.handed, size=size)) if second.before else None)
        assert 7 in numbers(told(named("second: reviews"), NEXT, moved))


def test_without_a_chain_a_shopper_of_an_earlier_journal_is_not_checked() -> None:
    bundle = proof.parse(named("second: reviews"))
    report = proof.verify(bundle, pinned=Deployment(CHAIN, NEXT), now=succession().now)
    assert (set(), {1, 7}) == (numbers(report), numbers(report, State.UNCHECKED))


def test_journals_without_end_are_not_asked_for_ever() -> None:
    class Endless(FakeJudge):
        asked = 0

        def predecessor(self) -> Predecessor:
            return Predecessor(JOURNAL, succession().handed)

        def journal_at(self, journal: str) -> FakeJudge:
            Endless.asked += 1
            return self

    judge = Endless([], {}, Deployment(CHAIN, IMPOSTOR))
    assert 1 in numbers(told(named("first: product"), IMPOSTOR, judge))
    assert Endless.asked <= 2 * proof.LINE_LIMIT


# --- bodies as they are


def appealed(raw: bytes) -> tuple[Any, FakeJudge]:
    journal = build()
    journal.appeal(b"\x00\xffnot JSON")
    journal.appeal(raw)
    journal.seal()
    return journal.bundle(APPEALS), journal.judge()


@pytest.mark.parametrize("raw", [b"", b"x" * 4096, b"\xff\xfe", b"[1]", b'"text"'])
def test_an_appeal_holds_as_its_bytes_stand_on_chain(raw: bytes) -> None:
    bundle, judge = appealed(raw)
    report = verify(bundle, judge)
    assert State.HOLDS is report.state
    assert raw == proof.parse(bundle).main.shown[-1].unread


def test_other_bytes_than_the_appeal_s_fail() -> None:
    bundle, judge = appealed(b"mine")
    assert {4} == numbers(verify(changed(bundle, "entries/1/body", b64encode(b"none").decode()), judge))


def test_only_an_appeal_is_shown_by_its_bytes() -> None:
    bundle = story().bundle(PRODUCT)
    text = b64encode(story().written[0].text).decode()
    assert {4, 7} <= numbers(verify(changed(bundle, "entries/0/body", text)))


@pytest.mark.parametrize("text", ["?", "eA", "eA=", "eB==", "eA==\n", " eA==", "e-A=", b64encode(b"x" * 4097).decode()])
def test_a_body_that_is_not_canonical_base64_is_none(text: str) -> None:
    bundle, _ = appealed(b"x")
    with pytest.raises(Malformed):
        proof.parse(changed(bundle, "entries/1/body", text))

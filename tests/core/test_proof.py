"""A proof bundle is believed when all of it holds; each thing bent fails the obligation that is about it.

Every case says which obligations fail, all of them and no other.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journal_builder import (
    BATCH,
    GTIN,
    ITEM,
    JOURNAL,
    MERCHANT,
    OPERATOR,
    PALLET,
    PARTNER,
    PINNED,
    PRODUCT,
    REVIEWS,
    RIGHTS,
    SERIALS,
    STRANGER,
    FakeJudge,
    Journal,
    Shopper,
    absence_bundle,
    build,
    changed,
    claims,
    found_at,
    item_bundle,
    link,
    market,
    market_bundle,
    numbers,
    review_bundle,
    right,
    story,
    verify,
)  # fmt: skip
from suyuan.core import canonical, entries, proof, rules, subjects
from suyuan.core.entries import Kind
from suyuan.core.errors import ChainAway, Malformed
from suyuan.core.proof import Deployment, State
from suyuan.core.rules import Standing

Bend = Callable[[dict[str, Any]], dict[str, Any]]
OTHER = "0" * 63 + "1"
FIELDS = {"version": 0, "kind": 1, "arg": 2, "key": 3, "seq": 42, "prev": 43, "at": 82, "state": 83, "body": 115}


def flip(hex_text: str, byte: int = 0) -> str:
    """The same hex with the lowest bit of one byte turned."""
    raw = bytearray.fromhex(hex_text)
    raw[byte] ^= 1
    return raw.hex()


def flipped(path: str, byte: int = 0) -> Bend:
    return lambda bundle: changed(bundle, path, flip(found_at(bundle, path), byte))


def put(path: str, value: Any) -> Bend:
    return lambda bundle: changed(bundle, path, value)


def taken(path: str, where: Any) -> Bend:
    """Takes a member away from what stands at `path`."""

    def bend(bundle: dict[str, Any]) -> dict[str, Any]:
        copy = json.loads(json.dumps(bundle))
        del found_at(copy, path)[where]
        return copy  # type: ignore[no-any-return]

    return bend


def document_of(bundle: dict[str, Any], entry: str) -> str:
    return str(found_at(bundle, f"{entry}/body/public/document"))


# --- what holds


@pytest.mark.parametrize(
    "subject", [PRODUCT, BATCH, PALLET, RIGHTS, subjects.item(GTIN, SERIALS[4])], ids=lambda s: s[:9]
)
def test_a_true_bundle_holds(subject: str) -> None:
    report = verify(story().bundle(subject))
    assert (State.HOLDS, [], ()) == (report.state, sorted(numbers(report)), report.recalled)


def test_an_items_bundle_holds_with_its_batch_its_pallet_and_what_waits() -> None:
    report = verify(item_bundle())
    assert (State.HOLDS, 0) == (report.state, report.not_shown)
    assert list(range(1, 10)) == [obligation.number for obligation in report.obligations]


def test_reviews_hold_with_the_claim_of_their_key() -> None:
    assert State.HOLDS is verify(review_bundle()).state


def test_reviews_that_are_withheld_withdrawn_and_erased_hold() -> None:
    report = verify(market_bundle(), market().judge(), now=market().seals[-1].sealed_at)
    assert (State.HOLDS, []) == (report.state, sorted(numbers(report)))


@pytest.mark.parametrize("public", [{"stars": True}, {"stars": None}, {}, {"stars": "1"}, {"stars": 2}], ids=repr)
def test_an_author_gives_the_stars_that_are_counted(public: dict[str, Any]) -> None:
    journal = build()
    journal.claim("two")
    journal.shop(Shopper("two"), Kind.REVIEW, REVIEWS, {"right": right("two"), **public}, arg=1)
    journal, judge = resealed(journal)
    assert {8} == numbers(verify(journal.bundle(REVIEWS, support=claims(journal)), judge))


@pytest.mark.parametrize("public", [{}, {"right": None}, {"right": "ab" * 32}], ids=repr)
def test_a_claim_binds_a_key_to_its_right_alone(public: dict[str, Any]) -> None:
    journal = build()
    journal.shop(Shopper("two"), Kind.CLAIM, RIGHTS, {} if public.get("right") is None else {"right": right("two")})
    journal.shop(Shopper("two"), Kind.REVIEW, REVIEWS, {"stars": 1, **public}, arg=1)
    journal, judge = resealed(journal)
    report = verify(journal.bundle(REVIEWS, support=claims(journal)), judge)
    assert (set(), {7}) == (numbers(report), numbers(report, State.UNCHECKED))


def test_a_claim_of_an_item_binds_no_review() -> None:
    journal = build()
    item = subjects.item(GTIN, GTIN)
    claimed = journal.shop(Shopper("two"), Kind.CLAIM, item, {"right": right("two")})
    journal.shop(Shopper("two"), Kind.REVIEW, REVIEWS, {"stars": 1, "right": right("two")}, arg=1)
    journal, judge = resealed(journal)
    report = verify(journal.bundle(REVIEWS, support=[*claims(journal), claimed]), judge)
    assert (set(), {7}) == (numbers(report), numbers(report, State.UNCHECKED))


def test_an_absence_holds() -> None:
    report = verify(absence_bundle())
    assert (State.HOLDS, 0) == (report.state, report.not_shown)


def test_the_newest_entries_hold_by_themselves_and_older_ones_are_said_not_to_be_shown() -> None:
    report = verify(review_bundle(limit=2))
    assert (State.HOLDS, 3) == (report.state, report.not_shown)


def test_an_empty_journals_absence_under_a_met_stranger_is_told_apart() -> None:
    bundle = absence_bundle()
    assert bundle["head"]["met"] is not None
    assert proof.parse(bundle).main.count == 0


# --- what cannot be checked


def test_without_a_judge_nothing_that_needs_the_chain_holds() -> None:
    report = proof.verify(proof.parse(item_bundle()), pinned=PINNED, now=story().seals[-1].sealed_at)
    assert State.UNCHECKED is report.state
    assert {1, 7, 9} == numbers(report, State.UNCHECKED)
    assert set() == numbers(report)


def test_without_a_judge_what_is_wrong_still_fails() -> None:
    bundle = changed(item_bundle(), "seal/root", OTHER)
    report = proof.verify(proof.parse(bundle), pinned=PINNED, now=story().seals[-1].sealed_at)
    assert {6} == numbers(report)


def test_a_judge_that_is_away_is_as_none() -> None:
    class Away(FakeJudge):
        def deployment(self) -> Deployment:
            raise ChainAway("down")

        def verdicts(self, claims: Any) -> Any:
            raise ChainAway("down")

        def batch(self, key: bytes) -> Any:
            raise ChainAway("down")

    report = verify(item_bundle(), Away([], {}))
    assert (set(), {1, 7, 9}) == (numbers(report), numbers(report, State.UNCHECKED))


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (0, State.HOLDS),
        (proof.STALE, State.HOLDS),
        (proof.STALE + 1, State.UNCHECKED),
        (-proof.CLOCK_SKEW, State.HOLDS),
        (-proof.CLOCK_SKEW - 1, State.UNCHECKED),
    ],
)
def test_a_seal_says_how_things_are_while_it_is_fresh(age: int, state: State) -> None:
    report = verify(review_bundle(), now=story().seals[-1].sealed_at + age)
    assert state is report.obligations[0].state


UNCHECKED: dict[str, tuple[Callable[[], dict[str, Any]], Bend, set[int]]] = {
    "document away": (item_bundle, lambda b: taken("documents", document_of(b, "entries/2"))(b), {4}),
    "document of what waits": (item_bundle, lambda b: taken("documents", document_of(b, "pending/0"))(b), {4}),
    "no batch": (item_bundle, taken("related", 0), {9}),
    "no proof of the item": (item_bundle, taken("related/0", "items"), {9}),
    "no pallet": (item_bundle, taken("related", 1), {9}),
    "claim away": (review_bundle, put("support", []), {7}),
    "a container of another thing": (
        lambda: story().bundle(PRODUCT, containers=[PALLET]), lambda b: b, {9},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNCHECKED)
def test_what_is_not_in_the_bundle_could_not_be_checked(name: str) -> None:
    make, bend, unchecked = UNCHECKED[name]
    report = verify(bend(make()))
    assert (set(), unchecked) == (numbers(report), numbers(report, State.UNCHECKED))


def test_a_document_that_is_away_hides_no_fault_of_another_entry() -> None:
    bundle = taken("documents", document_of(item_bundle(), "entries/0"))(item_bundle())
    assert {4} == numbers(verify(changed(bundle, "entries/2/body/named", 7)))


def test_a_batch_that_is_not_registered_yet_could_not_be_checked() -> None:
    report = verify(story().bundle(BATCH), replace(story().judge(), batches={}))
    assert (set(), {9}) == (numbers(report), numbers(report, State.UNCHECKED))


def test_a_recall_is_told_and_is_no_fault() -> None:
    judge = story().judge()
    key = subjects.key(BATCH)
    judge.batches[key] = replace(judge.batches[key], recalled_at=1_790_000_500)
    report = verify(item_bundle(), judge)
    assert (State.HOLDS, (BATCH,)) == (report.state, report.recalled)


def test_a_recall_is_told_whatever_else_fails() -> None:
    judge = story().judge()
    key = subjects.key(BATCH)
    judge.batches[key] = replace(judge.batches[key], recalled_at=1_790_000_500, quantity=4)
    report = verify(changed(item_bundle(), "seal/root", OTHER), judge)
    assert ((BATCH,), {1, 6, 9}) == (report.recalled, numbers(report))


# --- what fails: each part of a bundle

HEADER: dict[str, set[int]] = {
    "version": {8},
    "kind": {4, 7},
    "arg": {8},
    "key": {4},
    "seq": {5},
    "prev": {5},
    "at": set(),
    "state": {8},
    "body": {4},
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_bent_header_in_the_middle_fails_there_and_in_order_and_inclusion(field: str) -> None:
    assert {5, 6} | HEADER[field] == numbers(verify(flipped("entries/2/header", FIELDS[field])(item_bundle())))


@pytest.mark.parametrize("field", FIELDS)
def test_a_bent_newest_header_fails_against_the_head(field: str) -> None:
    bundle = story().bundle(PALLET)
    met = numbers(verify(flipped("entries/1/header", FIELDS[field])(bundle)))
    assert {3, 6} | HEADER[field] == met


@pytest.mark.parametrize("field", FIELDS)
def test_a_bent_header_of_a_related_stream_fails(field: str) -> None:
    assert {3, 6} <= numbers(verify(flipped("related/1/entries/1/header", FIELDS[field])(item_bundle())))


@pytest.mark.parametrize("byte", range(entries.HEADER_SIZE))
def test_no_byte_of_a_header_is_free(byte: int) -> None:
    assert 6 in numbers(verify(flipped("entries/0/header", byte)(review_bundle())))


FAILS: dict[str, tuple[Callable[[], dict[str, Any]], Bend, set[int]]] = {
    # (1)
    "chain": (review_bundle, put("chain/id", 1), {1, 7}),  # a shopper signs for a deployment
    "journal": (lambda: story().bundle(PRODUCT), put("chain/journal", "0x" + "00" * 20), {1}),
    "seal number": (review_bundle, put("seal/number", 2), {1}),
    "seal time": (review_bundle, lambda b: put("seal/sealedAt", b["seal"]["sealedAt"] + 1)(b), {1}),
    "seal root": (review_bundle, flipped("seal/root"), {1, 6}),
    "seal heads": (review_bundle, flipped("seal/heads"), {1, 2}),
    "seal size": (lambda: story().bundle(PRODUCT), put("seal/size", 3), {1, 6}),
    # (2)
    "head sibling": (review_bundle, flipped("head/siblings/0"), {2}),
    "head sibling less": (review_bundle, taken("head/siblings", 0), {2}),
    "head sibling more": (review_bundle, lambda b: put("head/siblings", [*b["head"]["siblings"], OTHER])(b), {2}),
    "head of a pallet": (item_bundle, flipped("related/1/head/siblings/0"), {2}),
    "absence sibling": (absence_bundle, flipped("head/siblings/0"), {2}),
    "absence met leaf": (absence_bundle, flipped("head/met/leaf"), {2}),
    "absence met key": (absence_bundle, flipped("head/met/key", 31), {2}),
    "absence met count": (absence_bundle, put("head/met/count", 9), {2}),
    "absence of nothing met": (absence_bundle, put("head/met", None), {2}),
    "absence of another": (absence_bundle, put("subject", REVIEWS), {2}),
    "absence of what is there": (
        review_bundle, lambda b: {**b, "head": {"met": None, "siblings": b["head"]["siblings"]}}, {2, 3},
    ),
    # (3)
    "head count": (review_bundle, put("head/count", 6), {2, 3}),
    "head leaf": (review_bundle, flipped("head/leaf"), {2, 3}),
    "newest left out": (review_bundle, taken("entries", -1), {3}),
    "all left out": (review_bundle, put("entries", []), {3}),
    "all left out with what waits": (
        lambda: story().bundle(ITEM), lambda b: {**b, "entries": []}, {3},
    ),
    "entries of an absent": (
        lambda: {**absence_bundle(), **{n: review_bundle()[n] for n in ("entries", "inclusion", "hashes", "support")}},
        lambda b: b, {3, 4, 7},
    ),
    # (4)
    "stars": (review_bundle, put("entries/0/body/public/stars", 5), {4, 7, 8}),
    "member more": (review_bundle, put("entries/0/body/note", "x"), {4}),
    "float": (review_bundle, put("entries/0/body/note", 0.5), {4}),
    "kind": (review_bundle, put("entries/4/body/kind", "review.erase"), {4, 7}),
    "kind of no type": (review_bundle, put("entries/4/body/kind", []), {4, 7}),
    "subject of a body": (review_bundle, put("entries/4/body/subject", RIGHTS), {4}),
    "subject of an event": (item_bundle, put("entries/0/body/subject", ""), {4}),
    "named": (item_bundle, put("entries/0/body/named", 2), {4}),
    "document": (item_bundle, lambda b: put(f"documents/{document_of(b, 'entries/0')}/action", "DELETE")(b), {4}),
    "document's context": (
        item_bundle, lambda b: put(f"documents/{document_of(b, 'entries/0')}/@context", "https://x.example")(b), {4},
    ),
    "document of a container": (
        item_bundle, lambda b: put(f"related/1/documents/{document_of(b, 'related/1/entries/1')}/note", 1)(b), {4},
    ),
    "document of another name": (item_bundle, lambda b: {**b, "documents": {**b["documents"], "x": {}}}, {4}),
    "body of what waits": (item_bundle, put("pending/0/body/public/event", "x"), {4, 7}),
    "body of support": (review_bundle, put("support/0/body/public/right", "ac" * 32), {4, 7}),
    "subject of support": (review_bundle, put("support/0/subject", REVIEWS), {4, 7}),
    # (5)
    "middle left out": (review_bundle, taken("entries", 2), {5, 8}),
    "order": (review_bundle, lambda b: {**b, "entries": [*b["entries"][1::-1], *b["entries"][2:]]}, {5, 8}),
    "doubled": (item_bundle, lambda b: {**b, "entries": [b["entries"][0], *b["entries"]]}, {5}),
    "waiting out of turn": (item_bundle, lambda b: {**b, "pending": b["pending"] * 2}, {5}),
    "waiting within the seal": (item_bundle, put("pending/0/index", 2), {5}),
    "waiting of another stream": (
        lambda: {**absence_bundle(), "pending": item_bundle()["pending"]}, lambda b: b, {4, 5},
    ),
    # (6)
    "index": (review_bundle, put("entries/4/index", 3), {5, 6}),
    "index beyond": (review_bundle, put("entries/4/index", 10**6), {5, 6}),
    "proof away": (review_bundle, put("inclusion", []), {6}),
    "proof hash": (review_bundle, flipped("hashes/0"), {6}),
    "proof longer": (
        review_bundle, lambda b: put("inclusion/0/proof", [*b["inclusion"][0]["proof"], 0])(b), {6},
    ),
    "proof shorter": (review_bundle, taken("inclusion/0/proof", 0), {6}),
    "proof of support": (review_bundle, taken("inclusion", -1), {6}),
    "proof of a pallet": (item_bundle, put("related/1/inclusion", []), {6}),
    # (7)
    "signature": (item_bundle, flipped("entries/0/body/signature", 40), {4, 7}),
    "shopper's signature": (review_bundle, flipped("entries/0/body/signature", 40), {4, 7}),
    "author": (item_bundle, put("entries/0/body/by", OPERATOR.address), {4, 7}),
    "author of no form": (item_bundle, put("entries/0/body/by", {"0": 1}), {4, 7}),
    "no signature": (item_bundle, taken("entries/0/body", "signature"), {4, 7}),
    "no public": (item_bundle, taken("entries/0/body", "public"), {4, 7}),
    "issued at": (item_bundle, put("entries/0/body/issuedAt", 5), {4, 7}),
    "nonce": (item_bundle, flipped("entries/0/body/nonce"), {4, 7}),
    "merchant as a shopper": (review_bundle, put("entries/0/body/by", MERCHANT.address), {4, 7}),
    # (9)
    "serial": (item_bundle, put("related/0/items/serial", SERIALS[1]), {9}),
    "code": (item_bundle, flipped("related/0/items/code"), {9}),
    "item index": (item_bundle, put("related/0/items/index", 2), {9}),
    "item proof": (item_bundle, put("related/0/items/proof", []), {9}),
    "relation": (item_bundle, put("related/1/relation", "friend"), {9}),
    "a pallet as batch": (item_bundle, put("related/1/relation", "batch"), {9}),
    "another's item": (
        lambda: story().bundle(subjects.item(GTIN, SERIALS[1]), containers=[PALLET]),
        lambda b: {**b, "related": [{**item_bundle()["related"][0], "inclusion": []}, *b["related"]]}, {6, 9},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILS)
def test_what_is_bent_fails_its_obligation_and_no_other(name: str) -> None:
    make, bend, failing = FAILS[name]
    report = verify(bend(make()))
    assert (State.FAILS, failing) == (report.state, numbers(report))


def test_another_deployment_than_the_pinned_one_fails() -> None:
    for pinned in (Deployment(1, JOURNAL), Deployment(31337, "0x" + "00" * 20)):
        assert {1} == numbers(verify(item_bundle(), pinned=pinned))


def test_a_chain_that_is_another_fails() -> None:
    assert {1} == numbers(verify(item_bundle(), replace(story().judge(), of=Deployment(1, JOURNAL))))


def test_a_seal_that_the_contract_does_not_know_fails() -> None:
    assert {1} == numbers(verify(item_bundle(), replace(story().judge(), seals=story().seals[:2])))


# --- what fails: the journal itself, rewritten and sealed anew


def resealed(journal: Journal) -> tuple[Journal, FakeJudge]:
    journal.seal()
    return journal, journal.judge()


def test_a_past_that_was_rewritten_fails_on_the_seal_alone() -> None:
    forged = build()
    forged.written.pop()
    forged.seals.pop()
    forged.event(PARTNER, bizStep="storing", epcList=[link(ITEM)])
    forged.seals.append(replace(forged.seal(), number=3))
    forged.seals[-1] = replace(forged.seals[-1], sealed_at=story().seals[-1].sealed_at)
    assert {1} == numbers(verify(forged.bundle(REVIEWS, support=claims(forged))))


@pytest.mark.parametrize(
    ("standing", "failing"),
    [
        (Standing.ADMITTED, set()),
        (Standing.WARNED, set()),
        (Standing.SUSPENDED, {7}),
        (Standing.EXPELLED, {7}),
        (Standing.UNKNOWN, {7}),
    ],
)
def test_an_author_has_to_have_standing(standing: Standing, failing: set[int]) -> None:
    judge = replace(story().judge(), standings={PARTNER.address: standing})
    assert failing == numbers(verify(item_bundle(), judge))


def test_an_author_signs_with_the_key_of_the_time() -> None:
    judge = story().judge()
    judge.keys[PARTNER.address] = STRANGER.address
    assert {7} == numbers(verify(item_bundle(), judge))


def test_a_stranger_is_no_author() -> None:
    journal = build()
    journal.record(STRANGER, Kind.PRODUCT, PRODUCT, {"name": "mine now"})
    journal, judge = resealed(journal)
    assert {7} == numbers(verify(journal.bundle(PRODUCT), judge))


@pytest.mark.parametrize(("late", "failing"), [(600, set()), (601, {7})])
def test_a_statement_is_issued_before_it_is_accepted_or_a_little_later(late: int, failing: set[int]) -> None:
    journal = build()
    public = {"document": journal.document({"name": "new"})}
    at = (journal.at + 1000) // 1000
    signed = journal.sign(MERCHANT, Kind.PRODUCT, PRODUCT, public, at + late)
    journal.append(Kind.PRODUCT, PRODUCT, rules.body_of(signed, public), document=public["document"])
    journal, judge = resealed(journal)
    assert failing == numbers(verify(journal.bundle(PRODUCT), judge))


def test_a_statement_counts_once() -> None:
    journal = build()
    first = journal.stream(PRODUCT)[0]
    journal.append(Kind.PRODUCT, PRODUCT, json.loads(first.text), document=first.document)
    journal, judge = resealed(journal)
    assert {7} == numbers(verify(journal.bundle(PRODUCT), judge))


def test_a_review_by_a_participants_key_is_no_shoppers() -> None:
    journal = build()
    journal.moderate(MERCHANT, Kind.REVIEW, REVIEWS, {"stars": 5}, arg=5)
    journal, judge = resealed(journal)
    assert {7} == numbers(verify(journal.bundle(REVIEWS, support=claims(journal)), judge))


def test_a_claim_after_its_review_binds_nothing() -> None:
    journal = build()
    support = [replace(claims(journal)[0], index=len(journal.written) - 1)]
    report = verify(journal.bundle(REVIEWS) | {"support": [{"subject": RIGHTS, **e.shown} for e in support]})
    assert 7 in numbers(report, State.UNCHECKED)


def forge(journal: Journal, index: int, **fields: Any) -> None:
    """Writes other fields into a header, and whatever follows in its stream onto it."""
    journal.written[index] = entry = replace(
        journal.written[index], header=replace(journal.written[index].header, **fields)
    )
    for after in journal.written[index + 1 :]:
        if after.subject == entry.subject:
            header = replace(after.header, prev=entry.leaf)
            journal.written[after.index] = entry = replace(after, header=header)


def reviews_with(place: int, **fields: Any) -> proof.Report:
    """The report of reviews of which one header is forged, consistently, before the seals were made."""
    journal = build()
    journal.seals.clear()
    forge(journal, journal.stream(REVIEWS)[place].index, **fields)
    journal, judge = resealed(journal)
    return verify(journal.bundle(REVIEWS, support=claims(journal)), judge)


@pytest.mark.parametrize("place", range(5))
def test_a_forged_tally_fails_where_it_does_not_follow(place: int) -> None:
    assert {8} == numbers(reviews_with(place, state=bytes(29) + b"\1\0\0"))
    assert {8} == numbers(reviews_with(place, state=b"\0\0\1" * 10 + b"\0\0"))
    assert {8} == numbers(reviews_with(place, version=2))
    assert {8} == numbers(reviews_with(place, arg=0xFF))


def test_a_forged_order_fails() -> None:
    assert {5} == numbers(reviews_with(2, prev=bytes(32)))
    assert {5} == numbers(reviews_with(2, seq=7))
    assert {5} == numbers(reviews_with(0, prev=b"\1" * 32))


def test_a_time_that_goes_back_fails() -> None:
    assert {5, 6} <= numbers(reviews_with(2, at=1_790_000_000_000))
    assert {3, 6} >= numbers(reviews_with(4, at=2**63)) >= {3}


def test_a_container_of_the_container_has_to_be_there_too() -> None:
    outer = "/00/095211410000000014"
    journal = build()
    journal.event(
        PARTNER,
        type="AggregationEvent",
        action="ADD",
        bizStep="loading",
        parentID=link(outer),
        childEPCs=[link(PALLET)],
    )
    journal, judge = resealed(journal)
    both = verify(journal.bundle(ITEM, batch=BATCH, containers=[PALLET, outer]), judge)
    assert (set(), set()) == (numbers(both), numbers(both, State.UNCHECKED))
    one = verify(journal.bundle(ITEM, batch=BATCH, containers=[PALLET]), judge)
    assert (set(), {9}) == (numbers(one), numbers(one, State.UNCHECKED))


@pytest.mark.parametrize("field", ["quantity", "items_root", "merchant", "content"])
def test_a_registry_that_says_otherwise_fails(field: str) -> None:
    other = {"quantity": 6, "items_root": bytes(32), "merchant": PARTNER.address, "content": bytes(32)}[field]
    judge = story().judge()
    key = subjects.key(BATCH)
    judge.batches[key] = replace(judge.batches[key], **{field: other})
    assert {9} == numbers(verify(story().bundle(BATCH), judge))


# --- hostile shapes


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "bundle",
        7,
        {},
        {"version": 2},
        *[{n: v for n, v in item_bundle().items() if n != name} for name in (
            "version", "subject", "chain", "seal", "head", "entries", "hashes",
        )],
    ],
    ids=lambda v: repr(v)[:40],
)  # fmt: skip
def test_what_is_no_bundle_is_malformed(value: Any) -> None:
    with pytest.raises(Malformed):
        proof.parse(value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("version", 2), ("version", True), ("version", "1"), ("version", 1.0),
        ("subject", 7), ("subject", ""), ("subject", "reviews"), ("subject", "/\ud800"), ("subject", "/" * 4000),
        ("chain", []), ("chain/id", "31337"), ("chain/id", -1), ("chain/id", True), ("chain/journal", JOURNAL.upper()),
        ("seal/size", 2**53), ("seal/size", 1.5), ("seal/root", "00"), ("seal/root", None), ("seal/sealedAt", None),
        ("head", None), ("head/siblings", ""), ("head/siblings", {}), ("head/siblings", [7]), ("head/count", "5"),
        ("head/leaf", "٠" * 64), ("head/met", 7), ("head/met", {}),
        ("entries", {}), ("entries", "x"), ("entries", [None]), ("entries/0/header", "00"), ("entries/0/index", -1),
        ("entries/0/index", "3"), ("entries/0/body", []), ("entries/0/body", None), ("entries/0", []),
        ("inclusion", {}), ("inclusion", [[]]), ("inclusion/0/proof", {}), ("inclusion/0/proof", [-1]),
        ("inclusion/0/proof", [10**9]), ("inclusion/0/proof", ["0"]), ("inclusion/0/proof", [[0]]),
        ("hashes", {}), ("hashes", [None]), ("hashes", "00" * 32), ("documents", []), ("documents", None),
        ("support", None), ("support", {}), ("support", [{}]), ("related", {}), ("related", [{}]), ("related", [7]),
        ("related/0/subject", []), ("related/0/relation", None), ("related/0/items", []), ("related/0/items", {}),
        ("related/0/items/serial", 7), ("related/0/items/serial", "\udfff"), ("related/0/items/index", -1),
        ("pending", "x"), ("pending", [{}]), ("pending/0/header", None),
    ],
    ids=repr,
)  # fmt: skip
def test_a_part_of_another_shape_is_malformed(path: str, value: Any) -> None:
    with pytest.raises(Malformed):
        proof.parse(changed(item_bundle(), path, value))


def test_a_support_of_no_subject_is_malformed() -> None:
    for subject in (None, [], "\ud800", "/\ud800"):
        with pytest.raises(Malformed):
            proof.parse(changed(review_bundle(), "support/0/subject", subject))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("related/0/entries/0/body/public", []),
        ("related/0/entries/0/body/public/document", []),
        ("related/0/entries/0/body/public/document", {}),
        ("related/0/entries/0/body/public/quantity", "\ud800"),
        ("entries/0/body/public", None),
        ("entries/0/body/kind", "\ud800"),
        ("entries/0/body/nonce", ["x"]),
        ("entries/0/body/by", "0x"),
        ("entries/0/body/named", "4"),
        ("entries/0/body/issuedAt", 2**70),
        ("subject", "/01/09521141012345/21/1/21/1"),
        ("related/0/subject", "/01/09521141012345/10/"),
    ],
    ids=repr,
)
def test_a_hostile_value_inside_is_a_fault_and_no_exception(path: str, value: Any) -> None:
    assert State.FAILS is verify(changed(item_bundle(), path, value)).state


@pytest.mark.parametrize(
    "document",
    [None, [], 7, "x", {}, {"@context": 1}, {"@context": [], "type": "ObjectEvent", "epcList": {}}, float("nan")],
    ids=repr,
)
def test_a_document_that_is_no_event_fails_whether_or_not_it_hashes(document: Any) -> None:
    bundle = item_bundle()
    assert {4} == numbers(verify(changed(bundle, f"documents/{document_of(bundle, 'entries/0')}", document)))
    if document == document:  # NaN has no hash
        name = canonical.digest(document).hex()
        bundle = {**bundle, "documents": {**bundle["documents"], name: document}}
        assert {4, 7} == numbers(verify(changed(bundle, "entries/0/body/public/document", name)))


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=4)
    | st.sampled_from(["\ud800", OTHER, "/01/09521141012345/10/A", "0x" + "00" * 20, "00" * 147]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([at] if at else []), *[path for name, member in inside for path in paths(member, (*at, name))]]


BUNDLES = [item_bundle(), review_bundle(), absence_bundle()]
PLACES = [(i, path) for i, bundle in enumerate(BUNDLES) for path in paths(bundle)]
HARMLESS = {"block", "tx", "receipt"}  # what no obligation is about


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PLACES), junk)
def test_any_value_put_anywhere_is_malformed_or_answered(place: tuple[int, tuple[Any, ...]], value: Any) -> None:
    which, path = place
    bundle = json.loads(json.dumps(BUNDLES[which]))
    at = bundle
    for name in path[:-1]:
        at = at[name]
    before, at[path[-1]] = at[path[-1]], value
    try:
        report = verify(bundle)
    except Malformed:
        return
    known = {"entries", "related", "support", "pending", "inclusion", "hashes", "documents"}
    if before != value and not HARMLESS & set(map(str, path)) and path[0] not in known:
        assert State.HOLDS is not report.state


@settings(max_examples=100)
@given(junk | st.dictionaries(st.sampled_from(list(item_bundle())), junk))
def test_any_json_is_malformed_or_read(value: Any) -> None:
    try:
        bundle = proof.parse(value)
    except Malformed:
        return
    assert isinstance(bundle, proof.Bundle)


def test_a_report_tells_a_few_faults_of_many() -> None:
    journal = Journal()
    for place in range(30):
        journal.event(PARTNER, epcList=[link(ITEM)], eventTime=f"2026-09-21T10:00:{place:02d}.000Z")
    journal.seal()
    bundle = journal.bundle(ITEM, limit=30)
    report = verify({**bundle, "documents": dict.fromkeys(bundle["documents"], 7)}, journal.judge())
    assert report.obligations[3].detail.endswith("; and 25 more")

"""What each entry does to a review, whatever came before; and a ledger that any journal can be read into."""

from __future__ import annotations

import json
from contextlib import suppress
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journal_builder import BATCH, GTIN, MERCHANT, OPERATOR, REVIEWS, SERIALS, Journal, build, market, private_of, right
from suyuan.core import entries, rules, subjects, tally
from suyuan.core.entries import Kind
from suyuan.core.errors import BadSignature, Conflict, Malformed, NotFound, ProofFault, SuyuanError
from suyuan.core.reviews import Content, Ledger, Reply, Review, State, check_item_claim, right_of, step

KEY, OTHER = "04" + "aa" * 64, "04" + "bb" * 64
HASH = "ab" * 32
KINDS = [kind for kind in Kind if Kind.REVIEW <= kind <= Kind.REVIEW_REPLY]
PUBLIC: dict[Kind, dict[str, Any]] = {
    Kind.REVIEW: {"right": HASH, "batch": BATCH, "stars": 4, "private": HASH},
    Kind.REVIEW_AMEND: {"right": HASH, "stars": 2, "private": HASH},
    Kind.REVIEW_WITHDRAW: {"right": HASH},
    Kind.REVIEW_WITHHOLD: {"right": HASH, "reason": "abuse", "basis": "CC-1024"},
    Kind.REVIEW_RESTORE: {"right": HASH, "reason": "appeal"},
    Kind.REVIEW_ERASE: {"right": HASH, "basis": "PIPL-47"},
    Kind.REVIEW_REPLY: {"right": HASH, "private": HASH},
}
STATES = [
    Review(KEY, 4, withheld, state, content, reply)
    for withheld in ("", "abuse")
    for state in State
    for content in Content
    for reply in Reply
    if not (withheld and state is State.WITHDRAWN)
]


def taken(before: Review | None, kind: Kind, by: str = KEY) -> tuple[int, Review] | type[SuyuanError]:
    try:
        return step(before, kind, PUBLIC[kind], by)
    except SuyuanError as error:
        return type(error)


def test_a_right_gives_one_review() -> None:
    assert (4, Review(KEY, 4)) == taken(None, Kind.REVIEW)
    assert {Conflict} == {taken(state, Kind.REVIEW) for state in STATES}


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.word)
def test_nothing_happens_to_a_review_that_was_not_written(kind: Kind) -> None:
    assert NotFound is taken(None, kind)


def expected(before: Review, kind: Kind) -> int | None:
    """The `arg` in that state, told anew; None: it cannot follow."""
    held, gone = bool(before.withheld), before.state is State.WITHDRAWN
    erased, replied = before.content is Content.ERASED, before.reply is Reply.GIVEN
    return {
        Kind.REVIEW_AMEND: None if gone or erased else held * 64 + 4 * 8 + 2,
        Kind.REVIEW_WITHDRAW: None if gone else held * 64 + 4 * 8,
        Kind.REVIEW_WITHHOLD: None if gone or held else 4 * 8,
        Kind.REVIEW_RESTORE: 4 * 8 if held else None,
        Kind.REVIEW_ERASE: None if erased else 0,
        Kind.REVIEW_REPLY: None if gone or replied else 0,
    }[kind]


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.word)
@pytest.mark.parametrize("before", STATES, ids=lambda s: f"{s.withheld or 'shown'}-{s.state}-{s.content}-{s.reply}")
def test_each_kind_follows_each_state_or_cannot(before: Review, kind: Kind) -> None:
    met = taken(before, kind)
    if expected(before, kind) is None:
        assert Conflict is met
        return
    assert isinstance(met, tuple)
    arg, after = met
    assert arg == expected(before, kind)
    changes = {
        Kind.REVIEW_AMEND: {"stars": 2},
        Kind.REVIEW_WITHDRAW: {"state": State.WITHDRAWN, "withheld": ""},
        Kind.REVIEW_WITHHOLD: {"withheld": "abuse"},
        Kind.REVIEW_RESTORE: {"withheld": ""},
        Kind.REVIEW_ERASE: {"content": Content.ERASED},
        Kind.REVIEW_REPLY: {"reply": Reply.GIVEN},
    }[kind]
    assert after == Review(**{**{name: getattr(before, name) for name in Review.__slots__}, **changes})


@pytest.mark.parametrize("kind", [Kind.REVIEW_AMEND, Kind.REVIEW_WITHDRAW], ids=lambda kind: kind.word)
@pytest.mark.parametrize("before", STATES)
def test_a_review_is_changed_by_its_own_key_alone(before: Review, kind: Kind) -> None:
    assert BadSignature is taken(before, kind, OTHER)


@pytest.mark.parametrize("kind", [Kind.PRODUCT, Kind.CLAIM, Kind.RIGHTS, Kind.DELIVERY])
def test_other_kinds_are_no_part_of_a_review(kind: Kind) -> None:
    with pytest.raises(Malformed):
        step(Review(KEY, 4), kind, {}, KEY)


moves = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(KINDS), st.integers(1, 5)), max_size=60)


@given(moves)
def test_any_sequence_counts_what_stands_and_what_is_withheld(sequence: list[tuple[int, Kind, int]]) -> None:
    reviews: dict[int, Review] = {}
    head = entries.EMPTY
    for which, kind, stars in sequence:
        try:
            arg, after = step(reviews.get(which), kind, {**PUBLIC[kind], "stars": stars}, KEY)
        except SuyuanError:
            continue
        header = entries.follow(head, kind=kind, key=bytes(32), at=0, body=bytes(32), arg=arg)
        head = entries.Head(head.count + 1, entries.leaf(header.encode()), header.state)
        reviews[which] = after
        standing = [review for review in reviews.values() if review.state is State.STANDING]
        withheld = [review for review in standing if review.withheld]
        assert tally.decode(head.state) == tally.Tally(
            *(tuple(sum(r.stars == n for r in some) for n in range(1, 6)) for some in (standing, withheld))
        )


def test_a_right_is_the_hash_of_sixteen_bytes() -> None:
    assert sha256(bytes(16)).hexdigest() == right_of("00" * 16)
    for bad in ("", "00" * 15, "00" * 17, "zz" * 16, "x"):
        with pytest.raises(Malformed):
            right_of(bad)


def item_claim(serial: str) -> dict[str, Any]:
    return dict(json.loads(build().claim_item(serial).text)["public"])


@pytest.mark.parametrize("serial", SERIALS)
def test_the_code_under_a_patch_claims_its_item(serial: str) -> None:
    root = market().items_tree(BATCH).root()
    public = item_claim(serial)
    check_item_claim(subjects.item(GTIN, serial), public, len(SERIALS), root)
    for subject, bent, quantity, of in (
        (subjects.item(GTIN, "other"), public, len(SERIALS), root),
        (subjects.item(GTIN, serial), {**public, "code": "00" * 16}, len(SERIALS), root),
        (subjects.item(GTIN, serial), {**public, "place": len(SERIALS)}, len(SERIALS), root),
        (subjects.item(GTIN, serial), {**public, "place": 2**32 - 1}, len(SERIALS), root),
        (subjects.item(GTIN, serial), {**public, "proof": []}, len(SERIALS), root),
        (subjects.item(GTIN, serial), {**public, "proof": [*public["proof"], HASH]}, len(SERIALS), root),
        (subjects.item(GTIN, serial), public, 2 * len(SERIALS), root),
        (subjects.item(GTIN, serial), public, len(SERIALS), bytes(32)),
    ):
        with pytest.raises(BadSignature):
            check_item_claim(subject, bent, quantity, of)


@pytest.mark.parametrize("written", ["%32017", "2%3017", "201%37"])
def test_an_item_is_claimed_under_one_subject(written: str) -> None:
    subject = f"/01/{GTIN}/21/{written}"
    assert "2017" == subjects.serial_of(subject)
    with pytest.raises(BadSignature):
        check_item_claim(subject, item_claim("2017"), len(SERIALS), market().items_tree(BATCH).root())


# --- the ledger


def ledger_of(journal: Journal) -> Ledger:
    ledger = Ledger()
    for entry in journal.written:
        body = json.loads(entry.text)
        ledger.take(Kind(entry.header.kind), entry.subject, body["public"], body["by"], entry.header.arg)
    return ledger


def test_an_item_that_is_claimed_gives_a_right_as_one_that_is_delivered() -> None:
    journal = build()
    ledger = ledger_of(journal)
    public = {"batch": BATCH, "rights": [right("four")]}
    with pytest.raises(ProofFault, match="3 of it are delivered or claimed"):
        ledger.take(Kind.RIGHTS, f"/rights/{GTIN}", public, OPERATOR.address, 0)
    entry = journal.claim_item(SERIALS[4])
    body = json.loads(entry.text)
    ledger.take(Kind.CLAIM, entry.subject, body["public"], body["by"], 0)
    ledger.take(Kind.RIGHTS, f"/rights/{GTIN}", public, OPERATOR.address, 0)


def test_a_batch_gives_no_more_rights_than_it_has_items() -> None:
    journal = build()
    journal.order("/order/" + "0e" * 16, (BATCH, 2))
    for serial in SERIALS:
        journal.claim_item(serial)
    journal.issue("four", "five")
    ledger = ledger_of(journal)
    with pytest.raises(ProofFault, match=r"6 rights to review .*, 5 of it"):
        ledger.take(Kind.RIGHTS, f"/rights/{GTIN}", {"batch": BATCH, "rights": [HASH]}, OPERATOR.address, 0)


def test_an_entry_that_breaks_a_rule_counts_for_nothing() -> None:
    ledger = ledger_of(build())
    goods = {"goods": [{"batch": BATCH, "quantity": 1}, {"batch": BATCH + "x", "quantity": 1}]}
    ledger.take(Kind.ORDER, "/order/" + "0e" * 16, {"private": HASH}, OPERATOR.address, 0)
    with pytest.raises(ProofFault):
        ledger.take(Kind.DELIVERY, "/order/" + "0e" * 16, goods, OPERATOR.address, 0)
    with pytest.raises(ProofFault, match="3 of it"):  # the delivered one of the two is not counted
        ledger.take(Kind.RIGHTS, f"/rights/{GTIN}", {"batch": BATCH, "rights": [HASH]}, OPERATOR.address, 0)
    with pytest.raises(ProofFault):
        ledger.take(Kind.RIGHTS, f"/rights/{GTIN}", {"batch": BATCH, "rights": sorted([HASH, right("one")])}, "", 0)
    with pytest.raises(ProofFault, match="never issued"):
        ledger.take(Kind.CLAIM, f"/rights/{GTIN}", {"right": HASH, "secret": "00" * 16}, KEY, 0)


def test_a_batch_stated_again_is_the_same_batch() -> None:
    ledger, entry = ledger_of(build()), build().stream(BATCH)[0]
    public = json.loads(entry.text)["public"]
    ledger.take(Kind.BATCH, BATCH, {**public, "document": HASH}, MERCHANT.address, 0)
    for bent, by in (({"quantity": 6}, MERCHANT), ({"itemsRoot": HASH}, MERCHANT), ({}, OPERATOR)):
        with pytest.raises(ProofFault):
            ledger.take(Kind.BATCH, BATCH, {**public, **bent}, by.address, 0)


hexes = st.sampled_from([HASH, "00" * 32, right("one"), right("two"), right("nobody"), private_of("one")])
secrets = st.sampled_from(["00" * 16, "ab" * 16])
batches = st.sampled_from([BATCH, f"/01/{GTIN}/10/x", "/01/00000000000017/10/x"])
stars = st.integers(1, 5)
FORMS: dict[Kind, st.SearchStrategy[tuple[str, dict[str, Any]]]] = {
    Kind.BATCH: st.tuples(
        batches, st.fixed_dictionaries({"document": hexes, "quantity": st.integers(1, 2**32 - 1), "itemsRoot": hexes})
    ),
    Kind.ORDER: st.tuples(st.just("/order/" + "0e" * 16), st.fixed_dictionaries({"private": hexes})),
    Kind.DELIVERY: st.tuples(
        st.just("/order/" + "0e" * 16),
        st.lists(batches, min_size=1, unique=True).flatmap(
            lambda some: st.just({"goods": [{"batch": batch, "quantity": 1} for batch in sorted(some)]})
        ),
    ),
    Kind.RIGHTS: st.tuples(
        st.sampled_from([f"/rights/{GTIN}", "/rights/00000000000017"]),
        st.fixed_dictionaries({"batch": batches, "rights": st.lists(hexes, min_size=1, unique=True).map(sorted)}),
    ),
    Kind.CLAIM: st.tuples(
        st.just(f"/rights/{GTIN}"), st.fixed_dictionaries({"right": hexes, "secret": secrets})
    )
    | st.tuples(
        st.sampled_from([f"/01/{GTIN}/21/2017", f"/01/{GTIN}/21/%FF", "/01/00000000000017/21/1"]),
        st.fixed_dictionaries(
            {"batch": batches, "code": secrets, "place": st.integers(0, 2**32 - 1), "proof": st.lists(hexes)}
        ),
    ),
    **{
        kind: st.tuples(
            st.sampled_from([REVIEWS, "/reviews/00000000000017"]),
            st.fixed_dictionaries(
                {
                    name: {"right": hexes, "batch": batches, "stars": stars, "private": hexes}.get(name, st.just(value))
                    for name, value in PUBLIC[kind].items()
                }
            ),
        )
        for kind in KINDS
    },
}  # fmt: skip
anything = st.sampled_from(sorted(FORMS)).flatmap(lambda kind: st.tuples(st.just(kind), FORMS[kind]))


@settings(max_examples=200)
@given(st.lists(st.tuples(anything, st.sampled_from([KEY, OTHER, MERCHANT.address]), st.integers(0, 255)), max_size=12))
def test_whatever_passes_its_rule_is_taken_or_a_fault(
    sequence: list[tuple[tuple[Kind, tuple[str, dict[str, Any]]], str, int]],
) -> None:
    ledger = ledger_of(market())
    for (kind, (subject, public)), by, arg in sequence:
        rules.check_public(kind, subject, public)
        with suppress(ProofFault):
            ledger.take(kind, subject, public, by, arg)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | hexes | batches,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
NAMES = sorted({name.removesuffix("?") for forms in rules.RULES.values() for rule in forms for name in rule.public})


@settings(max_examples=300)
@given(
    st.sampled_from(list(rules.RULES)),
    st.sampled_from([BATCH, REVIEWS, f"/rights/{GTIN}", f"/01/{GTIN}/21/2017", "/order/" + "0e" * 16, ""]),
    st.dictionaries(st.sampled_from(NAMES), junk) | junk,
)
def test_any_public_is_malformed_or_of_its_rules_form(kind: Kind, subject: str, public: Any) -> None:
    try:
        rules.check_public(kind, subject, public)
    except Malformed:
        return
    assert set(public) <= {name.removesuffix("?") for name in rules.rule_of(kind, subject).public}

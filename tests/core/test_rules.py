"""What each kind of entry holds, field by field, and who may write it."""

from __future__ import annotations

from typing import Any

import pytest

from suyuan.core import rules
from suyuan.core.entries import BODY_LIMIT, Kind, encode_body
from suyuan.core.errors import Malformed
from suyuan.core.rules import Role, Standing
from suyuan.core.statements import Signed, Statement

HASH = "0a" * 32
EVENT = f"ni:///sha-256;{HASH}?ver=CBV2.0"
PRODUCT, BATCH, MERCHANT = "/01/09521141012345", "/01/09521141012345/10/L%2F1", "/merchant/0x" + "0a" * 20
ITEM, ORDER = "/01/09521141012345/21/A%2F1", "/order/" + "0a" * 16
RIGHTS, REVIEWS, SECRET = "/rights/09521141012345", "/reviews/09521141012345", "0a" * 16
RIGHT: list[tuple[Kind, str, dict[str, Any]]] = [
    (Kind.PRODUCT, PRODUCT, {"document": HASH}),
    (Kind.BATCH, BATCH, {"document": HASH, "quantity": 1, "itemsRoot": HASH}),
    (Kind.BATCH, BATCH, {"document": HASH, "quantity": 2**32 - 1, "itemsRoot": HASH}),
    (Kind.CHECKPOINT, "", {"document": HASH, "event": EVENT}),
    (Kind.CHECKPOINT, "", {"document": HASH, "event": EVENT, "corrects": HASH}),
    (Kind.RECALL, BATCH, {"document": HASH}),
    (Kind.MERCHANT, MERCHANT, {"document": HASH}),
    (Kind.RIGHTS, RIGHTS, {"batch": BATCH, "rights": [HASH]}),
    (Kind.RIGHTS, RIGHTS, {"batch": BATCH, "rights": [f"{n:064x}" for n in range(rules.RIGHTS_LIMIT)]}),
    (Kind.CLAIM, RIGHTS, {"right": HASH, "secret": SECRET}),
    (Kind.CLAIM, ITEM, {"batch": BATCH, "code": SECRET, "place": 0, "proof": []}),
    (Kind.CLAIM, ITEM, {"batch": BATCH, "code": SECRET, "place": 2**32 - 1, "proof": [HASH] * 32}),
    (Kind.REVIEW, REVIEWS, {"right": HASH, "batch": BATCH, "stars": 1, "private": HASH}),
    (Kind.REVIEW, REVIEWS, {"right": HASH, "batch": BATCH, "stars": 5, "private": HASH, "aspects": {"value": 5}}),
    (
        Kind.REVIEW_AMEND,
        REVIEWS,
        {"right": HASH, "stars": 3, "private": HASH, "aspects": dict.fromkeys(rules.ASPECTS, 1)},
    ),
    (Kind.REVIEW_WITHDRAW, REVIEWS, {"right": HASH}),
    *[
        (Kind.REVIEW_WITHHOLD, REVIEWS, {"right": HASH, "reason": reason, "basis": basis})
        for reason, bases in rules.REASONS.items()
        for basis in bases
    ],
    *[(Kind.REVIEW_RESTORE, REVIEWS, {"right": HASH, "reason": reason}) for reason in rules.RESTORE_REASONS],
    *[(Kind.REVIEW_ERASE, REVIEWS, {"right": HASH, "basis": basis}) for basis in rules.ERASE_LAWS],
    (Kind.REVIEW_REPLY, REVIEWS, {"right": HASH, "private": HASH}),
    (Kind.ORDER, ORDER, {"private": HASH}),
    (Kind.DELIVERY, ORDER, {"goods": [{"batch": BATCH, "quantity": 1}, {"batch": BATCH + "2", "quantity": 2**32 - 1}]}),
]
BAD_VALUES: dict[str, list[Any]] = {
    "document": [None, "", HASH[2:], HASH.upper(), HASH + "00", HASH + "\n", "٠" * 64, 7, [HASH]],
    "itemsRoot": [None, "0x" + HASH[2:]],
    "quantity": [0, -1, 2**32, 1.0, True, "1", None],
    "event": [None, HASH, EVENT + "\n", EVENT.replace("CBV2.0", "CBV2x0"), EVENT.upper()],
    "corrects": [None, "", EVENT],
    "right": [None, "", HASH[2:], HASH.upper()],
    "private": [None, HASH + "\n", {}],
    "secret": [None, HASH, SECRET[2:], SECRET.upper(), " " + SECRET[1:]],
    "code": [None, HASH, 7],
    "place": [-1, 2**32, True, 1.0, "0", None],
    "proof": [None, HASH, [HASH] * 33, [7], [HASH.upper()], {}],
    "batch": [None, PRODUCT, ITEM, BATCH.lower(), PRODUCT + "/10/%41", PRODUCT + "/10/%2D", PRODUCT + "/10/a%7E"],
    "rights": [
        None, [], HASH, [HASH, HASH], ["0b" * 32, HASH], [HASH, 7], [HASH.upper()],
        [f"{n:064x}" for n in range(rules.RIGHTS_LIMIT + 1)],
    ],
    "stars": [0, 6, -1, True, 1.0, "5", None],
    "aspects": [None, [], {"taste": 5}, {"value": 0}, {"value": 6}, {"value": True}, {"value": None}],
    "reason": [None, "", "rude", "Abuse", [], {}],
    "basis": [None, "", "CC-1", [], {}],
    "goods": [
        None, [], {}, [None], [[]], [{"batch": BATCH}], [{"batch": BATCH, "quantity": 0}],
        [{"batch": PRODUCT, "quantity": 1}], [{"batch": BATCH, "quantity": 1, "price": 1}],
        [{"batch": BATCH, "quantity": 1}] * 2,
        [{"batch": BATCH + "2", "quantity": 1}, {"batch": BATCH, "quantity": 1}],
        [{"batch": f"{BATCH}{n:03d}", "quantity": 1} for n in range(rules.LINES_LIMIT + 1)],
    ],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "subject", "public"), RIGHT)
def test_the_right_fields_are_taken_as_they_are(kind: Kind, subject: str, public: dict[str, Any]) -> None:
    assert public == rules.check_public(kind, subject, public)


@pytest.mark.parametrize(
    ("kind", "subject", "public", "name", "value"),
    [
        (kind, subject, public, name, value)
        for kind, subject, public in RIGHT
        for name in public
        for value in BAD_VALUES[name]
    ],
)
def test_a_field_of_another_form_is_refused_by_its_name(
    kind: Kind, subject: str, public: dict[str, Any], name: str, value: Any
) -> None:
    with pytest.raises(Malformed) as refusal:
        rules.check_public(kind, subject, {**public, name: value})
    assert f"public/{name}" == refusal.value.where


@pytest.mark.parametrize(
    ("kind", "subject", "public", "name"),
    [(k, s, p, name) for k, s, p in RIGHT for name in p if name not in ("corrects", "aspects")],
)
def test_a_missing_field_is_named(kind: Kind, subject: str, public: dict[str, Any], name: str) -> None:
    with pytest.raises(Malformed) as refusal:
        rules.check_public(kind, subject, {n: v for n, v in public.items() if n != name})
    assert f"public/{name}" == refusal.value.where


@pytest.mark.parametrize(("kind", "subject", "public"), RIGHT)
@pytest.mark.parametrize("name", ["", "note", "Document", "corrects?", "document "])
def test_a_field_that_the_kind_has_not_is_refused(kind: Kind, subject: str, public: dict[str, Any], name: str) -> None:
    with pytest.raises(Malformed) as refusal:
        rules.check_public(kind, subject, {**public, name: HASH})
    assert f"public/{name}" == refusal.value.where


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (Kind.PRODUCT, ""),
        (Kind.PRODUCT, BATCH),
        (Kind.PRODUCT, PRODUCT + "\n"),
        (Kind.PRODUCT, "/01/٠٩٥٢١١٤١٠١٢٣٤٥"),
        (Kind.BATCH, PRODUCT),
        (Kind.BATCH, PRODUCT + "/10/"),
        (Kind.BATCH, PRODUCT + "/10/a b"),
        (Kind.BATCH, PRODUCT + "/10/a%2f"),
        (Kind.BATCH, BATCH + "/21/1"),
        (Kind.RECALL, PRODUCT),
        (Kind.CHECKPOINT, PRODUCT),
        (Kind.MERCHANT, MERCHANT.upper()),
        (Kind.MERCHANT, MERCHANT + "0"),
        (Kind.BATCH, PRODUCT + "/10/%41"),
        (Kind.RIGHTS, REVIEWS),
        (Kind.RIGHTS, RIGHTS + "0"),
        (Kind.CLAIM, REVIEWS),
        (Kind.CLAIM, BATCH),
        (Kind.REVIEW, RIGHTS),
        (Kind.REVIEW_AMEND, RIGHTS),
        (Kind.REVIEW_WITHDRAW, PRODUCT),
        (Kind.REVIEW_WITHHOLD, REVIEWS + "\n"),
        (Kind.REVIEW_RESTORE, ""),
        (Kind.REVIEW_ERASE, RIGHTS),
        (Kind.REVIEW_REPLY, ITEM),
        (Kind.ORDER, ORDER.upper()),
        (Kind.DELIVERY, ORDER + "0"),
    ],
)
def test_a_kind_is_about_its_own_subjects(kind: Kind, subject: str) -> None:
    public = next(p for k, _, p in RIGHT if k is kind)
    with pytest.raises(Malformed) as refusal:
        rules.check_public(kind, subject, public)
    assert "subject" == refusal.value.where


@pytest.mark.parametrize("kind", sorted(set(Kind) - set(rules.RULES)))
def test_kinds_without_a_rule_are_not_taken(kind: Kind) -> None:
    with pytest.raises(Malformed):
        rules.check_public(kind, PRODUCT, {})


@pytest.mark.parametrize("public", [None, [], "x", 7, [("document", HASH)]])
def test_public_is_an_object(public: Any) -> None:
    with pytest.raises(Malformed):
        rules.check_public(Kind.PRODUCT, PRODUCT, public)


@pytest.mark.parametrize(("named", "subject"), [(0, PRODUCT), (3, "")])
def test_a_body_carries_its_statement(named: int, subject: str) -> None:
    signed = Signed("0x" + "0a" * 20, Statement("product", subject, b"c" * 32, 7, b"n" * 32), b"s" * 65)
    body = rules.body_of(signed, {"document": HASH}, named)
    assert ({"named": 3} if named else {"subject": PRODUCT}).items() <= body.items()
    assert bool(named) is ("subject" not in body)
    assert signed == rules.signed_in(Kind.PRODUCT, body, b"c" * 32)


def test_a_shoppers_body_carries_a_shoppers_statement() -> None:
    signed = Signed("04" + "0a" * 64, Statement("review", REVIEWS, b"c" * 32, 7, b"n" * 32), b"s" * 64)
    body = rules.body_of(signed, {})
    assert signed == rules.signed_in(Kind.REVIEW, body, b"c" * 32)
    with pytest.raises(Malformed):
        rules.signed_in(Kind.REVIEW_WITHHOLD, body, b"c" * 32)


def test_a_reason_stands_on_its_own_law_alone() -> None:
    for reason, bases in rules.REASONS.items():
        for basis in {law for laws in rules.REASONS.values() for law in laws} - set(bases):
            with pytest.raises(Malformed) as refusal:
                rules.check_public(Kind.REVIEW_WITHHOLD, REVIEWS, {"right": HASH, "reason": reason, "basis": basis})
            assert "public/basis" == refusal.value.where


def test_the_largest_lists_fit_into_a_body() -> None:
    batch = BATCH + "x" * 60
    for kind, subject, public in (
        (Kind.RIGHTS, RIGHTS, {"batch": batch, "rights": [f"{n:064x}" for n in range(rules.RIGHTS_LIMIT)]}),
        (
            Kind.DELIVERY, ORDER,
            {"goods": [{"batch": f"{batch}{n:03d}", "quantity": 2**32 - 1} for n in range(rules.LINES_LIMIT)]},
        ),
    ):  # fmt: skip
        rules.check_public(kind, subject, public)
        signed = Signed("0x" + "0a" * 20, Statement(kind.word, subject, b"c" * 32, 2**53 - 1, b"n" * 32), b"s" * 65)
        assert len(encode_body(rules.body_of(signed, public))) < BODY_LIMIT


def test_shoppers_claim_and_review_and_write_nothing_else() -> None:
    assert {Kind.CLAIM, Kind.REVIEW, Kind.REVIEW_AMEND, Kind.REVIEW_WITHDRAW} == rules.SHOPPERS
    for kind, subject, _ in RIGHT:
        assert (kind in rules.SHOPPERS) is (rules.rule_of(kind, subject).writers is None)


def test_the_operator_issues_rights_and_decides_and_a_merchant_replies() -> None:
    operators = {kind for kind, subject, _ in RIGHT if rules.rule_of(kind, subject).writers == {Role.OPERATOR}}
    assert operators == {
        Kind.RIGHTS, Kind.ORDER, Kind.DELIVERY, Kind.REVIEW_WITHHOLD, Kind.REVIEW_RESTORE, Kind.REVIEW_ERASE,
    }  # fmt: skip
    assert {Role.MERCHANT} == rules.rule_of(Kind.REVIEW_REPLY, REVIEWS).writers


@pytest.mark.parametrize("named", [0, -1, True, 1.0, "1", None])
def test_an_event_says_how_many_it_names(named: Any) -> None:
    assert 2 == rules.named_in(Kind.CHECKPOINT, {"named": 2})
    with pytest.raises(Malformed):
        rules.named_in(Kind.CHECKPOINT, {"named": named})


def test_only_an_event_names_many() -> None:
    assert 1 == rules.named_in(Kind.PRODUCT, {})
    with pytest.raises(Malformed):
        rules.named_in(Kind.PRODUCT, {"named": 1})


def test_admitted_and_warned_may_write() -> None:
    assert {Standing.ADMITTED, Standing.WARNED} == {standing for standing in Standing if standing.may_write}


def test_a_batch_is_its_merchants_and_a_recall_a_regulators_too() -> None:
    assert {Role.MERCHANT} == rules.rule_of(Kind.BATCH, BATCH).writers
    assert {Role.MERCHANT, Role.REGULATOR} == rules.rule_of(Kind.RECALL, BATCH).writers
    every = [rule.writers for forms in rules.RULES.values() for rule in forms if rule.writers is not None]
    assert all(writers and Role.NONE not in writers for writers in every)

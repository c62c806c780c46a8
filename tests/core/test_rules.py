"""What each kind of entry holds, field by field, and who may write it."""

from __future__ import annotations

from typing import Any

import pytest

from suyuan.core import rules
from suyuan.core.entries import Kind
from suyuan.core.errors import Malformed
from suyuan.core.rules import Role, Standing
from suyuan.core.statements import Signed, Statement

HASH = "0a" * 32
EVENT = f"ni:///sha-256;{HASH}?ver=CBV2.0"
PRODUCT, BATCH, MERCHANT = "/01/09521141012345", "/01/09521141012345/10/L%2F1", "/merchant/0x" + "0a" * 20
RIGHT: list[tuple[Kind, str, dict[str, Any]]] = [
    (Kind.PRODUCT, PRODUCT, {"document": HASH}),
    (Kind.BATCH, BATCH, {"document": HASH, "quantity": 1, "itemsRoot": HASH}),
    (Kind.BATCH, BATCH, {"document": HASH, "quantity": 2**32 - 1, "itemsRoot": HASH}),
    (Kind.CHECKPOINT, "", {"document": HASH, "event": EVENT}),
    (Kind.CHECKPOINT, "", {"document": HASH, "event": EVENT, "corrects": HASH}),
    (Kind.RECALL, BATCH, {"document": HASH}),
    (Kind.MERCHANT, MERCHANT, {"document": HASH}),
]
BAD_VALUES: dict[str, list[Any]] = {
    "document": [None, "", HASH[2:], HASH.upper(), HASH + "00", HASH + "\n", "٠" * 64, 7, [HASH]],
    "itemsRoot": [None, "0x" + HASH[2:]],
    "quantity": [0, -1, 2**32, 1.0, True, "1", None],
    "event": [None, HASH, EVENT + "\n", EVENT.replace("CBV2.0", "CBV2x0"), EVENT.upper()],
    "corrects": [None, "", EVENT],
}


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
    [(k, s, p, name) for k, s, p in RIGHT for name in p if name != "corrects"],
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
    assert signed == rules.signed_in(body, b"c" * 32)


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
    assert {Role.MERCHANT} == rules.RULES[Kind.BATCH].writers
    assert {Role.MERCHANT, Role.REGULATOR} == rules.RULES[Kind.RECALL].writers
    assert all(Role.NONE not in rule.writers and rule.writers for rule in rules.RULES.values())

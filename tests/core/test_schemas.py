"""Bodies as they are published: the JSON Schemas say what the rules say."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from suyuan.core import rules
from suyuan.core.entries import Kind
from suyuan.core.errors import NotFound

HASH = "ab" * 32
BATCH, REVIEWS, RIGHTS = "/01/09521002001013/10/L-1", "/reviews/09521002001013", "/rights/09521002001013"
PUBLIC: dict[Kind, tuple[str, dict[str, Any]]] = {
    Kind.PRODUCT: ("/01/09521002001013", {"document": HASH}),
    Kind.BATCH: ("/01/09521002001013/10/L-1", {"document": HASH, "quantity": 1000, "itemsRoot": HASH}),
    Kind.CHECKPOINT: ("", {"event": f"ni:///sha-256;{HASH}?ver=CBV2.0", "document": HASH}),
    Kind.RECALL: ("/01/09521002001013/10/L-1", {"document": HASH}),
    Kind.TERMS: ("/terms/platform", {"document": HASH}),
    Kind.MERCHANT: (f"/merchant/0x{'12' * 20}", {"document": HASH}),
    Kind.RIGHTS: (RIGHTS, {"batch": BATCH, "rights": [HASH, "cd" * 32]}),
    Kind.CLAIM: (RIGHTS, {"right": HASH, "secret": "ab" * 16}),
    Kind.REVIEW: (REVIEWS, {"right": HASH, "batch": BATCH, "stars": 5, "private": HASH, "aspects": {"quality": 4}}),
    Kind.REVIEW_AMEND: (REVIEWS, {"right": HASH, "stars": 1, "private": HASH}),
    Kind.REVIEW_WITHDRAW: (REVIEWS, {"right": HASH}),
    Kind.REVIEW_WITHHOLD: (REVIEWS, {"right": HASH, "reason": "abuse", "basis": "CC-1024"}),
    Kind.REVIEW_RESTORE: (REVIEWS, {"right": HASH, "reason": "appeal"}),
    Kind.REVIEW_ERASE: (REVIEWS, {"right": HASH, "basis": "PIPL-47"}),
    Kind.REVIEW_REPLY: (REVIEWS, {"right": HASH, "private": HASH}),
    Kind.ORDER: (f"/order/{'12' * 16}", {"private": HASH}),
    Kind.DELIVERY: (f"/order/{'12' * 16}", {"goods": [{"batch": BATCH, "quantity": 2}]}),
}
ITEM_CLAIM: dict[str, Any] = {"batch": BATCH, "code": "ab" * 16, "place": 3, "proof": [HASH]}


def _body(kind: Kind) -> dict[str, object]:
    subject, public = PUBLIC[kind]
    by, size = ("04" + "12" * 64, 64) if kind in rules.SHOPPERS else (f"0x{'12' * 20}", 65)
    body: dict[str, object] = {"kind": kind.word, "public": public, "by": by, "issuedAt": 1790000000}
    body |= {"nonce": HASH, "signature": "cd" * size}
    return body | ({"subject": subject} if subject else {"named": 3})


def test_every_kind_that_is_written_has_a_schema() -> None:
    assert set(rules.RULES) == set(PUBLIC)


@pytest.mark.parametrize("kind", list(PUBLIC), ids=lambda kind: kind.word)
def test_a_schema_takes_what_the_rule_takes_and_refuses_another_field(kind: Kind) -> None:
    subject, public = PUBLIC[kind]
    assert public == rules.check_public(kind, subject, public)
    schema = rules.schema(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(_body(kind), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**_body(kind), "public": {**public, "name": "somebody"}}, schema)
    first = next(iter(public))
    for bent in ({**public, first: "AB" * 32}, {n: v for n, v in public.items() if n != first}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**_body(kind), "public": bent}, schema)


@pytest.mark.parametrize("kind", list(PUBLIC), ids=lambda kind: kind.word)
def test_participants_and_shoppers_sign_in_forms_of_their_own(kind: Kind) -> None:
    participant = {"by": f"0x{'12' * 20}", "signature": "cd" * 65}
    shopper = {"by": "04" + "12" * 64, "signature": "cd" * 64}
    other = participant if kind in rules.SHOPPERS else shopper
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**_body(kind), **other}, rules.schema(kind))


def test_a_claim_is_of_a_right_or_of_an_item_and_not_of_both() -> None:
    schema, item = rules.schema(Kind.CLAIM), "/01/09521002001013/21/A%2F1"
    jsonschema.validate({**_body(Kind.CLAIM), "subject": item, "public": ITEM_CLAIM}, schema)
    for bent in ({"subject": item}, {"public": ITEM_CLAIM}, {"subject": BATCH, "public": ITEM_CLAIM}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**_body(Kind.CLAIM), **bent}, schema)


@pytest.mark.parametrize("lot", ["%41", "%2D", "%7e", "%7E", "a b", ""])
def test_a_subject_escapes_what_must_be_and_nothing_else(lot: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(
            {**_body(Kind.RECALL), "subject": f"/01/09521002001013/10/{lot}"}, rules.schema(Kind.RECALL)
        )


def test_a_kind_that_is_not_written_yet_has_none() -> None:
    with pytest.raises(NotFound):
        rules.schema(Kind.CASE)

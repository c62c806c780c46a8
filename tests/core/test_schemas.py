"""Bodies as they are published: the JSON Schemas say what the rules say."""

from __future__ import annotations

import jsonschema
import pytest

from suyuan.core import rules
from suyuan.core.entries import Kind
from suyuan.core.errors import NotFound

HASH = "ab" * 32
PUBLIC = {
    Kind.PRODUCT: ("/01/09521002001013", {"document": HASH}),
    Kind.BATCH: ("/01/09521002001013/10/L-1", {"document": HASH, "quantity": 1000, "itemsRoot": HASH}),
    Kind.CHECKPOINT: ("", {"event": f"ni:///sha-256;{HASH}?ver=CBV2.0", "document": HASH}),
    Kind.RECALL: ("/01/09521002001013/10/L-1", {"document": HASH}),
    Kind.MERCHANT: (f"/merchant/0x{'12' * 20}", {"document": HASH}),
}


def _body(kind: Kind) -> dict[str, object]:
    subject, public = PUBLIC[kind]
    body: dict[str, object] = {"kind": kind.word, "public": public, "by": f"0x{'12' * 20}", "issuedAt": 1790000000}
    body |= {"nonce": HASH, "signature": "cd" * 65}
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
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**_body(kind), "public": {**public, "document": "AB" * 32}}, schema)


def test_a_kind_that_is_not_written_yet_has_none() -> None:
    with pytest.raises(NotFound):
        rules.schema(Kind.REVIEW)

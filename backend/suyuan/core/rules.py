"""What each kind of entry holds and who may write it: one table, for those who record, verify and audit.

A body is `{"kind", "subject"?, "public", "by", "issuedAt", "nonce", "signature", "named"?}`; `public` has exactly the
fields named here. A kind that is not here is not written by this version.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from suyuan.core.entries import Kind
from suyuan.core.errors import Malformed, NotFound
from suyuan.core.statements import Signed


class Role(IntEnum):
    """What a participant is, as the MerchantRegistry numbers it."""

    NONE = 0
    MERCHANT = 1
    PARTNER = 2
    OPERATOR = 3
    REGULATOR = 4


class Standing(IntEnum):
    """A participant's standing, as the MerchantRegistry numbers it."""

    UNKNOWN = 0
    ADMITTED = 1
    WARNED = 2
    SUSPENDED = 3
    EXPELLED = 4

    @property
    def may_write(self) -> bool:
        return self in (Standing.ADMITTED, Standing.WARNED)


_HASH = re.compile(r"[0-9a-f]{64}")
_EVENT = re.compile(r"ni:///sha-256;[0-9a-f]{64}\?ver=CBV2\.0")


def _hash(value: object) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None


def _event(value: object) -> bool:
    return isinstance(value, str) and _EVENT.fullmatch(value) is not None


def _quantity(value: object) -> bool:
    return type(value) is int and 0 < value < 2**32


@dataclass(frozen=True, slots=True)
class Rule:
    """The subject's pattern, the fields of `public` (a `?` ends the name of one that may be absent), and the roles that
    may write it.
    """

    subject: re.Pattern[str] | None
    public: Mapping[str, Callable[[object], bool]]
    writers: frozenset[Role]


_PRODUCT = re.compile(r"/01/[0-9]{14}")
_BATCH = re.compile(r"/01/[0-9]{14}/10/(?:[A-Za-z0-9\-._~]|%[0-9A-F]{2})+")
_MERCHANT = re.compile(r"/merchant/0x[0-9a-f]{40}")

RULES: Mapping[Kind, Rule] = {
    Kind.PRODUCT: Rule(_PRODUCT, {"document": _hash}, frozenset({Role.MERCHANT, Role.PARTNER})),
    Kind.BATCH: Rule(
        _BATCH,
        {"document": _hash, "quantity": _quantity, "itemsRoot": _hash},
        frozenset({Role.MERCHANT}),
    ),
    Kind.CHECKPOINT: Rule(
        None,  # the event names its own
        {"event": _event, "document": _hash, "corrects?": _hash},
        frozenset({Role.MERCHANT, Role.PARTNER}),
    ),
    Kind.RECALL: Rule(_BATCH, {"document": _hash}, frozenset({Role.MERCHANT, Role.REGULATOR})),
    Kind.MERCHANT: Rule(
        _MERCHANT,
        {"document": _hash},
        frozenset({Role.MERCHANT, Role.PARTNER, Role.OPERATOR, Role.REGULATOR}),
    ),
}


def check_public(kind: Kind, subject: str, public: object) -> dict[str, Any]:
    """The `public` of an entry of that kind. Raises Malformed, naming the field."""
    rule = RULES.get(kind)
    if rule is None:
        raise Malformed(f"entries of kind {kind.word} are not taken", "kind")
    if not isinstance(public, dict):
        raise Malformed("public is an object", "public")
    if rule.subject is None:
        if subject:
            raise Malformed(f"a {kind.word} has no subject of its own", "subject")
    elif not rule.subject.fullmatch(subject):
        raise Malformed(f"{subject} is no subject of a {kind.word}", "subject")
    for name, is_right in rule.public.items():
        plain = name.removesuffix("?")
        if plain not in public:
            if plain == name:
                raise Malformed("is missing", f"public/{plain}")
        elif not is_right(public[plain]):
            raise Malformed("has not the form that it should", f"public/{plain}")
    known = {name.removesuffix("?") for name in rule.public}
    for name in public:
        if name not in known:
            raise Malformed("is not a field of this kind", f"public/{name}")
    return public


def body_of(signed: Signed, public: dict[str, Any], named: int = 0) -> dict[str, Any]:
    """The journal's body for a signed statement. `named`: how many subjects an event names (0: not an event)."""
    statement = signed.statement
    body: dict[str, Any] = {
        "kind": statement.kind,
        "public": public,
        "by": signed.by,
        "issuedAt": statement.issued_at,
        "nonce": statement.nonce.hex(),
        "signature": signed.signature.hex(),
    }
    if named:
        body["named"] = named
    else:
        body["subject"] = statement.subject
    return body


def named_in(kind: Kind, body: Mapping[str, Any]) -> int:
    """How many entries share a body: what an event's says that it names, else 1. Raises Malformed."""
    named = body.get("named")
    if kind is not Kind.CHECKPOINT:
        if "named" in body:
            raise Malformed("only an event names many", "named")
        return 1
    if type(named) is not int or named < 1:
        raise Malformed("an event names a whole number of subjects", "named")
    return named


def signed_in(body: Mapping[str, Any], content: bytes) -> Signed:
    """The signed statement in a body; `content` is SHA-256(JCS(public)). Raises Malformed."""
    return Signed.from_json({**body, "content": content.hex()})


_FIELD_SCHEMAS: Mapping[Callable[[object], bool], dict[str, Any]] = {
    _hash: {"type": "string", "pattern": f"^{_HASH.pattern}$"},
    _event: {"type": "string", "pattern": f"^{_EVENT.pattern}$"},
    _quantity: {"type": "integer", "minimum": 1, "maximum": 2**32 - 1},
}


def schema(kind: Kind) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a body of that kind. Raises NotFound for one that this version does not write."""
    rule = RULES.get(kind)
    if rule is None:
        raise NotFound(f"entries of kind {kind.word} are not written yet")
    public = {name.removesuffix("?"): _FIELD_SCHEMAS[check] for name, check in rule.public.items()}
    members: dict[str, Any] = {
        "kind": {"const": kind.word},
        "public": {
            "type": "object",
            "properties": public,
            "required": [name for name in rule.public if not name.endswith("?")],
            "additionalProperties": False,
        },
        "by": {"type": "string", "pattern": "^0x[0-9a-f]{40}$"},
        "issuedAt": {"type": "integer", "minimum": 0},
        "nonce": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "signature": {"type": "string", "pattern": "^[0-9a-f]{130}$"},
    }
    if rule.subject is None:
        members["named"] = {"type": "integer", "minimum": 1}
    else:
        members["subject"] = {"type": "string", "pattern": f"^{rule.subject.pattern}$"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.word,
        "description": "Written by: " + ", ".join(sorted(role.name.lower() for role in rule.writers)),
        "type": "object",
        "properties": members,
        "required": sorted(members),
        "additionalProperties": False,
    }

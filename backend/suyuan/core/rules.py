"""What each kind of entry holds and who may write it: one table, for those who record, verify and audit.

A body is `{"kind", "subject"?, "public", "by", "issuedAt", "nonce", "signature", "named"?}`; `public` has exactly the
fields named here. Participants sign with secp256k1 and are named by their address, shoppers with P-256 and are named by
their key (PROTOCOL section 6). A kind that is not here is not written by this version.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
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
_SECRET = re.compile(r"[0-9a-f]{32}")
_EVENT = re.compile(r"ni:///sha-256;[0-9a-f]{64}\?ver=CBV2\.0")


def _hash(value: object) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None


def _event(value: object) -> bool:
    return isinstance(value, str) and _EVENT.fullmatch(value) is not None


def _quantity(value: object) -> bool:
    return type(value) is int and 0 < value < 2**32


def _place(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**32


def _secret(value: object) -> bool:
    return isinstance(value, str) and _SECRET.fullmatch(value) is not None


def _batch(value: object) -> bool:
    return isinstance(value, str) and _BATCH.fullmatch(value) is not None


def _path(value: object) -> bool:
    return isinstance(value, list) and len(value) <= 32 and all(map(_hash, value))


def _sorted_hashes(value: object) -> bool:
    """Each once, so that their order says nothing of the deliveries that they come from."""
    if not isinstance(value, list) or not 0 < len(value) <= RIGHTS_LIMIT or not all(map(_hash, value)):
        return False
    return all(before < after for before, after in pairwise(value))


def _goods(value: object) -> bool:
    if not isinstance(value, list) or not 0 < len(value) <= LINES_LIMIT:
        return False
    whole = all(
        isinstance(one, dict)
        and set(one) == {"batch", "quantity"}
        and _batch(one["batch"])
        and _quantity(one["quantity"])
        for one in value
    )
    return whole and all(before["batch"] < after["batch"] for before, after in pairwise(value))


def _stars(value: object) -> bool:
    return type(value) is int and 1 <= value <= 5


def _aspects(value: object) -> bool:
    return isinstance(value, dict) and all(name in ASPECTS and _stars(stars) for name, stars in value.items())


def _withheld_for(value: object) -> bool:
    return isinstance(value, str) and value in REASONS


def _law(value: object) -> bool:
    return isinstance(value, str) and any(value in laws for laws in REASONS.values())


def _restored_for(value: object) -> bool:
    return isinstance(value, str) and value in RESTORE_REASONS


def _erased_for(value: object) -> bool:
    return isinstance(value, str) and value in ERASE_LAWS


RIGHTS_LIMIT = 800  # of one entry: a body has at most 64 KiB
LINES_LIMIT = 200
ASPECTS = ("quality", "authentic", "packaging", "freshness", "value")

# Why a review may be withheld, and the law that each reason can stand on; nothing else is a reason.
# CL: Cybersecurity Law (2025), ECO: Provisions on the Governance of the Online Information Content Ecosystem, CC: Civil
# Code, PIPL: Personal Information Protection Law, AD: Advertising Law, IAD: Measures for the Administration of Internet
# Advertising (2023), AUCL: Anti-Unfair Competition Law (2025), EC: E-Commerce Law, DSA: Regulation (EU) 2022/2065,
# GDPR: Regulation (EU) 2016/679. What a platform finds by itself stands on CL-49 or DSA-16, an order on CL-52 or DSA-9.
REASONS: Mapping[str, tuple[str, ...]] = {
    "abuse": ("CC-1024", "ECO-6", "ECO-7"),
    "illegal": ("ECO-6", "CL-49", "DSA-16"),
    "personal": ("CC-1032", "PIPL-10", "GDPR-6"),
    "advertising": ("AD-14", "IAD-9"),
    "fake": ("EC-17", "AUCL-9"),
    "order": ("CL-52", "DSA-9"),
}
RESTORE_REASONS = ("mistake", "appeal", "order")
ERASE_LAWS = ("PIPL-47", "GDPR-17")


@dataclass(frozen=True, slots=True)
class Rule:
    """The subject's pattern, the fields of `public` (a `?` ends the name of one that may be absent), and the roles that
    may write it (None: a shopper, with a key of its own).
    """

    subject: re.Pattern[str] | None
    public: Mapping[str, Callable[[object], bool]]
    writers: frozenset[Role] | None


# A byte that needs no escape is never escaped, or one thing would have two subjects.
_PART = r"(?:[A-Za-z0-9\-._~]|%(?!2[DE]|3[0-9]|[46][1-9A-F]|5[0-9AF]|7[0-9AE])[0-9A-F]{2})+"
_PRODUCT = re.compile(r"/01/[0-9]{14}")
_BATCH = re.compile(rf"/01/[0-9]{{14}}/10/{_PART}")
_ITEM = re.compile(rf"/01/[0-9]{{14}}/21/{_PART}")
_MERCHANT = re.compile(r"/merchant/0x[0-9a-f]{40}")
_RIGHTS = re.compile(r"/rights/[0-9]{14}")
_REVIEWS = re.compile(r"/reviews/[0-9]{14}")
_ORDER = re.compile(r"/order/[0-9a-f]{32}")
_TERMS = re.compile(rf"/terms/{_PART}")
_OPERATOR = frozenset({Role.OPERATOR})

# A kind has one rule for each sort of subject.
RULES: Mapping[Kind, tuple[Rule, ...]] = {
    Kind.PRODUCT: (Rule(_PRODUCT, {"document": _hash}, frozenset({Role.MERCHANT, Role.PARTNER})),),
    Kind.BATCH: (
        Rule(_BATCH, {"document": _hash, "quantity": _quantity, "itemsRoot": _hash}, frozenset({Role.MERCHANT})),
    ),
    Kind.CHECKPOINT: (
        Rule(
            None,  # the event names its own
            {"event": _event, "document": _hash, "corrects?": _hash},
            frozenset({Role.MERCHANT, Role.PARTNER}),
        ),
    ),
    Kind.RECALL: (Rule(_BATCH, {"document": _hash}, frozenset({Role.MERCHANT, Role.REGULATOR})),),
    Kind.RIGHTS: (Rule(_RIGHTS, {"batch": _batch, "rights": _sorted_hashes}, _OPERATOR),),
    Kind.CLAIM: (
        Rule(_RIGHTS, {"right": _hash, "secret": _secret}, None),
        Rule(_ITEM, {"batch": _batch, "code": _secret, "place": _place, "proof": _path}, None),
    ),
    Kind.REVIEW: (
        Rule(
            _REVIEWS, {"right": _hash, "batch": _batch, "stars": _stars, "private": _hash, "aspects?": _aspects}, None
        ),
    ),
    Kind.REVIEW_AMEND: (
        Rule(_REVIEWS, {"right": _hash, "stars": _stars, "private": _hash, "aspects?": _aspects}, None),
    ),
    Kind.REVIEW_WITHDRAW: (Rule(_REVIEWS, {"right": _hash}, None),),
    Kind.REVIEW_WITHHOLD: (Rule(_REVIEWS, {"right": _hash, "reason": _withheld_for, "basis": _law}, _OPERATOR),),
    Kind.REVIEW_RESTORE: (Rule(_REVIEWS, {"right": _hash, "reason": _restored_for}, _OPERATOR),),
    Kind.REVIEW_ERASE: (Rule(_REVIEWS, {"right": _hash, "basis": _erased_for}, _OPERATOR),),
    Kind.REVIEW_REPLY: (Rule(_REVIEWS, {"right": _hash, "private": _hash}, frozenset({Role.MERCHANT})),),
    Kind.ORDER: (Rule(_ORDER, {"private": _hash}, _OPERATOR),),
    Kind.DELIVERY: (Rule(_ORDER, {"goods": _goods}, _OPERATOR),),
    Kind.TERMS: (Rule(_TERMS, {"document": _hash}, _OPERATOR),),
    Kind.MERCHANT: (
        Rule(
            _MERCHANT,
            {"document": _hash},
            frozenset({Role.MERCHANT, Role.PARTNER, Role.OPERATOR, Role.REGULATOR}),
        ),
    ),
}


SHOPPERS = frozenset(kind for kind, rules in RULES.items() if all(rule.writers is None for rule in rules))


def rule_of(kind: Kind, subject: str) -> Rule:
    """The rule of a kind about such a subject. Raises Malformed where there is none."""
    rules = RULES.get(kind)
    if rules is None:
        raise Malformed(f"entries of kind {kind.word} are not taken", "kind")
    for rule in rules:
        if rule.subject is None:
            if subject:
                raise Malformed(f"a {kind.word} has no subject of its own", "subject")
            return rule
        if rule.subject.fullmatch(subject):
            return rule
    raise Malformed(f"{subject} is no subject of a {kind.word}", "subject")


def check_public(kind: Kind, subject: str, public: object) -> dict[str, Any]:
    """The `public` of an entry of that kind. Raises Malformed, naming the field."""
    rule = rule_of(kind, subject)
    if not isinstance(public, dict):
        raise Malformed("public is an object", "public")
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
    if kind is Kind.REVIEW_WITHHOLD and public["basis"] not in REASONS[public["reason"]]:
        raise Malformed(f"{public['basis']} is no basis for {public['reason']}", "public/basis")
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


def signed_in(kind: int, body: Mapping[str, Any], content: bytes) -> Signed:
    """The signed statement in a body of that kind; `content` is SHA-256(JCS(public)). Raises Malformed."""
    read = Signed.from_shopper if kind in SHOPPERS else Signed.from_json
    return read({**body, "content": content.hex()})


_HASH_SCHEMA = {"type": "string", "pattern": f"^{_HASH.pattern}$"}
_BATCH_SCHEMA = {"type": "string", "pattern": f"^{_BATCH.pattern}$"}
_QUANTITY_SCHEMA = {"type": "integer", "minimum": 1, "maximum": 2**32 - 1}
_STARS_SCHEMA = {"type": "integer", "minimum": 1, "maximum": 5}
_FIELD_SCHEMAS: Mapping[Callable[[object], bool], dict[str, Any]] = {
    _hash: _HASH_SCHEMA,
    _event: {"type": "string", "pattern": f"^{_EVENT.pattern}$"},
    _quantity: _QUANTITY_SCHEMA,
    _place: {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
    _secret: {"type": "string", "pattern": f"^{_SECRET.pattern}$"},
    _batch: _BATCH_SCHEMA,
    _path: {"type": "array", "maxItems": 32, "items": _HASH_SCHEMA},
    _sorted_hashes: {
        "type": "array",
        "minItems": 1,
        "maxItems": RIGHTS_LIMIT,
        "uniqueItems": True,
        "items": _HASH_SCHEMA,
        "description": "sorted",
    },
    _goods: {
        "type": "array",
        "minItems": 1,
        "maxItems": LINES_LIMIT,
        "description": "sorted by batch, each once",
        "items": {
            "type": "object",
            "properties": {"batch": _BATCH_SCHEMA, "quantity": _QUANTITY_SCHEMA},
            "required": ["batch", "quantity"],
            "additionalProperties": False,
        },
    },
    _stars: _STARS_SCHEMA,
    _aspects: {
        "type": "object",
        "properties": dict.fromkeys(ASPECTS, _STARS_SCHEMA),
        "additionalProperties": False,
    },
    _withheld_for: {"enum": list(REASONS)},
    _law: {"enum": sorted({law for laws in REASONS.values() for law in laws})},
    _restored_for: {"enum": list(RESTORE_REASONS)},
    _erased_for: {"enum": list(ERASE_LAWS)},
}


def schema(kind: Kind) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a body of that kind. Raises NotFound for one that this version does not write."""
    if kind not in RULES:
        raise NotFound(f"entries of kind {kind.word} are not written yet")
    forms = [_schema(kind, rule) for rule in RULES[kind]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.word,
        **(forms[0] if len(forms) == 1 else {"oneOf": forms}),
    }


def _schema(kind: Kind, rule: Rule) -> dict[str, Any]:
    public = {name.removesuffix("?"): _FIELD_SCHEMAS[check] for name, check in rule.public.items()}
    by_shopper = rule.writers is None
    writers = "a shopper" if rule.writers is None else ", ".join(sorted(role.name.lower() for role in rule.writers))
    members: dict[str, Any] = {
        "kind": {"const": kind.word},
        "public": {
            "type": "object",
            "properties": public,
            "required": [name for name in rule.public if not name.endswith("?")],
            "additionalProperties": False,
        },
        "by": {"type": "string", "pattern": "^04[0-9a-f]{128}$" if by_shopper else "^0x[0-9a-f]{40}$"},
        "issuedAt": {"type": "integer", "minimum": 0},
        "nonce": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "signature": {"type": "string", "pattern": "^[0-9a-f]{128}$" if by_shopper else "^[0-9a-f]{130}$"},
    }
    if rule.subject is None:
        members["named"] = {"type": "integer", "minimum": 1}
    else:
        members["subject"] = {"type": "string", "pattern": f"^{rule.subject.pattern}$"}
    return {
        "description": f"Written by: {writers}",
        "type": "object",
        "properties": members,
        "required": sorted(members),
        "additionalProperties": False,
    }

"""Appeals: a record that a platform refuses, as its author puts it on-chain (PROTOCOL section 11).

    {"kind": "appeal", "subject": "/appeals",
     "public": {"statement", "public", "document"?, "registration"?, "recall"?}}

The members of `public` are those that the author sent to the site: the signed statement as it travels, what it states,
and what it names if that is small enough. An appeal itself needs no signature: who pays for it may be anyone. What is
on-chain may be any bytes, and is recorded as it is; whoever reads one believes nothing of it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from suyuan.core import canonical, entries, rules, statements, subjects
from suyuan.core.entries import BY_WORD, Kind
from suyuan.core.epcis.event_hash import event_hash
from suyuan.core.epcis.model import STATEMENT, document_of
from suyuan.core.errors import InvalidIdentifier, InvalidInput, Malformed, TooLarge
from suyuan.core.statements import Signed

SUBJECT = "/appeals"
KEY = subjects.key(SUBJECT)
LIMIT = 4096  # bytes, as the contract has it
TOGETHER = 32  # answers that are always enough for a seal
_SIGNATURES = ("registration", "recall")  # for the BatchRegistry, without which the record could not be made good
_LEFT_OUT = "document"


@dataclass(frozen=True, slots=True)
class Composed:
    """An appeal's body, and the members of what was sent to the site that it leaves out."""

    body: bytes
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an appeal asks to be recorded, by its own word: nobody has checked the signature or the author's standing.

    `by`: an address, or a shopper's key; `content`: SHA-256(JCS(public)); `issued_at` in seconds.
    """

    kind: str
    subject: str
    by: str
    content: bytes
    issued_at: int


def compose(sent: Mapping[str, Any]) -> Composed:
    """The body of an appeal for what a site refused: `{"statement", "public", …}`, an event with its statement, or an
    EPCISDocument of one such event.

    A review's words stay out, since everybody would have them for ever; a document stays out where it is too long or
    cannot be in a body. Raises Malformed, TooLarge.
    """
    refused = _of_event(sent) if "statement" not in sent else dict(sent)
    statement, public = refused["statement"], refused.get("public")
    signed = _signed(statement)
    if not isinstance(public, dict):
        raise Malformed("is an object", "public")
    if canonical.digest(public) != signed.statement.content:
        raise Malformed("is not what the statement was signed over", "public")
    kept: dict[str, Any] = {"statement": signed.as_json(), "public": public}
    kept |= {name: refused[name] for name in _SIGNATURES if isinstance(refused.get(name), str)}
    left_out = tuple(sorted(set(refused) - set(kept) - {_LEFT_OUT}))
    if isinstance(document := refused.get(_LEFT_OUT), dict):
        whole = _encoded({**kept, _LEFT_OUT: document})
        if whole is not None and len(whole) <= LIMIT:
            return Composed(whole, left_out)
        left_out = (_LEFT_OUT, *left_out)
    body = entries.encode_body(_appeal(kept))
    if len(body) > LIMIT:
        raise TooLarge(
            f"the appeal has {len(body)} bytes, {len(body) - LIMIT} more than the contract takes, though it leaves out"
            f" {', '.join(left_out) or 'nothing'}: what remains was signed as a whole. State less: put what is long"
            " into a document, which the statement names by its hash"
        )
    return Composed(body, left_out)


def read(body: bytes) -> Asked | None:
    """What an appeal asks for; None where it is not of the form that `compose` gives."""
    try:
        value = canonical.parse(body)
        if not isinstance(value, dict) or (value.get("kind"), value.get("subject")) != (Kind.APPEAL.word, SUBJECT):
            return None
        asked = value.get("public")
        if not isinstance(asked, dict) or not isinstance(asked.get("public"), dict):
            return None
        signed = _signed(asked.get("statement"))
        if canonical.digest(asked["public"]) != signed.statement.content:
            return None
    except InvalidInput:
        return None
    stated = signed.statement
    return Asked(stated.kind, stated.subject, signed.by, stated.content, stated.issued_at)


def shown(body: bytes) -> bytes:
    """An appeal's body as JSON: itself where it is a canonical object, else a string, base64 of its bytes."""
    try:
        value = canonical.parse(body)
        if isinstance(value, dict) and entries.encode_body(value) == body:
            return body
    except InvalidInput:
        pass
    return b'"' + b64encode(body) + b'"'


def _signed(statement: object) -> Signed:
    """A statement of a kind and about a subject that this system knows. Raises Malformed, InvalidIdentifier."""
    word = statement.get("kind") if isinstance(statement, dict) else None
    kind = BY_WORD.get(word) if isinstance(word, str) else None
    if kind is None or kind not in rules.RULES:
        raise Malformed("is not a signed statement of a kind that is recorded", "statement")
    signed = Signed.from_shopper(statement) if kind in rules.SHOPPERS else Signed.from_json(statement)
    subject = signed.statement.subject
    if kind is not Kind.CHECKPOINT and subjects.parse(subject) != subject:
        raise InvalidIdentifier("is not a subject as it is written", "statement/subject")
    statements.text(subject, "statement/subject")
    rules.rule_of(kind, subject)
    return signed


def _of_event(sent: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a signed event, as the others send them."""
    event, context = sent, sent.get("@context")
    if sent.get("type") == "EPCISDocument":
        body = sent.get("epcisBody")
        events = body.get("eventList") if isinstance(body, dict) else None
        if not isinstance(events, list) or len(events) != 1 or not isinstance(events[0], dict):
            raise Malformed("holds not one event: an appeal is about one", "epcisBody")
        event = events[0]
    if STATEMENT not in event:
        raise Malformed(f"holds neither `statement` nor `{STATEMENT}`: an appeal is what its author signed")
    document = document_of(event, context)
    public: dict[str, Any] = {"event": event_hash(document), "document": canonical.digest(document).hex()}
    if "errorDeclaration" in document:
        original = {name: value for name, value in document.items() if name != "errorDeclaration"}
        public["corrects"] = canonical.digest(original).hex()
    return {"statement": event[STATEMENT], "public": public, _LEFT_OUT: document}


def _appeal(public: dict[str, Any]) -> dict[str, Any]:
    return {"kind": Kind.APPEAL.word, "subject": SUBJECT, "public": public}


def _encoded(public: dict[str, Any]) -> bytes | None:
    """The body with its document; None where that cannot be in a body: fractions, names that are not ASCII."""
    try:
        return entries.encode_body(_appeal(public))
    except Malformed:
        return None

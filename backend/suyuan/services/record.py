"""Record: a signed statement becomes entries on the journal, or a clear error and nothing at all."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from suyuan.core import appeal, canonical, entries, merkle, proof, rules, statements, subjects
from suyuan.core.entries import BY_WORD, Kind
from suyuan.core.epcis.event_hash import event_hash
from suyuan.core.epcis.identifiers import subject_of
from suyuan.core.epcis.model import Event, subjects_named
from suyuan.core.errors import BadSignature, Malformed, NoStanding, NotFound, Unavailable, UnknownSigner
from suyuan.core.rules import Role
from suyuan.core.standing import Participant
from suyuan.core.statements import Batch, Recall, Receipt, Signed, Signer
from suyuan.services.known import Known, check_key
from suyuan.storage import journal, outbox, registry
from suyuan.storage.appender import Also, Answers, Appender, nothing
from suyuan.storage.database import Database
from suyuan.storage.journal import Accepted, Draft
from suyuan.storage.registry import Item

ITEMS_LIMIT = 100_000  # a batch's quantity; more are several batches


@dataclass(frozen=True, slots=True)
class Domains:
    """EIP-712 domain separators of the three contracts that judge signatures, and what shoppers' statements name.

    `before`: how many seals the journals have that this one goes on from.
    """

    merchants: bytes
    batches: bytes
    journal: bytes
    chain: int
    address: str
    before: int = 0


class JournalEnded(Unavailable):
    """A proven fault has ended the journal: it could not seal what a receipt would promise."""

    def __init__(self) -> None:
        super().__init__("a proven fault has ended the journal: nothing is recorded until it goes on in another one")


class Recorder:
    """Takes statements. `promise`: seconds within which the receipts promise a seal; `receipts`: who signs them;
    `operator`: who signs what the platform itself states; `heard`: told when something was accepted; `ended`: whether
    a proven fault has ended the journal, as last heard.
    """

    def __init__(
        self,
        database: Database,
        known: Known,
        domains: Domains,
        receipts: Signer,
        operator: Signer,
        *,
        promise: int,
        heard: Callable[[], None] = lambda: None,
        ended: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._known = known
        self._domains = domains
        self._receipts = receipts
        self._operator = operator
        self._promise = promise
        self._appender = Appender(database, promise=promise, sign=self._sign, before=domains.before)
        self._heard = heard
        self._ended = ended
        self._clock = clock

    # -- events

    def draft(self, event: Event, earlier: Iterable[Draft] = ()) -> Draft:
        """What an event becomes if its author's statement holds; `earlier`: what is to be recorded before it.

        Raises InvalidInput, Refused, NotFound.
        """
        now = int(self._clock())
        identity = event_hash(event.document)
        signed = Signed.from_json(event.statement)
        if signed.statement.kind != Kind.CHECKPOINT.word or signed.statement.subject:
            raise Malformed("an event is stated as a checkpoint, without a subject", "statement/kind")
        document = canonical.encode(dict(event.document))
        name = sha256(document).digest()
        digest = bytes.fromhex(identity.removeprefix("ni:///sha-256;")[:64])
        public: dict[str, Any] = {"event": identity, "document": name.hex()}
        corrects = None
        if event.error_declaration is not None:
            corrects = self._original(digest, earlier)
            public["corrects"] = corrects.hex()
        self._check_author(signed, public, now)
        named = subjects_named(event)
        if not named:
            raise Malformed("the event names nothing that could have a history", "eventList")
        parent = None
        if event.type == "AggregationEvent" and event.action != "DELETE" and event.parent_id is not None:
            parent = subject_of(event.parent_id)
        return Draft(
            Kind.CHECKPOINT,
            tuple(sorted(map(subjects.key, named))),
            signed.by,
            signed.statement.nonce,
            entries.encode_body(rules.body_of(signed, public, named=len(named))),
            name,
            document,
            journal.EventIndex(
                digest,
                event.event_id,
                corrects,
                parent,
                event.type,
                event.action,
                event.event_time_ms,
                event.biz_step,
                event.disposition,
                event.read_point.id if event.read_point else None,
                event.biz_location.id if event.biz_location else None,
            ),
        )

    def _original(self, event: bytes, earlier: Iterable[Draft]) -> bytes:
        """The document hash of what an error declaration retracts. Raises NotFound."""
        with self._database.read() as connection:
            recorded = journal.original(connection, event)
        if recorded is not None:
            return recorded[1]
        for draft in earlier:
            if draft.event is not None and draft.event.event == event and draft.event.corrects is None:
                return draft.document_hash
        raise NotFound("the event that the error declaration retracts was never recorded")

    def record(self, requests: Sequence[Sequence[Draft]], also: Also = nothing) -> Answers:
        """Records drafts, those of a request all or none; `also` writes more into the same transaction.

        Raises JournalEnded, DatabaseAway.
        """
        self._check_goes_on()
        answers = self._appender.append(requests, now=int(self._clock() * 1000), also=also)
        self._heard()
        return answers

    # -- everything else

    def statement(
        self, kind: Kind, signed: Signed, public: object, document: object, extra: Mapping[str, Any]
    ) -> Accepted:
        """Records a product, a batch, a recall or a profile."""
        now, subject = self._clock(), signed.statement.subject
        checked = self._stated(kind, signed, public)
        author = self._check_author(signed, checked, int(now))
        if not isinstance(document, dict):
            raise Malformed("a document is an object", "document")
        text = canonical.encode(document)
        name = sha256(text).digest()
        if name.hex() != checked["document"]:
            raise Malformed(f"hashes to {name.hex()}, the statement says {checked['document']}", "document")
        draft = Draft(
            kind,
            (subjects.key(subject),),
            signed.by,
            signed.statement.nonce,
            entries.encode_body(rules.body_of(signed, checked)),
            name,
            text,
        )
        with self._database.write() as connection:
            (accepted,) = self._append(connection, [draft], now)
            if accepted.outcome is journal.Outcome.NEW:
                self._consequences(connection, kind, subject, author, signed, checked, extra)
        self._heard()
        return accepted

    def _consequences(
        self,
        connection: Connection,
        kind: Kind,
        subject: str,
        author: Participant,
        signed: Signed,
        public: dict[str, Any],
        extra: Mapping[str, Any],
    ) -> None:
        if kind is Kind.PRODUCT:
            self._check_owner(connection, subject, author)
        elif kind is Kind.BATCH:
            self._check_owner(connection, subject[:18], author)
            self._register(connection, subject, signed, public, extra)
        elif kind is Kind.RECALL:
            batch = registry.batch(connection, subjects.key(subject))
            if batch is None:
                raise Malformed(f"{subject} was never registered", "statement/subject")
            if author.role is not Role.REGULATOR and batch.merchant != author.id:
                raise NoStanding("a batch is recalled by its merchant or the regulator")
            recall = Recall(batch.key, bytes.fromhex(public["document"]))
            signature = statements.from_hex(extra.get("recall"), 65, "recall")
            check_key(author, recall.digest(self._domains.batches), signature, int(self._clock()))
            payload = {"key": batch.key.hex(), "reason": recall.reason.hex(), "signature": signature.hex()}
            outbox.add(connection, "recall", payload)
        elif kind is Kind.MERCHANT and author.role is not Role.OPERATOR and subject != subjects.merchant(author.id):
            raise NoStanding("a profile is written by its own merchant or the operator")

    def _check_owner(self, connection: Connection, product: str, author: Participant) -> None:
        """The first to list a product is the one who lists it."""
        rows = journal.stream(connection, subjects.key(product), 0)
        for row in rows:
            body = canonical.parse_trusted(row.body)
            if body["kind"] == Kind.PRODUCT.word:
                if body["by"] != author.id:
                    raise NoStanding(f"{product} is another merchant's product")
                return
        raise Malformed(f"{product} is not listed yet", "statement/subject")

    def _register(
        self, connection: Connection, subject: str, signed: Signed, public: dict[str, Any], extra: Mapping[str, Any]
    ) -> None:
        items = _items(subject, extra.get("items"))
        tree = merkle.Tree(proof.item_leaf(item.serial, item.code) for item in items)
        if len(items) != public["quantity"]:
            raise Malformed(f"{len(items)} items, the quantity is {public['quantity']}", "items")
        if tree.root().hex() != public["itemsRoot"]:
            raise Malformed(f"have the root {tree.root().hex()}, the statement says {public['itemsRoot']}", "items")
        key = subjects.key(subject)
        batch = Batch(key, signed.by, len(items), tree.root(), canonical.digest(public))
        signature = statements.from_hex(extra.get("registration"), 65, "registration")
        author = self._known.participant(signed.by)
        assert author is not None
        check_key(author, batch.digest(self._domains.batches), signature, int(self._clock()))
        registry.add_batch(
            connection,
            registry.BatchRow(key, subject, batch.merchant, batch.quantity, batch.items_root, batch.content),
            items,
        )
        outbox.add(
            connection,
            "register",
            {
                "key": key.hex(),
                "merchant": batch.merchant,
                "quantity": batch.quantity,
                "itemsRoot": batch.items_root.hex(),
                "content": batch.content.hex(),
                "signature": signature.hex(),
            },
        )

    # -- orders and reviews: within a transaction that changes other tables too; `heard` is the caller's to tell

    def put(
        self,
        connection: Connection,
        kind: Kind,
        signed: Signed,
        public: dict[str, Any],
        arg: int = 0,
        document: bytes = b"",
    ) -> Accepted:
        """Records what `check_shopper` or `check_participant` let pass. `document`: canonical, if the kind has one."""
        body = entries.encode_body(rules.body_of(signed, public))
        key = subjects.key(signed.statement.subject)
        name = sha256(document).digest() if document else b""
        draft = Draft(kind, (key,), signed.by, signed.statement.nonce, body, name, document, arg=arg)
        (accepted,) = self._append(connection, [draft], self._clock())
        return accepted

    def by_operator(
        self,
        connection: Connection,
        kind: Kind,
        subject: str,
        public: dict[str, Any],
        arg: int = 0,
        document: bytes = b"",
    ) -> Accepted:
        """Records what the platform states, with its signature. `document`: canonical, if the kind has one."""
        rules.check_public(kind, subject, public)
        statement = statements.Statement(
            kind.word, subject, canonical.digest(public), int(self._clock()), secrets.token_bytes(32)
        )
        signature = self._operator.sign(statement.digest(self._domains.merchants))
        signed = Signed(self._operator.address, statement, signature)
        return self.put(connection, kind, signed, public, arg, document)

    def appeals(self, connection: Connection, bodies: Sequence[bytes]) -> list[Accepted]:
        """Records what was put on-chain, whatever it is; the same bytes are one entry, however often they come."""
        drafts = [Draft(Kind.APPEAL, (appeal.KEY,), "", sha256(body).digest(), body, b"", b"") for body in bodies]
        return self._append(connection, drafts, self._clock())

    def check_shopper(self, kind: Kind, statement: object, public: object) -> tuple[Signed, dict[str, Any]]:
        """A shopper's statement and what it states, if its own key signed it for this deployment.

        Raises InvalidInput, BadSignature.
        """
        signed = Signed.from_shopper(statement)
        checked = self._stated(kind, signed, public)
        _check_content(signed, checked, int(self._clock()))
        statements.check_shopper(signed, self._domains.chain, self._domains.address)
        return signed, checked

    def check_participant(self, kind: Kind, statement: object, public: object) -> tuple[Signed, dict[str, Any]]:
        """A participant's statement and what it states, if its author may write it. Raises InvalidInput, Refused."""
        signed = Signed.from_json(statement)
        checked = self._stated(kind, signed, public)
        self._check_author(signed, checked, int(self._clock()))
        return signed, checked

    # -- what all have in common

    def _stated(self, kind: Kind, signed: Signed, public: object) -> dict[str, Any]:
        """What a statement of that kind states, by the kind's rule. Raises InvalidInput."""
        stated = signed.statement
        if stated.kind != kind.word:
            raise Malformed(f"the statement is a {stated.kind}, wanted is a {kind.word}", "statement/kind")
        subject = subjects.parse(stated.subject)
        if subject != stated.subject:
            raise Malformed(f"the subject is written {subject}", "statement/subject")
        return rules.check_public(kind, subject, public)

    def _check_goes_on(self) -> None:
        if self._ended():
            raise JournalEnded

    def _append(self, connection: Connection, drafts: Sequence[Draft], now: float) -> list[Accepted]:
        self._check_goes_on()
        return journal.append(
            connection,
            drafts,
            now=int(now * 1000),
            promise=self._promise,
            sign=self._sign,
            before=self._domains.before,
        )

    def _sign(self, receipt: Receipt) -> bytes:
        return self._receipts.sign(receipt.digest(self._domains.journal))

    def _check_author(self, signed: Signed, public: dict[str, Any], now: int) -> Participant:
        kind = BY_WORD.get(signed.statement.kind)
        if kind is None:
            raise Malformed(f"a {signed.statement.kind} is not taken", "statement/kind")
        writers = rules.rule_of(kind, signed.statement.subject).writers
        _check_content(signed, public, now)
        author = self._known.participant(signed.by)
        if author is None:
            raise UnknownSigner(f"{signed.by} is not registered")
        standing = author.standing_at(now)
        if not standing.may_write:
            raise NoStanding(f"{signed.by} is {standing.name.lower()}")
        if writers is None or author.role not in writers:
            raise NoStanding(f"a {author.role.name.lower()} writes no {kind.word}")
        check_key(author, signed.statement.digest(self._domains.merchants), signed.signature, now)
        return author


def _check_content(signed: Signed, public: dict[str, Any], now: int) -> None:
    """Returns if a statement is over what was sent, and not from the future. Raises BadSignature."""
    stated, content = signed.statement, canonical.digest(public)
    if content != stated.content:
        raise BadSignature(f"the statement is over {stated.content.hex()}, what was sent hashes to {content.hex()}")
    if stated.issued_at > now + statements.SKEW:
        raise BadSignature("issued in the future")


def _items(subject: str, value: object) -> list[Item]:
    if not isinstance(value, list) or not 0 < len(value) <= ITEMS_LIMIT:
        raise Malformed(f"one to {ITEMS_LIMIT} items are wanted", "items")
    batch, gtin = subjects.key(subject), subject[4:18]
    items = []
    before = ""
    for place, one in enumerate(value):
        if not isinstance(one, dict) or not isinstance(one.get("serial"), str):
            raise Malformed("an item is a serial and the hash of its code", f"items/{place}")
        serial, code = one["serial"], statements.from_hex(one.get("code"), 32, f"items/{place}/code")
        if serial.encode() <= before.encode() and place:
            raise Malformed("serials stand in order, each once", f"items/{place}/serial")
        subject_of_item = subjects.parse(subjects.item(gtin, serial))
        items.append(Item(subjects.key(subject_of_item), batch, place, serial, code))
        before = serial
    return items

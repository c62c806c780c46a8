"""A small journal, and a judge of it, made by the core alone: what the core's tests verify, bend and replay.

`story()` is one product's: its listing, a batch of five items, events that pack two of them on a pallet and move it,
a delivery, the rights that come of it and one of them claimed, a review of it, three seals, and an event that still
waits for the next. `market()` goes on from there: an item claimed by the code under its patch, and reviews that stay
withheld, are withdrawn and erased. Everything is signed.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Any

from coincurve import PrivateKey
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from suyuan.core import canonical, entries, heads, merkle, proof, replay, rules, statements, subjects
from suyuan.core.entries import Kind
from suyuan.core.epcis import event_hash, parse_event, subjects_named
from suyuan.core.epcis.identifiers import subject_of
from suyuan.core.errors import BadSignature, ChainAway
from suyuan.core.proof import BatchState, Claim, Deployment, Predecessor, Proven, Seal, Verdict
from suyuan.core.reviews import right_of
from suyuan.core.rules import Standing
from suyuan.core.statements import Receipt, Signed, Statement

CHAIN = 31337
JOURNAL = "0x" + "1a" * 20
MERCHANTS = "0x" + "2b" * 20
T0 = 1_790_000_000_000
GTIN = "09521141012345"
SSCC = "095211411234567892"
LOT = "L26/1"
SERIALS = ("2017", "2018", "2019", "2020", "A/1")
PRODUCT, BATCH, ITEM = subjects.product(GTIN), subjects.batch(GTIN, LOT), subjects.item(GTIN, SERIALS[0])
PALLET, REVIEWS, RIGHTS = f"/00/{SSCC}", f"/reviews/{GTIN}", f"/rights/{GTIN}"
ORDER = "/order/" + "0d" * 16
LINK = "https://id.gs1.org"
CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
PINNED = Deployment(CHAIN, JOURNAL)


class Signer:
    """A participant's secp256k1 key; its address is its id."""

    def __init__(self, name: str) -> None:
        self._key = PrivateKey(sha256(name.encode()).digest())
        self.address = statements.address_of(self._key.public_key.format(compressed=False))

    def sign(self, digest: bytes) -> bytes:
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes((27 + signature[64],))


class Shopper:
    """A browser's P-256 key."""

    def __init__(self, name: str) -> None:
        self._key = ec.derive_private_key(int.from_bytes(sha256(name.encode()).digest(), "big") >> 8, ec.SECP256R1())
        self.point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()

    def sign(self, message: bytes) -> bytes:
        r, s = decode_dss_signature(self._key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


MERCHANT, PARTNER, OPERATOR, STRANGER = (Signer(name) for name in ("merchant", "partner", "operator", "stranger"))


@dataclass
class FakeJudge:
    """A chain that answers from memory, and really checks signatures. Fields are there to be changed by tests."""

    seals: list[Seal]
    batches: dict[bytes, BatchState]
    of: Deployment = PINNED
    keys: dict[str, str] = field(default_factory=lambda: {s.address: s.address for s in (MERCHANT, PARTNER, OPERATOR)})
    standings: dict[str, Standing] = field(default_factory=dict)  # Admitted, unless told
    fault: str = ""
    late: int = 0
    before: tuple[FakeJudge, Seal] | None = None  # the journal that it goes on from
    others: list[FakeJudge] = field(default_factory=list)  # journals of the same chain
    domain: str = MERCHANTS  # of statements

    def deployment(self) -> Deployment:
        return self.of

    def confirms(self, seal: Seal) -> bool:
        return seal in self.seals

    def verdicts(self, claims: Sequence[Claim]) -> list[Verdict]:
        return [self._verdict(claim) for claim in claims]

    def batch(self, key: bytes) -> BatchState | None:
        return self.batches.get(key)

    def proven(self) -> Proven:
        return Proven(self.of.journal, self.fault, self.late)

    def predecessor(self) -> Predecessor | None:
        return None if self.before is None else Predecessor(self.before[0].of.journal, self.before[1])

    def journal_at(self, journal: str) -> FakeJudge:
        for judge in (*self.others, *([self.before[0]] if self.before else [])):
            if judge.of.journal == journal:
                return judge
        raise ChainAway(f"there is no Journal at {journal}")

    def _verdict(self, claim: Claim) -> Verdict:
        by, statement = claim.signed.by, claim.signed.statement
        if by not in self.keys:
            return Verdict.UNKNOWN_SIGNER
        try:
            signer = statements.recover(statement.digest(statements.domain(CHAIN, self.domain)), claim.signed.signature)
        except BadSignature:
            return Verdict.BAD_SIGNATURE
        if signer != self.keys[by]:
            return Verdict.BAD_SIGNATURE
        if not self.standings.get(by, Standing.ADMITTED).may_write:
            return Verdict.NO_STANDING
        return Verdict.VALID if statement.issued_at <= claim.at + statements.SKEW else Verdict.ISSUED_LATE


@dataclass(frozen=True)
class Written:
    """An entry as it stands in the journal; `text` is its canonical body (an appeal's: whatever it is), `parent` the
    container it is put into.
    """

    index: int
    subject: str
    header: entries.Header
    text: bytes
    document: str = ""
    parent: str = ""

    @property
    def raw(self) -> bytes:
        return self.header.encode()

    @property
    def leaf(self) -> bytes:
        return entries.leaf(self.raw)

    @property
    def shown(self) -> dict[str, Any]:
        is_object = self.text.startswith(b"{")
        body = json.loads(self.text) if is_object else b64encode(self.text).decode()
        return {"index": self.index, "header": self.raw.hex(), "body": body}


class Journal:
    """Entries, documents and seals, appended to."""

    def __init__(self) -> None:
        self.at = T0
        self.written: list[Written] = []
        self.documents: dict[str, Any] = {}
        self.seals: list[Seal] = []
        self.batches: dict[bytes, BatchState] = {}
        self.items: dict[str, list[tuple[str, bytes]]] = {}
        self.address, self.registry = JOURNAL, MERCHANTS
        self.before: tuple[FakeJudge, Seal] | None = None
        self._heads: dict[str, entries.Head] = {}
        self._nonces = 0

    # -- writing

    def nonce(self) -> bytes:
        self._nonces += 1
        return sha256(b"nonce %d" % self._nonces).digest()

    def document(self, value: Any) -> str:
        name = canonical.digest(value).hex()
        self.documents[name] = value
        return name

    def sign(self, by: Signer, kind: Kind, subject: str, public: Any, issued_at: int | None = None) -> Signed:
        issued = self.at // 1000 - 5 if issued_at is None else issued_at
        statement = Statement(kind.word, subject, canonical.digest(public), issued, self.nonce())
        digest = statement.digest(statements.domain(CHAIN, self.registry))
        return Signed(by.address, statement, by.sign(digest))

    def append(
        self, kind: Kind, subject: str, body: dict[str, Any], *, arg: int = 0, document: str = "", parent: str = ""
    ) -> Written:
        """Puts an entry with that body on its stream, a second after the one before."""
        self.at += 1000
        return self._put(kind, subject, entries.encode_body(body), arg, document, parent)

    def _put(self, kind: Kind, subject: str, text: bytes, arg: int, document: str, parent: str) -> Written:
        head = self._heads.get(subject, entries.EMPTY)
        key, digest = subjects.key(subject), sha256(text).digest()
        header = entries.follow(head, kind=kind, key=key, at=self.at, body=digest, arg=arg)
        entry = Written(len(self.written), subject, header, text, document, parent)
        self._heads[subject] = entries.Head(head.count + 1, entry.leaf, header.state)
        self.written.append(entry)
        return entry

    def forget(self, count: int) -> None:
        """Takes back the newest entries."""
        for entry in reversed(self.written[-count:]):
            head = entry.header
            before = [one for one in self.written[: entry.index] if one.subject == entry.subject][-1:]
            self._heads.pop(entry.subject)
            for one in before:
                self._heads[entry.subject] = entries.Head(head.seq, one.leaf, one.header.state)
        del self.written[-count:]

    def record(self, by: Signer, kind: Kind, subject: str, document: Any, **public: Any) -> Written:
        """An entry that a participant states about one subject, with a document."""
        stated = {"document": self.document(document), **public}
        body = rules.body_of(self.sign(by, kind, subject, stated), stated)
        return self.append(kind, subject, body, document=stated["document"])

    def event(self, by: Signer, **members: Any) -> list[Written]:
        """An EPCIS event, in the stream of each subject that it names."""
        document = {
            "@context": CONTEXT,
            "type": "ObjectEvent",
            "eventTime": "2026-09-21T10:00:00.000Z",
            "eventTimeZoneOffset": "+08:00",
            "action": "OBSERVE",
            **members,
        }
        event = parse_event(document)
        public = {"event": event_hash(document), "document": self.document(document)}
        named = subjects_named(event)
        body = rules.body_of(self.sign(by, Kind.CHECKPOINT, "", public), public, len(named))
        parent = subject_of(event.parent_id) if event.parent_id and event.type == "AggregationEvent" else ""
        self.at += 1000
        text = entries.encode_body(body)
        return [
            self._put(Kind.CHECKPOINT, subject, text, 0, public["document"], parent)
            for subject in sorted(named, key=subjects.key)
        ]

    def batch(self, by: Signer, subject: str, serials: Sequence[str]) -> Written:
        """A batch of items, in the journal and in the judge's registry."""
        items = [(serial, sha256(bytes.fromhex(code_of(serial))).digest()) for serial in sorted(serials)]
        self.items[subject] = items
        root = self.items_tree(subject).root()
        entry = self.record(by, Kind.BATCH, subject, {"name": "spring"}, quantity=len(items), itemsRoot=root.hex())
        content = canonical.digest(json.loads(entry.text)["public"])
        self.batches[subjects.key(subject)] = BatchState(by.address, len(items), root, content, self.at // 1000, 0)
        return entry

    def items_tree(self, subject: str) -> merkle.Tree:
        return merkle.Tree(proof.item_leaf(serial, code) for serial, code in self.items[subject])

    def shop(
        self, by: Shopper, kind: Kind, subject: str, public: Any, arg: int = 0, issued_at: int | None = None
    ) -> Written:
        """An entry that a shopper signs."""
        issued = self.at // 1000 if issued_at is None else issued_at
        statement = Statement(kind.word, subject, canonical.digest(public), issued, self.nonce())
        body = {
            "kind": kind.word, "subject": subject, "public": public, "by": by.point, "issuedAt": statement.issued_at,
            "nonce": statement.nonce.hex(), "signature": by.sign(statement.message(CHAIN, self.address)).hex(),
        }  # fmt: skip
        return self.append(kind, subject, body, arg=arg)

    def moderate(self, by: Signer, kind: Kind, subject: str, public: Any, arg: int = 0) -> Written:
        """An entry of a participant without a document: orders, deliveries, rights, and what is done to reviews."""
        return self.append(kind, subject, rules.body_of(self.sign(by, kind, subject, public), public), arg=arg)

    def order(self, subject: str, *goods: tuple[str, int]) -> Written:
        """An order, and at once the delivery of its goods: batches with quantities."""
        self.moderate(OPERATOR, Kind.ORDER, subject, {"private": private_of(subject)})
        public = {"goods": [{"batch": batch, "quantity": quantity} for batch, quantity in goods]}
        return self.moderate(OPERATOR, Kind.DELIVERY, subject, public)

    def issue(self, *names: str, batch: str = BATCH, rights: str = RIGHTS) -> Written:
        """Rights to review a batch, of the buyers of these names."""
        public = {"batch": batch, "rights": sorted(right(name) for name in names)}
        return self.moderate(OPERATOR, Kind.RIGHTS, rights, public)

    def claim(self, name: str, **changes: Any) -> Written:
        """A buyer claims the right of that name."""
        return self.shop(Shopper(name), Kind.CLAIM, RIGHTS, {"right": right(name), "secret": secret(name), **changes})

    def claim_item(self, serial: str, batch: str = BATCH, **changes: Any) -> Written:
        """Somebody claims an item by the code under its patch."""
        place = next(i for i, (one, _) in enumerate(self.items[batch]) if one == serial)
        tree = self.items_tree(batch)
        path = [h.hex() for h in merkle.inclusion(tree, place, len(self.items[batch]))]
        public = {"batch": batch, "code": code_of(serial), "place": place, "proof": path, **changes}
        return self.shop(Shopper("item " + serial), Kind.CLAIM, subjects.item(GTIN, serial), public)

    def review(self, name: str, stars: int, by: str = "", **changes: Any) -> Written:
        """The review of the right of that name."""
        public = {"right": right(name), "batch": BATCH, "stars": stars, "private": private_of(name), **changes}
        return self.shop(Shopper(by or name), Kind.REVIEW, REVIEWS, public, arg=stars)

    def amend(self, name: str, old: int, new: int, *, held: int = 0, by: str = "") -> Written:
        public = {"right": right(name), "stars": new, "private": private_of(name + " again")}
        return self.shop(Shopper(by or name), Kind.REVIEW_AMEND, REVIEWS, public, arg=held << 6 | old << 3 | new)

    def withdraw(self, name: str, stars: int, *, held: int = 0, by: str = "") -> Written:
        public = {"right": right(name)}
        return self.shop(Shopper(by or name), Kind.REVIEW_WITHDRAW, REVIEWS, public, arg=held << 6 | stars << 3)

    def withhold(self, name: str, stars: int, reason: str = "abuse", basis: str = "CC-1024") -> Written:
        public = {"right": right(name), "reason": reason, "basis": basis}
        return self.moderate(OPERATOR, Kind.REVIEW_WITHHOLD, REVIEWS, public, stars << 3)

    def restore(self, name: str, stars: int, reason: str = "appeal") -> Written:
        public = {"right": right(name), "reason": reason}
        return self.moderate(OPERATOR, Kind.REVIEW_RESTORE, REVIEWS, public, stars << 3)

    def erase(self, name: str, basis: str = "PIPL-47") -> Written:
        return self.moderate(OPERATOR, Kind.REVIEW_ERASE, REVIEWS, {"right": right(name), "basis": basis})

    def reply(self, name: str, by: Signer = MERCHANT) -> Written:
        public = {"right": right(name), "private": private_of("reply " + name)}
        return self.moderate(by, Kind.REVIEW_REPLY, REVIEWS, public)

    def appeal(self, raw: bytes) -> Written:
        """Somebody's appeal, byte for byte."""
        self.at += 1000
        return self._put(Kind.APPEAL, proof.APPEALS, raw, 0, "", "")

    def succeed(self, address: str, registry: str = MERCHANTS) -> None:
        """From here on another Journal, and maybe another registry, goes on from the newest seal."""
        self.before = (self.judge(), self.seals[-1])
        self.address, self.registry, self.seals, self.batches = address, registry, [], {}

    def seal(self) -> Seal:
        """Seals everything so far, a minute later."""
        self.at += 60_000
        size = len(self.written)
        seal = Seal(len(self.seals) + 1, size, self.tree(size).root(), self.map(size).root, self.at // 1000)
        self.seals.append(seal)
        return seal

    # -- reading

    def tree(self, size: int) -> merkle.Tree:
        return merkle.Tree(entry.leaf for entry in self.written[:size])

    def map(self, size: int) -> heads.HeadsMap:
        newest = {e.header.key: heads.Met(e.header.key, e.header.seq + 1, e.leaf) for e in self.written[:size]}
        top, buckets = heads.in_memory()
        buckets.update(top.update(newest.values()))
        return top

    def stream(self, subject: str) -> list[Written]:
        return [entry for entry in self.written if entry.subject == subject]

    def judge(self) -> FakeJudge:
        of = Deployment(CHAIN, self.address)
        return FakeJudge(list(self.seals), dict(self.batches), of, before=self.before, domain=self.registry)

    def bundle(
        self,
        subject: str,
        *,
        limit: int = 20,
        batch: str = "",
        containers: Sequence[str] = (),
        support: Sequence[Written] = (),
    ) -> dict[str, Any]:
        """The proof bundle of a subject under the newest seal, as `GET /v1/proof` answers it."""
        seal = self.seals[-1]
        tree, top = self.tree(seal.size), self.map(seal.size)
        numbers: dict[bytes, int] = {}

        def point(path: Sequence[bytes]) -> list[int]:
            return [numbers.setdefault(h, len(numbers)) for h in path]

        def part(of: str, others: Sequence[Written] = (), waiting: Sequence[Written] = ()) -> dict[str, Any]:
            shown = [e for e in self.stream(of) if e.index < seal.size][-limit:]
            found = top.prove(subjects.key(of))
            met = found.met and {"count": found.met.count, "leaf": found.met.leaf.hex()}
            head: dict[str, Any] = {"siblings": [h.hex() for h in found.siblings]}
            if found.met is not None and met is not None and found.met.key == subjects.key(of):
                head.update(met)
            else:
                head["met"] = met and {"key": found.met.key.hex() if found.met else "", **met}
            return {
                "subject": of,
                "head": head,
                "entries": [e.shown for e in shown],
                "inclusion": [
                    {"index": e.index, "proof": point(merkle.inclusion(tree, e.index, seal.size))}
                    for e in (*shown, *others)
                ],
                "documents": {
                    e.document: self.documents[e.document] for e in (*shown, *others, *waiting) if e.document
                },
            }

        waiting = [e for e in self.stream(subject) if e.index >= seal.size]
        related = []
        if batch:
            items = self.items[batch]
            index = next(i for i, (serial, _) in enumerate(items) if subjects.item(GTIN, serial) == subject)
            related.append(
                {
                    "relation": "batch",
                    **part(batch),
                    "items": {
                        "serial": items[index][0],
                        "code": items[index][1].hex(),
                        "index": index,
                        "proof": point(merkle.inclusion(self.items_tree(batch), index, len(items))),
                    },
                }
            )
        related += [{"relation": "container", **part(container)} for container in containers]
        bundle = {
            "version": 1,
            "chain": {"id": CHAIN, "journal": self.address},
            "seal": {
                "number": seal.number, "size": seal.size, "root": seal.root.hex(), "heads": seal.heads.hex(),
                "sealedAt": seal.sealed_at, "block": 812, "tx": "0x" + "ee" * 32,
            },
            **part(subject, support, waiting),
            "support": [{"subject": e.subject, **e.shown} for e in support],
            "related": related,
            "pending": [{**e.shown, "receipt": self._receipt(e)} for e in waiting],
            "hashes": [],
        }  # fmt: skip
        bundle["hashes"] = [h.hex() for h in numbers]
        return bundle

    def _receipt(self, entry: Written) -> dict[str, Any]:
        at = entry.header.at // 1000
        receipt = Receipt(entry.leaf, entry.index, 1, at, at + 3600)
        return receipt.as_json(OPERATOR.sign(receipt.digest(statements.domain(CHAIN, self.address))))


def link(subject: str) -> str:
    """The Digital Link URI of a subject."""
    return LINK + subject


def secret(name: str) -> str:
    """The 16 random bytes that a buyer of that name got, in hex."""
    return sha256(b"secret " + name.encode()).hexdigest()[:32]


def right(name: str) -> str:
    """What the journal knows of them."""
    return right_of(secret(name))


def code_of(serial: str) -> str:
    """The code under an item's patch, in hex."""
    return sha256(b"code " + serial.encode()).hexdigest()[:32]


def private_of(name: str) -> str:
    """The hash of something private."""
    return canonical.digest(content_of(name)).hex()


def content_of(name: str) -> dict[str, Any]:
    """A review's private content."""
    salt = sha256(b"salt " + name.encode()).hexdigest()[:32]
    return {"salt": salt, "words": f"好茶, says {name}", "language": "zh", "photos": []}


def build() -> Journal:
    """The story, told anew."""
    journal = Journal()
    items = [link(subjects.item(GTIN, serial)) for serial in SERIALS[:2]]
    journal.record(MERCHANT, Kind.PRODUCT, PRODUCT, {"name": "龙井"})
    journal.batch(MERCHANT, BATCH, SERIALS)
    journal.event(MERCHANT, action="ADD", bizStep="commissioning", epcList=items, quantityList=[
        {"epcClass": link(BATCH), "quantity": 5},
    ])  # fmt: skip
    journal.seal()
    journal.event(MERCHANT, type="AggregationEvent", action="ADD", bizStep="packing", parentID=link(PALLET),
                  childEPCs=items)  # fmt: skip
    journal.event(PARTNER, bizStep="shipping", epcList=[link(PALLET)])
    journal.order(ORDER, (BATCH, 3))
    journal.issue("one", "two", "three")
    journal.claim("one")
    journal.seal()
    journal.event(PARTNER, bizStep="receiving", epcList=[items[0]])
    journal.event(PARTNER, bizStep="storing", epcList=[items[0]])
    journal.review("one", 4)
    journal.amend("one", 4, 2)
    journal.withhold("one", 2)
    journal.restore("one", 2)
    journal.reply("one")
    journal.seal()
    journal.event(PARTNER, bizStep="retail_selling", epcList=[items[0]])
    return journal


def build_market() -> Journal:
    """What comes after the story, told anew and sealed."""
    journal = build()
    journal.claim_item(SERIALS[4])
    journal.issue("four")
    for name in ("two", "three", "four"):
        journal.claim(name)
    journal.review("two", 1, aspects={"quality": 1, "packaging": 3})
    journal.withhold("two", 1, "personal", "PIPL-10")
    journal.amend("two", 1, 3, held=1)
    journal.review("three", 5)
    journal.withdraw("three", 5)
    journal.review("four", 4)
    journal.erase("four")
    journal.seal()
    return journal


@cache
def story() -> Journal:
    """The story, shared: not to be written to."""
    return build()


@cache
def market() -> Journal:
    """The market, shared: not to be written to."""
    return build_market()


def item_bundle(journal: Journal | None = None) -> dict[str, Any]:
    """The bundle of an item, with its batch and its pallet, and an event that waits."""
    return (journal or story()).bundle(ITEM, batch=BATCH, containers=[PALLET])


def review_bundle(*, limit: int = 20) -> dict[str, Any]:
    """The bundle of the reviews, with the claim that binds the reviewer's key."""
    return story().bundle(REVIEWS, limit=limit, support=claims(story()))


def market_bundle(*, limit: int = 20) -> dict[str, Any]:
    """The bundle of the market's reviews, with the claims of all their keys."""
    return market().bundle(REVIEWS, limit=limit, support=claims(market()))


def claims(journal: Journal) -> list[Written]:
    """The claims of rights."""
    return [entry for entry in journal.stream(RIGHTS) if entry.header.kind == Kind.CLAIM]


def absence_bundle() -> dict[str, Any]:
    """The bundle of a product that nobody has recorded."""
    return story().bundle("/01/09521141000014")


def verify(bundle: Any, judge: proof.Judge | None = None, **options: Any) -> proof.Report:
    """The report of a bundle, minutes after its seal, by the story's judge if by no other."""
    options = {"pinned": PINNED, "now": story().seals[-1].sealed_at + 300, **options}
    return proof.verify(proof.parse(bundle), judge=judge or story().judge(), **options)


def numbers(report: proof.Report, state: proof.State = proof.State.FAILS) -> set[int]:
    """Which obligations are answered so."""
    return {obligation.number for obligation in report.obligations if obligation.state is state}


def replay_all(rows: Sequence[tuple[bytes, bytes | None]], seals: Sequence[Seal]) -> list[replay.Finding]:
    """What a replay finds in headers and bodies under seals, fed as an audit feeds it."""
    fold = replay.Replay(PINNED)
    found: list[replay.Finding] = []
    waiting = list(seals)
    for raw, text in rows:
        found += fold.entry(raw, text)
        while waiting and waiting[0].size == fold.size:
            found += fold.seal(waiting.pop(0))
    for seal in waiting:
        found += fold.seal(seal)
    return found


def rows_of(journal: Journal) -> list[tuple[bytes, bytes]]:
    """The journal's sealed headers and bodies."""
    return [(entry.raw, entry.text) for entry in journal.written[: journal.seals[-1].size]]


def documents_of(bodies: Sequence[bytes], known: Mapping[str, Any]) -> list[bytes]:
    """The documents that bodies name, each once, as far as they are known: what a log serves beside them."""
    names = dict.fromkeys(name.decode() for text in bodies for name in re.findall(rb'"document":"(\w{64})"', text))
    return [canonical.encode(known[name]) for name in names if name in known]


def faults(found: Sequence[replay.Finding]) -> dict[replay.Fault, list[int]]:
    """Where each fault was found."""
    by: dict[replay.Fault, list[int]] = {}
    for finding in found:
        by.setdefault(finding.fault, []).append(finding.where)
    return by


def changed(value: Mapping[str, Any], path: str, new: Any) -> dict[str, Any]:
    """A copy of JSON with what stands at `path` (`entries/0/body/by`; `-1`: the last of a list) replaced."""
    copy: dict[str, Any] = json.loads(json.dumps(value))
    at: Any = copy
    *way, last = path.split("/")
    for name in way:
        at = at[int(name)] if isinstance(at, list) else at[name]
    at[int(last) if isinstance(at, list) else last] = new
    return copy


def found_at(value: Any, path: str) -> Any:
    """What stands at `path`."""
    for name in path.split("/"):
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value

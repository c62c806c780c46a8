"""Look up: what a page says of a subject, as one frozen view, made from the very bundle that `/v1/proof` serves.

Names of participants, places and products come from their own streams, which have proofs of their own (`View.also`).
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from math import inf
from typing import Any
from urllib.parse import unquote

import orjson

from suyuan.core import entries, proof, subjects
from suyuan.core.entries import Kind
from suyuan.core.epcis import times
from suyuan.core.epcis.identifiers import subject_of
from suyuan.core.epcis.model import Event, Quantity, SensorElement, parse_event
from suyuan.core.errors import InvalidIdentifier, InvalidInput
from suyuan.core.rules import Role, Standing
from suyuan.core.standing import Participant
from suyuan.services.contents import Held, held_in
from suyuan.services.known import Known
from suyuan.services.prove import DEFAULT_LIMIT, Prover
from suyuan.storage import journal, orders, registry, scans
from suyuan.storage.database import Database

_REST = 2.0  # seconds for which profiles and listings are believed to be the newest
_ANNOUNCED = 100  # items of a line that are listed
_HELD = 20_000  # listings kept in memory
CHINA = timezone(timedelta(hours=8))


class About(StrEnum):
    """What a page is about."""

    PRODUCT = "product"
    BATCH = "batch"
    ITEM = "item"
    PARCEL = "parcel"


@dataclass(frozen=True, slots=True)
class Text:
    """Words as a document has them, in Chinese and in English; one of them may be missing (empty)."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Quote:
    """Words, and where they stand: the hash of the document, and the JSON pointer (of the language's parent)."""

    text: Text
    document: str
    pointer: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where something happened: `id` as the event writes it; what its owner's profile says of it, if anything."""

    id: str
    name: Quote | None = None
    city: Quote | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """A participant: what the registry says (`since`: seconds from which the standing held), and its own profile."""

    id: str
    role: Role
    standing: Standing
    since: int
    name: Quote | None = None
    trade: Quote | None = None
    city: Quote | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A product as its merchant describes it; `at` in milliseconds."""

    gtin: str
    by: str
    at: int
    document: str
    name: Quote | None
    brand: Quote | None
    origin: Quote | None
    net: Quote | None
    storage: Quote | None
    description: Quote | None
    category: str


@dataclass(frozen=True, slots=True)
class Recall:
    """Why a batch was called back. `at`: seconds, when the chain or else the journal took it."""

    at: int
    on_chain: bool
    by: Party | None
    reason: Quote | None
    advice: Quote | None


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch: `produced` and `expires` are ISO days or empty; `registered_at` in seconds, 0: not on-chain yet."""

    subject: str
    lot: str
    produced: str
    expires: str
    expired: bool
    quantity: int
    origin: Quote | None
    note: Quote | None
    by: Party | None
    registered_at: int
    recall: Recall | None


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A batch in its product's list; times in seconds, 0: never."""

    subject: str
    lot: str
    quantity: int
    registered_at: int
    recalled_at: int


@dataclass(frozen=True, slots=True)
class Thing:
    """Things that an event names together: `count` pieces of one product, or `amount` of a lot or class.

    `subject` is what to link to: never an item, since a pallet has thousands.
    """

    about: str  # item, lot, class, parcel, other
    subject: str
    name: Quote | None = None
    lot: str = ""
    count: int = 0
    amount: float | None = None
    uom: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """What a parcel holds: pieces or an amount of a batch (or of a product, another parcel), with who answers for it.

    `recalled_at`: seconds, 0: never.
    """

    thing: Thing
    maker: Party | None = None
    recalled_at: int = 0


@dataclass(frozen=True, slots=True)
class Announced:
    """A line of a parcel as a shop announced it, which no record shows. `items`: the first of them, `more` the rest."""

    content: Content
    items: tuple[str, ...] = ()  # subjects
    more: int = 0


class Part(StrEnum):
    """What the things of a group are to an event."""

    WHAT = "what"
    CONTAINER = "container"
    CONTENT = "content"
    INPUT = "input"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class Group:
    part: Part
    things: tuple[Thing, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """One value at one time (milliseconds); `alarm` where the sensor or the limits say that it is too much."""

    at: int
    value: float
    alarm: bool


@dataclass(frozen=True, slots=True)
class Series:
    """One quantity as a sensor followed it; limits as agreed, None where there is none."""

    measured: str
    uom: str
    readings: tuple[Reading, ...]
    low: float | None
    high: float | None
    least: float
    most: float

    @property
    def exceeded(self) -> bool:
        """Whether any reading left the limits."""
        return any(r.alarm for r in self.readings) or _outside(self.least, self) or _outside(self.most, self)


def _outside(value: float, limits: Series) -> bool:
    return (limits.low is not None and value < limits.low) or (limits.high is not None and value > limits.high)


class Scope(StrEnum):
    """How a checkpoint concerns the subject of the page."""

    THIS = "this"  # it names the subject
    CONTAINER = "container"  # it names what the subject was in at the time
    BATCH = "batch"  # it names all of the item's batch
    SHARE = "share"  # it names a part of the item's batch, which may or may not hold this item


@dataclass(frozen=True, slots=True)
class Retraction:
    """An error declaration: when, why (a word of the CBV, or a URI), and the index of the entry that says so."""

    at: int
    reason: str
    index: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One EPCIS event as the page tells it. `at`, `recorded` in milliseconds; `offset` like +08:00.

    `named_in` are the subjects of this page in whose streams it stands; `declares` where it retracts another.
    """

    index: int
    document: str
    sealed: bool
    scope: Scope
    named_in: tuple[str, ...]
    type: str
    action: str
    step: str
    disposition: str
    at: int
    offset: str
    recorded: int
    place: Place | None
    origin: Place | None
    destination: Place | None
    by: Party
    then: Standing
    groups: tuple[Group, ...]
    share: float | None
    series: tuple[Series, ...]
    note: Quote | None
    certificates: tuple[str, ...]
    declares: Retraction | None = None
    retracted: Retraction | None = None

    @property
    def local(self) -> datetime:
        """When it happened, by the clock on the wall there."""
        sign = -1 if self.offset.startswith("-") else 1
        hours, minutes = self.offset[1:].split(":")
        zone = timezone(sign * timedelta(hours=int(hours), minutes=int(minutes)))
        return datetime.fromtimestamp(self.at / 1000, zone)


class Concern(StrEnum):
    """What could hurt, worst first."""

    RECALLED = "recalled"
    LOST = "lost"  # destroyed, stolen, disposed of
    UNFIT = "unfit"  # damaged, did not conform, not for sale
    EXCURSION = "excursion"
    EXPIRED = "expired"
    OTHER_LOT = "other_lot"
    STANDING = "standing"
    WARNED = "warned"
    SOLD = "sold"

    @property
    def grave(self) -> bool:
        return self not in (Concern.WARNED, Concern.SOLD, Concern.EXCURSION)


@dataclass(frozen=True, slots=True)
class Alert:
    """A concern with what it rests on."""

    concern: Concern
    checkpoint: Checkpoint | None = None
    party: Party | None = None
    series: Series | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A stream that the bundle shows: how many entries there are, how many of them are shown."""

    relation: str
    subject: str
    count: int
    shown: int


@dataclass(frozen=True, slots=True)
class Facts:
    """The seal that all is proven under. Times in seconds; hashes are hex."""

    chain: int
    journal: str
    number: int
    size: int
    root: str
    heads: str
    sealed_at: int
    block: int
    tx: str
    streams: tuple[Drawn, ...]
    pending: int

    @property
    def entries(self) -> int:
        """How many entries the bundle proves."""
        return sum(stream.shown for stream in self.streams)


@dataclass(frozen=True, slots=True)
class View:
    """All that a page says of a subject. `known`: anything is recorded of it, or it is one of its batch's items."""

    subject: str
    about: About
    known: bool
    now: int
    gtin: str
    serial: str
    sscc: str
    listing: Listing | None
    maker: Party | None
    batch: Batch | None
    batches: tuple[BatchLine, ...]
    checkpoints: tuple[Checkpoint, ...]
    elsewhere: int
    alerts: tuple[Alert, ...]
    facts: Facts
    also: tuple[str, ...]
    # of an item; times in seconds, 0: never
    copied_at: int = 0  # when its code was seen in two cities within an hour
    claimed_at: int = 0
    claim_index: int | None = None  # of the entry that claims it
    contents: tuple[Content, ...] = ()  # of a parcel
    announced: tuple[Announced, ...] = ()  # of a parcel that is not known: by a shop's word alone

    @property
    def age(self) -> int:
        """Seconds since the seal."""
        return max(0, self.now - self.facts.sealed_at)

    @property
    def lot(self) -> str:
        """The lot of a batch, or of an item's batch."""
        return self.batch.lot if self.batch else _lot(self.subject) if self.about is About.BATCH else ""

    @property
    def silent(self) -> bool:
        """An item of which no record speaks by itself."""
        return self.known and self.about is About.ITEM and not (self.facts.streams[0].count or self.facts.pending)


@dataclass(frozen=True, slots=True)
class Label:
    """A subject in a list: what it is, its product's name, and its lot, serial or SSCC."""

    subject: str
    about: About
    name: Quote | None
    detail: str


_LOST = frozenset({"destroyed", "stolen", "disposed"})
_UNFIT = frozenset({"damaged", "non_conformant", "non_sellable_other", "recalled", "expired", "needs_replacement"})
_SOLD = frozenset({"retail_sold", "dispensed"})


class LookUp:
    """Answers with views. Safe for many threads."""

    def __init__(
        self, prover: Prover, known: Known, database: Database, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._prover = prover
        self._known = known
        self._database = database
        self._clock = clock
        self._names = _Names(database)

    def look_up(self, subject: str, *, lot: str = "") -> View:
        """The view of a product, batch, item or parcel; `lot`: the one that an item's label states.

        Raises InvalidIdentifier for other subjects, NothingSealed, DatabaseAway.
        """
        about, gtin, serial, sscc = _about(subject)
        bundle = orjson.loads(self._prover.prove(subject, DEFAULT_LIMIT).text)
        read = proof.parse(bundle)
        now = int(self._clock())
        participants = self._known.participants()
        self._names.refresh(participants)
        with self._database.read() as connection:
            batch_subject = next((s.subject for s in read.related if s.relation == "batch"), "")
            if about is About.BATCH:
                batch_subject = subject
            row = registry.batch(connection, subjects.key(batch_subject)) if batch_subject else None
            lines = registry.batches_of(connection, gtin) if about is About.PRODUCT else []
            copied, claimed, claim = scans.alarms(connection, subjects.key(subject)) if serial else (0, 0, None)
        teller = _Teller(participants, self._names, subject, row)
        checkpoints, elsewhere = teller.checkpoints(read)
        contents = self._contents(teller, read) if about is About.PARCEL else ()
        batch = teller.batch(read, row, now)
        listing = self._names.listing(gtin) if gtin else None
        author = batch.by.id if batch and batch.by else listing.by if listing else ""
        maker = teller.party(author) if author else None
        known = bool(read.main.count or read.pending or batch)
        announced = self._announced(teller, sscc) if sscc and not known else ()
        found = _alerts(about, checkpoints, batch, maker, lot)
        also = [f"/01/{gtin}"] if listing and about is not About.PRODUCT else []
        also += [subjects.merchant(id) for id in teller.met if id in self._names.profiles]
        return View(
            subject, about, known, now, gtin, serial, sscc, listing, maker, batch,
            tuple(BatchLine(r.subject, _lot(r.subject), r.quantity, r.registered_at, r.recalled_at) for r in lines),
            checkpoints, elsewhere, found, facts(bundle, read), tuple(also),
            copied, claimed // 1000, claim, contents, announced,
        )  # fmt: skip

    def _contents(self, teller: _Teller, read: proof.Bundle) -> tuple[Content, ...]:
        held = held_in(teller.subject, teller.packings(read))
        items = [one for one in held.pieces if "/21/" in one]
        with self._database.read() as connection:
            counts = orders.batches_of_items(connection, [subjects.key(one) for one in items])
            lots = {subject for subject, _ in held.amounts if "/10/" in subject}
            rows = {lot: registry.batch(connection, subjects.key(lot)) for lot in {*counts, *lots}}
        found = []
        for thing in teller.lots(counts, held):
            row = rows.get(thing.subject)
            maker = teller.party(row.merchant) if row else None
            found.append(Content(thing, maker, row.recalled_at if row else 0))
        return tuple(found)

    def _announced(self, teller: _Teller, sscc: str) -> tuple[Announced, ...]:
        with self._database.read() as connection:
            lines = orders.announced(connection, sscc)
            rows = {line.batch: registry.batch(connection, subjects.key(line.batch)) for line in lines}
        found = []
        for line in lines:
            row = rows[line.batch]
            maker = teller.party(row.merchant) if row else None
            items = [subjects.item(line.batch[4:18], serial) for serial in line.serials]
            content = Content(teller.lot(line.batch, line.quantity), maker, row.recalled_at if row else 0)
            found.append(Announced(content, tuple(items[:_ANNOUNCED]), len(items[_ANNOUNCED:])))
        return tuple(found)

    def is_listed(self, gtin: str) -> bool:
        """Whether anybody listed a product. Raises DatabaseAway."""
        return self._names.listing(gtin) is not None

    def label(self, subject: str) -> Label:
        """How a subject is called in a list. Raises InvalidIdentifier, DatabaseAway."""
        about, gtin, serial, sscc = _about(subject)
        listing = self._names.listing(gtin) if gtin else None
        detail = serial or sscc or (_lot(subject) if about is About.BATCH else "")
        return Label(subject, about, listing.name if listing else None, detail)


def _about(subject: str) -> tuple[About, str, str, str]:
    """What a subject is, its GTIN, serial and SSCC (empty where it has none)."""
    parts = subject.split("/")[1:]
    match parts:
        case ["01", gtin]:
            return About.PRODUCT, gtin, "", ""
        case ["01", gtin, "10", _]:
            return About.BATCH, gtin, "", ""
        case ["01", gtin, "21", serial]:
            return About.ITEM, gtin, unquote(serial), ""
        case ["00", sscc]:
            return About.PARCEL, "", "", sscc
    raise InvalidIdentifier(f"{subject} is not a product, batch, item or parcel", "subject")


def _lot(subject: str) -> str:
    return unquote(subject.rpartition("/")[2])


def facts(bundle: Mapping[str, Any], read: proof.Bundle) -> Facts:
    """The seal that a bundle is proven under, and what it shows."""
    seal = bundle["seal"]
    streams = (read.main, *read.related)
    return Facts(
        read.deployment.chain, read.deployment.journal, read.seal.number, read.seal.size, seal["root"], seal["heads"],
        read.seal.sealed_at, seal["block"] or 0, seal["tx"],
        tuple(Drawn(s.relation, s.subject, s.count, len(s.shown)) for s in streams), len(read.pending),
    )  # fmt: skip


def _alerts(
    about: About, checkpoints: Sequence[Checkpoint], batch: Batch | None, maker: Party | None, lot: str
) -> tuple[Alert, ...]:
    found = []
    standing = [c for c in checkpoints if c.retracted is None and c.declares is None]
    if batch is not None and batch.recall is not None:
        found.append(Alert(Concern.RECALLED, party=batch.recall.by))
    own = [c for c in standing if c.scope is Scope.THIS and c.disposition]
    state = own[-1] if own and about in (About.ITEM, About.PARCEL) else None
    if state is not None and state.disposition in _LOST:
        found.append(Alert(Concern.LOST, state))
    elif state is not None and state.disposition in _UNFIT and not (batch and batch.recall):
        found.append(Alert(Concern.UNFIT, state))
    inspections = [c for c in standing if c.step == "inspecting" and c.scope is not Scope.CONTAINER]
    if inspections and inspections[-1].disposition == "non_conformant":
        found.append(Alert(Concern.UNFIT, inspections[-1]))
    for checkpoint in standing:
        if exceeded := next((s for s in checkpoint.series if s.exceeded), None):
            found.append(Alert(Concern.EXCURSION, checkpoint, series=exceeded))
    if batch is not None and batch.expired:
        found.append(Alert(Concern.EXPIRED))
    if lot and batch is not None and batch.lot != lot:
        found.append(Alert(Concern.OTHER_LOT))
    if maker is not None and not maker.standing.may_write:
        found.append(Alert(Concern.STANDING, party=maker))
    elif maker is not None and maker.standing is Standing.WARNED:
        found.append(Alert(Concern.WARNED, party=maker))
    if state is not None and state.disposition in _SOLD:
        found.append(Alert(Concern.SOLD, state))
    order = list(Concern)
    return tuple(sorted(found, key=lambda w: order.index(w.concern)))


# --- names: profiles and listings


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def quote(document: object, name: str, pointer: str = "", *, names: str = "", hash: str = "") -> Quote | None:
    """What a document says under `name`: `{"zh", "en"}` (prefixed by `names`), or text that serves for both."""
    value = document.get(name) if isinstance(document, dict) else None
    if isinstance(value, str) and value:
        return Quote(Text(value, value), hash, f"{pointer}/{name}")
    if isinstance(value, dict):
        text = Text(_string(value.get(f"{names}zh")), _string(value.get(f"{names}en")))
        if text.zh or text.en:
            return Quote(text, hash, f"{pointer}/{name}/{names}*")
    return None


@dataclass(frozen=True, slots=True)
class _Profile:
    name: Quote | None
    trade: Quote | None
    city: Quote | None
    places: Mapping[str, Place]  # by subject


def _profile(document: object, hash: str) -> _Profile:
    places: dict[str, Place] = {}
    locations = document.get("locations") if isinstance(document, dict) else None
    for n, one in enumerate(locations if isinstance(locations, list) else ()):
        if not isinstance(one, dict):
            continue
        ids = [id for id in one.get("ids", ()) if isinstance(id, str)] if isinstance(one.get("ids"), list) else []
        if gln := _string(one.get("gln")):
            ids.append(f"https://id.gs1.org/414/{gln}")
        at = f"/locations/{n}"
        for id in ids:
            places[subject_of(id)] = Place(id, quote(one, "name", at, hash=hash), quote(one, "city", at, hash=hash))
    name, trade, city = (quote(document, member, hash=hash) for member in ("name", "trade", "city"))
    return _Profile(name, trade, city, places)


def _listing(gtin: str, document: object, hash: str, by: str, at: int) -> Listing:
    category = _string(document.get("category")) if isinstance(document, dict) else ""
    said = {
        member: quote(document, member, hash=hash)
        for member in ("name", "brand", "origin", "net", "storage", "description")
    }
    return Listing(gtin, by, at, hash, category=category, **said)


class _Names:
    """Participants' profiles and products' listings, the newest accepted, each stream read on from where it was."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._read_at = -inf
        self._next: dict[str, int] = {}
        self._listings: dict[str, Listing | None] = {}
        self._places: dict[str, tuple[str, Place]] = {}
        self.profiles: dict[str, _Profile] = {}

    def refresh(self, participants: Iterable[str]) -> None:
        """Reads what is new of every participant's profile."""
        if self._clock() - self._read_at < _REST:
            return
        with self._lock:
            self._listings.clear()
            with self._database.read() as connection:
                for id in participants:
                    for row in journal.stream(connection, subjects.key(subjects.merchant(id)), self._next.get(id, 0)):
                        self._next[id] = row.seq + 1
                        self.profiles[id] = _profile(orjson.loads(row.document), row.document_hash.hex())
                        self._places |= {key: (id, place) for key, place in self.profiles[id].places.items()}
            self._read_at = self._clock()

    def place(self, id: str, by: str) -> tuple[str, Place]:
        """What is known of a location, and from whom (empty: nobody): the author's word first, then anybody's."""
        subject = subject_of(id)
        profile = self.profiles.get(by)
        if profile and subject in profile.places:
            return by, replace(profile.places[subject], id=id)
        owner, place = self._places.get(subject, ("", Place(id)))
        return owner, replace(place, id=id)

    def listing(self, gtin: str) -> Listing | None:
        """The newest listing of a product."""
        if gtin not in self._listings:
            if len(self._listings) >= _HELD:
                self._listings.clear()
            with self._database.read() as connection:
                rows = journal.stream(connection, subjects.key(subjects.product(gtin)), 0)
            self._listings[gtin] = None
            for row in reversed(rows):
                header = entries.decode(row.header)
                if header.kind == Kind.PRODUCT:
                    by = _string(orjson.loads(row.body).get("by"))
                    document = orjson.loads(row.document)
                    self._listings[gtin] = _listing(gtin, document, row.document_hash.hex(), by, header.at)
                    break
        return self._listings.get(gtin)


# --- telling


@dataclass
class _Teller:
    """Turns entries into what a page tells. `met`: participants in the order in which they come up."""

    participants: Mapping[str, Participant]
    names: _Names
    subject: str
    batch_row: registry.BatchRow | None
    met: dict[str, None] = field(default_factory=dict)

    def party(self, id: str) -> Party:
        """A participant as of now."""
        self.met[id] = None
        one = self.participants.get(id)
        since, standing = one.standings[-1] if one and one.standings else (0, Standing.UNKNOWN)
        profile = self.names.profiles.get(id)
        said = (profile.name, profile.trade, profile.city) if profile else (None, None, None)
        return Party(id, one.role if one else Role.NONE, standing, since, *said)

    def batch(self, read: proof.Bundle, row: registry.BatchRow | None, now: int) -> Batch | None:
        """The batch of a batch's or an item's bundle."""
        stream = next((s for s in (read.main, *read.related) if row and s.subject == row.subject), None)
        if row is None or stream is None:
            return None
        shown = [*stream.shown, *(read.pending if stream is read.main else ())]
        entry = next((e for e in reversed(shown) if e.header.kind == Kind.BATCH), None)
        hash = _document_of(entry)
        document = stream.documents.get(hash, {})
        recalls = [e for e in shown if e.header.kind == Kind.RECALL]
        recall = None
        if row.recalled_at or recalls:
            said = recalls[-1] if recalls else None
            name = _document_of(said)
            why = stream.documents.get(name, {})
            recall = Recall(
                row.recalled_at or (said.header.at // 1000 if said else 0),
                bool(row.recalled_at),
                self.party(str(said.body.get("by"))) if said else None,
                quote(why, "reason", hash=name),
                quote(why, "advice", hash=name),
            )
        expires = _day(document, "expires")
        today = datetime.fromtimestamp(now, CHINA).date()
        return Batch(
            row.subject, _lot(row.subject), _day(document, "produced"), expires,
            bool(expires) and date.fromisoformat(expires) < today, row.quantity,
            quote(document, "origin", hash=hash), quote(document, "note", hash=hash), self.party(row.merchant),
            row.registered_at, recall,
        )  # fmt: skip

    def checkpoints(self, read: proof.Bundle) -> tuple[tuple[Checkpoint, ...], int]:
        """All checkpoints that concern the subject, in order of time; and how many of what it was in do not."""
        told = self._events(read)
        windows = _Windows(self.subject, self.batch_row, told)
        found, elsewhere = [], 0
        retractions = {t.corrects: t for t in told if t.corrects}
        for one in told:
            scope = windows.scope(one)
            if scope is None:
                elsewhere += 1
            else:
                found.append(self._checkpoint(one, scope, retractions.get(one.document)))
        return tuple(sorted(found, key=lambda c: (c.at, c.index))), elsewhere

    def packings(self, read: proof.Bundle) -> list[Event]:
        """The events of the bundle that were not retracted, in the order of their times."""
        told = self._events(read)
        retracted = {t.corrects for t in told if t.corrects}
        good = [t for t in told if not t.corrects and t.document not in retracted]
        return [t.event for t in sorted(good, key=lambda t: (t.event.event_time_ms, t.entry.index))]

    def lot(self, batch: str, count: int) -> Thing:
        """So many pieces of a batch."""
        return Thing("lot", batch, self._named(batch[4:18]), _lot(batch), count=count, amount=count)

    def lots(self, counts: Mapping[str, int], held: Held) -> Iterator[Thing]:
        """What a parcel holds, items by their batch: `counts` of those that are in one."""
        for lot, count in counts.items():
            yield self.lot(lot, count)
        for (subject, uom), amount in held.amounts.items():
            about = "lot" if "/10/" in subject else "class" if subject.startswith("/01/") else "other"
            name = self._named(subject[4:18]) if subject.startswith("/01/") else None
            yield Thing(about, subject, name, _lot(subject) if about == "lot" else "", amount=amount, uom=uom)
        for subject in held.pieces:
            if subject.startswith("/00/"):
                yield Thing("parcel", subject, count=1)
        loose = Counter(one[4:18] for one in held.pieces if "/21/" in one)
        for lot, count in counts.items():
            loose[lot[4:18]] -= count
        for gtin, count in (+loose).items():  # of no batch that is registered
            yield Thing("item", f"/01/{gtin}", self._named(gtin), count=count)

    def _events(self, read: proof.Bundle) -> list[_Told]:
        """Every event of the bundle, once; the streams that it stands in."""
        told: dict[str, _Told] = {}
        lists = [(s.subject, s.shown, s.documents, True) for s in (read.main, *read.related)]
        for subject, shown, documents, sealed in [
            *lists, (read.main.subject, read.pending, read.main.documents, False)
        ]:  # fmt: skip
            for entry in shown:
                name = _document_of(entry)
                if entry.header.kind != Kind.CHECKPOINT or name not in documents:
                    continue
                if name in told:
                    told[name].named_in.append(subject)
                    continue
                try:
                    event = parse_event(documents[name])
                except InvalidInput:
                    continue  # the proof fails on it, and says so
                public = entry.body["public"]
                told[name] = _Told(entry, event, name, sealed, [subject], _string(public.get("corrects")))
        return list(told.values())

    def _checkpoint(self, told: _Told, scope: Scope, retraction: _Told | None) -> Checkpoint:
        event, entry = told.event, told.entry
        by = str(entry.body.get("by"))
        one = self.participants.get(by)
        declared = event.error_declaration
        own = Retraction(
            times.milliseconds(declared.declaration_time), declared.reason or "", entry.index
        ) if declared and told.corrects else None  # fmt: skip
        place = event.read_point or event.biz_location
        return Checkpoint(
            index=entry.index,
            document=told.document,
            sealed=told.sealed,
            scope=scope,
            named_in=tuple(told.named_in),
            type=event.type,
            action=event.action or "",
            step=event.biz_step or "",
            disposition=event.disposition or "",
            at=own.at if own else event.event_time_ms,
            offset=event.event_time_zone_offset,
            recorded=entry.header.at,
            place=self._place(place.id, by) if place else None,
            origin=self._end([s.source for s in event.source_list if s.type == "location"], by),
            destination=self._end([d.destination for d in event.destination_list if d.type == "location"], by),
            by=self.party(by),
            then=one.standing_at(entry.header.at // 1000) if one else Standing.UNKNOWN,
            groups=tuple(self._groups(event)),
            share=self._share(event) if scope is Scope.SHARE else None,
            series=tuple(s for element in event.sensor_element_list for s in _series(element, event)),
            note=quote(event.extensions, "suyuan:note", names="suyuan:", hash=told.document),
            certificates=tuple(c for c in event.certification_info if c.startswith("https://")),
            declares=own,
            retracted=_retraction(retraction) if retraction else None,
        )

    def _place(self, id: str, by: str) -> Place:
        owner, place = self.names.place(id, by)
        if owner:
            self.met[owner] = None
        return place

    def _end(self, ids: list[str], by: str) -> Place | None:
        return self._place(ids[0], by) if ids else None

    def _share(self, event: Event) -> float | None:
        """How many pieces of the batch an event names."""
        batch = self.batch_row.subject if self.batch_row else ""
        amounts = [q.quantity for q in _quantities(event) if subject_of(q.epc_class) == batch]
        return sum(a for a in amounts if a is not None) or None

    def _groups(self, event: Event) -> Iterator[Group]:
        for part, epcs, quantities in (
            (Part.WHAT, event.epc_list, event.quantity_list),
            (Part.CONTAINER, (event.parent_id,) if event.parent_id else (), ()),
            (Part.CONTENT, event.child_epcs, event.child_quantity_list),
            (Part.INPUT, event.input_epc_list, event.input_quantity_list),
            (Part.OUTPUT, event.output_epc_list, event.output_quantity_list),
        ):
            things = (*self._pieces(epcs), *self._amounts(quantities))
            if things:
                yield Group(part, things)

    def _pieces(self, epcs: Iterable[str]) -> Iterator[Thing]:
        counts: Counter[str] = Counter()
        for subject in map(subject_of, epcs):
            if subject.startswith("/01/"):
                counts[subject[4:18]] += 1
            elif subject.startswith("/00/"):
                yield Thing("parcel", subject, count=1)
            else:
                yield Thing("other", subject, count=1)
        for gtin, count in counts.items():
            yield Thing("item", f"/01/{gtin}", self._named(gtin), count=count)

    def _amounts(self, quantities: Iterable[Quantity]) -> Iterator[Thing]:
        for one in quantities:
            subject = subject_of(one.epc_class)
            gtin = subject[4:18] if subject.startswith("/01/") else ""
            lot = _lot(subject) if "/10/" in subject else ""
            about = "lot" if lot else "class" if gtin else "other"
            yield Thing(
                about, subject, self._named(gtin) if gtin else None, lot, amount=one.quantity, uom=one.uom or ""
            )

    def _named(self, gtin: str) -> Quote | None:
        listing = self.names.listing(gtin)
        return listing.name if listing else None


@dataclass
class _Told:
    """An event with its entry; `corrects`: the document hash of what it retracts, or empty."""

    entry: proof.Shown
    event: Event
    document: str
    sealed: bool
    named_in: list[str]
    corrects: str


def _document_of(entry: proof.Shown | None) -> str:
    public = entry.body.get("public") if entry is not None else None
    return _string(public.get("document")) if isinstance(public, dict) else ""


def _retraction(told: _Told) -> Retraction | None:
    declared = told.event.error_declaration
    if declared is None:
        return None
    return Retraction(times.milliseconds(declared.declaration_time), declared.reason or "", told.entry.index)


def _day(document: object, name: str) -> str:
    value = _string(document.get(name)) if isinstance(document, dict) else ""
    try:
        return date.fromisoformat(value).isoformat() if value else ""
    except ValueError:
        return ""


def _quantities(event: Event) -> tuple[Quantity, ...]:
    return (
        *event.quantity_list, *event.child_quantity_list, *event.input_quantity_list, *event.output_quantity_list
    )  # fmt: skip


class _Windows:
    """When the subject was in what: a container's record concerns it only for as long as it was inside.

    What is in a container that is in another is in that one, too, for the time of both.
    """

    def __init__(self, subject: str, batch: registry.BatchRow | None, told: Sequence[_Told]) -> None:
        self._batch = batch.subject if batch and batch.subject != subject else ""
        self._quantity = batch.quantity if batch else 0
        self._own = subject
        families = sorted((t for t in told if _is_family(t, told)), key=lambda t: t.event.event_time_ms)
        self._this = _spans(subject, families)
        self._share = _spans(self._batch, families) if self._batch else {}

    def scope(self, told: _Told) -> Scope | None:
        """How an event concerns the subject; None: it is of a container, from before or after."""
        if self._own in told.named_in:
            return Scope.THIS
        at = told.event.event_time_ms
        if _covers(self._this, told, at):
            return Scope.CONTAINER
        if self._batch in told.named_in:
            named = sum(q.quantity or 0 for q in _quantities(told.event) if subject_of(q.epc_class) == self._batch)
            return Scope.SHARE if named < self._quantity else Scope.BATCH
        return Scope.SHARE if _covers(self._share, told, at) else None


_Spans = dict[str, list[tuple[float, float]]]


def _is_family(told: _Told, all: Sequence[_Told]) -> bool:
    retracted = any(other.corrects == told.document for other in all)
    return told.event.type == "AggregationEvent" and not told.corrects and not retracted


def _covers(spans: _Spans, told: _Told, at: int) -> bool:
    return any(begin <= at <= end for name in told.named_in for begin, end in spans.get(name, ()))


def _spans(subject: str, families: Sequence[_Told]) -> _Spans:
    spans: _Spans = {subject: [(-inf, inf)]}
    queue = [subject]
    for child in queue:
        for parent, begin, end in _stays(child, families):
            within = [(max(begin, b), min(end, e)) for b, e in spans[child] if max(begin, b) <= min(end, e)]
            if within and parent not in spans:
                queue.append(parent)
            spans.setdefault(parent, []).extend(within)
    del spans[subject]
    return spans


def _stays(child: str, families: Sequence[_Told]) -> Iterator[tuple[str, float, float]]:
    """(parent, from, until) of each stay of a child in a container."""
    inside: dict[str, int] = {}
    for told in families:
        event = told.event
        parent = subject_of(event.parent_id or "")
        children = {
            *map(subject_of, event.child_epcs), *(subject_of(q.epc_class) for q in event.child_quantity_list)
        }  # fmt: skip
        if event.action == "ADD" and child in children:
            inside.setdefault(parent, event.event_time_ms)
        elif event.action == "DELETE" and parent in inside and (child in children or not children):
            yield parent, inside.pop(parent), event.event_time_ms
    for parent, begin in inside.items():
        yield parent, begin, inf


_LOW, _HIGH = "suyuan:lowerLimit", "suyuan:upperLimit"


def _number(value: object) -> float | None:
    return float(value) if type(value) in (int, float) else None  # type: ignore[arg-type]


def _series(element: SensorElement, event: Event) -> Iterator[Series]:
    """The quantities of a sensor element, each with its readings in order of time."""
    metadata = element.sensor_metadata
    default = (metadata and (metadata.time or metadata.start_time)) or event.event_time
    by_kind: dict[tuple[str, str], list[Any]] = {}
    for report in element.sensor_report:
        by_kind.setdefault((report.type, report.uom or ""), []).append(report)
    for (measured, uom), reports in by_kind.items():
        low = next((n for r in reports if (n := _number(r.extensions.get(_LOW))) is not None), None)
        high = next((n for r in reports if (n := _number(r.extensions.get(_HIGH))) is not None), None)
        readings = [
            Reading(
                times.milliseconds(r.time or default),
                r.value,
                r.exception is not None or (low is not None and r.value < low) or (high is not None and r.value > high),
            )
            for r in reports
            if r.value is not None
        ]
        values = [r.value for r in readings]
        values += [v for r in reports for v in (r.min_value, r.max_value) if v is not None]
        if values:
            yield Series(
                measured, uom, tuple(sorted(readings, key=lambda r: r.at)), low, high, min(values), max(values)
            )

"""What the story is made of. Values only: nothing here reads, writes or asks the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeAlias

from demo_story import keys
from demo_story.keys import Dialect, Id

Json: TypeAlias = Any


class Text(NamedTuple):
    """The same in Chinese and in English."""

    zh: str
    en: str

    def document(self) -> dict[str, str]:
        return {"zh": self.zh, "en": self.en}


@dataclass(frozen=True)
class Place:
    """A site; `reference` is the 5-digit location reference under its owner's company prefix."""

    prefix: str
    reference: str
    name: Text
    city: Text
    address: Text
    latitude: float
    longitude: float

    @property
    def gln(self) -> str:
        return keys.gln(self.prefix, self.reference)

    @property
    def id(self) -> Id:
        return keys.location(self.prefix, self.reference)

    def document(self) -> dict[str, Json]:
        """Master data: what an event's `readPoint` or `bizLocation` means, by any of the ids that events use for it."""
        return {
            "gln": self.gln,
            "ids": [self.id.spelled("urn"), self.id.spelled("link")],
            "name": self.name.document(),
            "city": self.city.document(),
            "address": self.address.document(),
            "latitude": self.latitude,
            "longitude": self.longitude,
        }


@dataclass(frozen=True)
class Waypoint:
    """A point on a road, which has no GLN: a geo URI (RFC 5870)."""

    name: Text
    city: Text
    latitude: float
    longitude: float

    @property
    def id(self) -> Id:
        uri = f"geo:{self.latitude},{self.longitude}"
        return Id(uri, uri)

    def document(self) -> dict[str, Json]:
        return {
            "ids": [self.id.urn],
            "name": self.name.document(),
            "city": self.city.document(),
            "latitude": self.latitude,
            "longitude": self.longitude,
        }


@dataclass(frozen=True)
class Participant:
    """Who writes. `places[0]` is its seat; `dialect` is how its system spells GS1 keys."""

    slug: str
    role: Literal["merchant", "partner"]
    name: Text
    trade: Text
    licence: str
    categories: tuple[str, ...]
    places: tuple[Place, ...]
    dialect: Dialect = "urn"
    waypoints: tuple[Waypoint, ...] = ()

    @property
    def prefix(self) -> str:
        return self.places[0].prefix

    @property
    def seat(self) -> Place:
        return self.places[0]

    @property
    def gln(self) -> str:
        return self.seat.gln

    @property
    def party(self) -> Id:
        return keys.party(self.prefix, self.seat.reference)

    def document(self) -> dict[str, Json]:
        """The public profile: also what the party and location ids in events mean. `ids` are all that name the same."""
        return {
            "name": self.name.document(),
            "role": self.role,
            "trade": self.trade.document(),
            "gln": self.gln,
            "ids": [self.party.spelled("urn"), self.party.spelled("link")],
            "licence": self.licence,
            "categories": list(self.categories),
            "city": self.seat.city.document(),
            "address": self.seat.address.document(),
            "locations": [where.document() for where in self.places] + [where.document() for where in self.waypoints],
        }


@dataclass(frozen=True)
class Product:
    """A product or material; `item` is the indicator digit and item reference under the producer's company prefix."""

    slug: str
    prefix: str
    item: str
    producer: str
    name: Text
    brand: Text
    category: str
    origin: Text
    net: str
    storage: Text
    description: Text

    @property
    def gtin(self) -> str:
        return keys.gtin(self.prefix, self.item)

    @property
    def subject(self) -> str:
        return f"/01/{self.gtin}"

    def document(self, producer: str) -> dict[str, Json]:
        """The listing; `producer` is the id under which the participant `self.producer` was admitted."""
        return {
            "gtin": self.gtin,
            "name": self.name.document(),
            "brand": self.brand.document(),
            "category": self.category,
            "origin": self.origin.document(),
            "net": self.net,
            "storage": self.storage.document(),
            "description": self.description.document(),
            "producer": producer,
        }


@dataclass(frozen=True)
class Lot:
    """A lot of a bulk material: named in events, never sold by the piece, so without items."""

    product: Product
    lot: str
    name: Text

    @property
    def id(self) -> Id:
        return keys.item_class(self.product.prefix, self.product.item, self.lot)


@dataclass(frozen=True)
class Batch:
    """A registered batch, of which every item has a serial. Dates are ISO 8601 days."""

    slug: str
    product: Product
    lot: str
    produced: str
    expires: str
    origin: Text
    note: Text
    quantity: int = 1000

    @property
    def id(self) -> Id:
        return keys.item_class(self.product.prefix, self.product.item, self.lot)

    @property
    def subject(self) -> str:
        return self.id.path

    @property
    def merchant(self) -> str:
        """Slug of who registers it."""
        return self.product.producer

    @cached_property
    def _made(self) -> tuple[str, ...]:
        return keys.serials(self.product.gtin, self.lot, self.quantity)

    @property
    def serials(self) -> tuple[str, ...]:
        """Those of all items, sorted, as the tree of items wants them."""
        return tuple(sorted(self._made))

    def item(self, number: int) -> Id:
        """The `number`-th item that came off the line, from 0."""
        return keys.item_instance(self.product.prefix, self.product.item, self._made[number])

    def items(self, start: int = 0, stop: int | None = None) -> tuple[Id, ...]:
        return tuple(self.item(number) for number in range(self.quantity)[start:stop])

    def document(self) -> dict[str, Json]:
        return {
            "gtin": self.product.gtin,
            "lot": self.lot,
            "produced": self.produced,
            "expires": self.expires,
            "origin": self.origin.document(),
            "note": self.note.document(),
        }


@dataclass(frozen=True)
class Parcel:
    """A case or a pallet, under an SSCC."""

    prefix: str
    serial: str
    name: Text

    @property
    def id(self) -> Id:
        return keys.logistic_unit(self.prefix, self.serial)


@dataclass(frozen=True)
class Asset:
    """A device that travels along, under a GIAI."""

    prefix: str
    reference: str
    name: Text

    @property
    def id(self) -> Id:
        return keys.asset(self.prefix, self.reference)


@dataclass(frozen=True)
class Recall:
    """`by` is the slug of who calls the batch back, the merchant here; `announced` an ISO 8601 time."""

    batch: Batch
    by: str
    announced: str
    reason: Text
    advice: Text

    def document(self) -> dict[str, Json]:
        return {
            "gtin": self.batch.product.gtin,
            "lot": self.batch.lot,
            "announced": self.announced,
            "reason": self.reason.document(),
            "advice": self.advice.document(),
        }


@dataclass(frozen=True)
class Written:
    """An event and who signs it; `recorded`, ISO 8601, is when its author wrote it down: the story's order."""

    author: str
    recorded: str
    event: Mapping[str, Json]


@dataclass(frozen=True)
class Capture:
    """What one author wrote on one day, an EPCISDocument ready for `POST /epcis/capture` but for the statements."""

    author: str
    document: Mapping[str, Json]

    @property
    def events(self) -> list[dict[str, Json]]:
        found: list[dict[str, Json]] = self.document["epcisBody"]["eventList"]
        return found


@dataclass(frozen=True)
class Example:
    """A subject worth looking at."""

    kind: Literal["product", "batch", "item", "parcel"]
    subject: str
    name: Text


@dataclass(frozen=True)
class Story:
    """All of it. Tell it in this order: participants, products, batches, captures; each recall after the captures
    that were recorded before it, or simply at the end."""

    participants: tuple[Participant, ...]
    products: tuple[Product, ...]
    materials: tuple[Product, ...]
    lots: tuple[Lot, ...]
    batches: tuple[Batch, ...]
    parcels: tuple[Parcel, ...]
    assets: tuple[Asset, ...]
    captures: tuple[Capture, ...]
    recalls: tuple[Recall, ...]
    examples: tuple[Example, ...]

    @property
    def events(self) -> tuple[tuple[str, dict[str, Json]], ...]:
        """Each event with its author's slug, in the order recorded."""
        return tuple((capture.author, event) for capture in self.captures for event in capture.events)

    def participant(self, slug: str) -> Participant:
        return next(participant for participant in self.participants if participant.slug == slug)

"""A shop's server side: tells a site of orders, shipments and deliveries. Needs nothing but HTTP.

    shop = Shop("https://site.example", "xianyu", secret)          # the secret that `suyuan shop add` wrote
    lines = [Line("09521141012345", "L1", 2, ("A1", "A2"))]
    shop.place("XY-1001", "u-2107", lines)
    packed = packing_event(author, "095211410000000014", lines)    # `author` signs what was packed
    shop.ship("XY-1001", "095211410000000014", event=packed)
    secret = new_secret()                                          # keep it with the order before you go on
    delivery = shop.deliver("XY-1001", "095211410000000014", secret=secret)
    mail(delivery.link)                                            # to the buyer, and to nobody else

Each call may be made again, after an error or without one: the same call is the same message, and does nothing twice.
Raises SiteRefused (409: send again after what it names), Unavailable (send again).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from hashlib import sha256
from hmac import digest as hmac
from typing import Any
from urllib.parse import quote

import httpx

from suyuan.client import Author, Site
from suyuan.core import canonical, statements
from suyuan.core.messages import signature_of
from suyuan.core.reviews import right_of
from suyuan_qr import digital_link

Json = dict[str, Any]

_GS1 = "https://id.gs1.org"
_CONTEXT = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order: `items` are the serials, as many as the quantity, or none where they are not told apart."""

    gtin: str
    lot: str
    quantity: int
    items: tuple[str, ...] = ()

    def as_json(self) -> Json:
        value: Json = {"gtin": self.gtin, "lot": self.lot, "quantity": self.quantity}
        return {**value, "items": list(self.items)} if self.items else value


@dataclass(frozen=True, slots=True)
class Delivery:
    """A recorded delivery. `link`: for the buyer alone, who claims with it the rights to review, one for each line;
    `rights`: for each line `waiting` (published within minutes) or `none` (its batch has no more to give).
    """

    link: str
    index: int
    receipt: Json
    rights: tuple[str, ...]

    def __repr__(self) -> str:  # the link is as good as the right
        return f"<Delivery at {self.index}>"


def new_secret() -> bytes:
    """A delivery's secret: 16 random bytes. The site never learns it; whoever has the link does."""
    return secrets.token_bytes(16)


def secrets_of(secret: bytes, lines: int) -> list[str]:
    """The secrets (hex) of the rights of a delivery's lines, as the buyer's browser derives them from the link."""
    return [sha256(b"suyuan right" + secret + bytes((line,))).digest()[:16].hex() for line in range(lines)]


class Shop:
    """Speaks for a shop. `secret`: 32 bytes, as hex or raw."""

    def __init__(self, url: str, shop_id: str, secret: bytes | str, *, http: httpx.Client | None = None) -> None:
        self._url = url.rstrip("/")
        self._site = Site(url, http=http)
        self._id = shop_id
        self.__secret = statements.from_hex(secret, 32, "secret") if isinstance(secret, str) else secret

    def close(self) -> None:
        """Lets go of connections."""
        self._site.close()

    def place(
        self,
        reference: str,
        buyer: str,
        lines: Sequence[Line],
        *,
        payment: tuple[str, str] | None = None,
        contact: Mapping[str, str] | None = None,
    ) -> Json:
        """Places an order; `{"order", "index", "receipt"}`. `reference`: your number for it; `buyer`: your name for who
        buys; `payment`: (provider, its reference), never a card; `contact`: name, phone, email, address, postcode.
        """
        value: Json = {"reference": reference, "buyer": buyer, "lines": [line.as_json() for line in lines]}
        if payment is not None:
            value["payment"] = {"provider": payment[0], "reference": payment[1]}
        if contact is not None:
            value["contact"] = dict(contact)
        return self.send("/v1/orders", value)

    def ship(self, reference: str, sscc: str, *, lines: Sequence[int] | None = None, event: Json | None = None) -> Json:
        """Ships a parcel with these lines of the order (from 0; else all that were not shipped); `{"parcel", "lines"}`.

        `event`: the packing event, signed (`packing_event`), for those who scan the parcel.
        """
        value: Json = {"sscc": sscc}
        if lines is not None:
            value["lines"] = list(lines)
        if event is not None:
            value["event"] = event
        return self.send(_path(reference, "/shipments"), value)

    def deliver(self, reference: str, sscc: str, *, lines: int | None = None, secret: bytes | None = None) -> Delivery:
        """Records that a parcel arrived. `lines`: how many it holds (asked for if not given); `secret`: the delivery's,
        from `new_secret`. Keep it first: with the same one a delivery that is sent again has the same link.
        """
        if lines is None:
            parcels = self.order(reference)["parcels"]
            lines = next((len(p["lines"]) for p in parcels if p["parcel"] == f"/00/{sscc}"), 1)
        secret = secret or new_secret()
        rights = [right_of(one) for one in secrets_of(secret, lines)]
        answer = self.send(_path(reference, "/deliveries"), {"sscc": sscc, "rights": rights})
        link = f"{self._public_url()}/claim#{secret.hex()}"
        return Delivery(link, answer["index"], answer["receipt"], tuple(answer["rights"]))

    def order(self, reference: str) -> Json:
        """How far an order has come: its lines and parcels."""
        path = _path(reference)
        return dict(self._site.call("GET", path, headers=self._signed("GET", path, b"", secrets.token_hex(16))))

    def send(self, path: str, value: Json, *, message: str | None = None) -> Json:
        """Posts a signed message. `message`: its id; by default one that the same content always has."""
        body = canonical.encode(value)
        id = message or hmac(self.__secret, b"message\n" + path.encode() + b"\n" + body, "sha256").hex()
        headers = {"content-type": "application/json", **self._signed("POST", path, body, id)}
        return dict(self._site.call("POST", path, content=body, headers=headers))

    def _signed(self, method: str, path: str, body: bytes, message: str) -> dict[str, str]:
        now = str(int(time.time()))
        return {
            "suyuan-shop": self._id,
            "suyuan-time": now,
            "suyuan-message": message,
            "suyuan-signature": signature_of(self.__secret, now, message, method, path, body),
        }

    def _public_url(self) -> str:
        """The site's address as readers see it."""
        return str(self._site.get("/v1/journal").get("site") or self._url).rstrip("/")


def packing_event(
    author: Author,
    sscc: str,
    lines: Sequence[Line],
    *,
    place: str | None = None,
    zone: tzinfo | None = None,
    clock: Callable[[], float] = time.time,
) -> Json:
    """The signed event that these lines were packed into a parcel: items where they are told apart, else lots.

    `author`: a participant who packs, often the merchant; `place`: URI of where; `zone`: whose clock hangs there, this
    machine's if none is given.
    """
    at = datetime.fromtimestamp(int(clock()), UTC).astimezone(zone)
    items = [digital_link.item(line.gtin, serial, _GS1) for line in lines for serial in line.items]
    loose = [line for line in lines if not line.items]
    value: Json = {
        "@context": _CONTEXT,
        "type": "AggregationEvent",
        "eventTime": at.isoformat(timespec="milliseconds"),
        "eventTimeZoneOffset": at.isoformat()[-6:],
        "parentID": digital_link.parcel(sscc, _GS1),
        "action": "ADD",
        "bizStep": "packing",
        "disposition": "in_progress",
    }
    if items:
        value["childEPCs"] = items
    if loose:
        value["childQuantityList"] = [
            {"epcClass": digital_link.batch(line.gtin, line.lot, _GS1), "quantity": line.quantity} for line in loose
        ]
    if place:
        value["readPoint"] = {"id": place}
    return author.sign_event(value, None)


def _path(reference: str, rest: str = "") -> str:
    return f"/v1/orders/{quote(reference, safe='')}{rest}"

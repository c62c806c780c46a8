"""Order: a shop's orders, shipments and deliveries. The journal gets commitments and quantities, never a name.

A message counts once: what it changes, the entry that it makes and its answer are one transaction. One that comes too
early is refused with what it waits for, and nothing of it is kept, so that it can be sent again.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from sqlalchemy import Connection

from suyuan.core import canonical, statements, subjects
from suyuan.core.cards import holds_card
from suyuan.core.entries import Kind
from suyuan.core.epcis.identifiers import subject_of
from suyuan.core.epcis.model import Event, parse_event
from suyuan.core.errors import (
    BadSignature,
    Conflict,
    InvalidIdentifier,
    Malformed,
    NoStanding,
    NotFound,
    Unwanted,
)
from suyuan.core.messages import signature_of
from suyuan.core.rules import LINES_LIMIT, Role
from suyuan.services.capture import Capture
from suyuan.services.grant import left
from suyuan.services.known import Known
from suyuan.services.record import Recorder
from suyuan.storage import orders, registry, vault
from suyuan.storage.database import Database
from suyuan.storage.journal import Accepted
from suyuan.storage.orders import Line, Order, Right, ShopRow
from suyuan.storage.vault import Vault, unseal
from suyuan_qr import gs1
from suyuan_qr.errors import GS1Error

Json = dict[str, Any]

SECRET_SIZE = 32
SKEW = 300  # seconds by which a message's time may differ from ours
ITEMS_LIMIT = 10_000  # of one order
CONTACT = ("name", "phone", "email", "address", "postcode")

_SHOP = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_MESSAGE = re.compile(r"[A-Za-z0-9._~:-]{1,64}")
_REFERENCE = re.compile(r"[A-Za-z0-9#][!-.0-~]{0,63}")  # of no use in a path: "/"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


# -- shops


@dataclass(frozen=True, slots=True)
class Request:
    """A shop's request as it came: headers, method, path (as it was sent, escaped) and body."""

    shop: str
    time: str
    message: str
    signature: str
    method: str
    path: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """A request that a shop has signed. `digest`: of what it asks for; the same id with another is a conflict."""

    shop: str
    merchant: str
    id: str
    digest: bytes
    at: int


class Shops:
    """Knows shops and their secrets."""

    def __init__(self, database: Database, vault: Vault, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._nobody = vault.wrap(secrets.token_bytes(32), b"shop")

    def add(self, id: str, merchant: str, secret: bytes) -> None:
        """Adds a shop for which a participant answers, with the secret (32 bytes) of its messages.

        Raises Malformed, Conflict.
        """
        if not _SHOP.fullmatch(id):
            raise Malformed("is one to 32 lower-case letters, digits and dashes", "id")
        if len(secret) != SECRET_SIZE:
            raise Malformed(f"is {SECRET_SIZE} bytes", "secret")
        row = ShopRow(id, statements.address(merchant, "merchant"), self._vault.wrap(secret, _of_shop(id)))
        with self._database.write() as connection:
            orders.add_shop(connection, row)

    def verify(self, request: Request) -> Message:
        """The message of a request. Raises Malformed, BadSignature; an unknown shop and a wrong secret are not
        told apart.
        """
        if not _SHOP.fullmatch(request.shop):
            raise Malformed("names no shop", "Suyuan-Shop")
        if not _MESSAGE.fullmatch(request.message):
            raise Malformed("is one to 64 letters, digits and . _ ~ : -", "Suyuan-Message")
        if not re.fullmatch("[0-9]{1,12}", request.time):
            raise Malformed("is a number of seconds", "Suyuan-Time")
        with self._database.read() as connection:
            row = orders.shop(connection, request.shop)
        wrapped, of = (row.secret, _of_shop(row.id)) if row else (self._nobody, b"shop")
        secret = self._vault.unwrap(wrapped, of)
        r = request
        expected = signature_of(secret, r.time, r.message, r.method, r.path, r.body)
        if not compare_digest(expected.encode(), r.signature.encode(errors="replace")) or row is None:
            raise BadSignature("the message is not signed by a shop that is known here")
        if abs(int(r.time) - self._clock()) > SKEW:
            raise BadSignature(f"the message is of another time: its clock may differ by {SKEW} seconds; sign it again")
        what = f"{r.method}\n{r.path}\n{sha256(r.body).hexdigest()}"
        digest = self._vault.reference(row.id, what)  # keyed: who guesses a buyer's address cannot try it here
        return Message(row.id, row.merchant, r.message, digest, int(self._clock()))


def _of_shop(id: str) -> bytes:
    return f"shop {id}".encode()


# -- what a shop says, checked


@dataclass(frozen=True, slots=True)
class _Placed:
    reference: str
    buyer: str
    lines: tuple[Line, ...]
    said: Json  # what of it is kept, encrypted
    payment: tuple[str, str] | None


def _members(value: object, where: str, needed: Collection[str], optional: Collection[str] = ()) -> Json:
    """An object with these members and no others. What was sent is never repeated."""
    if not isinstance(value, dict):
        raise Malformed("an object is wanted", where)
    for name in needed:
        if name not in value:
            raise Malformed("is missing", f"{where}/{name}".removeprefix("/"))
    if set(value) - {*needed, *optional}:
        raise Malformed(f"a member is unknown; known are {', '.join([*needed, *optional])}", where or "body")
    return value


def _text(value: object, where: str, most: int) -> str:
    text = statements.text(value, where)
    if not text.strip() or len(text) > most or _CONTROL.search(text):
        raise Malformed(f"is one to {most} characters, none of them a control character", where)
    return text


def _reference(value: object) -> str:
    if not isinstance(value, str) or not _REFERENCE.fullmatch(value):
        raise Malformed(
            "is 1 to 64 visible ASCII characters without a slash, first a letter, a digit or #", "reference"
        )
    return value


def _key(ai: str, value: object, where: str) -> str:
    """A GS1 value. Raises InvalidIdentifier."""
    if not isinstance(value, str):
        raise Malformed("text is wanted", where)
    try:
        if ai == "01":
            return gs1.gtin14(value)
        gs1.check(ai, value)
    except GS1Error as error:
        raise InvalidIdentifier(f"is not valid as GS1 ({ai}) {gs1.TABLE[ai].title}: {error.code}", where) from None
    return value


def _line(value: object, number: int) -> tuple[Line, Json]:
    where = f"lines/{number}"
    found = _members(value, where, ("gtin", "lot", "quantity"), ("items",))
    gtin, lot = _key("01", found["gtin"], f"{where}/gtin"), _key("10", found["lot"], f"{where}/lot")
    quantity = found["quantity"]
    if type(quantity) is not int or not 0 < quantity < 2**32:
        raise Malformed("is a whole number above 0", f"{where}/quantity")
    items: tuple[bytes, ...] = ()
    said: Json = {"gtin": gtin, "lot": lot, "quantity": quantity}
    if "items" in found:
        serials = found["items"]
        if not isinstance(serials, list) or len(serials) != quantity or quantity > ITEMS_LIMIT:
            raise Malformed(f"are as many serials as the quantity, at most {ITEMS_LIMIT}", f"{where}/items")
        checked = [_key("21", serial, f"{where}/items/{i}") for i, serial in enumerate(serials)]
        items = tuple(subjects.key(subjects.item(gtin, serial)) for serial in checked)
        said["items"] = checked
    return Line(number, subjects.batch(gtin, lot), quantity, None, items), said


def _placed(value: Json) -> _Placed:
    if holds_card({name: one for name, one in value.items() if name != "lines"}):
        raise Unwanted("looks like the number of a payment card: card and account numbers are never taken here")
    found = _members(value, "", ("reference", "buyer", "lines"), ("payment", "contact"))
    if not isinstance(found["lines"], list) or not 0 < len(found["lines"]) <= LINES_LIMIT:
        raise Malformed(f"are 1 to {LINES_LIMIT}", "lines")
    lines = [_line(one, number) for number, one in enumerate(found["lines"])]
    items = [item for line, _ in lines for item in line.items]
    if len(set(items)) != len(items) or len(items) > ITEMS_LIMIT:
        raise Malformed(f"name each item once, at most {ITEMS_LIMIT} of them", "lines")
    said: Json = {
        "reference": _reference(found["reference"]),
        "buyer": _text(found["buyer"], "buyer", 128),
        "lines": [one for _, one in lines],
    }
    if "contact" in found:
        contact = _members(found["contact"], "contact", (), CONTACT)
        said["contact"] = {name: _text(one, f"contact/{name}", 300) for name, one in contact.items()}
    payment = None
    if "payment" in found:
        paid = _members(found["payment"], "payment", ("provider", "reference"))
        payment = (
            _text(paid["provider"], "payment/provider", 64),
            _text(paid["reference"], "payment/reference", 128),
        )
    return _Placed(said["reference"], said["buyer"], tuple(line for line, _ in lines), said, payment)


def _sscc(value: Json) -> str:
    return _key("00", value["sscc"], "sscc")


def _numbers(value: object) -> tuple[int, ...]:
    """Line numbers, sorted. Raises Malformed."""
    if not isinstance(value, list) or not 0 < len(value) <= LINES_LIMIT:
        raise Malformed("are numbers of lines, from 0", "lines")
    if not all(type(one) is int and 0 <= one < LINES_LIMIT for one in value) or len(set(value)) != len(value):
        raise Malformed("are numbers of lines, from 0, each once", "lines")
    return tuple(sorted(value))


def _rights(value: object) -> list[bytes]:
    if not isinstance(value, list) or not 0 < len(value) <= LINES_LIMIT:
        raise Malformed("are one hash for each of the parcel's lines", "rights")
    hashes = [statements.from_hex(one, 32, f"rights/{i}") for i, one in enumerate(value)]
    if len(set(hashes)) != len(hashes):
        raise Malformed("are each another", "rights")
    return hashes


# -- orders


class Orders:
    """Takes what shops say. `heard`: told when something was recorded. Safe for many threads and workers."""

    def __init__(
        self,
        database: Database,
        recorder: Recorder,
        capture: Capture,
        known: Known,
        vault: Vault,
        *,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._recorder = recorder
        self._capture = capture
        self._known = known
        self._vault = vault
        self._heard = heard

    def place(self, message: Message, value: Json) -> Json:
        """Takes an order. Raises InvalidInput, NoStanding, NotFound (a batch), Conflict."""
        placed = _placed(value)
        role = self._role(message.merchant)

        def act(connection: Connection) -> Json:
            self._check_goods(connection, placed.lines, None if role is not Role.MERCHANT else message.merchant)
            buyer = orders.buyer_of(connection, self._vault, message.shop, placed.buyer)
            id, salt = secrets.token_hex(16), secrets.token_hex(16)
            private: Json = {"salt": salt, "shop": message.shop, **placed.said}
            if placed.payment is not None:
                private["payment"] = payment_of(salt, *placed.payment)
            content = canonical.encode(private)
            box = vault.seal(buyer.key, content, of_order(id))
            reference = self._name(message.shop, placed.reference)
            orders.add_order(connection, Order(id, message.shop, reference, buyer.id, message.at, box), placed.lines)
            public = {"private": sha256(content).hexdigest()}
            accepted = self._recorder.by_operator(connection, Kind.ORDER, f"/order/{id}", public)
            return {"order": f"/order/{id}", **_receipt(accepted)}

        return self._once(message, act)

    def ship(self, message: Message, reference: str, value: Json) -> Json:
        """Takes a shipment, and captures its packing event. Raises InvalidInput, Refused, Conflict."""
        found = _members(value, "", ("sscc",), ("lines", "event"))
        sscc = _sscc(found)
        wanted = _numbers(found["lines"]) if "lines" in found else None
        event = None
        if "event" in found:
            event = parse_event(_object(found["event"], "event"))
        self._role(message.merchant)

        def check(connection: Connection) -> tuple[Order, list[Line]]:
            order = self._order(connection, message.shop, reference)
            packed = _to_pack(orders.lines(connection, order.id), wanted)
            if orders.parcel(connection, sscc) is not None:
                raise Conflict("a parcel with this SSCC was shipped before: an SSCC is one parcel's")
            if event is not None:
                _check_packing(connection, event, sscc, packed)
            return order, packed

        if event is not None:
            with self._database.write() as connection:  # what is refused leaves no event behind
                known = orders.begin_message(connection, message.shop, message.id, message.digest, message.at)
                if known is not None:
                    return known
                check(connection)
                connection.rollback()
            self._capture.event(found["event"])  # the same event again is the same

        def act(connection: Connection) -> Json:
            order, packed = check(connection)
            orders.ship(connection, order.id, sscc, [line.number for line in packed], message.at)
            return {"parcel": f"/00/{sscc}", "lines": [line.number for line in packed]}

        return self._once(message, act)

    def deliver(self, message: Message, reference: str, value: Json) -> Json:
        """Takes a delivery, and the rights that it gives. Raises InvalidInput, Conflict."""
        found = _members(value, "", ("sscc", "rights"))
        sscc, hashes = _sscc(found), _rights(found["rights"])
        self._role(message.merchant)

        def act(connection: Connection) -> Json:
            order = self._order(connection, message.shop, reference)
            parcel = orders.parcel(connection, sscc)
            if parcel is None:
                raise Conflict("this parcel was not shipped yet: send again after its shipment")
            if parcel.order != order.id:
                raise Conflict("this parcel is another order's")
            lines = [line for line in orders.lines(connection, order.id) if line.parcel == sscc]
            if len(hashes) != len(lines):
                raise Malformed(f"are {len(lines)}, one for each line in the parcel", "rights")
            orders.deliver(connection, sscc, message.at)
            states, rights = self._take(connection, order, lines, hashes, message.at)
            orders.grant(connection, rights)
            public = {"goods": [{"batch": batch, "quantity": n} for batch, n in _totals(lines).items()]}
            accepted = self._recorder.by_operator(connection, Kind.DELIVERY, f"/order/{order.id}", public)
            return {**_receipt(accepted), "rights": states}

        return self._once(message, act)

    def private(self, subject: str) -> dict[str, bytes]:
        """An order's private content by the hash that the journal has of it; nothing where it was erased.

        For the operator alone. Raises NotFound.
        """
        id = subject.removeprefix("/order/")
        with self._database.read() as connection:
            order = orders.order(connection, id)
            if order is None:
                raise NotFound(f"there is no order {id}")
            key = orders.keys(connection, self._vault, [order.buyer]).get(order.buyer)
        if key is None or order.content is None:
            return {}
        content = unseal(key, order.content, of_order(id))
        return {sha256(content).hexdigest(): content}

    def status(self, shop: str, reference: str) -> Json:
        """What is known of a shop's order, nothing of it personal. Raises NotFound."""
        with self._database.read() as connection:
            order = orders.order_by(connection, shop, self._name(shop, reference))
            if order is None:
                raise NotFound("no such order of this shop")
            lines = orders.lines(connection, order.id)
            parcels = orders.parcels_of(connection, order.id)
        return {
            "order": f"/order/{order.id}",
            "placedAt": order.placed_at,
            "lines": [
                {"batch": n.batch, "quantity": n.quantity, "parcel": n.parcel and f"/00/{n.parcel}"} for n in lines
            ],
            "parcels": [
                {
                    "parcel": f"/00/{p.sscc}",
                    "lines": [n.number for n in lines if n.parcel == p.sscc],
                    "shippedAt": p.shipped_at,
                    "deliveredAt": p.delivered_at,
                }
                for p in parcels
            ],
        }

    # -- steps

    def _once(self, message: Message, act: Callable[[Connection], Json]) -> Json:
        with self._database.write() as connection:
            known = orders.begin_message(connection, message.shop, message.id, message.digest, message.at)
            if known is not None:
                return known
            answer = act(connection)
            orders.answer_message(connection, message.shop, message.id, answer)
        self._heard()
        return answer

    def _role(self, merchant: str) -> Role:
        """The role of who answers for a shop. Raises NoStanding, ChainAway."""
        participant = self._known.participant(merchant)
        if participant is None:
            raise NoStanding("who answers for this shop is not registered")
        if not participant.standing_at(int(time.time())).may_write:
            raise NoStanding("who answers for this shop is suspended or expelled")
        return participant.role

    def _name(self, shop: str, reference: str) -> bytes:
        return self._vault.reference(shop, f"order {reference}")

    def _order(self, connection: Connection, shop: str, reference: str) -> Order:
        order = orders.order_by(connection, shop, self._name(shop, reference), lock=True)
        if order is None:
            raise Conflict("this order was not placed yet: send again after the order")
        return order

    def _check_goods(self, connection: Connection, lines: Sequence[Line], merchant: str | None) -> None:
        """`merchant`: whose batches they must be; None: anybody's. A merchant sells its own, others sell for many."""
        for batch, quantity in _totals(lines).items():
            key = subjects.key(batch)
            row = registry.batch(connection, key)
            if row is None:
                raise NotFound(f"{batch} was never registered")
            if merchant is not None and row.merchant != merchant:
                raise NoStanding(f"{batch} is another merchant's: a merchant's shop sells its own")
            if quantity > row.quantity:
                raise Conflict(f"{quantity} of {batch} are ordered, it has {row.quantity}")
            items = [item for line in lines if line.batch == batch for item in line.items]
            if items and orders.count_items(connection, key, items) != len(items):
                raise NotFound(f"an item of this order is not in {batch}")

    def _take(
        self, connection: Connection, order: Order, lines: Sequence[Line], hashes: Sequence[bytes], at: int
    ) -> tuple[list[str], list[Right]]:
        """Counts the goods as delivered; whether each line's right waits or there is none left, and those that wait."""
        free: dict[str, int] = {}
        for batch, quantity in _totals(lines).items():
            supply = orders.lock_batch(connection, batch, subjects.key(batch))
            if supply is None:
                raise NotFound(f"{batch} was never registered")
            if supply.delivered + quantity > supply.quantity:
                raise Conflict(f"{supply.delivered + quantity} of {batch} would be delivered, it has {supply.quantity}")
            free[batch] = left(supply, delivered=quantity)
        reviewed = orders.items_with_rights(connection, [item for line in lines for item in line.items])
        states, rights = [], []
        for line, hash in zip(lines, hashes, strict=True):
            gives = free[line.batch] > 0 and not (line.items and reviewed.issuperset(line.items))
            states.append("waiting" if gives else "none")
            if gives:
                free[line.batch] -= 1
                rights.append(Right(hash, line.batch, order.buyer, order.id, None, at))
        for batch, quantity in _totals(lines).items():
            granted = sum(right.batch == batch for right in rights)
            orders.count(connection, subjects.key(batch), delivered=quantity, granted=granted)
        return states, rights


def of_order(id: str) -> bytes:
    """What an order's encrypted content is bound to."""
    return f"order {id}".encode()


def payment_of(salt: str, provider: str, reference: str) -> str:
    """The hash by which a payment is known: who has its provider's reference can show that it is this one."""
    return sha256(f"{salt}\n{provider}\n{reference}".encode()).hexdigest()


def _object(value: object, where: str) -> Json:
    if not isinstance(value, dict):
        raise Malformed("an object is wanted", where)
    return value


def _receipt(accepted: Accepted) -> Json:
    return {"index": accepted.first, "receipt": accepted.receipt.as_json(accepted.signature)}


def _totals(lines: Sequence[Line]) -> Mapping[str, int]:
    """How much of each batch, in the order of their subjects: that in which batches are locked."""
    totals: dict[str, int] = {}
    for line in lines:
        totals[line.batch] = totals.get(line.batch, 0) + line.quantity
    return dict(sorted(totals.items()))


def _to_pack(lines: Sequence[Line], wanted: Sequence[int] | None) -> list[Line]:
    """The lines that a parcel gets: those that are wanted, else all that were not shipped."""
    if wanted is None:
        packed = [line for line in lines if line.parcel is None]
        if not packed:
            raise Conflict("all of this order was shipped before")
        return packed
    if wanted[-1] >= len(lines):
        raise Malformed(f"name line {wanted[-1]}, the order has {len(lines)} from 0", "lines")
    packed = [lines[number] for number in wanted]
    if shipped := [line.number for line in packed if line.parcel is not None]:
        raise Conflict(f"line {shipped[0]} was shipped before")
    return packed


def _check_packing(connection: Connection, event: Event, sscc: str, packed: Sequence[Line]) -> None:
    """Returns if the event puts what these lines say, and nothing else, into this parcel. Raises Malformed."""
    if event.type != "AggregationEvent" or event.action != "ADD" or event.parent_id is None:
        raise Malformed("a packing event is an AggregationEvent with action ADD", "event")
    if subject_of(event.parent_id) != f"/00/{sscc}":
        raise Malformed("has another parent than this parcel", "event/parentID")
    named = {subjects.key(subject_of(epc)) for epc in event.child_epcs}
    classes = {subject_of(one.epc_class) for one in event.child_quantity_list}
    if not named and not classes:
        raise Malformed("puts nothing into the parcel", "event")
    if not classes <= {line.batch for line in packed}:
        raise Malformed("packs a lot that is not in these lines", "event/childQuantityList")
    loose = named - {item for line in packed for item in line.items}
    batches = {subjects.key(line.batch) for line in packed if not line.items}  # of these any item will do
    for item in loose:
        found = registry.item(connection, item)
        if found is None or found.batch not in batches:
            raise Malformed("packs an item that is not in these lines", "event/childEPCs")

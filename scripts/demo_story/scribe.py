"""A small language for EPCIS 2.0 events: one call an event, ids spelled in the author's dialect.

Times are "MM-DD hh:mm" of 2026 in China. Where an event was written down later than it happened, `recorded` says when.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, TypeAlias, TypedDict, Unpack

from demo_story.keys import Id
from demo_story.model import Asset, Json, Participant, Place, Text, Waypoint, Written

CONTEXT: list[Json] = [
    "https://ref.gs1.org/standards/epcis/epcis-context.jsonld",
    {"suyuan": "https://ns.suyuan.example/epcis/"},
]
CHINA = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class Amount:
    """So much of a lot; `uom` is a UN/ECE Recommendation 20 code, or None for pieces."""

    of: Id
    quantity: float
    uom: str | None = None


@dataclass(frozen=True)
class Track:
    """What one quantity did over a log: `values` at even steps, and the limits that were agreed for it."""

    measured: str
    uom: str
    values: tuple[float, ...]
    low: float | None = None
    high: float | None = None

    def within(self, value: float) -> bool:
        return (self.low is None or self.low <= value) and (self.high is None or value <= self.high)


@dataclass(frozen=True)
class Log:
    """A sensor's readings from `start` on, one every `minutes`."""

    device: Asset
    start: str
    minutes: int
    tracks: tuple[Track, ...]


Thing: TypeAlias = Id | Amount


class Common(TypedDict, total=False):
    """What any event may say."""

    at: Place  # where things are afterwards
    read: Place | Waypoint  # where they were seen; `at` unless told
    state: str
    orders: dict[str, str]  # business transactions: their type to their id
    sold: tuple[Participant, Participant]  # owner before and after
    moved: tuple[Place, Place]
    logs: tuple[Log, ...]
    ilmd: dict[str, str]
    note: Text
    certificate: str
    lasting: str  # a disposition that stays: persistentDisposition
    event_id: str
    recorded: str


def moment(text: str) -> datetime:
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=CHINA)


def transaction(party: Participant, number: str) -> str:
    """A business transaction's id, by whose books it is known."""
    return f"urn:epcglobal:cbv:bt:{party.gln}:{number}"


def _time(text: str) -> str:
    return moment(text).isoformat()


def _sensor_element(log: Log, author: Participant) -> Json:
    start = moment(log.start)
    step = timedelta(minutes=log.minutes)
    last = max(len(track.values) for track in log.tracks) - 1
    return {
        "sensorMetadata": {
            "startTime": start.isoformat(),
            "endTime": (start + last * step).isoformat(),
            "deviceID": log.device.id.spelled(author.dialect),
        },
        "sensorReport": [report for track in log.tracks for report in _reports(track, start, step)],
    }


def _reports(track: Track, start: datetime, step: timedelta) -> Iterable[Json]:
    """Every reading, an alarm on each that is out of bounds, and at last the sum of them with the bounds."""
    for number, value in enumerate(track.values):
        reading: dict[str, Json] = {"type": track.measured}
        if not track.within(value):
            reading["exception"] = "ALARM_CONDITION"
        yield reading | {"time": (start + number * step).isoformat(), "value": value, "uom": track.uom}
    total: dict[str, Json] = {
        "type": track.measured,
        "minValue": min(track.values),
        "maxValue": max(track.values),
        "meanValue": round(sum(track.values) / len(track.values), 2),
        "uom": track.uom,
    }
    limits = {"suyuan:lowerLimit": track.low, "suyuan:upperLimit": track.high}
    yield total | {name: limit for name, limit in limits.items() if limit is not None}


def _write(kind: str, author: Participant, when: str, step: str, what: dict[str, Json], common: Common) -> Written:
    dialect = author.dialect
    event: dict[str, Json] = {"type": kind}
    if event_id := common.get("event_id"):
        event["eventID"] = event_id
    event |= {"eventTime": _time(when), "eventTimeZoneOffset": "+08:00", **what, "bizStep": step}
    if state := common.get("state"):
        event["disposition"] = state
    if lasting := common.get("lasting"):
        event["persistentDisposition"] = {"set": [lasting]}
    if read := common.get("read", common.get("at")):
        event["readPoint"] = {"id": read.id.spelled(dialect) if isinstance(read, Place) else read.id.urn}
    if at := common.get("at"):
        event["bizLocation"] = {"id": at.id.spelled(dialect)}
    if orders := common.get("orders"):
        event["bizTransactionList"] = [{"type": name, "bizTransaction": number} for name, number in orders.items()]
    ends = (
        ("owning_party", [who.party for who in common.get("sold", ())]),
        ("location", [place.id for place in common.get("moved", ())]),
    )
    for name, end in (("source", 0), ("destination", 1)):
        if named := [{"type": how, name: pair[end].spelled(dialect)} for how, pair in ends if pair]:
            event[f"{name}List"] = named
    if logs := common.get("logs"):
        event["sensorElementList"] = [_sensor_element(log, author) for log in logs]
    if ilmd := common.get("ilmd"):
        event["ilmd"] = ilmd
    if certificate := common.get("certificate"):
        event["certificationInfo"] = certificate
    if note := common.get("note"):
        event["suyuan:note"] = {"suyuan:zh": note.zh, "suyuan:en": note.en}
    return Written(author.slug, _time(common.get("recorded", when)), event)


def _lists(author: Participant, things: Iterable[Thing], epcs: str, quantities: str) -> dict[str, Json]:
    ids = [thing.spelled(author.dialect) for thing in things if isinstance(thing, Id)]
    amounts: list[dict[str, Any]] = [
        {"epcClass": thing.of.spelled(author.dialect), "quantity": thing.quantity}
        | ({"uom": thing.uom} if thing.uom else {})
        for thing in things
        if isinstance(thing, Amount)
    ]
    return ({epcs: ids} if ids else {}) | ({quantities: amounts} if amounts else {})


def _object(action: str, author: Participant, when: str, step: str, what: Iterable[Thing], common: Common) -> Written:
    named = _lists(author, what, "epcList", "quantityList")
    return _write("ObjectEvent", author, when, step, {**named, "action": action}, common)


def add(author: Participant, when: str, step: str, *what: Thing, **common: Unpack[Common]) -> Written:
    """Things come to be."""
    return _object("ADD", author, when, step, what, common)


def observe(author: Participant, when: str, step: str, *what: Thing, **common: Unpack[Common]) -> Written:
    """Things were seen."""
    return _object("OBSERVE", author, when, step, what, common)


def delete(author: Participant, when: str, step: str, *what: Thing, **common: Unpack[Common]) -> Written:
    """Things are no more."""
    return _object("DELETE", author, when, step, what, common)


def _family(
    kind: str,
    action: str,
    author: Participant,
    when: str,
    step: str,
    parent: Id,
    children: Iterable[Thing],
    common: Common,
) -> Written:
    what = {"parentID": parent.spelled(author.dialect)}
    what |= _lists(author, children, "childEPCs", "childQuantityList")
    return _write(kind, author, when, step, {**what, "action": action}, common)


def pack(author: Participant, when: str, parent: Id, *children: Thing, **common: Unpack[Common]) -> Written:
    """Children go into a case or onto a pallet."""
    common.setdefault("state", "in_progress")
    return _family("AggregationEvent", "ADD", author, when, "packing", parent, children, common)


def unpack(author: Participant, when: str, parent: Id, *children: Thing, **common: Unpack[Common]) -> Written:
    """Children come out: those named, or all."""
    common.setdefault("state", "in_progress")
    return _family("AggregationEvent", "DELETE", author, when, "unpacking", parent, children, common)


def attach(author: Participant, when: str, parent: Id, *children: Thing, **common: Unpack[Common]) -> Written:
    """Devices are fixed to what they watch."""
    return _family("AssociationEvent", "ADD", author, when, "installing", parent, children, common)


def detach(author: Participant, when: str, parent: Id, *children: Thing, **common: Unpack[Common]) -> Written:
    return _family("AssociationEvent", "DELETE", author, when, "removing", parent, children, common)


def bind(author: Participant, when: str, step: str, *what: Thing, **common: Unpack[Common]) -> Written:
    """Things are bound to the orders that `orders` names."""
    named = _lists(author, what, "epcList", "quantityList")
    return _write("TransactionEvent", author, when, step, {**named, "action": "ADD"}, common)


def transform(
    author: Participant,
    when: str,
    inputs: Iterable[Thing],
    outputs: Iterable[Thing],
    **common: Unpack[Common],
) -> Written:
    """Inputs are used up, outputs come of them."""
    what = _lists(author, inputs, "inputEPCList", "inputQuantityList")
    what |= _lists(author, outputs, "outputEPCList", "outputQuantityList")
    return _write("TransformationEvent", author, when, "creating_class_instance", what, common)


def retract(written: Written, when: str, reason: str, *corrective_ids: str) -> Written:
    """The same event again, with an error declaration: its author takes it back."""
    declared = {"declarationTime": _time(when), "reason": reason, "correctiveEventIDs": list(corrective_ids)}
    return Written(written.author, _time(when), {**written.event, "errorDeclaration": declared})

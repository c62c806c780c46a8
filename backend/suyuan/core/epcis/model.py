"""EPCIS 2.0 events: JSON in, frozen `Event`s out. As strict as GS1's JSON schema, but for these:

- only the five event types of the standard (the schema lets any URI be one),
- where an EPC, location or party is a GS1 Digital Link URI, its check digit must be right (but an asset's),
- every type may have a persistentDisposition, as published documents do that count as valid,
- times are xsd:dateTimeStamp (no leap seconds, upper-case T and Z).

Every fault is an `InvalidEvent` whose `where` is the JSON pointer of what is wrong. Members are looked at in
the order in which they stand, then what is missing, then what does not go together. Members of the standard
are fields, spelled in Python's way; all others are `extensions`, as they came.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, TypeAlias

import orjson

from suyuan.core.canonical import Json
from suyuan.core.epcis import times, vocabulary
from suyuan.core.epcis.identifiers import fault_of, subject_of
from suyuan.core.errors import InvalidEvent

STATEMENT = "suyuan:statement"

_Check: TypeAlias = Callable[[Any, str], Any]


@dataclass(frozen=True, slots=True)
class Quantity:
    """So much of a class; `uom` is a UN/ECE Recommendation 20 code, or None where it is a count."""

    epc_class: str
    quantity: float | None = None
    uom: str | None = None


@dataclass(frozen=True, slots=True)
class BizTransaction:
    biz_transaction: str
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    source: str
    type: str


@dataclass(frozen=True, slots=True)
class Destination:
    destination: str
    type: str


@dataclass(frozen=True, slots=True)
class Place:
    """A read point or business location. All its members but `id` are extensions, with a namespace or without."""

    id: str
    extensions: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PersistentDisposition:
    set: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorDeclaration:
    declaration_time: str
    reason: str | None = None
    corrective_event_ids: tuple[str, ...] = ()
    extensions: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SensorMetadata:
    time: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    device_id: str | None = None
    device_metadata: str | None = None
    raw_data: str | None = None
    data_processing_method: str | None = None
    biz_rules: str | None = None
    extensions: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SensorReport:
    type: str
    exception: str | None = None
    device_id: str | None = None
    device_metadata: str | None = None
    raw_data: str | None = None
    data_processing_method: str | None = None
    biz_rules: str | None = None
    time: str | None = None
    microorganism: str | None = None
    chemical_substance: str | None = None
    coordinate_reference_system: str | None = None
    value: float | None = None
    component: str | None = None
    string_value: str | None = None
    boolean_value: bool | None = None
    hex_binary_value: str | None = None
    uri_value: str | None = None
    min_value: float | None = None
    max_value: float | None = None
    mean_value: float | None = None
    s_dev: float | None = None
    perc_rank: float | None = None
    perc_value: float | None = None
    uom: str | None = None
    extensions: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SensorElement:
    sensor_report: tuple[SensorReport, ...]
    sensor_metadata: SensorMetadata | None = None
    extensions: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """One event of any of the five types; what its type does not have, or it leaves out, is None or empty.

    `document` is the JSON that is hashed and kept (`document_of`), `statement` what came with it as
    `suyuan:statement`, if anything. Times are as written; `event_time_ms` is milliseconds since 1970 UTC.
    """

    type: str
    document: Mapping[str, Json]
    event_time: str
    event_time_ms: int
    event_time_zone_offset: str
    statement: Json = None
    event_id: str | None = None
    record_time: str | None = None
    certification_info: tuple[str, ...] = ()
    error_declaration: ErrorDeclaration | None = None
    action: str | None = None
    epc_list: tuple[str, ...] = ()
    quantity_list: tuple[Quantity, ...] = ()
    parent_id: str | None = None
    child_epcs: tuple[str, ...] = ()
    child_quantity_list: tuple[Quantity, ...] = ()
    input_epc_list: tuple[str, ...] = ()
    input_quantity_list: tuple[Quantity, ...] = ()
    output_epc_list: tuple[str, ...] = ()
    output_quantity_list: tuple[Quantity, ...] = ()
    transformation_id: str | None = None
    biz_step: str | None = None
    disposition: str | None = None
    persistent_disposition: PersistentDisposition | None = None
    read_point: Place | None = None
    biz_location: Place | None = None
    biz_transaction_list: tuple[BizTransaction, ...] = ()
    source_list: tuple[Source, ...] = ()
    destination_list: tuple[Destination, ...] = ()
    sensor_element_list: tuple[SensorElement, ...] = ()
    ilmd: Mapping[str, Json] = field(default_factory=dict)
    extensions: Mapping[str, Json] = field(default_factory=dict)


def parse_document(value: Json) -> tuple[Event, ...]:
    """The events of an EPCISDocument, in order. Raises InvalidEvent."""
    document = _an_object(value, "")
    if document.get("type") != "EPCISDocument":
        raise InvalidEvent("not an EPCISDocument", "/type")
    for name, item in document.items():
        check = _DOCUMENT.get(name)
        if check is not None:
            check(item, f"/{name}")
        else:
            _extension_name(name, "")
    _all_there(document, ("@context", "schemaVersion", "creationDate", "epcisBody"), "")
    context = document["@context"]
    events = document["epcisBody"]["eventList"]
    return tuple(_event(event, context, f"/epcisBody/eventList/{index}") for index, event in enumerate(events))


def parse_event(value: Json) -> Event:
    """One event that brings its own `@context`. Raises InvalidEvent."""
    event = _an_object(value, "")
    _all_there(event, ("@context",), "")
    return _event(event, None, "")


def document_of(event: Mapping[str, Json], context: Json = None) -> dict[str, Json]:
    """What is hashed and kept of a captured event: without `suyuan:statement`, and with its `@context`.

    That is its own, else `context`, its EPCISDocument's.
    """
    document = {"@context": context, **event}
    document.pop(STATEMENT, None)
    return document


def subjects_named(event: Event) -> tuple[str, ...]:
    """The subjects in whose streams an event is recorded (PROTOCOL section 2), each once."""
    quantities = (
        *event.quantity_list,
        *event.child_quantity_list,
        *event.input_quantity_list,
        *event.output_quantity_list,
    )
    epcs = (
        *event.epc_list,
        *event.child_epcs,
        *event.input_epc_list,
        *event.output_epc_list,
        *(() if event.parent_id is None else (event.parent_id,)),
        *[quantity.epc_class for quantity in quantities],
    )
    return tuple(dict.fromkeys(map(subject_of, epcs)))


# --- scalars

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]*:(?:[!#$&-;=?-\[\]_a-z~]|%[0-9A-Fa-f]{2})*\Z")
_OFFSET = re.compile(r"[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00)\Z")
_UOM = re.compile(r"[A-Z0-9]{2,3}\Z")
_HEX = re.compile(r"[0-9A-Fa-f]+\Z")
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*\Z")
_STANDARD_CBV = re.compile(r"urn:epcglobal:cbv|https?://ns\.gs1\.org/cbv/")
_STANDARD_GS1 = re.compile(r"https?://(?:www\.)?gs1\.org/voc/")
_ACTIONS = ("OBSERVE", "ADD", "DELETE")


def _uri(value: Any, where: str) -> str:
    if type(value) is not str or not _URI.match(value):
        raise InvalidEvent("not a URI", where)
    return value


def _gs1_uri(value: Any, where: str) -> str:
    """A URI that names a thing, place or party: where it is a Digital Link, a sound one."""
    if type(value) is not str or not _URI.match(value):
        raise InvalidEvent("not a URI", where)
    fault = fault_of(value)
    if fault:
        raise InvalidEvent(fault, where)
    return value


def _time(value: Any, where: str) -> str:
    try:
        times.milliseconds(_string(value, where))
    except ValueError as error:
        raise InvalidEvent(str(error), where) from error
    return str(value)


def _string(value: Any, where: str) -> str:
    if type(value) is not str:
        raise InvalidEvent("not a string", where)
    return value


def _boolean(value: Any, where: str) -> bool:
    if type(value) is not bool:
        raise InvalidEvent("neither true nor false", where)
    return value


def _number(value: Any, where: str) -> float:
    if type(value) is int or (type(value) is float and isfinite(value)):
        return value
    raise InvalidEvent("not a number", where)


def _matching(pattern: re.Pattern[str], message: str) -> _Check:
    def check(value: Any, where: str) -> str:
        if type(value) is not str or not pattern.match(value):
            raise InvalidEvent(message, where)
        return value

    return check


def _action(value: Any, where: str) -> str:
    if value not in _ACTIONS:
        raise InvalidEvent("not one of " + ", ".join(_ACTIONS), where)
    return str(value)


def _word(terms: Mapping[str, str], name: str, *, standard: re.Pattern[str] = _STANDARD_CBV) -> _Check:
    """A bare word of the vocabulary, or a URI that is not one of its own (those match `standard`)."""

    def check(value: Any, where: str) -> str:
        if type(value) is str and (value in terms or (_URI.match(value) and not standard.match(value))):
            return value
        raise InvalidEvent(f"neither a standard {name} nor a URI outside the standard", where)

    return check


# --- objects and lists


def _an_object(value: Any, where: str) -> dict[str, Any]:
    if type(value) is not dict:
        raise InvalidEvent("not an object", where)
    return value


def _all_there(value: Mapping[str, Any], required: tuple[str, ...], where: str) -> None:
    for name in required:
        if name not in value:
            raise InvalidEvent(f"{name} is missing", where)


def _below(where: str, name: str) -> str:
    return f"{where}/{name.replace('~', '~0').replace('/', '~1')}"


def _extension_name(name: str, where: str) -> None:
    if not _URI.match(name):
        raise InvalidEvent("neither a member of the standard nor an extension with a namespace", _below(where, name))


def _list(check: _Check, *, least: int = 0, unique: bool = False) -> _Check:
    def check_list(value: Any, where: str) -> tuple[Any, ...]:
        if type(value) is not list:
            raise InvalidEvent("not a list", where)
        if len(value) < least:
            raise InvalidEvent("empty", where)
        items = tuple([check(item, f"{where}/{index}") for index, item in enumerate(value)])
        if unique and len(set(items)) != len(items):
            raise InvalidEvent("names something twice", where)
        return items

    return check_list


def _epcs(*, unique: bool) -> _Check:
    """`_list(_gs1_uri)`, fast for thousands."""
    slow = _list(_gs1_uri, unique=unique)

    def check(value: Any, where: str) -> tuple[str, ...]:
        if type(value) is not list:
            raise InvalidEvent("not a list", where)
        for epc in value:
            if type(epc) is not str or not _URI.match(epc) or fault_of(epc):
                return slow(value, where)  # type: ignore[no-any-return]
        if unique and len(set(value)) != len(value):
            raise InvalidEvent("names something twice", where)
        return tuple(value)

    return check


_Members: TypeAlias = Mapping[str, tuple[str, _Check]]


def _any_name(name: str, where: str) -> None:
    """Refuses nothing."""


def _no_name(name: str, where: str) -> None:
    raise InvalidEvent("not a member of the standard", _below(where, name))


def _record(
    made: type[Any],
    members: _Members,
    *,
    required: tuple[str, ...] = (),
    others: Callable[[str, str], None] = _extension_name,
) -> _Check:
    """An object of the standard. `others` refuses names of other members; what it lets by is an extension."""

    def check(value: Any, where: str) -> Any:
        known: dict[str, Any] = {}
        extensions: dict[str, Json] = {}
        for name, item in _an_object(value, where).items():
            member = members.get(name)
            if member is not None:
                known[member[0]] = member[1](item, f"{where}/{name}")
            else:
                others(name, where)
                extensions[name] = item
        _all_there(value, required, where)
        if extensions:
            known["extensions"] = extensions
        return made(**known)

    return check


def _persistent_disposition(value: Any, where: str) -> PersistentDisposition:
    found: PersistentDisposition = _dispositions(value, where)
    if not (found.set or found.unset):
        raise InvalidEvent("neither set nor unset", where)
    return found


def _certification_info(value: Any, where: str) -> tuple[str, ...]:
    if type(value) is list:
        return tuple([_uri(item, f"{where}/{index}") for index, item in enumerate(value)])
    return (_uri(value, where),)


def _ilmd(value: Any, where: str) -> Mapping[str, Json]:
    for name in _an_object(value, where):
        _extension_name(name, where)
    return value  # type: ignore[no-any-return]


def _context(value: Any, where: str) -> None:
    if type(value) is list:
        seen = set()
        for index, item in enumerate(value):
            if type(item) is not dict:
                _uri(item, f"{where}/{index}")
            text = orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
            if text in seen:
                raise InvalidEvent("names something twice", f"{where}/{index}")
            seen.add(text)
    elif type(value) is not dict:
        _uri(value, where)


_uris = _list(_uri)
_sets_of_epcs = _epcs(unique=True)
_any_epcs = _epcs(unique=False)
_disposition = _word(vocabulary.DISPOSITIONS, "disposition")
_party_type = _word(vocabulary.SOURCE_DESTINATION_TYPES, "source or destination type")

_dispositions = _record(
    PersistentDisposition,
    {
        "set": ("set", _list(_disposition, least=1, unique=True)),
        "unset": ("unset", _list(_disposition, least=1, unique=True)),
    },
    others=_no_name,
)
_quantities = _list(
    _record(
        Quantity,
        {
            "epcClass": ("epc_class", _gs1_uri),
            "quantity": ("quantity", _number),
            "uom": ("uom", _matching(_UOM, "not a unit of measure (two or three of A-Z and 0-9)")),
        },
        required=("epcClass",),
        others=_no_name,
    )
)
_place = _record(Place, {"id": ("id", _gs1_uri)}, required=("id",), others=_any_name)
_biz_transaction = _record(
    BizTransaction,
    {
        "type": ("type", _word(vocabulary.BIZ_TRANSACTION_TYPES, "business transaction type")),
        "bizTransaction": ("biz_transaction", _uri),
    },
    required=("bizTransaction",),
    others=_no_name,
)
_source = _record(
    Source,
    {"type": ("type", _party_type), "source": ("source", _gs1_uri)},
    required=("type", "source"),
    others=_no_name,
)
_destination = _record(
    Destination,
    {"type": ("type", _party_type), "destination": ("destination", _gs1_uri)},
    required=("type", "destination"),
    others=_no_name,
)
_error_declaration = _record(
    ErrorDeclaration,
    {
        "declarationTime": ("declaration_time", _time),
        "reason": ("reason", _word(vocabulary.ERROR_REASONS, "error reason")),
        "correctiveEventIDs": ("corrective_event_ids", _uris),
    },
    required=("declarationTime",),
)
_sensor_metadata = _record(
    SensorMetadata,
    {
        "time": ("time", _time),
        "startTime": ("start_time", _time),
        "endTime": ("end_time", _time),
        "deviceID": ("device_id", _uri),
        "deviceMetadata": ("device_metadata", _uri),
        "rawData": ("raw_data", _uri),
        "dataProcessingMethod": ("data_processing_method", _uri),
        "bizRules": ("biz_rules", _uri),
    },
)
_sensor_report = _record(
    SensorReport,
    {
        "type": ("type", _word(vocabulary.MEASUREMENTS, "measurement type", standard=_STANDARD_GS1)),
        "exception": ("exception", _word(vocabulary.ALERTS, "sensor alert", standard=_STANDARD_GS1)),
        "deviceID": ("device_id", _uri),
        "deviceMetadata": ("device_metadata", _uri),
        "rawData": ("raw_data", _uri),
        "dataProcessingMethod": ("data_processing_method", _uri),
        "bizRules": ("biz_rules", _uri),
        "time": ("time", _time),
        "microorganism": ("microorganism", _uri),
        "chemicalSubstance": ("chemical_substance", _uri),
        "coordinateReferenceSystem": ("coordinate_reference_system", _uri),
        "value": ("value", _number),
        "component": ("component", _word(vocabulary.COMPONENTS, "component")),
        "stringValue": ("string_value", _string),
        "booleanValue": ("boolean_value", _boolean),
        "hexBinaryValue": ("hex_binary_value", _matching(_HEX, "not hexadecimal")),
        "uriValue": ("uri_value", _uri),
        "minValue": ("min_value", _number),
        "maxValue": ("max_value", _number),
        "meanValue": ("mean_value", _number),
        "sDev": ("s_dev", _number),
        "percRank": ("perc_rank", _number),
        "percValue": ("perc_value", _number),
        "uom": ("uom", _string),
    },
    required=("type",),
)
_sensor_element = _record(
    SensorElement,
    {
        "sensorMetadata": ("sensor_metadata", _sensor_metadata),
        "sensorReport": ("sensor_report", _list(_sensor_report, least=1)),
    },
    required=("sensorReport",),
)


# --- events

_EVERY: _Members = {
    "eventTime": ("event_time", _time),
    "recordTime": ("record_time", _time),
    "eventTimeZoneOffset": (
        "event_time_zone_offset",
        _matching(_OFFSET, "not a time zone offset like +08:00"),
    ),
    "eventID": ("event_id", _uri),
    "certificationInfo": ("certification_info", _certification_info),
    "errorDeclaration": ("error_declaration", _error_declaration),
    "bizStep": ("biz_step", _word(vocabulary.BIZ_STEPS, "business step")),
    "disposition": ("disposition", _disposition),
    "readPoint": ("read_point", _place),
    "bizLocation": ("biz_location", _place),
    "bizTransactionList": ("biz_transaction_list", _list(_biz_transaction)),
    "sourceList": ("source_list", _list(_source)),
    "destinationList": ("destination_list", _list(_destination)),
    "sensorElementList": ("sensor_element_list", _list(_sensor_element)),
    "persistentDisposition": ("persistent_disposition", _persistent_disposition),
}
_ACTED: _Members = {**_EVERY, "action": ("action", _action)}
_FAMILY: _Members = {
    **_ACTED,
    "parentID": ("parent_id", _gs1_uri),
    "childEPCs": ("child_epcs", _any_epcs),
    "childQuantityList": ("child_quantity_list", _quantities),
}
_OBJECT: _Members = {
    **_ACTED,
    "ilmd": ("ilmd", _ilmd),
    "epcList": ("epc_list", _sets_of_epcs),
    "quantityList": ("quantity_list", _quantities),
}
_TRANSACTION: _Members = {
    **_ACTED,
    "bizTransactionList": ("biz_transaction_list", _list(_biz_transaction, least=1)),
    "parentID": ("parent_id", _gs1_uri),
    "epcList": ("epc_list", _any_epcs),
    "quantityList": ("quantity_list", _quantities),
}
_TRANSFORMATION: _Members = {
    **_EVERY,
    "ilmd": ("ilmd", _ilmd),
    "inputEPCList": ("input_epc_list", _sets_of_epcs),
    "inputQuantityList": ("input_quantity_list", _quantities),
    "outputEPCList": ("output_epc_list", _sets_of_epcs),
    "outputQuantityList": ("output_quantity_list", _quantities),
    "transformationID": ("transformation_id", _uri),
}


def _object_holds(event: Event, where: str) -> None:
    observed = event.sensor_element_list and event.read_point
    if "epcList" not in event.document and not event.quantity_list and not observed:
        raise InvalidEvent("neither epcList, quantityList nor sensorElementList with a readPoint", where)
    if "ilmd" in event.document and event.action != "ADD":
        raise InvalidEvent("only the action ADD goes with ilmd", f"{where}/ilmd")


def _family_holds(event: Event, where: str) -> None:
    if not event.child_epcs and not event.child_quantity_list and event.action != "DELETE":
        raise InvalidEvent("neither childEPCs nor childQuantityList, which only DELETE may lack", where)


def _transaction_holds(event: Event, where: str) -> None:
    if "epcList" not in event.document and not event.quantity_list and event.action != "DELETE":
        raise InvalidEvent("neither epcList nor quantityList, which only DELETE may lack", where)


def _transformation_holds(event: Event, where: str) -> None:
    inputs = event.input_epc_list or event.input_quantity_list
    outputs = event.output_epc_list or event.output_quantity_list
    if not (inputs and outputs) and not ((inputs or outputs) and event.transformation_id is not None):
        raise InvalidEvent("inputs and outputs, or one of them and a transformationID, are missing", where)


_TIMED = ("eventTime", "eventTimeZoneOffset")
_EVENTS: Mapping[str, tuple[_Members, tuple[str, ...], Callable[[Event, str], None]]] = {
    "ObjectEvent": (_OBJECT, (*_TIMED, "action"), _object_holds),
    "AggregationEvent": (_FAMILY, (*_TIMED, "action"), _family_holds),
    "AssociationEvent": (_FAMILY, (*_TIMED, "action", "parentID"), _family_holds),
    "TransactionEvent": (_TRANSACTION, (*_TIMED, "action", "bizTransactionList"), _transaction_holds),
    "TransformationEvent": (_TRANSFORMATION, _TIMED, _transformation_holds),
}


def _event(value: Any, context: Json, where: str) -> Event:
    """`context` is the document's, already looked at; None where the event has to bring its own."""
    kind = _an_object(value, where).get("type")
    if kind is None:
        raise InvalidEvent("type is missing", where)
    if type(kind) is not str or kind not in _EVENTS:
        raise InvalidEvent("not one of " + ", ".join(_EVENTS), f"{where}/type")
    members, required, holds = _EVENTS[kind]
    known: dict[str, Any] = {}
    extensions: dict[str, Json] = {}
    for name, item in value.items():
        member = members.get(name)
        if member is not None:
            known[member[0]] = member[1](item, f"{where}/{name}")
        elif name == "@context":
            _context(item, f"{where}/@context")
        elif name == STATEMENT:
            known["statement"] = item
        elif name != "type":
            _extension_name(name, where)
            extensions[name] = item
    _all_there(value, required, where)
    event = Event(
        type=kind,
        document=document_of(value, context),
        event_time_ms=times.milliseconds(known["event_time"]),
        extensions=extensions,
        **known,
    )
    holds(event, where)
    return event


# --- the document around them


def _body(value: Any, where: str) -> None:
    if "eventList" not in _an_object(value, where):
        raise InvalidEvent("eventList is missing", where)
    if type(value["eventList"]) is not list:
        raise InvalidEvent("not a list", f"{where}/eventList")


def _header(value: Any, where: str) -> None:
    for name in _an_object(value, where):
        if name != "epcisMasterData":
            _extension_name(name, where)
    master = _an_object(value.get("epcisMasterData", {}), f"{where}/epcisMasterData")
    _vocabularies(master.get("vocabularyList", []), f"{where}/epcisMasterData/vocabularyList")


def _vocabulary_attribute(value: Any, where: str) -> None:
    _all_there(_an_object(value, where), ("id",), where)
    _uri(value["id"], f"{where}/id")
    content = value.get("attribute", "")
    if type(content) not in (int, float, str, dict):
        raise InvalidEvent("neither a number, a string nor an object", f"{where}/attribute")


def _vocabulary_element(value: Any, where: str) -> None:
    _all_there(_an_object(value, where), ("id",), where)
    _uri(value["id"], f"{where}/id")
    _vocabulary_attributes(value.get("attributes", []), f"{where}/attributes")
    _uris(value.get("children", []), f"{where}/children")


def _vocabulary(value: Any, where: str) -> None:
    _all_there(_an_object(value, where), ("type",), where)
    _uri(value["type"], f"{where}/type")
    _vocabulary_elements(value.get("vocabularyElementList", []), f"{where}/vocabularyElementList")


_vocabularies = _list(_vocabulary)
_vocabulary_elements = _list(_vocabulary_element)
_vocabulary_attributes = _list(_vocabulary_attribute)

_DOCUMENT: Mapping[str, Callable[[Any, str], object]] = {
    "@context": _context,
    "id": _uri,
    "type": _string,
    "schemaVersion": _matching(_VERSION, "not a version like 2.0"),
    "creationDate": _time,
    "instanceIdentifier": _string,
    "sender": _string,
    "receiver": _string,
    "epcisHeader": _header,
    "epcisBody": _body,
}

"""The event hash of CBV 2.0 (section 8.9): `ni:///sha-256;{hex}?ver=CBV2.0`.

An event's identity, the same however it is written. It leaves out `eventID`, `recordTime`,
`errorDeclaration` and comments, so it is no commitment: what is signed is the hash of the document. Where
the standard's prose and the published test vectors differ, this does what the vectors do:

    eventType=… then, in this order, those members that are there
      eventTime eventTimeZoneOffset certificationInfo parentID epcList inputEPCList childEPCs quantityList
      childQuantityList inputQuantityList outputEPCList outputQuantityList action transformationID bizStep
      disposition persistentDisposition readPoint bizLocation sensorElementList
    then, sorted as text
      bizTransactionList destinationList ilmd sourceList and the extensions, `{namespace}name=value`

A `type` comes before what it is the type of; members of a list are sorted as text; times are UTC in
milliseconds, rounded half to even; whatever reads as a decimal number, text too, is written as the shortest
form of its double; and `bizRules` of a sensor report stands at the end, as a member without a place in the
order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Any

from suyuan.core.epcis import times, vocabulary
from suyuan.core.epcis.contexts import Names, names_of
from suyuan.core.epcis.identifiers import canonical_uri

_Write = Callable[[str, Any, Names], str]

_COMMENTS = frozenset(("comment", "{http://www.w3.org/2000/01/rdf-schema#}comment"))
_LEFT_OUT = frozenset(("type", "@context", "eventID", "recordTime", "errorDeclaration"))


def event_hash(event: Mapping[str, Any], context: Any = None) -> str:
    """The hash URI of an event, a JSON object in the shape that EPCIS gives it.

    `context` is the `@context` around it; its own counts in any case.
    """
    return _hash_uri(prehash(event, context))


def document_hashes(document: Mapping[str, Any]) -> list[str]:
    """The hash URIs of all events of an EPCISDocument or EPCISQueryDocument, in order."""
    return [_hash_uri(text) for text in document_prehashes(document)]


def document_prehashes(document: Mapping[str, Any]) -> list[str]:
    """What is hashed for each event of a document.

    A member `ignoreFields` (in any namespace) of the document or its body lists extensions without effect.
    """
    context = document.get("@context")
    names = names_of(context)
    ignored: set[str] = set()
    level: Any = document
    for deeper in ("epcisBody", "queryResults", "resultsBody", ""):
        for name, value in level.items():
            if name.endswith(":ignoreFields"):
                ignored.update(names.member(field) for field in value)
        if deeper not in level:
            break
        level = level[deeper]
    events = level["eventList"] if "eventList" in level else [level["event"]]
    return [prehash(event, context, frozenset(ignored)) for event in events]


def prehash(event: Mapping[str, Any], context: Any = None, ignored: frozenset[str] = frozenset()) -> str:
    """The text whose SHA-256 is the event's hash. `ignored`: expanded names of extensions without effect."""
    names = names_of(context, event.get("@context"))
    get = event.get
    parts = ["eventType=" + names.uri(str(get("type")))]
    for name, write in _ORDER:
        value = get(name)
        if value is not None:
            parts.append(write(name, value, names))
    rest = []
    for name, value in event.items():
        if name in _ORDERED or name in _LEFT_OUT:
            continue
        write_pairs = _PAIRS.get(name)
        if write_pairs is not None:
            rest.append(write_pairs(name, value, names))
            continue
        expanded = names.member(name)
        if expanded not in ignored:
            _extension(expanded, value, names, rest)
    rest.append(_report_rules(get("sensorElementList"), names))
    rest.sort()
    return "".join(parts) + "".join(rest)


def hash_uri(digest: bytes) -> str:
    """The hash URI of the 32 bytes in it."""
    return f"ni:///sha-256;{digest.hex()}?ver=CBV2.0"


def _hash_uri(text: str) -> str:
    return hash_uri(sha256(text.encode()).digest())


# --- values

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
_EXACT = 2**53


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def _text(value: Any, names: Names) -> str:
    """A scalar's canonical text; empty for what is no scalar."""
    kind = type(value)
    if kind is str:
        value = value.strip()
        prefix, colon, rest = value.partition(":")
        if colon:
            namespace = names.prefixes.get(prefix)
            if namespace is not None and not rest.startswith("//"):
                value = namespace + rest
            if prefix == "urn" and rest.startswith("epcglobal:cbv:"):
                return _web_term(value)
            return canonical_uri(value)
        if _NUMBER.match(value):
            number = float(value)
            return value if number in (float("inf"), float("-inf")) else _number(number)
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value) if -_EXACT <= value <= _EXACT else _number(float(value))
    if kind is float:
        return _number(value)
    return ""


def _web_term(urn: str) -> str:
    stem, _, term = urn.rpartition(":")
    web = vocabulary.CBV_URNS.get(stem + ":")
    return web + term if web else urn


def _scalar(name: str, value: Any, names: Names) -> str:
    text = _text(value, names)
    return f"{name}={text}" if text else ""


def _scalars(name: str, value: Any, names: Names) -> str:
    """One or several values, the name before each."""
    if type(value) is list:
        return "".join(sorted(_scalar(name, item, names) for item in value))
    return _scalar(name, value, names)


def _time(name: str, value: Any, names: Names) -> str:  # noqa: ARG001
    return f"{name}={times.canonical(str(value).strip())}"


def _word(terms: Mapping[str, str]) -> _Write:
    """A value that may be a bare word of the vocabulary; also a list of them."""

    def write(name: str, value: Any, names: Names) -> str:
        if type(value) is list:
            return "".join(sorted(write(name, item, names) for item in value))
        term = terms.get(value) if type(value) is str else None
        return f"{name}={term}" if term else _scalar(name, value, names)

    return write


# --- lists and objects


def _epcs(name: str, value: Any, names: Names) -> str:
    epcs = sorted([_text(epc, names) for epc in value])
    return f"{name}epc=" + "epc=".join(epcs) if epcs else ""


def _quantities(name: str, value: Any, names: Names) -> str:
    return _list(name, [_members("quantityElement", item, _QUANTITY, names) for item in value])


def _pairs(identifier: str, write_type: _Write) -> _Write:
    """bizTransactionList, sourceList, destinationList"""

    def write(name: str, value: Any, names: Names) -> str:
        items = []
        for item in value:
            kind = item.get("type")
            typed = write_type("type", kind, names) if kind is not None else ""
            items.append(typed + _scalar(identifier, item.get(identifier), names))
        return _list(name, items)

    return write


def _list(name: str, items: list[str]) -> str:
    items.sort()
    text = "".join(items)
    return name + text if text else ""


def _object(order: Mapping[str, tuple[int, _Write]]) -> _Write:
    def write(name: str, value: Any, names: Names) -> str:
        return _members(name, value, order, names)

    return write


def _members(name: str, value: Mapping[str, Any], order: Mapping[str, tuple[int, _Write]], names: Names) -> str:
    """An object with ordered members, its extensions after them; empty where there are none."""
    known = []
    extensions: list[str] = []
    for member, item in value.items():
        place = order.get(member)
        if place is None:
            _extension(names.member(member), item, names, extensions)
        elif item is not None:
            known.append((place[0], place[1](member, item, names)))
    known.sort()
    extensions.sort()
    text = "".join([part for _, part in known]) + "".join(extensions)
    return name + text if text else ""


def _extension(name: str, value: Any, names: Names, into: list[str]) -> None:
    """Append `name=value`, or the name and its sorted members; a list gives one for each of its items."""
    if name == "@context" or name in _COMMENTS or value is None:
        return
    if type(value) is list:
        for item in value:
            if type(item) is list:
                inner: list[str] = []
                _extension("", item, names, inner)
                into.append(name + "".join(sorted(inner)))
            else:
                _extension(name, item, names, into)
    elif type(value) is dict:
        context = value.get("@context")
        if context is not None:
            names = names.within(context)
        members: list[str] = []
        for member, item in value.items():
            _extension(names.member(member), item, names, members)
        members.sort()
        into.append(name + "".join(members))
    else:
        text = _text(value, names)
        into.append(f"{name}={text}" if text else name)


def _sensor_elements(name: str, value: Any, names: Names) -> str:
    return _list(name, [_members("sensorElement", item, _SENSOR_ELEMENT, names) for item in value])


def _sensor_reports(name: str, value: Any, names: Names) -> str:
    return "".join(sorted([_members(name, item, _SENSOR_REPORT, names) for item in value]))


def _report_rules(elements: Any, names: Names) -> str:
    """What is left of a sensorElementList: the `bizRules` of its reports."""
    found = []
    for element in elements or ():
        rules = [
            "sensorReport" + _scalar("bizRules", report["bizRules"], names)
            for report in element.get("sensorReport", ())
            if "bizRules" in report
        ]
        if rules:
            found.append(_list("sensorElement", rules))
    return _list("sensorElementList", found)


def _nothing(name: str, value: Any, names: Names) -> str:  # noqa: ARG001
    return ""


def _ranked(*members: tuple[str, _Write]) -> Mapping[str, tuple[int, _Write]]:
    return {name: (rank, write) for rank, (name, write) in enumerate(members)}


_PLACE = _ranked(("id", _scalar))
_QUANTITY = _ranked(("epcClass", _scalar), ("quantity", _scalar), ("uom", _scalar))
_DISPOSITION = _word(vocabulary.DISPOSITIONS)
_PERSISTENT_DISPOSITION = _ranked(("set", _DISPOSITION), ("unset", _DISPOSITION))
_SENSOR_METADATA = _ranked(
    ("time", _time),
    ("startTime", _time),
    ("endTime", _time),
    ("deviceID", _scalar),
    ("deviceMetadata", _scalar),
    ("rawData", _scalar),
    ("dataProcessingMethod", _scalar),
    ("bizRules", _scalar),
)
_SENSOR_REPORT = _ranked(
    ("type", _word(vocabulary.MEASUREMENTS)),
    ("exception", _word(vocabulary.ALERTS)),
    ("deviceID", _scalar),
    ("deviceMetadata", _scalar),
    ("rawData", _scalar),
    ("dataProcessingMethod", _scalar),
    ("time", _time),
    ("microorganism", _scalar),
    ("chemicalSubstance", _scalar),
    ("value", _scalar),
    ("component", _word(vocabulary.COMPONENTS)),
    ("stringValue", _scalar),
    ("booleanValue", _scalar),
    ("hexBinaryValue", _scalar),
    ("uriValue", _scalar),
    ("minValue", _scalar),
    ("maxValue", _scalar),
    ("meanValue", _scalar),
    ("sDev", _scalar),
    ("percRank", _scalar),
    ("percValue", _scalar),
    ("uom", _scalar),
    ("coordinateReferenceSystem", _scalar),
    ("bizRules", _nothing),
)
_SENSOR_ELEMENT = _ranked(("sensorMetadata", _object(_SENSOR_METADATA)), ("sensorReport", _sensor_reports))

_ORDER: Iterable[tuple[str, _Write]] = (
    ("eventTime", _time),
    ("eventTimeZoneOffset", _scalar),
    ("certificationInfo", _scalars),
    ("parentID", _scalar),
    ("epcList", _epcs),
    ("inputEPCList", _epcs),
    ("childEPCs", _epcs),
    ("quantityList", _quantities),
    ("childQuantityList", _quantities),
    ("inputQuantityList", _quantities),
    ("outputEPCList", _epcs),
    ("outputQuantityList", _quantities),
    ("action", _scalar),
    ("transformationID", _scalar),
    ("bizStep", _word(vocabulary.BIZ_STEPS)),
    ("disposition", _DISPOSITION),
    ("persistentDisposition", _object(_PERSISTENT_DISPOSITION)),
    ("readPoint", _object(_PLACE)),
    ("bizLocation", _object(_PLACE)),
    ("sensorElementList", _sensor_elements),
)
_ORDERED = frozenset(name for name, _ in _ORDER)
_PARTY_TYPE = _word(vocabulary.SOURCE_DESTINATION_TYPES)
_PAIRS: Mapping[str, _Write] = {
    "bizTransactionList": _pairs("bizTransaction", _word(vocabulary.BIZ_TRANSACTION_TYPES)),
    "sourceList": _pairs("source", _PARTY_TYPE),
    "destinationList": _pairs("destination", _PARTY_TYPE),
}

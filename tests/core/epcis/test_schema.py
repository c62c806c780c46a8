"""The model against GS1's own JSON schema, on the published documents and on what mutation makes of them."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker

from core.epcis.reference import CAPTURE, SCHEMA, load, needs_reference, params
from core.epcis.samples import object_event
from suyuan.core.epcis import event_hash, parse_document, parse_event, subjects_named
from suyuan.core.errors import InvalidEvent

pytestmark = needs_reference

formats = FormatChecker(formats=())


@formats.checks("uri")
def is_uri(value: object) -> bool:
    """RFC 3986, put together from other parts than the model's."""
    if not isinstance(value, str):
        return True
    scheme, colon, _ = value.partition(":")
    sound = value.isascii() and value.isprintable() and not set(value) & set(' "<>\\^`{|}')
    escaped = len(re.findall("%[0-9a-fA-F]{2}", value)) == value.count("%")
    named = scheme[:1].isalpha() and all(c.isalnum() or c in "+-." for c in scheme)
    return bool(colon) and sound and escaped and named and bool(urlsplit(value))


@formats.checks("date-time")
def is_date_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        return value[10:11] == "T" and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


@cache
def validator() -> Draft7Validator:
    return Draft7Validator(load(SCHEMA), format_checker=formats)


def accepted(content: Any) -> bool:
    """The model's verdict. What it takes has a hash and subjects."""
    try:
        events = parse_document(content) if content.get("type") == "EPCISDocument" else (parse_event(content),)
    except InvalidEvent:
        return False
    for event in events:
        assert event_hash(event.document).startswith("ni:///sha-256;")
        assert all(subject.startswith("/") for subject in subjects_named(event))
    return True


# Published as valid, and taken, though the schema refuses it once its formats are asserted.
LAXER = {"AggregationEvent_with_persistentDisposition"}


PUBLISHED = [param for kind in ("Documents", "Events", "Invalid") for param in params(CAPTURE / kind)]


@pytest.mark.parametrize("path", PUBLISHED)
def test_published_documents_get_the_verdict_of_the_schema(path: Path) -> None:
    content = load(path)
    assert validator().is_valid(content) == accepted(content) or path.stem in LAXER


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inner:
        yield (*path, name)
        yield from places(item, (*path, name))


@cache
def sources() -> list[Any]:
    folders = (CAPTURE / "Documents", CAPTURE / "Events", CAPTURE / "Invalid")
    files = [path for folder in folders for path in sorted(folder.glob("*.json")) if path.stem not in LAXER]
    return [*map(load, files), object_event()]


values = st.sampled_from(
    [
        None, True, 0, 1.5, "", "x", "x y", "urn:x:y", "https://example.com/a%zz", "https://example.com/é", "tea:x",
        "http://ns.gs1.org/cbv/x", "urn:epcglobal:cbv:bizstep:shipping", "https://gs1.org/voc/Temperature",
        "https://www.gs1.org/voc/x", "https://ref.gs1.org/cbv/BizStep-shipping", "gs1:Temperature", "shipping",
        "recalled", "po", "location", "Temperature", "x", "incorrect_data", "2026-11-24T10:00:00Z",
        "2026-11-24T10:00:00.123456+08:00", "2026-11-24T10:00:00", "2026-13-24T10:00:00Z", "+02:00", "-14:00",
        "+14:01", "+2:00", "OBSERVE", "ADD", "DELETE", "KGM", "KG", "kgm", "f0F", "2.0", "2.", [], {}, [{}],
        ["urn:x:y"], ["urn:x:y", "urn:x:y"], ["recalled", "recalled"], {"id": "urn:x:y"}, {"set": ["recalled"]},
        [{"epcClass": "urn:x:y"}], [{"type": "po", "bizTransaction": "urn:x:y"}],
        [{"sensorReport": [{"type": "Time"}]}],
        "ObjectEvent", "AggregationEvent", "AssociationEvent", "TransactionEvent", "TransformationEvent",
    ]
)  # fmt: skip
member_names = st.sampled_from(
    [
        "tea:x", "x", "", "@context", "type", "id", "action", "eventID", "recordTime", "epcList", "quantityList",
        "parentID", "childEPCs", "childQuantityList", "inputEPCList", "inputQuantityList", "outputEPCList",
        "outputQuantityList", "transformationID", "bizStep", "disposition", "readPoint", "bizLocation", "ilmd",
        "bizTransactionList", "sourceList", "destinationList", "sensorElementList", "certificationInfo",
        "errorDeclaration", "sensorMetadata", "uom", "quantity", "component", "exception", "reason", "value",
        "hexBinaryValue", "booleanValue", "sender", "epcisHeader", "time", "bizRules", "set", "unset",
    ]
)  # fmt: skip


@st.composite
def mutants(draw: st.DrawFn) -> Any:
    """A published document with one to three members gone, replaced, doubled, renamed or new."""
    content = copy.deepcopy(draw(st.sampled_from(sources())))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(list(places(content))))
        place: Any = content
        for name in way:
            place = place[name]
        what = draw(st.sampled_from(["gone", "replaced", "doubled", "renamed", "new"]))
        if what == "gone":
            del place[last]
        elif what == "replaced":
            place[last] = copy.deepcopy(draw(values))
        elif what == "doubled" and isinstance(place, list):
            place.append(copy.deepcopy(place[last]))
        elif what == "renamed" and isinstance(place, dict):
            place[draw(member_names)] = place.pop(last)
        elif isinstance(place, dict):
            place[draw(member_names)] = copy.deepcopy(draw(values))
    return content


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=mutants())
@example(content=object_event(type="tea:Event"))
def test_mutated_documents_get_the_verdict_of_the_schema(content: Any) -> None:
    """But for events of other types, which only the schema takes."""
    events = content.get("epcisBody", content)
    events = events.get("eventList", [events]) if isinstance(events, dict) else []
    kinds = [event.get("type") for event in events if isinstance(event, dict)] if isinstance(events, list) else []
    if any(isinstance(kind, str) and ":" in kind for kind in kinds):
        assert not accepted(content)
    else:
        assert validator().is_valid(content) == accepted(content)

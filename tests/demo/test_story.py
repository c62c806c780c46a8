"""The demo's story holds together: as GS1 syntax, as a chain of custody, as two languages."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from demo_story import Story, Text, story
from demo_story.keys import check_digit

SCHEMA = Path(__file__).resolve().parents[3] / "shared/reference/epcis/gs1-epcis/artefacts/EPCIS-JSON-Schema.json"
TYPES = {"ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent", "AssociationEvent"}
QUANTITY_LISTS = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")
EPC_LISTS = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")


@cache
def told() -> Story:
    return story()


def events() -> list[dict[str, Any]]:
    return [event for _, event in told().events]


def time(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["eventTime"])


def named(event: dict[str, Any]) -> list[str]:
    """Every EPC and class that an event names."""
    found = [epc for name in EPC_LISTS for epc in event.get(name, [])]
    found += [amount["epcClass"] for name in QUANTITY_LISTS for amount in event.get(name, [])]
    return found + ([event["parentID"]] if "parentID" in event else [])


@cache
def spellings() -> dict[str, str]:
    """Both spellings of everything declared, each to its subject."""
    ids = [lot.id for lot in told().lots] + [batch.id for batch in told().batches]
    ids += [parcel.id for parcel in told().parcels] + [asset.id for asset in told().assets]
    ids += [item for batch in told().batches for item in batch.items()]
    return {spelling: one.path for one in ids for spelling in (one.spelled("urn"), one.spelled("link"))}


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


def test_story_is_always_the_same() -> None:
    assert story() == story()


def test_story_has_all_five_types_and_some_sixty_events() -> None:
    assert {event["type"] for event in events()} == TYPES
    assert 55 <= len(events()) <= 70
    assert {event["action"] for event in events() if event["type"] == "ObjectEvent"} == {"ADD", "OBSERVE", "DELETE"}
    retracted = sum("errorDeclaration" in event for event in events())
    assert retracted == 1
    distinct = {json.dumps(event, sort_keys=True) for event in events()}
    assert len(events()) == len(distinct)


def test_story_has_its_cast_and_goods() -> None:
    roles = Counter(participant.role for participant in told().participants)
    assert roles["merchant"] == 3
    assert len(told().products) >= 3
    assert len(told().batches) >= 5
    merchants = {one.slug for one in told().participants if one.role == "merchant"}
    assert {batch.merchant for batch in told().batches} == merchants
    assert {author for author, _ in told().events} <= {one.slug for one in told().participants}
    assert len({one.slug for one in told().participants}) == len(told().participants)


def test_documents_follow_the_schema_of_gs1() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    if not SCHEMA.exists():
        pytest.skip(f"the schema of GS1 is not here: {SCHEMA}")
    validator = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    for capture in told().captures:
        assert [f"{fault.json_path}: {fault.message}" for fault in validator.iter_errors(capture.document)] == []


def test_events_are_parsed_by_the_core() -> None:
    epcis = pytest.importorskip("suyuan.core.epcis", reason="suyuan.core.epcis is not there yet")
    for capture in told().captures:
        parsed = epcis.parse_document(capture.document)
        assert len(capture.events) == len(parsed)
        for event, one in zip(capture.events, parsed, strict=True):
            assert {spellings()[epc] for epc in named(event)} == set(epcis.subjects_named(one))


def test_event_hashes_differ_but_for_the_retraction() -> None:
    epcis = pytest.importorskip("suyuan.core.epcis", reason="suyuan.core.epcis is not there yet")
    counted = Counter(
        epcis.event_hash(one.document) for capture in told().captures for one in epcis.parse_document(capture.document)
    )
    assert [times for times in counted.values() if times > 1] == [2]


def test_check_digits_are_right() -> None:
    keys = [batch.product.gtin for batch in told().batches]
    keys += [product.gtin for product in (*told().products, *told().materials)]
    keys += [place.gln for participant in told().participants for place in participant.places]
    keys += [parcel.id.path.removeprefix("/00/") for parcel in told().parcels]
    for text in strings([capture.document for capture in told().captures]):
        keys += re.findall(r"https://id\.gs1\.org/(?:01|00|414|417)/(\d+)", text)
    assert [key for key in keys if check_digit(key[:-1]) != int(key[-1])] == []
    assert {13, 14, 18} == {len(key) for key in keys}


@pytest.mark.parametrize(("digits", "expected"), [("629104150021", 3), ("0061414112345", 2), ("10614141234567890", 8)])
def test_check_digit_is_that_of_gs1(digits: str, expected: int) -> None:
    assert expected == check_digit(digits)


def test_keys_are_all_of_the_demonstration_range() -> None:
    everything = [capture.document for capture in told().captures]
    for text in strings(everything):
        for prefix in re.findall(r"urn:epc:\w+:\w+:(\d+)\.", text):
            assert prefix.startswith("952")


def test_serials_are_a_thousand_and_all_different() -> None:
    for batch in told().batches:
        assert 1000 == batch.quantity == len(set(batch.serials))
        assert list(batch.serials) == sorted(batch.serials)
        assert set(batch.serials) == {item.path.rsplit("/", 1)[1] for item in batch.items()}
        assert all(re.fullmatch(r"[2-9A-HJ-NP-Z]{12}", serial) for serial in batch.serials)


def test_everything_named_is_declared() -> None:
    assert [epc for event in events() for epc in named(event) if epc not in spellings()] == []


def test_everything_declared_is_named() -> None:
    seen = {spellings()[epc] for event in events() for epc in named(event)}
    expected = {lot.id.path for lot in told().lots} | {batch.subject for batch in told().batches}
    expected |= {parcel.id.path for parcel in told().parcels}
    assert expected <= seen
    devices = {text for event in events() for text in strings(event.get("sensorElementList", []))}
    for asset in told().assets:
        assert asset.id.path in seen or {asset.id.spelled("urn"), asset.id.spelled("link")} & devices


def test_both_spellings_of_keys_are_used() -> None:
    epcs = [epc for event in events() for epc in named(event)]
    assert any(epc.startswith("urn:epc:") for epc in epcs)
    assert any(epc.startswith("https://id.gs1.org/") for epc in epcs)


def test_places_and_parties_are_in_the_profiles() -> None:
    profiles = [participant.document() for participant in told().participants]
    parties = {spelling for profile in profiles for spelling in profile["ids"]}
    places = {spelling for profile in profiles for place in profile["locations"] for spelling in place["ids"]}
    assert {event[name]["id"] for event in events() for name in ("readPoint", "bizLocation") if name in event} <= places
    for event in events():
        for end in ("source", "destination"):
            for named_end in event.get(f"{end}List", []):
                assert named_end[end] in (places if named_end["type"] == "location" else parties)


def test_a_retraction_is_captured_apart_from_what_it_retracts() -> None:
    for capture in told().captures:
        ids = [event["eventID"] for event in capture.events if "eventID" in event]
        assert len(set(ids)) == len(ids)


def test_times_are_of_china_in_the_season_and_in_order() -> None:
    for event in events():
        assert timedelta(hours=8) == time(event).utcoffset()
        assert event["eventTimeZoneOffset"] == "+08:00"
        assert "2026-09-01" <= event["eventTime"] < "2026-11-20"
    created = [capture.document["creationDate"] for capture in told().captures]
    assert created == sorted(created)
    for capture in told().captures:
        assert all(event["eventTime"] <= capture.document["creationDate"] for event in capture.events)


def test_sensor_logs_lie_before_their_event_and_inside_their_span() -> None:
    for event in events():
        for element in event.get("sensorElementList", []):
            span = element["sensorMetadata"]
            assert span["startTime"] < span["endTime"] <= event["eventTime"]
            for report in element["sensorReport"]:
                assert span["startTime"] <= report.get("time", span["endTime"]) <= span["endTime"]


def test_exactly_one_excursion_and_it_is_alarmed() -> None:
    runs = []
    for event in events():
        for element in event.get("sensorElementList", []):
            reports = element["sensorReport"]
            limits = {report["type"]: report for report in reports if "maxValue" in report}
            for report in (one for one in reports if "value" in one):
                limit = limits[report["type"]]
                low, high = limit.get("suyuan:lowerLimit", -1e9), limit.get("suyuan:upperLimit", 1e9)
                assert ("exception" in report) == (not low <= report["value"] <= high)
            runs += [list(run) for alarmed, run in groupby(reports, key=lambda one: "exception" in one) if alarmed]
    (excursion,) = runs
    assert {"ALARM_CONDITION"} == {report["exception"] for report in excursion}
    assert {"Temperature"} == {report["type"] for report in excursion}
    assert max(report["value"] for report in excursion) == 35.9


def test_each_batch_has_one_event_that_names_all_its_items() -> None:
    for batch in told().batches:
        items = {item.path for item in batch.items()}
        naming = [event for event in events() if items <= {spellings()[epc] for epc in named(event)}]
        assert [event["bizStep"] for event in naming] == ["commissioning"]


def histories() -> dict[str, list[dict[str, Any]]]:
    """The events of every item and parcel as they happened, those of what it was in at the time included."""
    inside: dict[str, set[str]] = defaultdict(set)
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def contents(subject: str) -> set[str]:
        return {subject}.union(*(contents(child) for child in inside[subject]))

    for event in sorted(events(), key=time):
        if event["type"] == "AggregationEvent":
            parent = spellings()[event["parentID"]]
            children = {spellings()[epc] for epc in event.get("childEPCs", [])}
            if event["action"] == "ADD":
                assert not children & {child for held in inside.values() for child in held}, "is in two at once"
                inside[parent] |= children
            else:
                assert children <= inside[parent], "was not in there"
                leaving = children or set(inside[parent])
                for subject in leaving:
                    found[subject].append(event)
                inside[parent] -= leaving
        for subject in {one for epc in named(event) for one in contents(spellings()[epc])}:
            found[subject].append(event)
    return found


def test_items_are_commissioned_then_packed_then_shipped_then_received_then_sold() -> None:
    order = ["commissioning", "packing", "shipping", "receiving", "unpacking", "retail_selling", "destroying"]
    complete = set()
    for subject, history in histories().items():
        if "/21/" not in subject:
            continue
        steps = [event["bizStep"] for event in history]
        assert steps[0] == "commissioning"
        assert steps.count("commissioning") == 1
        first = [steps.index(step) for step in order if step in steps]
        assert first == sorted(first), steps
        assert ("receiving" in steps) <= ("shipping" in steps), steps
        gone = [step for step in steps if step in ("retail_selling", "destroying")]
        assert len(gone) <= 1
        assert not gone or steps[-1] == gone[0]
        if gone == ["retail_selling"] and set(order[:6]) <= set(steps):
            complete.add(subject.split("/")[2])
    assert len(complete) == 3  # a crab, a bag of rice and a can of formula, from first to last


def test_class_quantities_never_exceed_what_there_is() -> None:
    made: dict[str, float] = defaultdict(float)
    used: dict[str, float] = defaultdict(float)
    wrong = {event["eventID"] for event in events() if "errorDeclaration" in event}
    for event in events():
        if event.get("eventID") in wrong:
            continue
        creates = event.get("outputQuantityList", []) + (
            event.get("quantityList", []) if event.get("action") == "ADD" and event["type"] == "ObjectEvent" else []
        )
        for amount in creates:
            made[spellings()[amount["epcClass"]]] += amount["quantity"]
        if event.get("bizStep") == "arriving":
            for amount in event["quantityList"]:
                made[spellings()[amount["epcClass"]]] += amount["quantity"]
        for amount in event.get("inputQuantityList", []):
            used[spellings()[amount["epcClass"]]] += amount["quantity"]
        for amount in event.get("quantityList", []):
            assert amount["quantity"] <= made[spellings()[amount["epcClass"]]]
    assert [subject for subject, quantity in used.items() if quantity > made[subject]] == []
    for batch in told().batches:
        assert batch.quantity == made[batch.subject]


def test_error_is_declared_on_the_same_event_and_put_right_after() -> None:
    at = next(number for number, event in enumerate(events()) if "errorDeclaration" in event)
    retraction = events()[at]
    declared = retraction["errorDeclaration"]
    assert declared["reason"] == "incorrect_data"
    without = {name: value for name, value in retraction.items() if name != "errorDeclaration"}
    assert without in events()[:at]
    right = [event for event in events()[at:] if event.get("eventID") in declared["correctiveEventIDs"]]
    assert len(right) == 1
    assert without["inputQuantityList"] != right[0]["inputQuantityList"]
    authors = {author for author, event in told().events if event in (without, retraction, right[0])}
    assert len(authors) == 1


def test_recall_comes_after_the_excursion_and_names_the_batch_that_got_warm() -> None:
    (recall,) = told().recalls
    warm = next(
        event
        for event in events()
        if any("exception" in report for one in event.get("sensorElementList", []) for report in one["sensorReport"])
    )
    assert recall.batch.subject in {spellings()[epc] for epc in named(warm)}
    assert warm["eventTime"] < recall.announced
    assert recall.by == recall.batch.merchant
    recalled = [event for event in events() if event.get("disposition") == "recalled"]
    assert recall.announced == recalled[0]["eventTime"]


def bilingual(value: Any, where: str = "") -> list[str]:
    """Where a text lacks a language, or has the wrong one."""
    if isinstance(value, Text):
        value = value.document()
    if isinstance(value, dict):
        texts = {name.removeprefix("suyuan:"): text for name, text in value.items()}
        if "zh" in texts or "en" in texts:
            zh, en = texts.get("zh", ""), texts.get("en", "")
            sound = re.search(r"[\u4e00-\u9fff]", zh) and en and not re.search(r"[\u3000-\u9fff\uff00-\uffef]", en)
            return [] if sound else [f"{where}: {value}"]
        return [fault for name, item in value.items() for fault in bilingual(item, f"{where}/{name}")]
    if isinstance(value, list):
        return [fault for at, item in enumerate(value) for fault in bilingual(item, f"{where}/{at}")]
    return []


def test_all_names_are_in_both_languages() -> None:
    documents: list[Any] = [participant.document() for participant in told().participants]
    documents += [product.document("0x00") for product in (*told().products, *told().materials)]
    documents += [batch.document() for batch in told().batches]
    documents += [recall.document() for recall in told().recalls]
    documents += [capture.document for capture in told().captures]
    documents += [lot.name for lot in told().lots] + [parcel.name for parcel in told().parcels]
    documents += [asset.name for asset in told().assets] + [example.name for example in told().examples]
    assert [fault for document in documents for fault in bilingual(document)] == []
    for product in told().products:
        for member in ("name", "brand", "origin", "storage", "description"):
            assert {"zh", "en"} == set(product.document("0x00")[member])


def test_examples_are_of_every_kind_and_have_a_history() -> None:
    assert {"product", "batch", "item", "parcel"} == {example.kind for example in told().examples}
    found = histories()
    products = {product.subject for product in told().products}
    for example in told().examples:
        assert example.subject in (products if example.kind == "product" else found), example

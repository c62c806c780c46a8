"""The event hash: the same for every way to write an event, another for every other event."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.epcis.samples import CONTEXT, document, epc_forms, extensions, object_event
from suyuan.core.epcis import document_hashes, document_prehashes, event_hash, prehash

NO_HASH = ("@context", "eventID", "recordTime", "errorDeclaration")


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same JSON with members and items in another order."""
    if isinstance(value, dict):
        names = list(value)
        chance.shuffle(names)
        return {name: shuffled(value[name], chance) for name in names}
    if isinstance(value, list):
        items = [shuffled(item, chance) for item in value]
        chance.shuffle(items)
        return items
    return value


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inner:
        if isinstance(item, dict | list):
            yield from leaves(item, (*path, name))
        else:
            yield (*path, name)


def with_leaf(event: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(event)
    place: Any = changed
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return changed


def test_the_hash_is_that_of_the_prehash_in_the_form_of_rfc_6920() -> None:
    event = object_event()
    expected = f"ni:///sha-256;{sha256(prehash(event).encode()).hexdigest()}?ver=CBV2.0"
    assert expected == event_hash(event)


def test_a_prehash_has_the_members_in_their_order() -> None:
    assert prehash(object_event()) == (
        "eventType=ObjectEventeventTime=2026-11-24T02:00:00.000ZeventTimeZoneOffset=+08:00"
        "epcListepc=https://id.gs1.org/01/09521141012345/21/2017"
        "epc=https://id.gs1.org/01/09521141012345/21/2018"
        "action=OBSERVEbizStep=https://ref.gs1.org/cbv/BizStep-shipping"
        "disposition=https://ref.gs1.org/cbv/Disp-in_transit"
        "readPointid=https://id.gs1.org/414/9521141000014{https://tea.example/ns/}gate=4"
        "bizLocationid=https://id.gs1.org/414/9521141000021"
        "sensorElementListsensorElement"
        "sensorMetadatatime=2026-11-24T01:55:00.000ZdeviceID=https://id.gs1.org/8004/95211411"
        "sensorReporttype=https://gs1.org/voc/RelativeHumidityvalue=40uom=P1"
        "sensorReporttype=https://gs1.org/voc/Temperaturevalue=4.5uom=CEL{https://tea.example/ns/}sealed=true"
        "bizTransactionList"
        "type=https://ref.gs1.org/cbv/BTT-desadvbizTransaction=urn:epcglobal:cbv:bt:9521141000021:4712"
        "type=https://ref.gs1.org/cbv/BTT-pobizTransaction=urn:epcglobal:cbv:bt:9521141000021:4711"
        "destinationListtype=https://ref.gs1.org/cbv/SDT-location"
        "destination=https://id.gs1.org/414/9521141000038/254/7"
        "sourceListtype=https://ref.gs1.org/cbv/SDT-owning_partysource=https://id.gs1.org/417/9521141000007"
        "{https://tea.example/ns/}harvest{https://tea.example/ns/}garden=Longjing"
        "{https://tea.example/ns/}plots=1{https://tea.example/ns/}plots=3"
        "{https://vat.example#}batch=2026-A"
    )


@given(extensions, extensions, st.randoms())
def test_the_order_of_members_and_items_does_not_matter(
    more: dict[str, Any], ilmd: dict[str, Any], chance: random.Random
) -> None:
    event = object_event(action="ADD", ilmd=ilmd, **more)
    other = {name: shuffled(value, chance) for name, value in event.items() if name != "@context"}
    assert event_hash(event) == event_hash({**shuffled(other, chance), "@context": CONTEXT})


@given(st.lists(epc_forms(), min_size=1, max_size=4))
def test_urns_and_digital_links_of_any_host_hash_alike(forms: list[tuple[str, str, str]]) -> None:
    urns = [urn for urn, _, _ in forms]
    links = [link for _, link, _ in forms]
    assert event_hash(object_event(epcList=urns)) == event_hash(object_event(epcList=links))
    quantities = [{"epcClass": urn, "quantity": 2} for urn in urns]
    others = [{"quantity": 2.0, "epcClass": link} for link in links]
    assert event_hash(object_event(quantityList=quantities)) == event_hash(object_event(quantityList=others))


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), st.integers(-840, 840))
def test_the_zone_in_which_a_time_is_written_does_not_matter(moment: datetime, minutes: int) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
    elsewhere = moment.astimezone(timezone(timedelta(minutes=minutes)))
    first, second = (object_event(eventTime=time.isoformat()) for time in (moment, elsewhere))
    assert event_hash(first) == event_hash(second)
    assert event_hash(first) != event_hash(object_event(eventTime=(moment + timedelta(seconds=1)).isoformat()))


@pytest.mark.parametrize(
    ("member", "first", "second"),
    [
        ("bizStep", "shipping", "https://ref.gs1.org/cbv/BizStep-shipping"),
        ("bizStep", "shipping", "cbv:BizStep-shipping"),
        ("bizStep", "shipping", "urn:epcglobal:cbv:bizstep:shipping"),
        ("disposition", "in_transit", "cbv:Disp-in_transit"),
        ("disposition", "in_transit", "urn:epcglobal:cbv:disp:in_transit"),
        ("persistentDisposition", {"set": ["recalled"]}, {"set": ["cbv:Disp-recalled"]}),
        ("certificationInfo", "tea:certificate", ["https://tea.example/ns/certificate"]),
        ("tea:weight", "12.50", 12.5),
        ("tea:weight", 12.0, 12),
        ("tea:weight", "+0012", 12),
        ("tea:weight", "1e3", 1000),
        ("tea:weight", -0.0, 0),
        ("tea:sealed", True, "true"),
        ("tea:note", " fresh ", "fresh"),
        ("tea:machine", "urn:epc:id:giai:4012345.ABC", "https://any.example/8004/4012345ABC"),
        ("tea:list", ["a"], "a"),
        ("tea:garden", {"rdfs:comment": "on a hill", "tea:row": 1}, {"tea:row": 1}),
        ("tea:gone", None, []),
        ("tea:harvest", {"@context": {"t": "https://tea.example/ns/"}, "t:row": 1}, {"tea:row": 1}),
        ("https://tea.example/ns/tin", 1, {"tea:tin": 1}),
        ("recordTime", "2026-11-24T10:00:01Z", None),
        ("eventID", "urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8", None),
        ("errorDeclaration", {"declarationTime": "2026-11-25T10:00:00Z"}, None),
        ("rdfs:comment", "what happened", None),
        ("epcList", [], None),
    ],
)
def test_ways_to_write_the_same_hash_alike(member: str, first: Any, second: Any) -> None:
    one = object_event(**{member: first})
    other = object_event(**{member: None, **second} if member.startswith("https") else {member: second})
    assert prehash(one) == prehash(other)
    assert event_hash(one) == event_hash(other)


@pytest.mark.parametrize("path", [path for path in leaves(object_event()) if path[0] not in NO_HASH], ids=str)
def test_a_change_of_any_value_changes_the_hash(path: tuple[Any, ...]) -> None:
    event = object_event()
    for value in ("something else", 12345.5):
        assert event_hash(event) != event_hash(with_leaf(event, path, value)), path


@pytest.mark.parametrize("member", [name for name in object_event() if name not in (*NO_HASH, "type")])
def test_a_member_that_goes_changes_the_hash(member: str) -> None:
    assert event_hash(object_event()) != event_hash(object_event(**{member: None}))


@given(extensions)
def test_an_extension_that_comes_changes_the_hash_but_for_empty_ones(more: dict[str, Any]) -> None:
    extended = {**object_event(), **{f"more:{name.partition(':')[2]}": value for name, value in more.items()}}
    said = any(value != [] for value in more.values())
    assert (event_hash(object_event()) != event_hash(extended)) == said


def test_prefixes_are_only_names() -> None:
    renamed = {
        "@context": [CONTEXT[0], {"cha": "https://tea.example/ns/"}, {"vat": {"@id": "https://vat.example#"}}],
        **{name.replace("tea:", "cha:"): value for name, value in object_event().items() if name != "@context"},
    }
    renamed["readPoint"] = {"id": "urn:epc:id:sgln:9521141.00001.0", "cha:gate": "4"}
    renamed["cha:harvest"] = {"cha:garden": "Longjing", "cha:plots": [3, 1]}
    renamed["sensorElementList"][0]["sensorReport"][0] = {
        "type": "gs1:Temperature", "value": 4.5, "uom": "CEL", "cha:sealed": "true",
    }  # fmt: skip
    assert prehash(object_event()) == prehash(renamed)


def test_a_namespace_may_be_declared_by_the_document_or_the_event() -> None:
    event = object_event()
    bare = {name: value for name, value in event.items() if name != "@context"}
    assert event_hash(event) == event_hash(bare, CONTEXT)
    assert event_hash(event) == event_hash({**bare, "@context": CONTEXT[1]}, CONTEXT[0])
    assert event_hash(event) != event_hash(bare, CONTEXT[0])


def test_a_namespace_may_be_built_on_another() -> None:
    context = {"shop": "https://shop.example/", "shelf": "shop:shelf#"}
    text = prehash(object_event(**{"@context": context, "shelf:row": 1}))
    assert "{https://shop.example/shelf#}row=1" in text


@pytest.mark.parametrize("text", ["1e999", "nan", "inf", "1_000", "٣", "0x10", "1.2.3", "12 kg", "--1"])
def test_text_that_reads_like_no_number_stays_as_it_is(text: str) -> None:
    assert f"size={text}" in prehash(object_event(**{"tea:size": text}))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.1, "0.1"),
        (1e22, "10000000000000000000000"),
        (2**53 + 1, "9007199254740992"),
        ("111100001111000011110000", "111100001111000003641344"),
        (1e-7, "1e-07"),
        (".5", "0.5"),
    ],
)
def test_numbers_are_those_of_doubles(value: Any, expected: str) -> None:
    assert f"size={expected}" in prehash(object_event(**{"tea:size": value}))


def test_bare_words_outside_their_places_stay_as_they_are() -> None:
    assert "{https://tea.example/ns/}word=shipping" in prehash(object_event(**{"tea:word": "shipping"}))
    assert "bizStep=brewing" in prehash(object_event(bizStep="brewing"))


def test_business_rules_of_a_sensor_report_stand_at_the_end() -> None:
    reports = [{"type": "Temperature", "value": 1, "bizRules": "https://example.com/253/4012345000054987"}]
    text = prehash(object_event(sensorElementList=[{"sensorReport": reports}]))
    assert "sensorReporttype=https://gs1.org/voc/Temperaturevalue=1bizTransactionList" in text
    assert (
        "sensorElementListsensorElementsensorReportbizRules=https://id.gs1.org/253/4012345000054987sourceList" in text
    )


def test_a_document_has_the_hashes_of_its_events() -> None:
    events = [object_event(), object_event(eventTime="2026-11-25T10:00:00Z")]
    assert [event_hash(event) for event in events] == document_hashes(document(*events))
    single = {"@context": CONTEXT, "epcisBody": {"event": {**events[0], "@context": []}}}
    assert [event_hash(events[0])] == document_hashes(single)


def test_a_query_document_can_name_members_without_effect() -> None:
    body = document(object_event())["epcisBody"]
    results = {"queryName": "q", "resultsBody": body, "tea:ignoreFields": ["vat:batch"]}
    answer = {"@context": CONTEXT, "type": "EPCISQueryDocument", "epcisBody": {"queryResults": results}}
    assert [prehash(object_event(**{"vat:batch": None}))] == document_prehashes(answer)


def test_the_hash_does_not_change_the_event() -> None:
    event = object_event()
    before = copy.deepcopy(event)
    event_hash(event)
    assert before == event

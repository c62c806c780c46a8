"""Events: what is taken, what is refused and where, and what an event names."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from core.epcis.reference import CAPTURE, HASHED, load, params
from core.epcis.samples import CONTEXT, document, object_event
from suyuan.core.epcis import (
    STATEMENT,
    BizTransaction,
    Destination,
    ErrorDeclaration,
    Event,
    PersistentDisposition,
    Place,
    Quantity,
    SensorElement,
    SensorMetadata,
    SensorReport,
    Source,
    document_of,
    parse_document,
    parse_event,
    subjects_named,
)
from suyuan.core.errors import InvalidEvent

TIMES = {"eventTime": "2026-11-24T10:00:00Z", "eventTimeZoneOffset": "+00:00", "@context": CONTEXT}
ITEM, LOT = "urn:epc:id:sgtin:9521141.001234.1", "urn:epc:class:lgtin:9521141.001234.L1"
CASE = "urn:epc:id:sscc:9521141.0123456789"


def event_of(kind: str, **members: Any) -> dict[str, Any]:
    return {"type": kind, **TIMES, **members}


def refused(value: Any) -> InvalidEvent:
    with pytest.raises(InvalidEvent) as caught:
        parse_event(value)
    return caught.value


def test_an_object_event_has_all_its_members() -> None:
    event = parse_event(
        object_event(
            action="ADD",
            eventID="urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8",
            recordTime="2026-11-24T02:00:01Z",
            certificationInfo="https://certificates.example/1",
            errorDeclaration={
                "declarationTime": "2026-11-25T02:00:00Z",
                "reason": "incorrect_data",
                "correctiveEventIDs": ["urn:uuid:0"],
                "tea:who": "Li",
            },
            quantityList=[{"epcClass": LOT, "quantity": 2.5, "uom": "KGM"}, {"epcClass": LOT}],
            persistentDisposition={"set": ["recalled"], "unset": ["available"]},
            ilmd={"cbvmda:lotNumber": "L1"},
            **{STATEMENT: {"by": "0x00"}},
        )
    )
    assert event == Event(
        type="ObjectEvent",
        document=event.document,
        event_time="2026-11-24T10:00:00.000+08:00",
        event_time_ms=1795485600000,
        event_time_zone_offset="+08:00",
        statement={"by": "0x00"},
        event_id="urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8",
        record_time="2026-11-24T02:00:01Z",
        certification_info=("https://certificates.example/1",),
        error_declaration=ErrorDeclaration(
            "2026-11-25T02:00:00Z", "incorrect_data", ("urn:uuid:0",), {"tea:who": "Li"}
        ),
        action="ADD",
        epc_list=("urn:epc:id:sgtin:9521141.001234.2017", "https://id.gs1.org/01/09521141012345/21/2018"),
        quantity_list=(Quantity(LOT, 2.5, "KGM"), Quantity(LOT)),
        biz_step="shipping",
        disposition="in_transit",
        persistent_disposition=PersistentDisposition(("recalled",), ("available",)),
        read_point=Place("urn:epc:id:sgln:9521141.00001.0", {"tea:gate": "4"}),
        biz_location=Place("urn:epc:id:sgln:9521141.00002.0"),
        biz_transaction_list=(
            BizTransaction("urn:epcglobal:cbv:bt:9521141000021:4711", "po"),
            BizTransaction("urn:epcglobal:cbv:bt:9521141000021:4712", "desadv"),
        ),
        source_list=(Source("urn:epc:id:pgln:9521141.00000", "owning_party"),),
        destination_list=(Destination("urn:epc:id:sgln:9521141.00003.7", "location"),),
        sensor_element_list=(
            SensorElement(
                (
                    SensorReport("Temperature", value=4.5, uom="CEL", extensions={"tea:sealed": True}),
                    SensorReport("RelativeHumidity", value=40, uom="P1"),
                ),
                SensorMetadata(time="2026-11-24T09:55:00+08:00", device_id="urn:epc:id:giai:9521141.1"),
            ),
        ),
        ilmd={"cbvmda:lotNumber": "L1"},
        extensions={"tea:harvest": {"tea:garden": "Longjing", "tea:plots": [3, 1]}, "vat:batch": "2026-A"},
    )


def test_a_sensor_report_has_all_its_members() -> None:
    report = {
        "type": "Angle", "exception": "ALARM_CONDITION", "deviceID": "urn:d:1", "deviceMetadata": "urn:d:2",
        "rawData": "urn:d:3", "dataProcessingMethod": "urn:d:4", "bizRules": "urn:d:5",
        "time": "2026-11-24T10:00:00Z", "microorganism": "urn:d:6", "chemicalSubstance": "urn:d:7",
        "coordinateReferenceSystem": "urn:d:8", "value": 1, "component": "x", "stringValue": "s",
        "booleanValue": False, "hexBinaryValue": "0aF", "uriValue": "urn:d:9", "minValue": 1, "maxValue": 2,
        "meanValue": 1.5, "sDev": 0.1, "percRank": 50, "percValue": 1.4, "uom": "DD", "tea:more": [],
    }  # fmt: skip
    (element,) = parse_event(object_event(sensorElementList=[{"sensorReport": [report]}])).sensor_element_list
    assert list(report.values()) == [
        getattr(element.sensor_report[0], name)
        for name in (
            "type", "exception", "device_id", "device_metadata", "raw_data", "data_processing_method",
            "biz_rules", "time", "microorganism", "chemical_substance", "coordinate_reference_system", "value",
            "component", "string_value", "boolean_value", "hex_binary_value", "uri_value", "min_value",
            "max_value", "mean_value", "s_dev", "perc_rank", "perc_value", "uom",
        )
    ] + [element.sensor_report[0].extensions["tea:more"]]  # fmt: skip


def test_events_cannot_be_changed() -> None:
    event = parse_event(object_event())
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.action = "DELETE"  # type: ignore[misc]


@pytest.mark.parametrize("path", params(CAPTURE / "Documents"))
def test_published_documents_are_taken(path: Path) -> None:
    content = load(path)
    events = parse_document(content)
    assert len(content["epcisBody"]["eventList"]) == len(events)
    for event, given in zip(events, content["epcisBody"]["eventList"], strict=True):
        assert event.document == {"@context": content["@context"], **given}


@pytest.mark.parametrize("path", params(CAPTURE / "Events"))
def test_published_events_are_taken(path: Path) -> None:
    assert load(path) == parse_event(load(path)).document


@pytest.mark.parametrize("path", params(HASHED, "*/*.json*"))
def test_documents_with_published_hashes_are_taken_but_for_answers_to_queries(path: Path) -> None:
    content = load(path)
    if content["type"] == "EPCISDocument":
        assert parse_document(content)
    else:
        with pytest.raises(InvalidEvent, match="not an EPCISDocument"):
            parse_document(content)


WHERE = {
    "Combination_of_events_with_missing_mandatory_fields": "/epcisBody/eventList/0",
    "Combination_of_non_standard_bizStep_and_disposition": "/epcisBody/eventList/0/bizStep",
    "ObjectEvent_with_invalid_certificationInfo": "/epcisBody/eventList/0/certificationInfo/0",
    "ObjectEvent_with_non_standard_bizStep_in_second_event": "/epcisBody/eventList/1/bizStep",
    "ObjectEvent_with_non_standard_disposition": "/epcisBody/eventList/0/disposition",
    "ObjectEvent_with_quantity_as_text": "/epcisBody/eventList/0/quantityList/0/quantity",
    "ObjectEvent_without_action_and_eventTime": "/epcisBody/eventList/0",
    "ObjectEvent_without_identifier_list": "/epcisBody/eventList/0",
}


@pytest.mark.parametrize("path", params(CAPTURE / "Invalid"))
def test_published_faulty_documents_are_refused_where_they_are_faulty(path: Path) -> None:
    with pytest.raises(InvalidEvent) as caught:
        parse_document(load(path))
    if path.stem in WHERE:
        assert WHERE[path.stem] == caught.value.where


@pytest.mark.parametrize(
    ("changes", "where", "message"),
    [
        ({"@context": None}, "", "@context is missing"),
        ({"@context": 1}, "/@context", "not a URI"),
        ({"@context": ["no uri"]}, "/@context/0", "not a URI"),
        ({"@context": [{"a": "urn:b"}, {"a": "urn:b"}]}, "/@context/1", "twice"),
        ({"type": None}, "", "type is missing"),
        ({"type": "tea:Event"}, "/type", "ObjectEvent"),
        ({"type": ["ObjectEvent"]}, "/type", "ObjectEvent"),
        ({"eventTime": None}, "", "eventTime is missing"),
        ({"eventTime": "2026-11-24T10:00:00"}, "/eventTime", "RFC 3339"),
        ({"eventTime": 1}, "/eventTime", "not a string"),
        ({"eventTimeZoneOffset": "+08"}, "/eventTimeZoneOffset", "time zone offset"),
        ({"eventTimeZoneOffset": "+14:30"}, "/eventTimeZoneOffset", "time zone offset"),
        ({"action": None}, "", "action is missing"),
        ({"action": "observe"}, "/action", "OBSERVE, ADD, DELETE"),
        ({"epcList": "urn:a:b"}, "/epcList", "not a list"),
        ({"epcList": ["urn:a:b", "tea"]}, "/epcList/1", "not a URI"),
        ({"epcList": ["urn:a:b c"]}, "/epcList/0", "not a URI"),
        ({"epcList": ["urn:a:%4"]}, "/epcList/0", "not a URI"),
        ({"epcList": ["urn:a:茶"]}, "/epcList/0", "not a URI"),
        ({"epcList": ["urn:a:b", "urn:a:b"]}, "/epcList", "twice"),
        ({"epcList": ["https://id.gs1.org/01/09521141012346"]}, "/epcList/0", "should be 5"),
        ({"epcList": ["https://id.gs1.org/01/952114101234/21/" + "x" * 21]}, "/epcList/0", "21"),
        ({"epcList": ["https://id.gs1.org/tea"]}, "/epcList/0", "no GS1 key"),
        ({"quantityList": [{"quantity": 1}]}, "/quantityList/0", "epcClass is missing"),
        ({"quantityList": [{"epcClass": LOT, "quantity": True}]}, "/quantityList/0/quantity", "not a number"),
        ({"quantityList": [{"epcClass": LOT, "quantity": float("nan")}]}, "/quantityList/0/quantity", "number"),
        ({"quantityList": [{"epcClass": LOT, "uom": "kg"}]}, "/quantityList/0/uom", "unit of measure"),
        ({"quantityList": [{"epcClass": LOT, "tea:x": 1}]}, "/quantityList/0/tea:x", "not a member"),
        ({"quantityList": [LOT]}, "/quantityList/0", "not an object"),
        ({"bizStep": "brewing"}, "/bizStep", "standard business step"),
        ({"bizStep": "urn:epcglobal:cbv:bizstep:shipping"}, "/bizStep", "standard business step"),
        ({"disposition": "https://ns.gs1.org/cbv/Disp-x"}, "/disposition", "standard disposition"),
        ({"persistentDisposition": {}}, "/persistentDisposition", "neither set nor unset"),
        ({"persistentDisposition": {"set": []}}, "/persistentDisposition/set", "empty"),
        ({"persistentDisposition": {"was": []}}, "/persistentDisposition/was", "not a member"),
        ({"readPoint": {}}, "/readPoint", "id is missing"),
        ({"readPoint": {"id": "https://id.gs1.org/414/9521141000013"}}, "/readPoint/id", "check digit"),
        ({"bizTransactionList": [{"type": "po"}]}, "/bizTransactionList/0", "bizTransaction is missing"),
        ({"sourceList": [{"source": "urn:a:b"}]}, "/sourceList/0", "type is missing"),
        (
            {"destinationList": [{"destination": "urn:a:b", "type": "shelf"}]},
            "/destinationList/0/type",
            "source or destination type",
        ),
        ({"sensorElementList": [{"sensorReport": []}]}, "/sensorElementList/0/sensorReport", "empty"),
        (
            {"sensorElementList": [{"sensorReport": [{"type": "https://gs1.org/voc/Speed"}]}]},
            "/sensorElementList/0/sensorReport/0/type",
            "standard measurement type",
        ),
        (
            {"sensorElementList": [{"sensorReport": [{"type": "Speed", "booleanValue": "true"}]}]},
            "/sensorElementList/0/sensorReport/0/booleanValue",
            "neither true nor false",
        ),
        (
            {"sensorElementList": [{"sensorReport": [{"type": "Speed", "hexBinaryValue": "0g"}]}]},
            "/sensorElementList/0/sensorReport/0/hexBinaryValue",
            "hexadecimal",
        ),
        (
            {"sensorElementList": [{"sensorMetadata": {"when": 1}, "sensorReport": [{"type": "Speed"}]}]},
            "/sensorElementList/0/sensorMetadata/when",
            "namespace",
        ),
        ({"certificationInfo": [{}]}, "/certificationInfo/0", "not a URI"),
        ({"errorDeclaration": {"reason": "incorrect_data"}}, "/errorDeclaration", "declarationTime is missing"),
        ({"ilmd": {"tea:lot": 1}}, "/ilmd", "only the action ADD"),
        ({"ilmd": {"lot": 1}, "action": "ADD"}, "/ilmd/lot", "namespace"),
        ({"parentID": CASE}, "/parentID", "namespace"),
        ({"a/b~c": 1}, "/a~1b~0c", "namespace"),
        ({"epcList": None, "quantityList": []}, "", "neither epcList"),
    ],
)
def test_the_first_fault_is_named_with_its_place(changes: dict[str, Any], where: str, message: str) -> None:
    base = {**changes} if "sensorElementList" in changes else {"sensorElementList": None, **changes}
    fault = refused(object_event(**base))
    assert where == fault.where
    assert message in str(fault)


@pytest.mark.parametrize("value", [None, 1, "event", [], [object_event()]])
def test_what_is_no_object_is_no_event(value: Any) -> None:
    assert "not an object" in str(refused(value))


@pytest.mark.parametrize(
    "event",
    [
        event_of("ObjectEvent", action="OBSERVE", epcList=[]),
        event_of(
            "ObjectEvent",
            action="OBSERVE",
            readPoint={"id": "geo:30.2,120.1"},
            sensorElementList=[{"sensorReport": [{"type": "Speed"}]}],
        ),
        event_of("AggregationEvent", action="DELETE", parentID=CASE),
        event_of("AggregationEvent", action="ADD", parentID=CASE, childEPCs=[ITEM, ITEM]),
        event_of("AggregationEvent", action="OBSERVE", childQuantityList=[{"epcClass": LOT}]),
        event_of("AssociationEvent", action="DELETE", parentID=CASE),
        event_of("TransactionEvent", action="ADD", epcList=[], bizTransactionList=[{"bizTransaction": "urn:a:b"}]),
        event_of("TransactionEvent", action="DELETE", bizTransactionList=[{"bizTransaction": "urn:a:b"}]),
        event_of("TransformationEvent", inputEPCList=[ITEM], outputQuantityList=[{"epcClass": LOT}]),
        event_of("TransformationEvent", outputEPCList=[ITEM], transformationID="urn:a:b"),
    ],
)
def test_the_least_that_an_event_may_say_is_taken(event: dict[str, Any]) -> None:
    assert event["type"] == parse_event(event).type


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (
            event_of("ObjectEvent", action="OBSERVE", sensorElementList=[{"sensorReport": [{"type": "Speed"}]}]),
            "readPoint",
        ),
        (event_of("AggregationEvent", action="ADD", parentID=CASE), "neither childEPCs"),
        (event_of("AggregationEvent", action="ADD", childEPCs=[]), "neither childEPCs"),
        (event_of("AssociationEvent", action="ADD", childEPCs=[ITEM]), "parentID is missing"),
        (event_of("TransactionEvent", action="ADD", epcList=[ITEM]), "bizTransactionList is missing"),
        (event_of("TransactionEvent", action="ADD", bizTransactionList=[]), "empty"),
        (
            event_of("TransactionEvent", action="ADD", bizTransactionList=[{"bizTransaction": "urn:a:b"}]),
            "neither epcList nor quantityList",
        ),
        (event_of("TransformationEvent", inputEPCList=[ITEM]), "transformationID"),
        (event_of("TransformationEvent", inputEPCList=[], transformationID="urn:a:b"), "are missing"),
        (event_of("TransformationEvent", action="ADD", inputEPCList=[ITEM], outputEPCList=[ITEM]), "namespace"),
    ],
)
def test_less_than_an_event_must_say_is_refused(event: dict[str, Any], message: str) -> None:
    assert message in str(refused(event))


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("type", "EPCISQueryDocument", "/type"),
        ("@context", None, ""),
        ("schemaVersion", "two", "/schemaVersion"),
        ("creationDate", "2026-11-24", "/creationDate"),
        ("epcisBody", [], "/epcisBody"),
        ("epcisBody", {}, "/epcisBody"),
        ("epcisBody", {"eventList": {}}, "/epcisBody/eventList"),
        ("id", "one", "/id"),
        ("sender", 1, "/sender"),
        ("note", 1, "/note"),
        ("epcisHeader", {"note": 1}, "/epcisHeader/note"),
        (
            "epcisHeader",
            {"epcisMasterData": {"vocabularyList": [{"type": "urn:v", "vocabularyElementList": [{"id": "x"}]}]}},
            "/epcisHeader/epcisMasterData/vocabularyList/0/vocabularyElementList/0/id",
        ),
    ],
)
def test_a_faulty_document_is_refused(name: str, value: Any, where: str) -> None:
    content = {**document(object_event()), name: value}
    if value is None:
        del content[name]
    with pytest.raises(InvalidEvent) as caught:
        parse_document(content)
    assert where == caught.value.where


def test_a_document_may_bring_master_data_and_extensions() -> None:
    element = {"id": "urn:epc:id:sgln:9521141.00001.0", "attributes": [{"id": "cbvmda:site", "attribute": "tea"}]}
    vocabulary = {"type": "urn:epcglobal:epcis:vtype:BusinessLocation", "vocabularyElementList": [element]}
    header = {"epcisMasterData": {"vocabularyList": [vocabulary]}, "tea:from": "Hangzhou"}
    assert parse_document({**document(), "epcisHeader": header, "tea:note": 1}) == ()


def test_a_document_is_the_event_without_its_statement_and_with_its_context() -> None:
    event = {"type": "ObjectEvent", STATEMENT: {"by": "0x00"}, "action": "ADD"}
    before = copy.deepcopy(event)
    assert document_of(event, CONTEXT) == {"type": "ObjectEvent", "action": "ADD", "@context": CONTEXT}
    own = {**event, "@context": {"own": "urn:own:"}}
    assert document_of(own, CONTEXT) == {"type": "ObjectEvent", "action": "ADD", "@context": {"own": "urn:own:"}}
    assert before == event


def test_events_of_a_document_have_its_context() -> None:
    first, second = object_event(), object_event(eventTime="2026-11-25T10:00:00Z")
    assert [first, second] == [dict(event.document) for event in parse_document(document(first, second))]


def test_an_event_names_whatever_stands_in_its_lists() -> None:
    quantities = [[{"epcClass": f"urn:epc:class:lgtin:9521141.001234.L{n}"}] for n in range(4)]
    object_named = subjects_named(parse_event(object_event(quantityList=quantities[0])))
    gtin = "/01/09521141012345"
    assert {f"{gtin}/21/2017", f"{gtin}/21/2018", f"{gtin}/10/L0"} == set(object_named)
    family = event_of(
        "AggregationEvent", action="ADD", parentID=CASE, childEPCs=[ITEM], childQuantityList=quantities[1]
    )
    assert {"/00/095211411234567892", f"{gtin}/21/1", f"{gtin}/10/L1"} == set(subjects_named(parse_event(family)))
    made = event_of(
        "TransformationEvent",
        inputEPCList=[ITEM],
        inputQuantityList=quantities[2],
        outputEPCList=["urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8"],
        outputQuantityList=quantities[3],
        transformationID="urn:epc:id:gdti:9521141.00001.T1",
    )
    assert {
        f"{gtin}/21/1",
        f"{gtin}/10/L2",
        f"{gtin}/10/L3",
        "/epc/urn%3Auuid%3A374d95fc-9457-4a51-bd6a-0bba133845a8",
    } == set(subjects_named(parse_event(made)))


def test_a_thing_named_in_several_ways_is_named_once() -> None:
    ways = [ITEM, "https://id.gs1.org/01/09521141012345/21/1", "https://tea.example/01/09521141012345/10/L/21/1?x=1"]
    assert subjects_named(parse_event(object_event(epcList=ways))) == ("/01/09521141012345/21/1",)


def test_an_observation_of_a_place_names_nothing() -> None:
    assert subjects_named(parse_event(object_event(epcList=[]))) == ()

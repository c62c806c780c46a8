"""The EPCIS 2.0 REST binding: capture jobs, single events, queries."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from live import GTIN, SSCC, Live, declared_wrong, document, epc, event, packing


def found(live: Live, **parameters: str) -> list[Any]:
    answer = live.http.get("/epcis/events", params=parameters)
    assert answer.status_code == 200, answer.text
    value = answer.json()
    assert value["type"] == "EPCISQueryDocument"
    events: list[Any] = value["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    return events


def steps(events: list[Any]) -> list[str]:
    return [one["bizStep"] for one in events]


def test_a_document_is_202_and_its_job_tells_what_became_of_it(live: Live) -> None:
    signed = live.merchant.sign_document(document(event(), event()))
    answer = live.http.post("/epcis/capture", json=signed)
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/epcis/capture/{answer.json()['captureID']}"
    assert answer.headers["gs1-epcis-version"] == "2.0.0"
    job = live.http.get(answer.headers["location"]).json()
    assert (job["running"], job["success"], job["errors"]) == (False, True, [])
    assert [one["index"] for one in job["events"]] == [0, 1]
    assert job["createdAt"] <= job["finishedAt"]


def test_one_event_is_201_and_is_found_where_its_location_says(live: Live) -> None:
    one = event()
    answer = live.http.post("/epcis/events", json=live.merchant.sign_event(one, None))
    assert answer.status_code == 201
    (read,) = live.http.get(answer.headers["location"]).json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert read["epcList"] == one["epcList"]
    assert "suyuan:statement" not in read
    assert read["eventID"] == answer.json()["eventHash"]


def test_an_event_with_an_id_is_found_by_it(live: Live) -> None:
    id = "urn:uuid:6e6a1f2c-0000-4000-8000-00000000000a"
    live.merchant.capture_event(event(eventID=id))
    assert live.http.get(f"/epcis/events/{id}").status_code == 200
    assert len(found(live, EQ_eventID=id)) == 1


def test_with_rollback_one_fault_takes_all_back(live: Live) -> None:
    signed = live.merchant.sign_document(document(event(), event(), event()))
    signed["epcisBody"]["eventList"][1]["disposition"] = "expired"
    with live.nothing_written():
        assert live.http.post("/epcis/capture", json=signed).status_code == 401
        headers = {"GS1-Capture-Error-Behaviour": "rollback"}
        assert live.http.post("/epcis/capture", json=signed, headers=headers).status_code == 401


def test_with_proceed_the_job_names_the_faults_and_the_rest_is_recorded(live: Live) -> None:
    signed = live.merchant.sign_document(document(event(), event(), event()))
    signed["epcisBody"]["eventList"][1]["disposition"] = "expired"
    headers = {"GS1-Capture-Error-Behaviour": "proceed"}
    answer = live.http.post("/epcis/capture", json=signed, headers=headers)
    assert answer.status_code == 202
    job = live.http.get(answer.headers["location"]).json()
    assert (job["success"], job["captureErrorBehaviour"]) == (False, "proceed")
    (error,) = job["errors"]
    assert error["type"] == "urn:suyuan:problem:BadSignature"
    assert error["where"] == "/epcisBody/eventList/1"
    assert len(job["events"]) == live.size() == 2


def test_with_proceed_an_event_without_a_statement_is_one_fault(live: Live) -> None:
    signed = live.merchant.sign_document(document(event(), event()))
    del signed["epcisBody"]["eventList"][0]["suyuan:statement"]
    headers = {"GS1-Capture-Error-Behaviour": "proceed"}
    job = live.http.get(live.http.post("/epcis/capture", json=signed, headers=headers).headers["location"]).json()
    assert [one["where"] for one in job["errors"]] == ["/epcisBody/eventList/0"]
    assert live.size() == 1


@pytest.mark.parametrize("behaviour", ["rollback", "proceed"])
def test_an_event_and_its_retraction_may_come_in_one_document(live: Live, behaviour: str) -> None:
    wrong = event()
    signed = live.merchant.sign_document(document(wrong, declared_wrong(wrong)))
    headers = {"GS1-Capture-Error-Behaviour": behaviour}
    job = live.http.get(live.http.post("/epcis/capture", json=signed, headers=headers).headers["location"]).json()
    assert [one["outcome"] for one in job["events"]] == ["new", "new"]
    live.node.seal_now()
    live.assert_clean()


def test_with_proceed_what_the_journal_refuses_is_a_fault_at_its_place(live: Live) -> None:
    one = event()
    first = live.merchant.capture_event(one)
    other = {**one, "recordTime": "2026-11-01T00:00:00Z"}  # the same CBV hash, other content
    signed = live.merchant.sign_document(document(event(), other, one))
    headers = {"GS1-Capture-Error-Behaviour": "proceed"}
    job = live.http.get(live.http.post("/epcis/capture", json=signed, headers=headers).headers["location"]).json()
    assert [(e["type"], e["where"]) for e in job["errors"]] == [
        ("urn:suyuan:problem:Conflict", "/epcisBody/eventList/1")
    ]
    assert [(e["outcome"], e["index"]) for e in job["events"]] == [("new", 1), ("same", first["index"])]
    assert job["events"][1]["receipt"] == first["receipt"]
    assert live.size() == 2


def test_with_rollback_what_the_journal_refuses_refuses_the_document(live: Live) -> None:
    one = event()
    live.merchant.capture_event(one)
    other = {**one, "recordTime": "2026-11-01T00:00:00Z"}
    signed = live.merchant.sign_document(document(event(), other))
    with live.nothing_written():
        assert live.http.post("/epcis/capture", json=signed).status_code == 409


def test_another_error_behaviour_is_400(live: Live) -> None:
    signed = live.merchant.sign_document(document(event()))
    with live.nothing_written():
        headers = {"GS1-Capture-Error-Behaviour": "pray"}
        assert live.http.post("/epcis/capture", json=signed, headers=headers).status_code == 400


def test_a_document_without_events_is_a_job_without_events(live: Live) -> None:
    answer = live.http.post("/epcis/capture", json=document())
    assert answer.status_code == 202
    assert live.http.get(answer.headers["location"]).json()["events"] == []


@pytest.fixture
def told(live: Live) -> Live:
    live.merchant.capture(
        document(
            event(epc("A1"), epc("A2"), bizStep="commissioning", action="ADD", disposition="active"),
            packing(f"https://id.gs1.org/00/{SSCC}", epc("A1"), disposition="in_progress"),
            event(epc("A1"), bizStep="shipping"),
            event(epc("B1"), bizStep="receiving", readPoint={"id": "urn:epc:id:sgln:9521141.00002.0"}),
        )
    )
    return live


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("eventType", "AggregationEvent", ["packing"]),
        ("eventType", "AggregationEvent|ObjectEvent", ["commissioning", "packing", "shipping", "receiving"]),
        ("eventType", "TransactionEvent", []),
        ("EQ_action", "ADD", ["commissioning", "packing"]),
        ("EQ_bizStep", "shipping|receiving", ["shipping", "receiving"]),
        ("EQ_disposition", "active", ["commissioning"]),
        ("EQ_readPoint", "urn:epc:id:sgln:9521141.00002.0", ["receiving"]),
        ("MATCH_anyEPC", f"https://id.gs1.org/01/{GTIN}/21/A1", ["commissioning", "packing", "shipping"]),
        ("MATCH_anyEPC", "urn:epc:id:sgtin:9521141.001234.A2", ["commissioning"]),
        ("MATCH_anyEPC", f"https://id.gs1.org/00/{SSCC}", ["packing"]),
        ("GE_recordTime", "2999-01-01T00:00:00Z", []),
        ("LT_recordTime", "2999-01-01T00:00:00Z", ["commissioning", "packing", "shipping", "receiving"]),
        ("LT_eventTime", "2001-01-01T00:00:00Z", []),
        ("GE_eventTime", "2001-01-01T00:00:00Z", ["commissioning", "packing", "shipping", "receiving"]),
    ],
)
def test_a_filter_finds_what_it_names(told: Live, name: str, value: str, wanted: list[str]) -> None:
    assert steps(found(told, **{name: value})) == wanted


def test_filters_must_all_be_met(told: Live) -> None:
    assert steps(found(told, EQ_action="ADD", eventType="ObjectEvent")) == ["commissioning"]


def test_pages_follow_each_other_by_their_links(told: Live) -> None:
    path, pages = "/epcis/events?perPage=3", []
    while path:
        answer = told.http.get(path)
        pages.append(answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"])
        link = answer.headers.get("link", "")
        assert link == "" or link.endswith('>; rel="next"')
        path = link.partition(">")[0].removeprefix("<")
        if path:
            assert parse_qs(urlsplit(path).query)["perPage"] == ["3"]
    assert [len(page) for page in pages] == [3, 1]
    assert steps([one for page in pages for one in page]) == ["commissioning", "packing", "shipping", "receiving"]


def test_a_link_to_the_next_page_keeps_the_filters(told: Live) -> None:
    answer = told.http.get("/epcis/events", params={"perPage": "1", "EQ_bizStep": "shipping|receiving"})
    following = answer.headers["link"].partition(">")[0].removeprefix("<")
    events = told.http.get(following).json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert steps(events) == ["receiving"]


@pytest.mark.parametrize(
    "query",
    [
        "EQ_nothing=x", "GE_eventTime=yesterday", "perPage=0", "perPage=100000", "perPage=x", "nextPageToken=-1",
        "EQ_action=ADD&EQ_action=OBSERVE", "MATCH_anyEPC=https://id.gs1.org/01/09521141012346/21/A1",
        "EQ_bizStep=%00", "nextPageToken=99999999999999999999",
    ],
)  # fmt: skip
def test_a_query_that_is_not_understood_is_400(told: Live, query: str) -> None:
    answer = told.http.get(f"/epcis/events?{query}")
    assert answer.status_code == 400, answer.text

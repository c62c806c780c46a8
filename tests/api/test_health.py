"""Alive and able; what goes on while the database or the chain is away, and what comes after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import make_url

from live import GTIN, Live, Server, document, epc, event
from suyuan.core.errors import ChainAway


@contextmanager
def chain_away(live: Live) -> Iterator[None]:
    """The node of the chain does not answer."""
    provider = live.node.chain._provider

    def gone(*_: Any) -> Any:
        raise ConnectionError("refused")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provider, "make_request", gone)
        patch.setattr(provider, "request_func", lambda *_: gone)
        with pytest.raises(ChainAway):
            live.node.chain.journal_head()
        yield


@contextmanager
def database_away(live: Live, server: Server) -> Iterator[None]:
    """The server lets nobody into the node's database."""
    name = make_url(live.node.settings.database_url).database
    assert name is not None
    server.allow(name, False)
    try:
        yield
    finally:
        server.allow(name, True)


@pytest.fixture
def told(live: Live) -> Live:
    live.list_and_register("L1", "A1")
    live.merchant.capture_event(event(epc("A1")))
    live.node.seal_now()
    return live


READS = (
    f"/v1/proof?subject=/01/{GTIN}/21/A1", "/v1/journal", "/epcis/events", f"/01/{GTIN}", f"/01/{GTIN}/21/A1",
    "/log/bodies/000.p/3",
)  # fmt: skip


def test_a_node_that_can_do_its_work_is_alive_and_ready(told: Live) -> None:
    assert told.http.get("/healthz").json() == {"status": "alive"}
    answer = told.http.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"database": "ready", "chain": "ready", "sealing": "ready"})


def test_while_the_chain_is_away_readiness_says_so_and_reads_go_on(told: Live) -> None:
    before = {path: told.http.get(path).status_code for path in READS}
    assert set(before.values()) == {200}
    with chain_away(told):
        assert told.http.get("/healthz").status_code == 200
        answer = told.http.get("/readyz")
        assert (answer.status_code, answer.json()["chain"], answer.json()["database"]) == (503, "away", "ready")
        assert {path: told.http.get(path).status_code for path in READS} == before
    assert told.http.get("/readyz").status_code == 200


def test_a_node_that_starts_while_the_chain_is_away_reads_what_it_last_heard(told: Live) -> None:
    told.node.known.refresh()
    told.node.known._held = {}
    with chain_away(told):
        assert told.node.known.participants()[told.merchant.id].role.name == "MERCHANT"


def test_while_the_chain_is_away_capture_is_503_and_nothing_is_lost(told: Live) -> None:
    one = told.merchant.sign_event(event(epc("A1")), None)
    with chain_away(told), told.nothing_written():
        answer = told.http.post("/epcis/events", json=one)
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:suyuan:problem:ChainAway")
        assert int(answer.headers["retry-after"]) > 0
        proceed = {"GS1-Capture-Error-Behaviour": "proceed"}
        signed = told.merchant.sign_document(document(event()))
        assert told.http.post("/epcis/capture", json=signed, headers=proceed).status_code == 503
    assert told.http.post("/epcis/events", json=one).json()["outcome"] == "new"


def test_sealing_catches_up_when_the_chain_is_back(told: Live) -> None:
    told.merchant.capture_event(event(epc("A1")))
    with chain_away(told):
        with pytest.raises(ChainAway):
            told.node.seal_now()
        assert told.node.waiting() == 1
    told.node.seal_now()
    assert told.node.waiting() == 0
    told.assert_clean()


def test_a_node_that_seals_in_the_background_outlives_a_chain_that_was_away(
    told: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    from suyuan import bootstrap

    monkeypatch.setattr(bootstrap, "_REST", 0.01)
    monkeypatch.setattr(bootstrap, "_REST_AFTER_FAULT", 0.05)
    told.merchant.capture_event(event(epc("A1")))
    with chain_away(told):
        told.node.start()
        time.sleep(0.2)
        assert told.node.waiting() == 1
    for _ in range(500):
        if told.node.waiting() == 0:
            break
        time.sleep(0.02)
    told.node.stop()
    assert told.node.waiting() == 0
    told.assert_clean()


def test_while_the_database_is_away_readiness_says_so_and_capture_is_503(told: Live, server: Server) -> None:
    one = told.merchant.sign_event(event(epc("A1")), None)
    with database_away(told, server):
        assert told.http.get("/healthz").status_code == 200
        answer = told.http.get("/readyz")
        assert (answer.status_code, answer.json()["chain"], answer.json()["database"]) == (503, "ready", "away")
        for answer in (told.http.post("/epcis/events", json=one), told.http.get("/epcis/events")):
            assert (answer.status_code, answer.json()["type"]) == (503, "urn:suyuan:problem:DatabaseAway")
    assert told.http.get("/readyz").status_code == 200
    assert told.http.post("/epcis/events", json=one).json()["outcome"] == "new"
    told.node.seal_now()
    told.assert_clean()

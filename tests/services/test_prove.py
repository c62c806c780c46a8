"""Bundles of a small world, verified against the chain."""

from __future__ import annotations

import time
from typing import Any

import orjson
import pytest

from live import GTIN, SSCC, Live, epc, event, packing
from suyuan.core import proof
from suyuan.core.proof import State
from suyuan.services.prove import NothingSealed

PARCEL = f"/00/{SSCC}"


def bundle_of(live: Live, subject: str, **more: str) -> Any:
    return live.http.get("/v1/proof", params={"subject": subject, **more}).json()


def verified(live: Live, bundle: Any) -> proof.Report:
    pinned = proof.Deployment(live.node.deployment.chain_id, live.node.deployment.journal)
    return proof.verify(proof.parse(bundle), pinned=pinned, now=int(time.time()), judge=live.node.chain)


def all_hold(report: proof.Report) -> None:
    assert [o for o in report.obligations if o.state is not State.HOLDS] == []


@pytest.fixture
def told(live: Live) -> Live:
    live.list_and_register("L1", "A1", "A2", "A3")
    live.merchant.publish_profile({"name": "Crabs Ltd"})
    live.merchant.capture_event(event(epc("A1"), epc("A2"), bizStep="commissioning", action="ADD"))
    live.node.seal_now()
    live.merchant.capture_event(packing(f"https://id.gs1.org/00/{SSCC}", epc("A1")))
    live.partner.capture_event(event(f"https://id.gs1.org/00/{SSCC}"))
    live.node.seal_now()
    return live


def test_every_bundle_of_a_small_world_holds(told: Live) -> None:
    subjects = [
        f"/01/{GTIN}", f"/01/{GTIN}/10/L1", f"/01/{GTIN}/21/A1", f"/01/{GTIN}/21/A2", f"/01/{GTIN}/21/A3", PARCEL,
        f"/merchant/{told.merchant.id}",
    ]  # fmt: skip
    for subject in subjects:
        answer = told.http.get("/v1/proof", params={"subject": subject})
        assert answer.status_code == (404 if subject.endswith("A3") else 200), subject
        all_hold(verified(told, answer.json()))


def test_an_item_comes_with_its_batch_and_its_place_in_it(told: Live) -> None:
    bundle = bundle_of(told, f"/01/{GTIN}/21/A2")
    (batch,) = [one for one in bundle["related"] if one["relation"] == "batch"]
    assert batch["subject"] == f"/01/{GTIN}/10/L1"
    assert (batch["items"]["serial"], batch["items"]["index"]) == ("A2", 1)
    assert [batch["entries"][0]["body"]["public"]["quantity"]] == [3]


def test_an_item_in_a_parcel_comes_with_the_parcel(told: Live) -> None:
    related = bundle_of(told, f"/01/{GTIN}/21/A1")["related"]
    (parcel,) = [one for one in related if one["relation"] == "container"]
    assert parcel["subject"] == PARCEL
    assert len(parcel["entries"]) == 2


def test_a_subject_that_nobody_knows_is_404_and_proven_absent(told: Live) -> None:
    answer = told.http.get("/v1/proof", params={"subject": f"/01/{GTIN}/21/NOBODY"})
    assert answer.status_code == 404
    assert answer.json()["head"]["count"] if "count" in answer.json()["head"] else not answer.json()["entries"]
    all_hold(verified(told, answer.json()))


def test_what_is_accepted_and_not_sealed_shows_as_pending(told: Live) -> None:
    taken = told.merchant.capture_event(event(epc("A2")))
    told.merchant.capture_event(event(epc("NEW")))
    bundle = bundle_of(told, f"/01/{GTIN}/21/A2")
    (pending,) = bundle["pending"]
    assert (pending["index"], pending["receipt"]) == (taken["index"], taken["receipt"])
    assert pending["body"]["public"]["document"] in bundle["documents"]
    answer = told.http.get("/v1/proof", params={"subject": f"/01/{GTIN}/21/NEW"})
    assert answer.status_code == 200
    assert len(answer.json()["pending"]) == 1
    told.node.seal_now()
    sealed = bundle_of(told, f"/01/{GTIN}/21/A2")
    assert sealed["pending"] == []
    assert sealed["entries"][-1]["index"] == taken["index"]
    all_hold(verified(told, sealed))


def test_a_limit_shows_the_newest_entries_and_all_shows_all(told: Live) -> None:
    for _ in range(4):
        told.merchant.capture_event(event(epc("A2")))
    told.node.seal_now()
    subject = f"/01/{GTIN}/21/A2"
    everything = bundle_of(told, subject, limit="all")
    newest = bundle_of(told, subject, limit="2")
    assert [e["index"] for e in newest["entries"]] == [e["index"] for e in everything["entries"]][-2:]
    all_hold(verified(told, newest))
    all_hold(verified(told, everything))
    assert told.http.get("/v1/proof", params={"subject": subject, "limit": "0"}).status_code == 400


def test_a_recalled_batch_is_verified_as_recalled(told: Live) -> None:
    told.merchant.recall_batch(GTIN, "L1", {"reason": {"zh": "温度", "en": "temperature"}})
    told.node.seal_now()
    report = verified(told, bundle_of(told, f"/01/{GTIN}/21/A1"))
    assert tuple(report.recalled) == (f"/01/{GTIN}/10/L1",)


def test_a_change_in_a_bundle_is_noticed(told: Live) -> None:
    bundle = bundle_of(told, f"/01/{GTIN}/21/A1")
    document = next(iter(bundle["documents"]))
    bundle["documents"][document]["bizStep"] = "retail_selling"
    assert State.FAILS in {o.state for o in verified(told, bundle).obligations}


def test_nothing_can_be_proven_before_the_first_seal(live: Live) -> None:
    with pytest.raises(NothingSealed):
        live.node.prover.prove(f"/01/{GTIN}")
    assert live.http.get("/v1/proof", params={"subject": f"/01/{GTIN}"}).status_code == 503


def test_a_second_prover_gives_the_same_bundle(told: Live) -> None:
    before = bundle_of(told, f"/01/{GTIN}/21/A1")
    told.restart()
    assert bundle_of(told, f"/01/{GTIN}/21/A1") == before
    assert orjson.loads(told.node.prover.prove(f"/01/{GTIN}/21/A1").text) == before

"""What a page says of a subject: from the bundle, and no more than it holds."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from live import GTIN, SSCC, Json, Live, declared_wrong, document, epc, event, items, packing
from shopping import add_shop, line, sscc
from suyuan.core.errors import InvalidIdentifier
from suyuan.core.rules import Standing
from suyuan.services import look_up
from suyuan.services.look_up import About, Concern, LookUp, Part, Scope, View

PARCEL = f"https://id.gs1.org/00/{SSCC}"
LOT = f"https://id.gs1.org/01/{GTIN}/10/L1"
GLN = "9521141000014"


@pytest.fixture
def world(live: Live) -> Live:
    live.list_and_register("L1", "A1", "A2", "A3")
    return live


def _look(live: Live, subject: str, *, now: float | None = None, lot: str = "") -> View:
    live.node.seal_now()
    clock: Json = {} if now is None else {"clock": lambda: now}
    return LookUp(live.node.prover, live.node.known, live.node.database, **clock).look_up(subject, lot=lot)


def _item(live: Live, serial: str = "A1", **more: Any) -> View:
    return _look(live, f"/01/{GTIN}/21/{serial}", **more)


def _capture(live: Live, *events: Json) -> None:
    live.partner.capture(document(*events))


def _at(hour: int) -> Json:
    return {"eventTime": f"2026-10-20T{hour:02}:00:00.000+08:00"}


def _concerns(view: View) -> list[Concern]:
    return [alert.concern for alert in view.alerts]


# -- what it is


def test_a_product_has_its_listing_its_merchant_and_its_batches(world: Live) -> None:
    view = _look(world, f"/01/{GTIN}")
    assert view.about is About.PRODUCT
    assert view.listing is not None
    assert view.listing.name is not None
    assert (view.listing.name.text.zh, view.listing.name.pointer) == ("大闸蟹", "/name/*")
    assert view.maker is not None
    assert (view.maker.id, view.maker.standing) == (world.merchant.id, Standing.ADMITTED)
    assert [(b.lot, b.quantity, bool(b.registered_at)) for b in view.batches] == [("L1", 3, True)]


def test_an_item_without_records_of_its_own_is_known_by_its_batch(world: Live) -> None:
    view = _item(world)
    assert (view.known, view.silent, view.lot, view.serial) == (True, True, "L1", "A1")


def test_an_item_that_nobody_registered_or_recorded_is_not_known(world: Live) -> None:
    view = _item(world, "NEVER")
    assert (view.known, view.batch, view.checkpoints) == (False, None, ())
    assert view.listing is not None


@pytest.mark.parametrize("subject", ["/merchant/0x" + "11" * 20, "/appeals", "/414/9521141000014"])
def test_other_subjects_have_no_page(world: Live, subject: str) -> None:
    with pytest.raises(InvalidIdentifier):
        _look(world, subject)


def test_a_view_holds_no_dictionaries(world: Live) -> None:
    _capture(world, event(epc("A1")))

    def walk(value: object) -> None:
        assert not isinstance(value, dict | list), value
        if isinstance(value, tuple):
            for one in value:
                walk(one)
        elif hasattr(value, "__dataclass_fields__"):
            for name in value.__dataclass_fields__:
                walk(getattr(value, name))

    walk(_item(world))


# -- the journey


def test_events_are_merged_from_item_batch_and_container_each_once_and_in_order_of_time(world: Live) -> None:
    _capture(
        world,
        event(PARCEL, **_at(14)),
        event(epc("A1"), epc("A2"), **_at(16)),
        packing(PARCEL, epc("A1"), epc("A2"), **_at(12)),
        event(epcList=None, quantityList=[{"epcClass": LOT, "quantity": 3}], **_at(10)),
        event(epcList=None, quantityList=[{"epcClass": LOT, "quantity": 2}], **_at(11)),
    )
    view = _item(world)
    scopes = [c.scope for c in view.checkpoints]
    assert scopes == [Scope.BATCH, Scope.SHARE, Scope.THIS, Scope.CONTAINER, Scope.THIS]
    assert [c.share for c in view.checkpoints] == [None, 2, None, None, None]
    assert [c.local.hour for c in view.checkpoints] == [10, 11, 12, 14, 16]
    assert view.checkpoints[2].named_in == (f"/01/{GTIN}/21/A1", f"/00/{SSCC}")


def test_a_container_speaks_for_an_item_only_while_it_is_inside(world: Live) -> None:
    unpacking = packing(PARCEL, epc("A1"), **_at(14)) | {"action": "DELETE", "bizStep": "unpacking"}
    _capture(
        world,
        event(PARCEL, **_at(10)),
        packing(PARCEL, epc("A1"), **_at(12)),
        event(PARCEL, **_at(13)),
        unpacking,
        event(PARCEL, **_at(15)),
    )
    view = _item(world)
    assert [c.local.hour for c in view.checkpoints] == [12, 13, 14]
    assert view.elsewhere == 2


def test_a_case_on_a_pallet_is_on_it_for_as_long_as_both_hold(world: Live) -> None:
    pallet = "https://id.gs1.org/00/095211410000000021"
    empty = packing(pallet, **_at(14)) | {"action": "DELETE", "bizStep": "unpacking"}
    empty.pop("childEPCs")
    _capture(
        world,
        packing(PARCEL, epc("A1"), **_at(10)),
        packing(pallet, PARCEL, **_at(12)),
        event(pallet, **_at(11)),
        event(pallet, **_at(13)),
        empty,
        event(pallet, **_at(15)),
    )
    view = _item(world)
    assert [c.local.hour for c in view.checkpoints] == [10, 12, 13, 14]
    assert view.elsewhere == 2


def test_a_retracted_record_stays_and_says_so(world: Live) -> None:
    wrong = event(epc("A1"), **_at(9))
    _capture(world, wrong)
    _capture(world, declared_wrong(wrong, reason="incorrect_data"))
    original, declaration = _item(world).checkpoints
    assert original.retracted is not None
    assert original.retracted.index == declaration.index
    assert declaration.declares is not None
    assert declaration.declares.reason == "incorrect_data"


def test_what_is_not_sealed_yet_is_marked(world: Live) -> None:
    world.node.seal_now()
    _capture(world, event(epc("A1")))
    view = world.node.look_up.look_up(f"/01/{GTIN}/21/A1")
    assert [c.sealed for c in view.checkpoints] == [False]
    assert (view.facts.pending, view.known, view.silent) == (1, True, False)


def test_serials_are_counted_and_never_listed(world: Live) -> None:
    _capture(world, event(*[epc(f"Z{n:03}") for n in range(40)], epc("A1")))
    view = _item(world)
    (group,) = view.checkpoints[0].groups
    assert [(t.about, t.count, t.subject) for t in group.things] == [("item", 41, f"/01/{GTIN}")]
    assert "Z001" not in str(asdict(view))


def test_a_transformation_has_what_went_in_and_what_came_out(world: Live) -> None:
    made = event(type="TransformationEvent", epcList=None, action=None, bizStep="commissioning", disposition=None) | {
        "inputQuantityList": [{"epcClass": f"https://id.gs1.org/01/{GTIN}/10/RAW", "quantity": 2.5, "uom": "KGM"}],
        "outputEPCList": [epc("A1")],
    }
    _capture(world, made)
    groups = _item(world).checkpoints[0].groups
    assert [g.part for g in groups] == [Part.INPUT, Part.OUTPUT]
    assert (groups[0].things[0].lot, groups[0].things[0].amount, groups[0].things[0].uom) == ("RAW", 2.5, "KGM")


@pytest.mark.parametrize("id", ["urn:epc:id:sgln:9521141.00001.0", f"https://example.com/414/{GLN}"])
def test_places_are_named_by_whoever_owns_them_in_either_spelling(world: Live, id: str) -> None:
    profile = {"name": {"zh": "商家", "en": "Maker"}, "locations": [{"gln": GLN, "name": {"zh": "仓", "en": "Store"}}]}
    world.merchant.publish_profile(profile)
    _capture(world, event(epc("A1"), readPoint={"id": id}))
    view = _item(world)
    place = view.checkpoints[0].place
    assert place is not None
    assert place.name is not None
    assert (place.name.text.en, place.name.pointer) == ("Store", "/locations/0/name/*")


@pytest.mark.parametrize(
    "profile", [{}, {"name": 3, "locations": {}}, {"locations": [1, {"ids": 7}, {"ids": [None], "name": []}]}]
)
def test_profiles_of_any_shape_are_borne(world: Live, profile: Json) -> None:
    world.merchant.publish_profile(profile)
    maker = _item(world).maker
    assert maker is not None
    assert maker.name is None


# -- what could hurt


def test_a_recall_comes_first_with_its_reason(world: Live) -> None:
    reason = {"reason": {"zh": "超温", "en": "too warm"}, "advice": {"zh": "退货", "en": "return it"}}
    world.merchant.recall_batch(GTIN, "L1", reason)
    view = _item(world)
    assert _concerns(view)[0] is Concern.RECALLED
    assert view.batch is not None
    assert view.batch.recall is not None
    assert view.batch.recall.reason is not None
    assert view.batch.recall.reason.text.en == "too warm"
    assert view.batch.recall.on_chain


def test_a_date_that_is_over_is_told_and_one_that_is_not_is_not(world: Live) -> None:
    world.merchant.register_batch(GTIN, "L2", {"expires": "2026-11-30"}, items("B1"))
    day = 86400
    last = 1796054399  # 2026-11-30 23:59:59 in China
    assert _concerns(_item(world, "B1", now=last)) == []
    assert _concerns(_item(world, "B1", now=last + 1)) == [Concern.EXPIRED]
    assert _concerns(_item(world, "B1", now=last + day)) == [Concern.EXPIRED]


def test_a_label_with_another_lot_is_told(world: Live) -> None:
    assert _concerns(_item(world, lot="L1")) == []
    assert _concerns(_item(world, lot="L9")) == [Concern.OTHER_LOT]


@pytest.mark.parametrize(
    ("disposition", "concern"),
    [
        ("retail_sold", Concern.SOLD),
        ("destroyed", Concern.LOST),
        ("stolen", Concern.LOST),
        ("damaged", Concern.UNFIT),
    ],
)
def test_the_last_that_was_said_of_an_item_counts(world: Live, disposition: str, concern: Concern) -> None:
    _capture(world, event(epc("A1"), disposition=disposition, **_at(10)))
    assert _concerns(_item(world)) == [concern]
    assert _concerns(_item(world, "A2")) == []
    _capture(world, event(epc("A1"), disposition="returned", **_at(11)))
    assert _concerns(_item(world)) == []


def test_a_suspended_merchant_is_told_and_since_when(world: Live) -> None:
    world.registrar.set_standing(world.merchant.id, Standing.WARNED, "late")
    assert _concerns(_item(world)) == [Concern.WARNED]
    world.registrar.set_standing(world.merchant.id, Standing.SUSPENDED, "fraud")
    view = _item(world)
    assert _concerns(view) == [Concern.STANDING]
    assert view.maker is not None
    assert view.maker.since > 0


def _sensors(*values: float, **limits: float) -> Json:
    reports: list[Json] = [
        {"type": "Temperature", "time": f"2026-10-20T{10 + n:02}:00:00+08:00", "value": v, "uom": "CEL"}
        for n, v in enumerate(values)
    ]
    total = {"type": "Temperature", "minValue": min(values), "maxValue": max(values), "uom": "CEL", **limits}
    return {"sensorElementList": [{"sensorReport": [*reports, total]}]}


def test_readings_outside_the_limits_are_told(world: Live) -> None:
    limits = {"suyuan:lowerLimit": 2, "suyuan:upperLimit": 8}
    _capture(world, event(epc("A1"), **_sensors(4, 9.5, 5, **limits)), event(epc("A2"), **_sensors(4, 5, **limits)))
    view = _item(world)
    assert _concerns(view) == [Concern.EXCURSION]
    (series,) = view.checkpoints[0].series
    assert [(r.value, r.alarm) for r in series.readings] == [(4, False), (9.5, True), (5, False)]
    assert (series.low, series.high, series.least, series.most) == (2, 8, 4, 9.5)
    assert _concerns(_item(world, "A2")) == []


def test_what_was_taken_back_alarms_nobody(world: Live) -> None:
    wrong = event(epc("A1"), disposition="destroyed", **_at(9))
    _capture(world, wrong)
    _capture(world, declared_wrong(wrong, reason="did_not_occur"))
    assert _concerns(_item(world)) == []


def test_the_view_is_of_the_bundle_that_the_api_serves(world: Live) -> None:
    _capture(world, event(epc("A1")))
    view = _item(world)
    bundle = world.http.get("/v1/proof", params={"subject": f"/01/{GTIN}/21/A1"}).json()
    assert (view.facts.number, view.facts.root, view.facts.tx) == (
        bundle["seal"]["number"], bundle["seal"]["root"], bundle["seal"]["tx"],
    )  # fmt: skip
    assert {c.index for c in view.checkpoints} == {e["index"] for e in bundle["entries"]}


# -- a parcel that a shop announced, and nobody recorded


def test_a_parcel_is_announced_line_by_line_with_the_first_of_its_items_and_its_recalls(
    world: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look_up, "_ANNOUNCED", 2)
    shop = add_shop(world)
    shop.place("XY-1", "u-1", [line("A3", "A1", "A2")])
    shop.ship("XY-1", sscc(11))
    world.merchant.recall_batch(GTIN, "L1", {"reason": {"zh": "变质", "en": "spoilt"}})
    world.node.seal_now()
    view = _look(world, f"/00/{sscc(11)}")
    assert not view.known
    (one,) = view.announced
    assert (one.content.thing.subject, one.content.thing.count) == (f"/01/{GTIN}/10/L1", 3)
    assert (one.items, one.more) == ((f"/01/{GTIN}/21/A1", f"/01/{GTIN}/21/A2"), 1)
    assert one.content.recalled_at > 0
    assert one.content.maker is not None


def test_of_an_order_s_parcels_each_announces_its_own_lines(world: Live) -> None:
    shop = add_shop(world)
    shop.place("XY-1", "u-1", [line("A1"), line(quantity=1)])
    shop.ship("XY-1", sscc(11), lines=[1])
    (one,) = _look(world, f"/00/{sscc(11)}").announced
    assert (one.content.thing.count, one.items) == (1, ())
    assert _look(world, f"/00/{sscc(12)}").announced == ()

"""Wuchang rice: two fields, kept apart, and a mill that scanned the wrong paddy once and said so."""

from __future__ import annotations

from typing import Unpack
from uuid import NAMESPACE_URL, uuid5

from demo_story.cast import (
    BEIYI,
    FIELD_EAST,
    FIELD_WEST,
    GUYU,
    GUZHEN,
    JICHUAN,
    LONGQUAN,
    SHUIAN,
)
from demo_story.goods import (
    MILLED_EAST,
    MILLED_WEST,
    PADDY_EAST_1,
    PADDY_EAST_2,
    PADDY_WEST,
    RICE_CASE,
    RICE_EAST,
    RICE_PALLET,
    RICE_WEST,
)
from demo_story.model import Batch, Lot, Text, Written
from demo_story.scribe import (
    Amount,
    Common,
    add,
    observe,
    pack,
    retract,
    transaction,
    transform,
    unpack,
)

_ORDER = transaction(GUYU, "PO-20261010-04")
_NOTICE = transaction(JICHUAN, "DN-20261015-01")
_WRONG = f"urn:uuid:{uuid5(NAMESPACE_URL, 'https://ns.suyuan.example/demo/milling/wrong')}"
_RIGHT = f"urn:uuid:{uuid5(NAMESPACE_URL, 'https://ns.suyuan.example/demo/milling/right')}"


def rice() -> list[Written]:
    return [*_harvest(), *_milling(), *_packing(), *_journey()]


def _harvest() -> list[Written]:
    return [
        add(
            SHUIAN,
            "09-27 16:30",
            "creating_class_instance",
            Amount(PADDY_EAST_1.id, 4000, "KGM"),
            Amount(PADDY_EAST_2.id, 4000, "KGM"),
            at=SHUIAN.seat,
            read=FIELD_EAST,
            state="active",
            ilmd={
                "cbvmda:harvestStartDate": "2026-09-26",
                "cbvmda:harvestEndDate": "2026-09-27",
                "cbvmda:countryOfOrigin": "CN",
            },
            note=Text("3 号地块两天收割，分批入袋。", "Field 3, cut in two days, bagged as two lots."),
        ),
        add(
            SHUIAN,
            "09-29 15:50",
            "creating_class_instance",
            Amount(PADDY_WEST.id, 4000, "KGM"),
            at=SHUIAN.seat,
            read=FIELD_WEST,
            state="active",
            ilmd={
                "cbvmda:lotNumber": PADDY_WEST.lot,
                "cbvmda:harvestStartDate": "2026-09-29",
                "cbvmda:harvestEndDate": "2026-09-29",
                "cbvmda:countryOfOrigin": "CN",
            },
            note=Text("5 号地块单独收割。", "Field 5, cut apart."),
        ),
        observe(
            LONGQUAN,
            "10-02 10:20",
            "receiving",
            Amount(PADDY_EAST_1.id, 4000, "KGM"),
            Amount(PADDY_EAST_2.id, 4000, "KGM"),
            Amount(PADDY_WEST.id, 4000, "KGM"),
            at=LONGQUAN.seat,
            state="in_progress",
            orders={"recadv": transaction(LONGQUAN, "RK-20261002-01")},
            sold=(SHUIAN, JICHUAN),
            moved=(SHUIAN.seat, LONGQUAN.seat),
            note=Text("过磅 12,000 公斤，水分 14.2%。", "12,000 kg over the scale, moisture 14.2 %."),
        ),
    ]


def _mill(when: str, paddy: tuple[Lot, ...], milled: Lot, kilos: float, **common: Unpack[Common]) -> Written:
    common["at"] = LONGQUAN.seat
    common["state"] = "in_progress"
    common["ilmd"] = {"cbvmda:lotNumber": milled.lot, "gs1:productionDate": f"2026-{when[:5]}"}
    inputs = [Amount(lot.id, 4000, "KGM") for lot in paddy]
    return transform(LONGQUAN, when, inputs, [Amount(milled.id, kilos, "KGM")], **common)


def _milling() -> list[Written]:
    wrong = _mill("10-08 17:30", (PADDY_EAST_1, PADDY_WEST), MILLED_EAST, 5050, event_id=_WRONG)
    return [
        wrong,
        retract(wrong, "10-09 09:10", "incorrect_data", _RIGHT),
        _mill(
            "10-08 17:30",
            (PADDY_EAST_1, PADDY_EAST_2),
            MILLED_EAST,
            5050,
            event_id=_RIGHT,
            recorded="10-09 09:25",
            note=Text(
                "更正：第二批稻谷是 D3-0927，前一日误扫成 D5-0929。",
                "Put right: the second paddy lot was D3-0927; D5-0929 had been scanned by mistake.",
            ),
        ),
        _mill(
            "10-10 15:00",
            (PADDY_WEST,),
            MILLED_WEST,
            2530,
            note=Text("清机后单独加工 5 号地块。", "Field 5 milled alone, after the machine was cleared."),
        ),
        observe(
            GUZHEN,
            "10-11 16:40",
            "inspecting",
            Amount(MILLED_EAST.id, 2, "KGM"),
            Amount(MILLED_WEST.id, 2, "KGM"),
            read=GUZHEN.seat,
            state="conformant",
            orders={"testres": transaction(GUZHEN, "GZ-2026-20417")},
            certificate="https://guzhen.example/reports/GZ-2026-20417",
            note=Text(
                "DNA 品种纯度 99.6%（五优稻4号）；镉 0.02 mg/kg（限量 0.2）。",
                "Variety by DNA: 99.6 % Wuyoudao 4. Cadmium 0.02 mg/kg (limit 0.2).",
            ),
        ),
    ]


def _bagged(when: str, milled: Lot, kilos: float, batch: Batch) -> Written:
    return transform(
        JICHUAN,
        when,
        [Amount(milled.id, kilos, "KGM")],
        [Amount(batch.id, batch.quantity)],
        at=JICHUAN.seat,
        state="active",
        ilmd={
            "cbvmda:lotNumber": batch.lot,
            "gs1:productionDate": batch.produced,
            "cbvmda:itemExpirationDate": batch.expires,
            "cbvmda:countryOfOrigin": "CN",
        },
    )


def _packing() -> list[Written]:
    return [
        _bagged("10-12 14:20", MILLED_EAST, 5000, RICE_EAST),
        add(JICHUAN, "10-12 17:00", "commissioning", *RICE_EAST.items(), at=JICHUAN.seat, state="active"),
        _bagged("10-13 14:10", MILLED_WEST, 2500, RICE_WEST),
        add(JICHUAN, "10-13 16:30", "commissioning", *RICE_WEST.items(), at=JICHUAN.seat, state="active"),
        pack(JICHUAN, "10-14 09:00", RICE_CASE.id, *RICE_EAST.items(0, 4), at=JICHUAN.seat),
        pack(
            JICHUAN,
            "10-14 11:30",
            RICE_PALLET.id,
            RICE_CASE.id,
            Amount(RICE_EAST.id, 116),
            Amount(RICE_WEST.id, 80),
            at=JICHUAN.seat,
            note=Text("一托 800 公斤，两种规格。", "One pallet of 800 kg, both sizes."),
        ),
    ]


def _journey() -> list[Written]:
    load = (RICE_PALLET.id, Amount(RICE_EAST.id, 120), Amount(RICE_WEST.id, 80))
    return [
        observe(
            JICHUAN,
            "10-15 08:30",
            "shipping",
            *load,
            read=JICHUAN.seat,
            state="in_transit",
            orders={"po": _ORDER, "desadv": _NOTICE},
            sold=(JICHUAN, GUYU),
            moved=(JICHUAN.seat, GUYU.seat),
        ),
        observe(
            BEIYI,
            "10-15 12:10",
            "departing",
            RICE_PALLET.id,
            read=BEIYI.seat,
            state="in_transit",
            orders={"bol": transaction(BEIYI, "BY-20261015-0388")},
            note=Text("哈尔滨换干线车，走京哈高速。", "Changed to the trunk lorry in Harbin, by the G1 expressway."),
        ),
        observe(
            GUYU,
            "10-16 10:40",
            "receiving",
            *load,
            at=GUYU.seat,
            state="in_progress",
            orders={"po": _ORDER, "recadv": transaction(GUYU, "GR-20261016-02")},
            moved=(JICHUAN.seat, GUYU.seat),
        ),
        unpack(GUYU, "10-16 11:15", RICE_PALLET.id, at=GUYU.seat),
        unpack(
            GUYU,
            "10-16 14:00",
            RICE_CASE.id,
            *RICE_EAST.items(0, 4),
            at=GUYU.seat,
            state="sellable_accessible",
        ),
        observe(GUYU, "10-18 15:20", "retail_selling", *RICE_EAST.items(0, 2), at=GUYU.seat, state="retail_sold"),
    ]

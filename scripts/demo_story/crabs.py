"""Hairy crabs: from the pen to the shop within a day, alive. Females in October, males in November."""

from __future__ import annotations

from demo_story.cast import (
    CHENGJI,
    CRAB_LOGGER,
    CRAB_LOGGER_2,
    HENGXI,
    LAKE,
    LAKE_PROBE,
    SHUANGTU,
    SUZHOU_ROAD,
    WEIDANG,
    XIANYU,
)
from demo_story.goods import (
    CRAB_CASE,
    CRAB_CASE_NOVEMBER,
    CRABS_NOVEMBER,
    CRABS_OCTOBER,
)
from demo_story.model import Text, Written
from demo_story.scribe import (
    Amount,
    Log,
    Track,
    add,
    attach,
    bind,
    observe,
    pack,
    transaction,
    unpack,
)

_ORDER = transaction(XIANYU, "PO-20261009-17")
_NOTICE = transaction(CHENGJI, "DN-20261012-03")
_ORDER_NOVEMBER = transaction(XIANYU, "PO-20261108-22")


def october() -> list[Written]:
    """The females, one box of them followed crab by crab."""
    crabs = CRABS_OCTOBER
    load = (CRAB_CASE.id, Amount(crabs.id, 180))
    return [
        add(
            WEIDANG,
            "10-12 05:40",
            "creating_class_instance",
            Amount(crabs.id, 1000),
            at=WEIDANG.seat,
            read=LAKE,
            state="active",
            logs=(
                Log(
                    LAKE_PROBE,
                    "10-11 22:00",
                    60,
                    (
                        Track("Temperature", "CEL", (19.4, 19.2, 19.0, 18.9, 18.7, 18.6, 18.5, 18.6), 15, 28),
                        Track("MassConcentration", "M1", (7.1, 6.9, 6.6, 6.3, 6.1, 5.9, 5.8, 6.2), 5),
                    ),
                ),
            ),
            ilmd={
                "cbvmda:lotNumber": crabs.lot,
                "cbvmda:harvestStartDate": crabs.produced,
                "cbvmda:harvestEndDate": crabs.produced,
                "cbvmda:countryOfOrigin": "CN",
            },
            note=Text(
                "7 号围网起捕，夜间溶氧不低于 5.8 mg/L。",
                "Caught in pen 7; dissolved oxygen never below 5.8 mg/L that night.",
            ),
        ),
        add(
            CHENGJI,
            "10-12 09:30",
            "commissioning",
            *crabs.items(),
            at=CHENGJI.seat,
            state="active",
            ilmd={
                "cbvmda:lotNumber": crabs.lot,
                "gs1:productionDate": crabs.produced,
                "cbvmda:itemExpirationDate": crabs.expires,
            },
            note=Text("逐只称重、扣环，一蟹一码。", "Weighed and ringed one by one: a code for every crab."),
        ),
        observe(
            HENGXI,
            "10-12 11:10",
            "inspecting",
            Amount(crabs.id, 6),
            crabs.item(990),
            crabs.item(991),
            read=CHENGJI.seat,
            state="conformant",
            orders={"testres": transaction(HENGXI, "HX-2026-10873")},
            certificate="https://hengxi.example/reports/HX-2026-10873",
            note=Text(
                "抽样快检：氯霉素、硝基呋喃代谢物均未检出。",
                "Rapid test of samples: no chloramphenicol, no nitrofuran metabolites.",
            ),
        ),
        pack(CHENGJI, "10-12 12:20", CRAB_CASE.id, *crabs.items(0, 20), at=CHENGJI.seat),
        bind(
            XIANYU,
            "10-12 13:20",
            "accepting",
            CRAB_CASE.id,
            orders={"po": _ORDER, "desadv": _NOTICE},
            sold=(CHENGJI, XIANYU),
            note=Text("此箱属静安店 200 只的订单。", "The box is part of the Jing'an shop's order of 200 crabs."),
        ),
        attach(
            SHUANGTU,
            "10-12 13:30",
            CRAB_CASE.id,
            CRAB_LOGGER.id,
            read=CHENGJI.seat,
            state="active",
            note=Text("装上温湿度记录仪。", "A temperature and humidity logger goes on."),
        ),
        observe(
            CHENGJI,
            "10-12 14:00",
            "shipping",
            *load,
            read=CHENGJI.seat,
            state="in_transit",
            orders={"po": _ORDER, "desadv": _NOTICE},
            sold=(CHENGJI, XIANYU),
            moved=(CHENGJI.seat, XIANYU.seat),
        ),
        observe(
            SHUANGTU,
            "10-12 16:00",
            "sensor_reporting",
            *load,
            read=SUZHOU_ROAD,
            state="in_transit",
            logs=(
                Log(
                    CRAB_LOGGER,
                    "10-12 14:00",
                    10,
                    (
                        Track(
                            "Temperature",
                            "CEL",
                            (7.8, 7.1, 6.6, 6.3, 6.2, 6.0, 6.1, 6.4, 6.3, 6.1, 6.0, 6.2, 6.5),
                            4,
                            10,
                        ),
                        Track(
                            "RelativeHumidity",
                            "P1",
                            (91, 92, 93, 93, 94, 94, 93, 93, 92, 93, 94, 93, 92),
                            85,
                        ),
                    ),
                ),
            ),
            note=Text("巴城到静安约 75 公里，全程 6–8 °C。", "75 km from Bacheng to Jing'an, at 6–8 °C."),
        ),
        observe(
            XIANYU,
            "10-12 16:25",
            "receiving",
            *load,
            at=XIANYU.seat,
            state="in_progress",
            orders={"po": _ORDER, "recadv": transaction(XIANYU, "GR-20261012-08")},
            moved=(CHENGJI.seat, XIANYU.seat),
            note=Text("开箱抽查，蟹活、腿有力。", "Boxes opened: crabs alive and lively."),
        ),
        unpack(
            XIANYU,
            "10-12 17:10",
            CRAB_CASE.id,
            *crabs.items(0, 20),
            at=XIANYU.seat,
            state="sellable_accessible",
        ),
        observe(
            XIANYU,
            "10-12 18:40",
            "retail_selling",
            *crabs.items(0, 4),
            at=XIANYU.seat,
            state="retail_sold",
        ),
    ]


def november() -> list[Written]:
    """The males."""
    crabs = CRABS_NOVEMBER
    load = (CRAB_CASE_NOVEMBER.id, Amount(crabs.id, 80))
    return [
        add(
            WEIDANG,
            "11-11 06:10",
            "creating_class_instance",
            Amount(crabs.id, 1000),
            at=WEIDANG.seat,
            read=LAKE,
            state="active",
            logs=(
                Log(
                    LAKE_PROBE,
                    "11-10 23:00",
                    60,
                    (
                        Track("Temperature", "CEL", (13.8, 13.6, 13.5, 13.3, 13.2, 13.1, 13.1, 13.2), 8, 28),
                        Track("MassConcentration", "M1", (8.4, 8.3, 8.1, 7.9, 7.8, 7.7, 7.6, 7.9), 5),
                    ),
                ),
            ),
            ilmd={
                "cbvmda:lotNumber": crabs.lot,
                "cbvmda:harvestStartDate": crabs.produced,
                "cbvmda:harvestEndDate": crabs.produced,
                "cbvmda:countryOfOrigin": "CN",
            },
            note=Text("农历十月，公蟹起捕。", "Tenth lunar month: the males are ready."),
        ),
        add(
            CHENGJI,
            "11-11 10:00",
            "commissioning",
            *crabs.items(),
            at=CHENGJI.seat,
            state="active",
            ilmd={
                "cbvmda:lotNumber": crabs.lot,
                "gs1:productionDate": crabs.produced,
                "cbvmda:itemExpirationDate": crabs.expires,
            },
        ),
        pack(CHENGJI, "11-11 11:30", CRAB_CASE_NOVEMBER.id, *crabs.items(0, 20), at=CHENGJI.seat),
        observe(
            CHENGJI,
            "11-11 13:40",
            "shipping",
            *load,
            read=CHENGJI.seat,
            state="in_transit",
            orders={"po": _ORDER_NOVEMBER},
            sold=(CHENGJI, XIANYU),
            moved=(CHENGJI.seat, XIANYU.seat),
        ),
        observe(
            XIANYU,
            "11-11 16:05",
            "receiving",
            *load,
            at=XIANYU.seat,
            state="sellable_not_accessible",
            orders={"po": _ORDER_NOVEMBER},
            moved=(CHENGJI.seat, XIANYU.seat),
            logs=(
                Log(
                    CRAB_LOGGER_2,
                    "11-11 13:40",
                    20,
                    (
                        Track("Temperature", "CEL", (7.2, 6.5, 6.1, 5.9, 5.8, 6.0, 6.2, 6.4), 4, 10),
                        Track("RelativeHumidity", "P1", (90, 92, 93, 93, 92, 93, 92, 91), 85),
                    ),
                ),
            ),
            note=Text("到店读出记录仪，未超限。", "The logger was read on arrival: within bounds."),
        ),
    ]

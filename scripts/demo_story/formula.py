"""Infant formula: two batches down the same road, one of them too warm, and called back."""

from __future__ import annotations

from demo_story.cast import (
    CHENZHOU_ROAD,
    CHUHENG,
    CIBEI,
    FACTORY_COLD,
    FORMULA_LOGGER_1,
    FORMULA_LOGGER_2,
    GUANGZHOU_DC,
    JINAN,
    PORT_PROBE,
    PORT_STORE,
    RIMUVALE,
    SHUANGTU,
    TAIXI,
    VAN_LOGGER,
)
from demo_story.goods import (
    BASE_LOT,
    FORMULA_CASE_GOOD,
    FORMULA_CASE_HELD,
    FORMULA_CASE_SHOP,
    FORMULA_GOOD,
    FORMULA_PALLET_GOOD,
    FORMULA_PALLET_WARM,
    FORMULA_RECALLED,
    LACTOFERRIN_LOT,
)
from demo_story.model import Batch, Recall, Text, Written
from demo_story.scribe import (
    Amount,
    Log,
    Track,
    add,
    attach,
    bind,
    delete,
    detach,
    moment,
    observe,
    pack,
    transaction,
    transform,
    unpack,
)

_ORDER = transaction(CIBEI, "PO-20260928-11")
_DECLARATION = transaction(JINAN, "CD-20260907-0563")
_INGREDIENTS = (Amount(BASE_LOT.id, 2400, "KGM"), Amount(LACTOFERRIN_LOT.id, 4, "KGM"))

RECALL = Recall(
    FORMULA_RECALLED,
    CHUHENG.slug,
    moment("10-27 10:00").isoformat(),
    Text(
        "10 月 14 日运往广州途中制冷机组故障，托盘温度超过 25 °C 上限约 6 小时，最高 35.9 °C。"
        "复检显示乳双歧杆菌活菌数低于标签值。出于谨慎，召回整批。",
        "On 14 October, on the way to Guangzhou, the cooling unit failed: the pallet was above the limit of "
        "25 °C for about 6 hours, at most 35.9 °C. A new test found fewer live Bifidobacterium lactis than the label "
        "states. To be safe, the whole batch is recalled.",
    ),
    Text(
        "请停止食用，凭罐上二维码到购买门店全额退款；如宝宝有不适，请就医。",
        "Stop using it. Any can of the batch is refunded in full at the shop where it was bought; its code is the "
        "receipt. If your baby is unwell, see a doctor.",
    ),
)


def formula() -> list[Written]:
    """Loads name the batch beside the pallet, so that the batch's own history has the journey."""
    return [*_import(), *_making(), *_good_batch(), *_warm_batch(), *_recall()]


def _import() -> list[Written]:
    return [
        observe(
            JINAN,
            "09-05 09:10",
            "arriving",
            *_INGREDIENTS,
            at=PORT_STORE,
            state="in_progress",
            orders={"bol": transaction(RIMUVALE, "BL-TXG-260816-77")},
            sold=(RIMUVALE, CHUHENG),
            note=Text(
                "基粉与乳铁蛋白到港，冷箱入库。",
                "Base powder and lactoferrin landed and put into the cold store.",
            ),
        ),
        observe(
            JINAN,
            "09-08 15:20",
            "accepting",
            *_INGREDIENTS,
            at=PORT_STORE,
            state="available",
            orders={"https://ns.suyuan.example/epcis/customs-declaration": _DECLARATION},
            logs=(
                Log(
                    PORT_PROBE,
                    "09-05 12:00",
                    360,
                    (
                        Track(
                            "Temperature",
                            "CEL",
                            (4.1, 4.3, 4.0, 3.9, 4.2, 4.6, 4.2, 4.0, 3.8, 4.1, 4.5, 4.2, 4.0),
                            2,
                            8,
                        ),
                    ),
                ),
            ),
            note=Text("报关手续办结，可提货。", "Customs formalities done; the goods may leave."),
        ),
        observe(
            TAIXI,
            "09-09 14:00",
            "inspecting",
            Amount(BASE_LOT.id, 1, "KGM"),
            Amount(LACTOFERRIN_LOT.id, 0.1, "KGM"),
            read=PORT_STORE,
            state="conformant",
            orders={"testres": transaction(TAIXI, "TX-2026-08815")},
            certificate="https://taixi.example/reports/TX-2026-08815",
            note=Text(
                "进厂前委托检验：三聚氰胺、阪崎肠杆菌未检出，乳铁蛋白纯度 96.1%。",
                "Tested before use: no melamine, no Cronobacter; lactoferrin is 96.1 % pure.",
            ),
        ),
        observe(
            CHUHENG,
            "09-10 10:30",
            "receiving",
            *_INGREDIENTS,
            at=FACTORY_COLD,
            state="in_progress",
            orders={"recadv": transaction(CHUHENG, "RK-20260910-02")},
            moved=(PORT_STORE, FACTORY_COLD),
            logs=(
                Log(
                    VAN_LOGGER,
                    "09-10 07:40",
                    20,
                    (Track("Temperature", "CEL", (4.4, 4.9, 5.2, 5.1, 4.8, 4.7, 4.6, 4.9, 5.3), 2, 8),),
                ),
            ),
            note=Text("冷藏车 110 公里到厂，乳铁蛋白入冷库。", "110 km by chilled van; lactoferrin back in the cold."),
        ),
    ]


def _blend(when: str, batch: Batch) -> Written:
    return transform(
        CHUHENG,
        when,
        [Amount(BASE_LOT.id, 800, "KGM"), Amount(LACTOFERRIN_LOT.id, 0.8, "KGM")],
        [Amount(batch.id, batch.quantity)],
        at=CHUHENG.seat,
        state="in_progress",
        orders={"prodorder": transaction(CHUHENG, f"MO-{batch.lot}")},
        ilmd={
            "cbvmda:lotNumber": batch.lot,
            "gs1:productionDate": batch.produced,
            "cbvmda:itemExpirationDate": batch.expires,
            "cbvmda:countryOfOrigin": "CN",
        },
        note=Text("干混、充氮、装罐。", "Dry-blended, flushed with nitrogen, canned."),
    )


def _making() -> list[Written]:
    return [
        _blend("09-15 11:00", FORMULA_GOOD),
        add(CHUHENG, "09-16 09:30", "commissioning", *FORMULA_GOOD.items(), at=CHUHENG.seat, state="active"),
        _blend("09-22 11:00", FORMULA_RECALLED),
        add(
            CHUHENG,
            "09-23 09:30",
            "commissioning",
            *FORMULA_RECALLED.items(),
            at=CHUHENG.seat,
            state="active",
        ),
        observe(
            TAIXI,
            "10-06 16:00",
            "inspecting",
            Amount(FORMULA_GOOD.id, 4),
            Amount(FORMULA_RECALLED.id, 4),
            read=TAIXI.seat,
            state="conformant",
            orders={"testres": transaction(TAIXI, "TX-2026-09642")},
            certificate="https://taixi.example/reports/TX-2026-09642",
            note=Text("两批出厂检验合格。", "Both batches pass their release tests."),
        ),
        bind(
            CIBEI,
            "10-07 10:00",
            "accepting",
            Amount(FORMULA_GOOD.id, 240),
            Amount(FORMULA_RECALLED.id, 240),
            orders={"po": _ORDER},
            sold=(CHUHENG, CIBEI),
            note=Text("慈蓓订购两批各 240 罐。", "Cibei orders 240 cans of each batch."),
        ),
    ]


def _good_batch() -> list[Written]:
    cans, pallet, case = FORMULA_GOOD, FORMULA_PALLET_GOOD.id, FORMULA_CASE_GOOD.id
    load = (pallet, Amount(cans.id, 240))
    return [
        pack(CHUHENG, "10-08 09:00", case, *cans.items(0, 6), at=CHUHENG.seat),
        pack(CHUHENG, "10-08 10:30", pallet, case, Amount(cans.id, 234), at=CHUHENG.seat),
        observe(
            CHUHENG,
            "10-08 14:30",
            "shipping",
            *load,
            read=CHUHENG.seat,
            state="in_transit",
            orders={"po": _ORDER},
            sold=(CHUHENG, CIBEI),
            moved=(CHUHENG.seat, CIBEI.seat),
        ),
        observe(
            CIBEI,
            "10-10 08:10",
            "receiving",
            *load,
            at=CIBEI.seat,
            state="in_progress",
            orders={"po": _ORDER},
            moved=(CHUHENG.seat, CIBEI.seat),
            logs=(
                Log(
                    FORMULA_LOGGER_1,
                    "10-08 14:30",
                    180,
                    (
                        Track(
                            "Temperature",
                            "CEL",
                            (18.2, 18.0, 17.8, 17.6, 17.9, 18.4, 19.1, 19.8, 20.3, 20.1, 19.7, 19.4, 19.5, 19.6),
                            10,
                            25,
                        ),
                    ),
                ),
            ),
            note=Text("武清到广州 2,150 公里，全程 17–21 °C。", "2,150 km from Wuqing to Guangzhou, at 17–21 °C."),
        ),
        unpack(CIBEI, "10-10 09:30", pallet, at=CIBEI.seat, state="sellable_not_accessible"),
    ]


def _warm_batch() -> list[Written]:
    """The logger had no signal on the road and was read five days late: by then, cans were on the shelf."""
    cans, pallet = FORMULA_RECALLED, FORMULA_PALLET_WARM.id
    to_shop, held = FORMULA_CASE_SHOP.id, FORMULA_CASE_HELD.id
    load = (pallet, Amount(cans.id, 240))
    return [
        pack(CHUHENG, "10-13 08:40", to_shop, *cans.items(0, 6), at=CHUHENG.seat),
        pack(CHUHENG, "10-13 08:50", held, *cans.items(6, 12), at=CHUHENG.seat),
        pack(CHUHENG, "10-13 10:30", pallet, to_shop, held, Amount(cans.id, 228), at=CHUHENG.seat),
        attach(
            SHUANGTU,
            "10-13 13:20",
            pallet,
            FORMULA_LOGGER_2.id,
            read=CHUHENG.seat,
            state="active",
            note=Text("装上温度记录仪。", "A temperature logger goes on."),
        ),
        observe(
            CHUHENG,
            "10-13 14:00",
            "shipping",
            *load,
            read=CHUHENG.seat,
            state="in_transit",
            orders={"po": _ORDER},
            sold=(CHUHENG, CIBEI),
            moved=(CHUHENG.seat, GUANGZHOU_DC),
        ),
        observe(
            SHUANGTU,
            "10-15 06:10",
            "receiving",
            *load,
            at=GUANGZHOU_DC,
            state="in_progress",
            moved=(CHUHENG.seat, GUANGZHOU_DC),
            note=Text(
                "门店库满，先入仓。到仓 21 °C，外观完好；记录仪待读取。",
                "Into the warehouse, as the shop was full. 21 °C, no damage to be seen; logger still to be read.",
            ),
        ),
        unpack(SHUANGTU, "10-15 08:30", pallet, at=GUANGZHOU_DC),
        observe(
            CIBEI,
            "10-16 10:10",
            "receiving",
            to_shop,
            Amount(cans.id, 6),
            at=CIBEI.seat,
            state="sellable_not_accessible",
            orders={"po": _ORDER},
            moved=(GUANGZHOU_DC, CIBEI.seat),
        ),
        unpack(CIBEI, "10-16 11:00", to_shop, *cans.items(0, 6), at=CIBEI.seat, state="sellable_accessible"),
        observe(CIBEI, "10-17 16:30", "retail_selling", *cans.items(0, 2), at=CIBEI.seat, state="retail_sold"),
        observe(
            SHUANGTU,
            "10-14 20:00",
            "sensor_reporting",
            *load,
            read=CHENZHOU_ROAD,
            state="non_conformant",
            recorded="10-19 09:40",
            logs=(
                Log(
                    FORMULA_LOGGER_2,
                    "10-14 10:00",
                    30,
                    (
                        Track(
                            "Temperature",
                            "CEL",
                            (
                                *(19.6, 19.8, 20.1, 20.6, 22.4, 24.7, 27.3),
                                *(29.8, 31.6, 33.0, 34.1, 34.9, 35.6, 35.9),
                                *(35.8, 34.6, 32.0, 28.4, 25.9, 23.5, 21.4),
                            ),
                            10,
                            25,
                        ),
                    ),
                ),
            ),
            note=Text(
                "补读记录仪：制冷机组停机，13:00 至 19:00 超过 25 °C，最高 35.9 °C。",
                "Logger read late: the cooling unit had stopped. Above 25 °C from 13:00 to 19:00, at most 35.9 °C.",
            ),
        ),
        detach(SHUANGTU, "10-19 09:30", pallet, FORMULA_LOGGER_2.id, read=GUANGZHOU_DC, state="inactive"),
    ]


def _recall() -> list[Written]:
    cans, held = FORMULA_RECALLED, FORMULA_CASE_HELD.id
    return [
        observe(
            SHUANGTU,
            "10-19 10:15",
            "holding",
            held,
            Amount(cans.id, 234),
            at=GUANGZHOU_DC,
            state="non_sellable_other",
            note=Text("就地封存，通知货主。", "Locked away where it stands; the owner is told."),
        ),
        observe(
            TAIXI,
            "10-26 17:10",
            "inspecting",
            Amount(cans.id, 6),
            read=TAIXI.seat,
            state="non_conformant",
            orders={"testres": transaction(TAIXI, "TX-2026-10155")},
            certificate="https://taixi.example/reports/TX-2026-10155",
            note=Text(
                "复检：乳双歧杆菌活菌数低于标签值，其余项目合格。",
                "Tested again: fewer live Bifidobacterium lactis than the label states; all else conforms.",
            ),
        ),
        observe(
            CHUHENG,
            "10-27 10:00",
            "holding",
            Amount(cans.id, 1000),
            at=CHUHENG.seat,
            state="recalled",
            lasting="recalled",
            note=Text("召回整批。", "The whole batch is recalled."),
        ),
        observe(
            CIBEI,
            "10-27 11:30",
            "removing",
            *cans.items(2, 6),
            at=CIBEI.seat,
            state="recalled",
            note=Text(
                "4 罐未售，已下架；2 罐已售，正在联系购买者。",
                "4 unsold cans off the shelf; the buyers of 2 are being reached.",
            ),
        ),
        delete(
            SHUANGTU,
            "11-12 14:30",
            "destroying",
            held,
            *cans.items(6, 12),
            read=GUANGZHOU_DC,
            state="destroyed",
            note=Text("封存的 6 罐在货主见证下销毁。", "The 6 cans held are destroyed, with the owner as witness."),
        ),
    ]

"""What was bought, and what the buyers said of it: every course that a review can take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from demo_story.cast import CIBEI, GUYU, XIANYU
from demo_story.goods import CRABS_OCTOBER, FORMULA_GOOD, FORMULA_RECALLED, RICE_EAST, RICE_WEST
from demo_story.model import Batch, Parcel, Participant, Text


@dataclass(frozen=True)
class Said:
    """A buyer's review. `language`: zh or en; `aspects`: stars by name."""

    stars: int
    words: str
    language: Literal["zh", "en"] = "zh"
    aspects: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Purchase:
    """One order of one line: `quantity` items from number `first` on of a batch. What comes after `said` is optional:
    `amended`, or withdrawn or erased (`end`), `withheld` with reason and law, and restored, and the merchant's `reply`.
    """

    shop: Participant
    buyer: str
    batch: Batch
    first: int
    quantity: int
    said: Said | None = None
    amended: Said | None = None
    end: Literal["", "withdrawn", "erased"] = ""
    withheld: tuple[str, str] | None = None
    restored: Literal["", "mistake", "appeal", "order"] = ""
    reply: str = ""

    @property
    def parcel(self) -> Parcel:
        return Parcel(
            self.shop.prefix,
            f"3{self.first:09d}",
            Text(f"订单包裹（{self.quantity} 件）", f"parcel of an order, {self.quantity} pieces"),
        )

    @property
    def sscc(self) -> str:
        return self.parcel.id.path.rpartition("/")[2]

    @property
    def reference(self) -> str:
        return f"{self.shop.slug.upper()}-{self.batch.lot}-{self.first:04d}"


PURCHASES = (
    Purchase(
        XIANYU,
        "u-2107",
        CRABS_OCTOBER,
        400,
        4,
        Said(
            5,
            "只只鲜活，扫码能看到起捕时间和全程温度，蟹黄饱满。",
            aspects=(("quality", 5), ("freshness", 5), ("authentic", 5)),
        ),
        reply="谢谢！母蟹农历九月最肥，下一批公蟹 11 月中旬起捕。",
    ),
    Purchase(
        XIANYU, "u-2111", CRABS_OCTOBER, 404, 4, Said(4, "个头够，两只略空。客服处理很快。", aspects=(("quality", 4),))
    ),
    Purchase(
        XIANYU,
        "u-2120",
        CRABS_OCTOBER,
        408,
        4,
        Said(
            2,
            "到的时候死了一只，冰袋已经化了。",
            aspects=(("packaging", 2), ("freshness", 2)),
        ),
        amended=Said(
            4, "到的时候死了一只，商家当天补发，处理认真，加星。", aspects=(("packaging", 2), ("freshness", 4))
        ),
        reply="抱歉，已补发一只，并更换了这条线路的保温箱。",
    ),
    Purchase(
        XIANYU,
        "u-2133",
        CRABS_OCTOBER,
        412,
        4,
        Said(
            5,
            "Ordered to Pudong, alive next morning. The code under the patch opened at first try.",
            "en",
            (("packaging", 5), ("freshness", 5)),
        ),
    ),
    Purchase(
        XIANYU,
        "u-2140",
        CRABS_OCTOBER,
        416,
        4,
        Said(1, "（含辱骂客服的内容，演示中不写出）"),
        withheld=("abuse", "ECO-7"),
    ),
    Purchase(
        XIANYU,
        "u-2152",
        CRABS_OCTOBER,
        420,
        4,
        Said(1, "配送员某某住在某处，电话某某某。"),
        withheld=("personal", "PIPL-10"),
    ),
    Purchase(XIANYU, "u-2160", CRABS_OCTOBER, 424, 4, Said(3, "味道一般，价格偏高。", aspects=(("value", 2),))),
    Purchase(XIANYU, "u-2171", CRABS_OCTOBER, 428, 4, Said(5, "送礼很有面子，长辈扫码看了半天。")),
    Purchase(XIANYU, "u-2188", CRABS_OCTOBER, 432, 4, Said(4, "不错。"), end="withdrawn"),
    Purchase(XIANYU, "u-2190", CRABS_OCTOBER, 436, 4),
    Purchase(
        GUYU,
        "g-0031",
        RICE_EAST,
        500,
        2,
        Said(
            5,
            "米香很足，煮粥出油。地块和加工日期都对得上。",
            aspects=(("quality", 5), ("authentic", 5)),
        ),
    ),
    Purchase(
        GUYU,
        "g-0044",
        RICE_EAST,
        502,
        1,
        Said(4, "Fragrant and a little sticky, as it should be.", "en", (("quality", 4),)),
    ),
    Purchase(
        GUYU,
        "g-0052",
        RICE_EAST,
        503,
        1,
        Said(2, "这袋有碎米，和上次不一样。"),
        withheld=("fake", "EC-17"),
        restored="mistake",
        reply="经核对是我们的误判，评价已恢复展示；碎米率已反馈给加工厂。",
    ),
    Purchase(GUYU, "g-0060", RICE_EAST, 504, 1, Said(5, "第三次买了。"), end="erased"),
    Purchase(GUYU, "g-0071", RICE_WEST, 510, 2, Said(5, "真空小包装方便，产地信息清楚。", aspects=(("packaging", 5),))),
    Purchase(
        CIBEI,
        "c-1201",
        FORMULA_GOOD,
        600,
        2,
        Said(
            5,
            "能查到海关检验和出厂温度，给宝宝喝放心多了。",
            aspects=(("authentic", 5), ("quality", 5)),
        ),
    ),
    Purchase(CIBEI, "c-1219", FORMULA_GOOD, 602, 1, Said(4, "溶解快，罐底日期清楚。", aspects=(("quality", 4),))),
    Purchase(
        CIBEI,
        "c-1225",
        FORMULA_RECALLED,
        610,
        1,
        Said(
            1,
            "买到被召回的批次，扫码才知道，已经退货。",
            aspects=(("authentic", 3), ("quality", 1)),
        ),
        reply="这批在运输中超温，我们已主动召回并全额退款。",
    ),
)

"""What is made and sold."""

from __future__ import annotations

from demo_story.cast import CHENGJI, CHUHENG, JICHUAN, LONGQUAN, RIMUVALE, SHUIAN
from demo_story.model import Batch, Lot, Parcel, Participant, Product, Text

CHENGJI_BRAND = Text("澄霁", "Chengji")
JICHUAN_BRAND = Text("稷川", "Jichuan")
CHUHENG_BRAND = Text("初蘅", "Chuheng")
NO_BRAND = Text("无品牌原料", "unbranded material")

YANGCHENG = Text("江苏苏州阳澄湖", "Yangcheng Lake, Suzhou, Jiangsu")
WUCHANG = Text("黑龙江五常", "Wuchang, Heilongjiang")
MINLE = Text("黑龙江五常民乐乡", "Minle, Wuchang, Heilongjiang")
TIANJIN = Text("天津武清", "Wuqing, Tianjin")
NEW_ZEALAND = Text("新西兰怀卡托", "Waikato, New Zealand")

# --- products

CRAB_FEMALE = Product(
    "crab-female",
    CHENGJI.prefix,
    "000101",
    CHENGJI.slug,
    Text("阳澄湖大闸蟹 母蟹 3 两", "Yangcheng Lake hairy crab, female, 150 g"),
    CHENGJI_BRAND,
    "aquatic",
    YANGCHENG,
    "150 g",
    Text("5–8 °C 湿润冷藏，勿水养", "Keep alive at 5–8 °C, moist; do not put in water"),
    Text(
        "阳澄湖东湖围网养殖，一蟹一扣，扣上一码。农历九月膏黄最满。死蟹勿食。",
        "Pen-raised in Yangcheng East Lake; one ring and one code on every crab. Fullest roe in the ninth lunar "
        "month. Never eat a crab that has died.",
    ),
)
CRAB_MALE = Product(
    "crab-male",
    CHENGJI.prefix,
    "000102",
    CHENGJI.slug,
    Text("阳澄湖大闸蟹 公蟹 4 两", "Yangcheng Lake hairy crab, male, 200 g"),
    CHENGJI_BRAND,
    "aquatic",
    YANGCHENG,
    "200 g",
    Text("5–8 °C 湿润冷藏，勿水养", "Keep alive at 5–8 °C, moist; do not put in water"),
    Text(
        "阳澄湖东湖围网养殖，一蟹一扣，扣上一码。农历十月蟹膏最稠。死蟹勿食。",
        "Pen-raised in Yangcheng East Lake; one ring and one code on every crab. Richest in the tenth lunar month. "
        "Never eat a crab that has died.",
    ),
)
RICE_5KG = Product(
    "rice-5kg",
    JICHUAN.prefix,
    "000201",
    JICHUAN.slug,
    Text("五常大米 五优稻4号 5 kg", "Wuchang rice, Wuyoudao 4, 5 kg"),
    JICHUAN_BRAND,
    "grain",
    WUCHANG,
    "5 kg",
    Text("阴凉干燥处，开袋后密封冷藏", "Cool and dry; once open, seal and refrigerate"),
    Text(
        "2026 年新米，单一品种五优稻4号（俗称稻花香2号），不掺不拼。",
        "New rice of 2026, a single variety: Wuyoudao 4, known as Daohuaxiang 2. Nothing blended in.",
    ),
)
RICE_2KG = Product(
    "rice-2.5kg",
    JICHUAN.prefix,
    "000202",
    JICHUAN.slug,
    Text("五常大米 五优稻4号 2.5 kg", "Wuchang rice, Wuyoudao 4, 2.5 kg"),
    JICHUAN_BRAND,
    "grain",
    WUCHANG,
    "2.5 kg",
    Text("阴凉干燥处，开袋后密封冷藏", "Cool and dry; once open, seal and refrigerate"),
    Text(
        "民乐乡 5 号地块单独收割、单独加工的真空小包装。",
        "From field 5 in Minle alone, milled apart, in a small vacuum pack.",
    ),
)
FORMULA = Product(
    "formula-1",
    CHUHENG.prefix,
    "000301",
    CHUHENG.slug,
    Text("初蘅 婴儿配方奶粉 1 段 800 g", "Chuheng infant formula, stage 1, 800 g"),
    CHUHENG_BRAND,
    "infant-formula",
    TIANJIN,
    "800 g",
    Text("10–25 °C 避光干燥；全程温控运输", "10–25 °C, dark and dry; moved under temperature control"),
    Text(
        "适合 0–6 月龄。添加乳铁蛋白与乳双歧杆菌，两者怕热，故从工厂到门店全程控温并留有记录。母乳是婴儿最好的食物。",
        "For 0 to 6 months. With lactoferrin and Bifidobacterium lactis: both suffer from heat, so the cans travel "
        "under control, on record, from plant to shop. Breast milk is best for babies.",
    ),
)
PRODUCTS = (CRAB_FEMALE, CRAB_MALE, RICE_5KG, RICE_2KG, FORMULA)

# --- materials: named in events, and good to have listed, so that a timeline can say what they are

PADDY = Product(
    "paddy",
    SHUIAN.prefix,
    "000901",
    SHUIAN.slug,
    Text("五优稻4号 稻谷", "Paddy, Wuyoudao 4"),
    NO_BRAND,
    "grain",
    MINLE,
    "1 kg",
    Text("水分不高于 14.5%，通风阴凉", "Moisture at most 14.5 %, cool and aired"),
    Text("合作社当年收割的稻谷。", "Paddy of this year, harvested by the cooperative."),
)
MILLED = Product(
    "milled-rice",
    LONGQUAN.prefix,
    "000902",
    LONGQUAN.slug,
    Text("五优稻4号 精米（散装）", "Milled rice, Wuyoudao 4, in bulk"),
    NO_BRAND,
    "grain",
    WUCHANG,
    "1 kg",
    Text("15 °C 以下低温仓", "Cool silo, below 15 °C"),
    Text("待分装的散装精米。", "Milled rice in bulk, to be packed."),
)
BASE_POWDER = Product(
    "base-powder",
    RIMUVALE.prefix,
    "000903",
    RIMUVALE.slug,
    Text("脱盐乳清基粉（进口）", "Demineralised whey base powder, imported"),
    NO_BRAND,
    "infant-formula",
    NEW_ZEALAND,
    "25 kg",
    Text("25 °C 以下干燥", "Dry, below 25 °C"),
    Text("新西兰产，海运集装箱经天津港进口。", "Made in New Zealand, by sea through the port of Tianjin."),
)
LACTOFERRIN = Product(
    "lactoferrin",
    RIMUVALE.prefix,
    "000904",
    RIMUVALE.slug,
    Text("乳铁蛋白（进口）", "Lactoferrin, imported"),
    NO_BRAND,
    "infant-formula",
    NEW_ZEALAND,
    "1 kg",
    Text("2–8 °C 冷藏", "Chilled, 2–8 °C"),
    Text("新西兰产，全程 2–8 °C。", "Made in New Zealand, kept at 2–8 °C all the way."),
)
MATERIALS = (PADDY, MILLED, BASE_POWDER, LACTOFERRIN)

PADDY_EAST_1 = Lot(PADDY, "D3-0926", Text("3 号地块 9 月 26 日收割", "field 3, cut on 26 September"))
PADDY_EAST_2 = Lot(PADDY, "D3-0927", Text("3 号地块 9 月 27 日收割", "field 3, cut on 27 September"))
PADDY_WEST = Lot(PADDY, "D5-0929", Text("5 号地块 9 月 29 日收割", "field 5, cut on 29 September"))
MILLED_EAST = Lot(MILLED, "LQ261008A", Text("3 号地块精米", "milled rice of field 3"))
MILLED_WEST = Lot(MILLED, "LQ261010B", Text("5 号地块精米", "milled rice of field 5"))
BASE_LOT = Lot(BASE_POWDER, "NZB260714", Text("基粉 7 月 14 日批", "base powder made on 14 July"))
LACTOFERRIN_LOT = Lot(LACTOFERRIN, "NZL260721", Text("乳铁蛋白 7 月 21 日批", "lactoferrin made on 21 July"))
LOTS = (PADDY_EAST_1, PADDY_EAST_2, PADDY_WEST, MILLED_EAST, MILLED_WEST, BASE_LOT, LACTOFERRIN_LOT)

# --- batches

CRABS_OCTOBER = Batch(
    "crabs-october",
    CRAB_FEMALE,
    "YC261012F",
    "2026-10-12",
    "2026-10-19",
    Text("阳澄湖东湖 7 号围网", "Pen 7, Yangcheng East Lake"),
    Text(
        "10 月 12 日清晨起捕，当日扣环、当日发运。",
        "Caught at dawn on 12 October; ringed and shipped the same day.",
    ),
)
CRABS_NOVEMBER = Batch(
    "crabs-november",
    CRAB_MALE,
    "YC261111M",
    "2026-11-11",
    "2026-11-18",
    Text("阳澄湖东湖 7 号围网", "Pen 7, Yangcheng East Lake"),
    Text("11 月 11 日起捕的公蟹。", "Males, caught on 11 November."),
)
RICE_EAST = Batch(
    "rice-field-3",
    RICE_5KG,
    "JC261012A",
    "2026-10-12",
    "2027-10-11",
    Text("五常民乐乡 3 号地块", "Field 3, Minle, Wuchang"),
    Text("3 号地块两批稻谷，同机加工。", "Two paddy lots of field 3, milled in one run."),
)
RICE_WEST = Batch(
    "rice-field-5",
    RICE_2KG,
    "JC261013B",
    "2026-10-13",
    "2027-10-12",
    Text("五常民乐乡 5 号地块", "Field 5, Minle, Wuchang"),
    Text("5 号地块单独加工，真空包装。", "Field 5 alone, vacuum packed."),
)
FORMULA_GOOD = Batch(
    "formula-a",
    FORMULA,
    "CH260915A",
    "2026-09-15",
    "2028-09-14",
    TIANJIN,
    Text("996 罐装 166 箱，4 罐留样。", "996 cans in 166 cases; 4 kept as samples."),
)
FORMULA_RECALLED = Batch(
    "formula-b",
    FORMULA,
    "CH260922B",
    "2026-09-22",
    "2028-09-21",
    TIANJIN,
    Text("996 罐装 166 箱，4 罐留样。", "996 cans in 166 cases; 4 kept as samples."),
)
BATCHES = (CRABS_OCTOBER, CRABS_NOVEMBER, RICE_EAST, RICE_WEST, FORMULA_GOOD, FORMULA_RECALLED)

# --- parcels


def _case(owner: Participant, number: int, zh: str, en: str) -> Parcel:
    return Parcel(owner.prefix, f"1{number:09d}", Text(zh, en))


def _pallet(owner: Participant, number: int, zh: str, en: str) -> Parcel:
    return Parcel(owner.prefix, f"2{number:09d}", Text(zh, en))


CRAB_CASE = _case(CHENGJI, 10121, "母蟹保温箱（20 只）", "insulated box of 20 female crabs")
CRAB_CASE_NOVEMBER = _case(CHENGJI, 11111, "公蟹保温箱（20 只）", "insulated box of 20 male crabs")
RICE_CASE = _case(JICHUAN, 20121, "5 kg 大米箱（4 袋）", "case of 4 bags of 5 kg")
RICE_PALLET = _pallet(JICHUAN, 20120, "大米托盘", "pallet of rice")
FORMULA_CASE_GOOD = _case(CHUHENG, 30151, "奶粉箱（6 罐）", "case of 6 cans")
FORMULA_PALLET_GOOD = _pallet(CHUHENG, 30150, "奶粉托盘（40 箱）", "pallet of 40 cases")
FORMULA_CASE_SHOP = _case(CHUHENG, 30221, "奶粉箱（6 罐）", "case of 6 cans")
FORMULA_CASE_HELD = _case(CHUHENG, 30222, "奶粉箱（6 罐）", "case of 6 cans")
FORMULA_PALLET_WARM = _pallet(CHUHENG, 30220, "奶粉托盘（40 箱）", "pallet of 40 cases")
PARCELS = (
    CRAB_CASE,
    CRAB_CASE_NOVEMBER,
    RICE_CASE,
    RICE_PALLET,
    FORMULA_CASE_GOOD,
    FORMULA_PALLET_GOOD,
    FORMULA_CASE_SHOP,
    FORMULA_CASE_HELD,
    FORMULA_PALLET_WARM,
)

"""Who takes part, and where. All of them are invented; towns and roads between them are real."""

from __future__ import annotations

from demo_story.model import Asset, Participant, Place, Text, Waypoint

KUNSHAN = Text("江苏昆山", "Kunshan, Jiangsu")
SUZHOU = Text("江苏苏州", "Suzhou, Jiangsu")
SHANGHAI = Text("上海", "Shanghai")
WUCHANG = Text("黑龙江五常", "Wuchang, Heilongjiang")
HARBIN = Text("黑龙江哈尔滨", "Harbin, Heilongjiang")
BEIJING = Text("北京", "Beijing")
TIANJIN = Text("天津", "Tianjin")
GUANGZHOU = Text("广东广州", "Guangzhou, Guangdong")

# --- hairy crabs

LAKE = Place(
    "9521001",
    "00002",
    Text("阳澄湖东湖 7 号围网", "Pen 7, Yangcheng East Lake"),
    KUNSHAN,
    Text("昆山市巴城镇阳澄湖东湖养殖区 7 号围网", "Pen 7, Yangcheng East Lake farming area, Bacheng, Kunshan"),
    31.4312,
    120.8189,
)
WEIDANG = Participant(
    "weidang",
    "partner",
    Text("昆山苇荡生态养殖专业合作社", "Weidang Ecological Aquaculture Cooperative"),
    Text("养殖", "farm"),
    "DEMO-YZ-320583-0007",
    ("aquatic",),
    (
        Place(
            "9521001",
            "00001",
            Text("苇荡合作社码头", "Weidang landing"),
            KUNSHAN,
            Text("昆山市巴城镇苇荡村码头路 3 号", "3 Matou Road, Weidang Village, Bacheng, Kunshan"),
            31.4406,
            120.8421,
        ),
        LAKE,
    ),
)
CHENGJI = Participant(
    "chengji",
    "merchant",
    Text("苏州澄霁水产有限公司", "Suzhou Chengji Aquatic Products Co., Ltd."),
    Text("水产品牌与包装", "crab brand and packer"),
    "DEMO-JY-320583-0112",
    ("aquatic",),
    (
        Place(
            "9521002",
            "00001",
            Text("澄霁巴城包装中心", "Chengji packing house, Bacheng"),
            KUNSHAN,
            Text("昆山市巴城镇澄霁路 6 号", "6 Chengji Road, Bacheng, Kunshan"),
            31.4512,
            120.8874,
        ),
    ),
)
HENGXI = Participant(
    "hengxi",
    "partner",
    Text("苏州衡析检测有限公司", "Suzhou Hengxi Testing Co., Ltd."),
    Text("检验检测", "testing laboratory"),
    "DEMO-CMA-3205-0031",
    ("inspection",),
    (
        Place(
            "9521003",
            "00001",
            Text("衡析检测实验室", "Hengxi laboratory"),
            SUZHOU,
            Text("苏州工业园区衡析街 18 号", "18 Hengxi Street, Suzhou Industrial Park"),
            31.3052,
            120.7024,
        ),
    ),
    "link",
)
SHANGHAI_HUB = Place(
    "9521004",
    "00002",
    Text("霜途昆山冷链站", "Shuangtu cold hub, Kunshan"),
    KUNSHAN,
    Text("昆山市陆家镇霜途路 21 号", "21 Shuangtu Road, Lujia, Kunshan"),
    31.3168,
    121.0472,
)
GUANGZHOU_DC = Place(
    "9521004",
    "00003",
    Text("霜途广州黄埔温控仓", "Shuangtu controlled-temperature warehouse, Huangpu"),
    GUANGZHOU,
    Text("广州市黄埔区霜途东路 2 号", "2 Shuangtu East Road, Huangpu, Guangzhou"),
    23.1803,
    113.5106,
)
CHENZHOU_ROAD = Waypoint(
    Text("京港澳高速郴州段", "G4 expressway near Chenzhou"),
    Text("湖南郴州", "Chenzhou, Hunan"),
    25.7931,
    113.0322,
)
SUZHOU_ROAD = Waypoint(Text("沪宁高速花桥段", "G42 expressway near Huaqiao"), KUNSHAN, 31.2987, 121.0856)
SHUANGTU = Participant(
    "shuangtu",
    "partner",
    Text("江苏霜途冷链物流有限公司", "Jiangsu Shuangtu Cold Chain Logistics Co., Ltd."),
    Text("冷链运输", "cold-chain carrier"),
    "DEMO-YS-3205-0460",
    ("logistics",),
    (
        Place(
            "9521004",
            "00001",
            Text("霜途总部", "Shuangtu head office"),
            SUZHOU,
            Text("苏州市相城区霜途路 1 号", "1 Shuangtu Road, Xiangcheng, Suzhou"),
            31.3690,
            120.6425,
        ),
        SHANGHAI_HUB,
        GUANGZHOU_DC,
    ),
    "link",
    (CHENZHOU_ROAD, SUZHOU_ROAD),
)
XIANYU = Participant(
    "xianyu",
    "partner",
    Text("上海鲜隅商业有限公司", "Shanghai Xianyu Fresh Foods Co., Ltd."),
    Text("零售门店", "shop"),
    "DEMO-JY-310106-0235",
    ("retail",),
    (
        Place(
            "9521005",
            "00001",
            Text("鲜隅静安店", "Xianyu Fresh, Jing'an"),
            SHANGHAI,
            Text("上海市静安区鲜隅里 12 号", "12 Xianyu Lane, Jing'an, Shanghai"),
            31.2323,
            121.4486,
        ),
    ),
)

# --- rice

FIELD_EAST = Place(
    "9521006",
    "00002",
    Text("民乐 3 号地块（东）", "Minle field 3, east"),
    WUCHANG,
    Text("五常市民乐乡水岸村 3 号地块", "Field 3, Shui'an Village, Minle, Wuchang"),
    44.7856,
    127.1327,
)
FIELD_WEST = Place(
    "9521006",
    "00003",
    Text("民乐 5 号地块（西）", "Minle field 5, west"),
    WUCHANG,
    Text("五常市民乐乡水岸村 5 号地块", "Field 5, Shui'an Village, Minle, Wuchang"),
    44.7829,
    127.1118,
)
SHUIAN = Participant(
    "shuian",
    "partner",
    Text("五常水岸水稻种植专业合作社", "Wuchang Shui'an Rice Growers' Cooperative"),
    Text("种植", "farm"),
    "DEMO-ZZ-230184-0019",
    ("grain",),
    (
        Place(
            "9521006",
            "00001",
            Text("水岸合作社晒场", "Shui'an drying yard"),
            WUCHANG,
            Text("五常市民乐乡水岸村 1 号", "1 Shui'an Village, Minle, Wuchang"),
            44.7840,
            127.1240,
        ),
        FIELD_EAST,
        FIELD_WEST,
    ),
)
LONGQUAN = Participant(
    "longquan",
    "partner",
    Text("五常龙泉湾精米加工有限公司", "Wuchang Longquanwan Rice Milling Co., Ltd."),
    Text("稻米加工", "rice mill"),
    "DEMO-SC-230184-0044",
    ("grain",),
    (
        Place(
            "9521007",
            "00001",
            Text("龙泉湾精米厂", "Longquanwan mill"),
            WUCHANG,
            Text("五常市龙凤山镇龙泉湾路 8 号", "8 Longquanwan Road, Longfengshan, Wuchang"),
            44.7393,
            127.4218,
        ),
    ),
    "link",
)
JICHUAN = Participant(
    "jichuan",
    "merchant",
    Text("黑龙江稷川米业有限公司", "Heilongjiang Jichuan Rice Co., Ltd."),
    Text("大米品牌与包装", "rice brand and packer"),
    "DEMO-SC-230184-0108",
    ("grain",),
    (
        Place(
            "9521008",
            "00001",
            Text("稷川五常包装中心", "Jichuan packing centre, Wuchang"),
            WUCHANG,
            Text("五常市五常镇稷川大街 16 号", "16 Jichuan Street, Wuchang Town, Wuchang"),
            44.9187,
            127.1684,
        ),
    ),
    "link",
)
GUZHEN = Participant(
    "guzhen",
    "partner",
    Text("哈尔滨谷甄检验检测有限公司", "Harbin Guzhen Inspection and Testing Co., Ltd."),
    Text("检验检测", "testing laboratory"),
    "DEMO-CMA-2301-0057",
    ("inspection",),
    (
        Place(
            "9521009",
            "00001",
            Text("谷甄检测实验室", "Guzhen laboratory"),
            HARBIN,
            Text("哈尔滨市松北区谷甄路 9 号", "9 Guzhen Road, Songbei, Harbin"),
            45.8021,
            126.5583,
        ),
    ),
)
BEIYI = Participant(
    "beiyi",
    "partner",
    Text("哈尔滨北驿物流有限公司", "Harbin Beiyi Logistics Co., Ltd."),
    Text("干线运输", "carrier"),
    "DEMO-YS-2301-0216",
    ("logistics",),
    (
        Place(
            "9521010",
            "00001",
            Text("北驿哈尔滨分拨中心", "Beiyi distribution centre, Harbin"),
            HARBIN,
            Text("哈尔滨市平房区北驿路 30 号", "30 Beiyi Road, Pingfang, Harbin"),
            45.6041,
            126.6298,
        ),
    ),
)
GUYU = Participant(
    "guyu",
    "partner",
    Text("北京谷屿粮油有限公司", "Beijing Guyu Grain and Oil Co., Ltd."),
    Text("零售门店", "shop"),
    "DEMO-JY-110105-0391",
    ("retail",),
    (
        Place(
            "9521011",
            "00001",
            Text("谷屿粮油朝阳店", "Guyu Grains, Chaoyang"),
            BEIJING,
            Text("北京市朝阳区谷屿胡同 5 号", "5 Guyu Hutong, Chaoyang, Beijing"),
            39.9214,
            116.4431,
        ),
    ),
    "link",
)

# --- infant formula

RIMUVALE = Participant(
    "rimuvale",
    "partner",
    Text("里木谷乳品原料有限公司", "Rimuvale Dairy Ingredients Ltd."),
    Text("进口原料生产", "ingredient maker abroad"),
    "DEMO-NZ-0142",
    ("infant-formula",),
    (
        Place(
            "9521016",
            "00001",
            Text("里木谷工厂", "Rimuvale plant"),
            Text("新西兰怀卡托", "Waikato, New Zealand"),
            Text("新西兰怀卡托里木谷路 4 号", "4 Rimuvale Road, Waikato, New Zealand"),
            -37.7712,
            175.2984,
        ),
    ),
)
PORT_STORE = Place(
    "9521012",
    "00002",
    Text("天津港东疆冷库", "Cold store, Dongjiang, Tianjin Port"),
    TIANJIN,
    Text("天津市滨海新区东疆示范路 11 号冷库", "Cold store, 11 Shifan Road, Dongjiang, Binhai, Tianjin"),
    38.9884,
    117.7926,
)
JINAN = Participant(
    "jin-an",
    "partner",
    Text("天津津岸报关有限公司", "Tianjin Jin'an Customs Brokerage Co., Ltd."),
    Text("报关与口岸仓储", "customs broker and port storage"),
    "DEMO-BG-120116-0028",
    ("customs",),
    (
        Place(
            "9521012",
            "00001",
            Text("津岸报关东疆办事处", "Jin'an office, Dongjiang"),
            TIANJIN,
            Text("天津市滨海新区东疆示范路 9 号", "9 Shifan Road, Dongjiang, Binhai, Tianjin"),
            38.9879,
            117.7901,
        ),
        PORT_STORE,
    ),
)
FACTORY_COLD = Place(
    "9521013",
    "00002",
    Text("初蘅武清工厂冷藏原料库", "Chuheng plant, chilled ingredient store"),
    TIANJIN,
    Text("天津市武清区初蘅路 20 号 2 号库", "Store 2, 20 Chuheng Road, Wuqing, Tianjin"),
    39.3916,
    117.0641,
)
CHUHENG = Participant(
    "chuheng",
    "merchant",
    Text("天津初蘅营养食品有限公司", "Tianjin Chuheng Nutrition Co., Ltd."),
    Text("婴幼儿配方食品生产", "infant formula maker"),
    "DEMO-SC-120114-0003",
    ("infant-formula",),
    (
        Place(
            "9521013",
            "00001",
            Text("初蘅武清工厂", "Chuheng plant, Wuqing"),
            TIANJIN,
            Text("天津市武清区初蘅路 20 号", "20 Chuheng Road, Wuqing, Tianjin"),
            39.3912,
            117.0633,
        ),
        FACTORY_COLD,
    ),
)
TAIXI = Participant(
    "taixi",
    "partner",
    Text("天津泰析检测技术有限公司", "Tianjin Taixi Testing Technology Co., Ltd."),
    Text("检验检测", "testing laboratory"),
    "DEMO-CMA-1201-0074",
    ("inspection",),
    (
        Place(
            "9521014",
            "00001",
            Text("泰析检测实验室", "Taixi laboratory"),
            TIANJIN,
            Text("天津经济技术开发区泰析街 66 号", "66 Taixi Street, TEDA, Tianjin"),
            39.0337,
            117.7048,
        ),
    ),
    "link",
)
CIBEI = Participant(
    "cibei",
    "partner",
    Text("广州慈蓓母婴用品有限公司", "Guangzhou Cibei Mother and Baby Co., Ltd."),
    Text("零售门店", "shop"),
    "DEMO-JY-440106-0518",
    ("retail",),
    (
        Place(
            "9521015",
            "00001",
            Text("慈蓓天河店", "Cibei, Tianhe"),
            GUANGZHOU,
            Text("广州市天河区慈蓓街 27 号", "27 Cibei Street, Tianhe, Guangzhou"),
            23.1324,
            113.3272,
        ),
    ),
)

PARTICIPANTS = (
    CHENGJI,
    JICHUAN,
    CHUHENG,
    WEIDANG,
    HENGXI,
    SHUANGTU,
    XIANYU,
    SHUIAN,
    LONGQUAN,
    GUZHEN,
    BEIYI,
    GUYU,
    RIMUVALE,
    JINAN,
    TAIXI,
    CIBEI,
)

# --- devices

LAKE_PROBE = Asset("9521001", "WQ07", Text("7 号围网水质探头", "water probe of pen 7"))
CRAB_LOGGER = Asset("9521004", "TL0417", Text("温湿度记录仪 0417", "temperature and humidity logger 0417"))
CRAB_LOGGER_2 = Asset("9521004", "TL0533", Text("温湿度记录仪 0533", "temperature and humidity logger 0533"))
FORMULA_LOGGER_1 = Asset("9521004", "TL0862", Text("温度记录仪 0862", "temperature logger 0862"))
FORMULA_LOGGER_2 = Asset("9521004", "TL0877", Text("温度记录仪 0877", "temperature logger 0877"))
PORT_PROBE = Asset("9521012", "CS11", Text("东疆冷库探头", "probe of the Dongjiang cold store"))
VAN_LOGGER = Asset("9521004", "TL0291", Text("温度记录仪 0291", "temperature logger 0291"))

ASSETS = (
    LAKE_PROBE,
    CRAB_LOGGER,
    CRAB_LOGGER_2,
    FORMULA_LOGGER_1,
    FORMULA_LOGGER_2,
    PORT_PROBE,
    VAN_LOGGER,
)

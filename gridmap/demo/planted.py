# ruff: noqa: E501 - tables of words
"""The parts that enterprises play: which are raised, which only look it, which are quiet; and words for the others' names."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Planted:
    """An enterprise with a part to play.

    Reports of disputes by a household at d metres are multiplied by 1 + alpha * exp(-d / beta_m); the excess falls on
    `categories` (code -> share).
    """

    name: str
    name_en: str
    kind: str
    role: str  # raised, populous, quiet, background
    x: float  # metres, or metres from the place or enterprise called `beside`
    y: float
    reach_m: float  # how far from there it may be put
    households: float  # wanted within NEAR_M
    beside: str | None = None
    gap_m: float | None = None  # how far from there it should be put
    alpha: float = 0.0
    beta_m: float = 0.0
    categories: dict[str, float] = field(default_factory=dict)


PLANTED = (
    Planted(
        "云岭水泥厂", "Yunling Cement Works", "factory", "raised", 14_000.0, 4_800.0, 4_500.0, 1_400.0, alpha=4.6, beta_m=650.0,
        categories={
            "mining-dust": 0.44, "mining-noise": 0.14, "mining-trucks": 0.15, "environment-air": 0.13,
            "mining-roads": 0.08, "environment-wastewater": 0.06,
        },
    ),
    Planted(
        "鸿发铅锌矿", "Hongfa Lead and Zinc Mine", "mine", "raised", -11_500.0, 8_800.0, 4_000.0, 950.0, alpha=5.2, beta_m=650.0,
        categories={
            "mining-water": 0.36, "mining-roads": 0.22, "mining-waste": 0.14, "mining-trucks": 0.11,
            "mining-compensation": 0.09, "mining-subsidence": 0.08,
        },
    ),
    Planted(
        "青石采石场", "Qingshi Quarry", "quarry", "raised", 0.0, 0.0, 1_300.0, 450.0, beside="柳湾村", alpha=6.0, beta_m=550.0,
        categories={"mining-blasting": 0.46, "mining-dust": 0.20, "mining-trucks": 0.20, "mining-noise": 0.14},
    ),
    Planted("城关机械厂", "Chengguan Machine Works", "factory", "populous", -500.0, -700.0, 1_300.0, 6_000.0),
    Planted("望云石英砂厂", "Wangyun Quartz Sand Works", "factory", "quiet", 1_500.0, 6_500.0, 7_500.0, 120.0),
    Planted("宏远砖厂", "Hongyuan Brickworks", "factory", "background", 0.0, 0.0, 1_400.0, 900.0, beside="云岭水泥厂", gap_m=1_100.0),
)  # fmt: skip
KINDS = (("mine", 21), ("quarry", 19), ("factory", 18), ("other", 2))
WORDS = {
    "mine": (("煤矿", "Coal Mine"), ("铁矿", "Iron Mine"), ("磷矿", "Phosphate Mine"), ("铝土矿", "Bauxite Mine"),
             ("重晶石矿", "Barite Mine"), ("锰矿", "Manganese Mine")),
    "quarry": (("采石场", "Quarry"), ("砂石厂", "Gravel Works"), ("石料厂", "Stone Works"), ("石灰石矿场", "Limestone Quarry")),
    "factory": (("砖厂", "Brickworks"), ("石灰厂", "Lime Works"), ("化肥厂", "Fertiliser Works"), ("酒厂", "Distillery"),
                ("木材加工厂", "Sawmill"), ("食品厂", "Food Factory"), ("洗煤厂", "Coal Washery"), ("家具厂", "Furniture Factory")),
    "other": (("养殖场", "Livestock Farm"), ("垃圾处理站", "Waste Station")),
}  # fmt: skip
FRONTS = (
    ("鑫源", "Xinyuan"), ("恒泰", "Hengtai"), ("金岭", "Jinling"), ("福兴", "Fuxing"), ("永盛", "Yongsheng"), ("顺达", "Shunda"),
    ("华丰", "Huafeng"), ("宏达", "Hongda"), ("天成", "Tiancheng"), ("新世纪", "Xinshiji"), ("大通", "Datong"), ("万利", "Wanli"),
    ("兴业", "Xingye"), ("富民", "Fumin"), ("同心", "Tongxin"), ("长兴", "Changxing"), ("裕民", "Yumin"), ("远大", "Yuanda"),
    ("聚源", "Juyuan"), ("合力", "Heli"), ("春晖", "Chunhui"), ("东升", "Dongsheng"), ("开源", "Kaiyuan"), ("安泰", "Antai"),
    ("盛隆", "Shenglong"), ("佳信", "Jiaxin"), ("三鑫", "Sanxin"), ("众诚", "Zhongcheng"), ("润丰", "Runfeng"), ("中远", "Zhongyuan"),
)  # fmt: skip

"""What is fixed about the demo county: where its towns lie, how its main valleys and roads run, what they are called.

All names are invented. Plane metres around ORIGIN; everything that is not here is drawn from the seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

COUNTY_CODE = "520999"  # no county has this code
COUNTY_NAME, COUNTY_NAME_EN = "云岭县", "Yunling county"
ORIGIN = (106.62, 27.19)  # lon, lat
DRAWN_ON = date(2020, 1, 1)  # the cells are valid from this day

#: half the width and height of the map, the land around the county included
HALF_M = (27_000.0, 23_500.0)


@dataclass(frozen=True, slots=True)
class Town:
    """A town's seat: where, the three digits of its code, how far its streets reach."""

    suffix: str
    name: str
    name_en: str
    x: float
    y: float
    street_m: float


TOWNS = (
    Town("101", "城关镇", "Chengguan", 0.0, -300.0, 2_000.0),
    Town("102", "龙泉镇", "Longquan", -4_900.0, 15_600.0, 750.0),
    Town("103", "双河镇", "Shuanghe", -9_900.0, 10_200.0, 800.0),
    Town("104", "青坪镇", "Qingping", 11_100.0, 4_600.0, 850.0),
    Town("105", "石桥镇", "Shiqiao", -18_000.0, 300.0, 750.0),
    Town("106", "柳溪镇", "Liuxi", -10_300.0, -5_000.0, 750.0),
    Town("107", "东河镇", "Donghe", 18_000.0, -5_300.0, 800.0),
    Town("108", "白石镇", "Baishi", 11_300.0, -9_400.0, 750.0),
    Town("201", "松林乡", "Songlin", 8_900.0, 12_000.0, 600.0),
    Town("202", "马场乡", "Machang", -16_200.0, -10_800.0, 600.0),
    Town("203", "大坝乡", "Daba", -3_200.0, -9_900.0, 600.0),
)

#: rough outline of the county; its border follows the land within about a kilometre of it
OUTLINE = (
    (-7900, 18000), (-5700, 18700), (-800, 18300), (2600, 17800), (5900, 17400), (9500, 16200), (13700, 14300),
    (17000, 12800), (19200, 10300), (20200, 7000), (20500, 3900), (21400, -600), (20500, -3100), (18900, -5200),
    (18600, -7200), (16000, -10700), (13700, -11500), (12200, -13000), (10200, -14000), (7900, -14400),
    (5600, -14200), (2700, -14800), (-200, -15100), (-2800, -15600), (-4900, -16600), (-7200, -17200),
    (-9200, -17200), (-10400, -15700), (-11500, -15300), (-13600, -15400), (-15900, -15100), (-17600, -14100),
    (-18300, -12300), (-17900, -10000), (-18200, -8000), (-17800, -6300), (-19400, -4500), (-21100, -2800),
    (-21800, -700), (-20500, 1000), (-19400, 1900), (-18200, 3900), (-17100, 6500), (-15900, 8800), (-15000, 11100),
    (-13300, 12600), (-11000, 14300), (-9900, 15900), (-8700, 17200),
)  # fmt: skip

#: name, English name and course (x, y, height of the floor) of the main valleys, downstream
VALLEYS = (
    ("云溪", "Yun River", ((-27000, 7200, 830), (-21500, 2600, 800), (-17800, -100, 770), (-10500, 1100, 730),
                        (-4200, -300, 700), (300, -900, 685), (6000, -3300, 655), (13000, -4300, 625),
                        (18300, -5700, 600), (22500, -4300, 585), (27000, -7200, 570))),
    ("双河", "Shuang River", ((-1500, 23000, 960), (-5300, 15300, 880), (-10200, 9700, 800), (-6700, 4800, 745),
                            (-4600, 300, 701))),
    ("青溪", "Qing Stream", ((14500, 19500, 930), (8600, 11700, 830), (10700, 4300, 735), (9300, -800, 670),
                           (9800, -3800, 640))),
    ("白石河", "Baishi River", ((4500, -18500, 860), (11000, -9800, 715), (14000, -6800, 660), (14600, -4700, 620))),
    ("柳溪", "Liu Stream", ((-20500, -17000, 960), (-16000, -11100, 870), (-10000, -5300, 775), (-5600, -2600, 725),
                          (-3700, -400, 700))),
    ("大坝河", "Daba River", ((-8200, -19500, 950), (-3500, -12700, 800), (-3100, -9700, 770), (600, -5600, 720),
                            (2500, -1900, 675))),
)  # fmt: skip

#: the reservoir: its dam stands on the river near this point, and it covers about so many km2
DAM = (-3_500.0, -12_300.0)
RESERVOIR_KM2 = 2.6
RESERVOIR_NAME, RESERVOIR_NAME_EN = "大坝水库", "Daba Reservoir"

#: where roads leave the map
GATES = {
    "west": (-27000.0, 4200.0), "east": (27000.0, -5200.0), "north": (-2500.0, 23500.0), "south": (-2000.0, -23500.0),
    "northeast": (19500.0, 23500.0), "southwest": (-27000.0, -16500.0), "southeast": (20500.0, -23500.0),
}  # fmt: skip

#: main roads as chains of towns and gates, with their numbers
MAIN_ROADS = (
    ("国道 G999", "National road G999", ("west", "石桥镇", "城关镇", "东河镇", "east")),
    ("省道 S901", "Provincial road S901", ("north", "龙泉镇", "双河镇", "城关镇", "大坝乡", "south")),
    ("省道 S902", "Provincial road S902", ("城关镇", "青坪镇", "松林乡", "northeast")),
    ("省道 S903", "Provincial road S903", ("城关镇", "柳溪镇", "马场乡", "southwest")),
    ("县道 X904", "County road X904", ("城关镇", "白石镇", "southeast")),
)

#: town to town by minor roads
LINKS = (
    ("龙泉镇", "松林乡"), ("双河镇", "石桥镇"), ("马场乡", "大坝乡"), ("白石镇", "大坝乡"), ("石桥镇", "马场乡"),
    ("青坪镇", "东河镇"), ("白石镇", "东河镇"), ("柳溪镇", "大坝乡"),
)  # fmt: skip

#: villages with a name of their own in one town: name, English name, metres east and north of the town's seat
NAMED_VILLAGES_TOWN = "白石镇"
NAMED_VILLAGES = (
    ("柳湾村", "Liuwan village", -2_400.0, 4_100.0), ("河口村", "Hekou village", 900.0, 2_800.0),
    ("新田村", "Xintian village", -5_100.0, 1_500.0), ("石板村", "Shiban village", -3_300.0, 900.0),
    ("石门村", "Shimen village", -3_800.0, 600.0), ("梨树坪村", "Lishuping village", -400.0, 1_000.0),
    ("马鞍村", "Ma'an village", -5_700.0, -900.0), ("松坡村", "Songpo village", 1_400.0, -1_700.0),
    ("竹园村", "Zhuyuan village", -2_500.0, -2_100.0), ("三合村", "Sanhe village", -3_700.0, -3_600.0),
    ("大坪村", "Daping village", -3_500.0, -4_900.0),
)  # fmt: skip

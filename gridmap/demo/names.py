# ruff: noqa: E501, SIM905 - tables of words
"""Invented names: villages, communities, streams, people. None is meant for anyone or anywhere real."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_FRONT = dict(zip(
    "柳松竹梨桃杨枫桐石白青红黄大小上下新老龙凤马牛羊鹤云雨金银铜清沙高长双三五八南北东西月平安茶麻花杉桂梅槐烟雾",
    ("Liu Song Zhu Li Tao Yang Feng Tong Shi Bai Qing Hong Huang Da Xiao Shang Xia Xin Lao Long Feng Ma Niu Yang He Yun Yu "
     "Jin Yin Tong Qing Sha Gao Chang Shuang San Wu Ba Nan Bei Dong Xi Yue Ping An Cha Ma Hua Shan Gui Mei Huai Yan Wu").split(),
    strict=True,
))  # fmt: skip
_BACK = dict(zip(
    "坪湾沟坡寨塘田坝岩冲井溪河岭洞林桥坳屯庄院关口坎丘",
    "ping wan gou po zhai tang tian ba yan chong jing xi he ling dong lin qiao ao tun zhuang yuan guan kou kan qiu".split(),
    strict=True,
))  # fmt: skip
_QUARTERS = (
    ("老街", "Laojie"), ("新街", "Xinjie"), ("友谊", "Youyi"), ("富强", "Fuqiang"), ("前进", "Qianjin"), ("荷花", "Hehua"),
    ("文昌", "Wenchang"), ("朝阳", "Chaoyang"), ("建设", "Jianshe"), ("和平", "Heping"), ("广场", "Guangchang"),
    ("车站", "Chezhan"), ("桥头", "Qiaotou"), ("滨河", "Binhe"), ("学府", "Xuefu"), ("幸福", "Xingfu"), ("光明", "Guangming"),
    ("团结", "Tuanjie"), ("红星", "Hongxing"), ("翠屏", "Cuiping"), ("锦绣", "Jinxiu"), ("望云", "Wangyun"),
    ("鼓楼", "Gulou"), ("永安", "Yong'an"), ("长乐", "Changle"), ("迎春", "Yingchun"), ("百花", "Baihua"),
    ("印山", "Yinshan"), ("兴隆", "Xinglong"), ("向阳", "Xiangyang"), ("水口", "Shuikou"), ("石榴", "Shiliu"),
    ("前程", "Qiancheng"), ("青年", "Qingnian"), ("园丁", "Yuanding"), ("凤鸣", "Fengming"), ("万寿", "Wanshou"),
    ("同乐", "Tongle"), ("新华", "Xinhua"), ("丹桂", "Dangui"), ("福源", "Fuyuan"), ("清泉", "Qingquan"),
    ("花园", "Huayuan"), ("民主", "Minzhu"), ("东风", "Dongfeng"), ("胜利", "Shengli"), ("富康", "Fukang"),
    ("安居", "Anju"),
)  # fmt: skip
STREETS = (
    "解放路", "人民路", "建设路", "文昌路", "朝阳路", "滨河路", "环城路", "老街", "新街", "学府路", "中山巷", "和平巷", "桥头街", "长乐街",
    "友谊路", "荷花巷", "永安街", "兴隆街", "向阳路", "翠屏路", "印山路", "云岭大道", "车站路", "水井巷",
)  # fmt: skip
_SURNAMES = dict(zip(
    "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江龙万段雷钱汤尹黎易常武乔贺赖龚文",
    ("Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Lin Guo He Gao Luo Zheng Liang Xie Song Tang Xu Deng Feng "
     "Han Cao Zeng Peng Xiao Cai Pan Tian Dong Yuan Yu Yu Ye Jiang Du Su Wei Cheng Lü Ding Shen Ren Yao Lu Fu Zhong Jiang Cui Tan "
     "Liao Fan Wang Lu Jin Shi Dai Jia Wei Xia Qiu Fang Hou Zou Xiong Meng Qin Bai Jiang Long Wan Duan Lei Qian Tang Yin Li Yi "
     "Chang Wu Qiao He Lai Gong Wen").split(),
    strict=True,
))  # fmt: skip
_GIVEN = dict(zip(
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅春燕国志永贵建林海峰文学慧晓雪云飞龙凤琴珍荣光福德成江波宏兴义仁忠祥顺",
    ("wei fang na min jing li qiang lei jun yang yong yan jie juan tao ming chao xiu xia ping gang gui ying hua yu lan hong mei chun yan "
     "guo zhi yong gui jian lin hai feng wen xue hui xiao xue yun fei long feng qin zhen rong guang fu de cheng jiang bo hong xing yi "
     "ren zhong xiang shun").split(),
    strict=True,
))  # fmt: skip
STREAMS = (
    ("石板溪", "Shiban Stream"), ("梨树溪", "Lishu Stream"), ("竹园溪", "Zhuyuan Stream"), ("龙泉河", "Longquan River"),
    ("马场河", "Machang River"), ("松林河", "Songlin River"), ("冷水沟", "Lengshui Gully"), ("黄泥河", "Huangni River"),
    ("茶店溪", "Chadian Stream"), ("清水沟", "Qingshui Gully"), ("鱼塘河", "Yutang River"), ("沙坝溪", "Shaba Stream"),
    ("岩脚河", "Yanjiao River"), ("桃子溪", "Taozi Stream"), ("老木沟", "Laomu Gully"), ("回龙河", "Huilong River"),
    ("大桥河", "Daqiao River"), ("小寨溪", "Xiaozhai Stream"), ("金鸡河", "Jinji River"), ("白岩沟", "Baiyan Gully"),
    ("响水河", "Xiangshui River"), ("凉水溪", "Liangshui Stream"), ("枫香河", "Fengxiang River"), ("野猫沟", "Yemao Gully"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Name:
    """A name in Chinese and in pinyin."""

    zh: str
    en: str


def villages(n: int, taken: set[str], rng: np.random.Generator) -> list[Name]:
    """`n` village names ("柳湾村", "Liuwan village"), no two alike in either script, none whose stem is in `taken`."""
    stems = [(f + b, pinyin(f + b)) for f in _FRONT for b in _BACK]
    found: list[Name] = []
    spelt = {pinyin(stem) for stem in taken}
    for i in rng.permutation(len(stems)).tolist():
        zh, en = stems[i]
        if zh not in taken and en not in spelt and _FRONT[zh[0]].lower() != _BACK[zh[1]]:
            spelt.add(en)
            found.append(Name(f"{zh}村", f"{en} village"))
        if len(found) == n:
            break
    return found


def quarters(n: int, taken: set[str]) -> list[Name]:
    """Up to 48 names of communities in towns ("老街社区", "Laojie community"), none whose stem is in `taken`."""
    return [Name(f"{zh}社区", f"{en} community") for zh, en in _QUARTERS if zh not in taken][:n]


def pinyin(stem: str) -> str:
    """The spelling of a stem made of this module's characters ("Xi'ao"); characters it does not know are left out."""
    spelt = ""
    for character in stem:
        syllable = _FRONT.get(character, _BACK.get(character, "")).lower()
        spelt += f"'{syllable}" if spelt and syllable[:1] in {"a", "e", "o"} else syllable
    return spelt.capitalize()


def people(n: int, rng: np.random.Generator) -> list[Name]:
    """`n` personal names, put together from common surnames and given names; the same may come twice, as in life."""
    surnames, given = list(_SURNAMES), list(_GIVEN)
    odds = 1.0 / np.arange(3.0, len(surnames) + 3.0)
    first = rng.choice(len(surnames), n, p=odds / odds.sum())
    second = rng.integers(0, len(given), n)
    third = np.where(rng.random(n) < 0.72, rng.integers(0, len(given), n), -1)
    names = []
    for a, b, c in zip(first.tolist(), second.tolist(), third.tolist(), strict=True):
        tail = given[b] + (given[c] if c >= 0 else "")
        names.append(
            Name(surnames[a] + tail, f"{_SURNAMES[surnames[a]]} {''.join(_GIVEN[x] for x in tail).capitalize()}")
        )
    return names

"""Files whose encoding must be found out: generated from a number, with the texts that they truly hold."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from gridmap.errors import InvalidInput
from gridmap.parsing import delimited
from gridmap.parsing.dbf import dbf_encoding, texts
from gridmap.parsing.limits import Limits
from gridmap.parsing.sink import Sink

Names = list[str]

_EVERYDAY = (
    "息烽县永靖镇西山乡温泉养龙司石硐小寨坝流长鹿窝青岩街道社区居委会村民组网格员姓名电话地址事件编号类别内容受理时间办结矿山爆破"
    "震动房屋开裂墙体粉尘污水井干涸土地边界纠纷工资拖欠邻里噪音环境空气调解赔偿群众反映请派人查看已经处理回访满意张王李赵刘陈杨"
    "黄周吴徐孙胡朱高林何郭马罗女男号楼单元室东南西北前后左右上下大中新老"
)
_RARE = "镕喆堃犇淼㛃㙟𠮷䶮"
_TRADITIONAL = "縣鎮鄉鄰裡糾紛環境噪聲開裂處理辦結時間東門龍鳳說明書體檢驗證據權屬臺灣繁體漢語學習圖書館電話號碼"
_FRENCH = ("Café", "Zürich", "à côté", "Élève", "naïve", "Köln", "Münster", "façade")
_JAPANESE = "これはテストです。住所録東京都渋谷区ひらがなカタカナ"


@dataclass(frozen=True)
class Case:
    """What a case is called, what it holds, whether it must be read, and how it is read."""

    name: str
    holds: Names
    must_be_read: bool
    read: Callable[[Path], Names]


def case(number: int) -> Case:
    """One of the generated files; the same number gives the same file."""
    rng = np.random.default_rng([20260703, number])
    makers = list(_MAKERS)
    name = makers[number % len(makers)]
    return _MAKERS[name](f"{number} {name}", rng)


def outcome(one: Case, folder: Path) -> tuple[str, bool]:
    """What came of it, and whether that may be: the very texts, or a refusal that shows them to whoever decides."""
    try:
        found = one.read(folder)
    except InvalidInput as error:
        shown = "\n  as " in error.message and error.code in {"unknown_encoding", "mixed_encodings"}
        return f"refused ({error.code})", shown and not one.must_be_read
    return ("read", True) if found == one.holds else (f"mojibake: {found[:2]}", False)


# --- texts ------------------------------------------------------------------------------------------------------------


def words(rng: np.random.Generator, letters: str, count: int = 30) -> Names:
    """Texts of 1 to 12 letters, some with digits before or after."""
    made = []
    for _ in range(count):
        text = "".join(rng.choice(list(letters), size=int(rng.integers(1, 13))))
        made.append(text + (str(rng.integers(0, 99)) if rng.random() < 0.3 else ""))
    return made


def _with_rare(rng: np.random.Generator) -> Names:
    """Everyday texts, and a few people's names with characters that only GB18030 has."""
    names = ["".join(rng.choice(list(_RARE), size=1)) for _ in range(3)]
    return words(rng, _EVERYDAY, 60) + [f"王{name}" for name in names]


# --- CSV --------------------------------------------------------------------------------------------------------------


def _csv(encode: Callable[[Names], bytes], must: bool) -> Callable[[str, Names], Case]:
    def made(name: str, holds: Names) -> Case:
        def read(folder: Path) -> Names:
            path = folder / f"{name.replace(' ', '-').replace('/', '-')}.csv"
            path.write_bytes(encode(["名称,序号", *(f"{text},1" for text in holds)]))
            return read_csv(path)

        return Case(name, holds, must, read)

    return made


def read_csv(path: Path) -> Names:
    """The first column, read by the child's parser in this process."""
    held = io.BytesIO()
    sink = Sink(held)
    delimited.read(path, sink, None, Limits())
    sink.close()
    held.seek(0)
    column: Names = pa.ipc.open_stream(held).read_all().column(1).to_pylist()
    return column


def _lines(encoding: str) -> Callable[[Names], bytes]:
    return lambda lines: ("\n".join(lines) + "\n").encode(encoding)


def _mixed(most: str, some: str, every: int) -> Callable[[Names], bytes]:
    """Lines in one encoding, each `every`th in another."""
    return lambda lines: b"".join(
        f"{line}\n".encode(some if number % every == every - 1 else most) for number, line in enumerate(lines)
    )


def _cut(lines: Names) -> bytes:
    """A download that broke off inside a character."""
    return "\n".join([*lines, "末"]).encode()[:-1]


# --- the attribute table of a Shapefile -------------------------------------------------------------------------------


def _table(encoding: str, cpg: str | None, must: bool, other: str | None = None) -> Callable[[str, Names], Case]:
    def made(name: str, holds: Names) -> Case:
        def read(folder: Path) -> Names:
            del folder
            table = dbf(
                ("name" if encoding == "big5" else "名称").encode(encoding),
                [text.encode(encoding) for text in holds[:-1]],
                holds[-1],
                other or encoding,
            )
            found, _ = dbf_encoding(name, table, cpg.encode() if cpg else None, None)
            return [field.decode(found) for field in texts(table)][1:]

        return Case(name, holds, must, read)

    return made


def dbf(heading: bytes, values: list[bytes], last: str, last_encoding: str) -> bytes:
    """A dBASE table of one column of 60 bytes; its last value may be in another encoding than the others."""
    rows = [*values, last.encode(last_encoding)]
    head = struct.pack("<B3xIHH20x", 3, len(rows), 32 + 32 + 1, 61)
    field = struct.pack("<11sc4xB15x", heading, b"C", 60)
    return head + field + b"\r" + b"".join(b" " + row.ljust(60) for row in rows)


_Maker = Callable[[str, np.random.Generator], Case]


def _from(letters: str, made: Callable[[str, Names], Case]) -> _Maker:
    return lambda name, rng: made(name, words(rng, letters))


_MAKERS: Mapping[str, _Maker] = {
    "UTF-8": _from(_EVERYDAY, _csv(_lines("utf-8"), must=True)),
    "UTF-8 with BOM": _from(_EVERYDAY, _csv(_lines("utf-8-sig"), must=True)),
    "UTF-16": _from(_EVERYDAY, _csv(_lines("utf-16"), must=True)),
    "GBK": _from(_EVERYDAY, _csv(_lines("gbk"), must=True)),
    "GB18030 with rare names": lambda name, rng: _csv(_lines("gb18030"), must=True)(name, _with_rare(rng)),
    "UTF-8 with rare names": lambda name, rng: _csv(_lines("utf-8"), must=True)(name, _with_rare(rng)),
    "UTF-8, French": lambda name, rng: _csv(_lines("utf-8"), must=True)(name, list(rng.choice(_FRENCH, 8))),
    "Latin-1, French": lambda name, rng: _csv(lambda lines: _lines("latin-1")(["name,n", *lines[1:]]), must=False)(
        name, list(rng.choice(_FRENCH, 8))
    ),
    "Big5": _from(_TRADITIONAL, _csv(lambda lines: _lines("big5")(["名稱,n", *lines[1:]]), must=False)),
    "Shift-JIS": _from(_JAPANESE, _csv(lambda lines: _lines("shift_jis")(["番号,n", *lines[1:]]), must=False)),
    "mixed, GBK in UTF-8": _from(_EVERYDAY, _csv(_mixed("utf-8", "gbk", 7), must=False)),
    "mixed, UTF-8 in GBK": _from(_EVERYDAY, _csv(_mixed("gbk", "utf-8", 7), must=False)),
    "mixed, GBK after a BOM": _from(
        _EVERYDAY, _csv(lambda lines: b"\xef\xbb\xbf" + _mixed("utf-8", "gbk", 7)(lines), must=False)
    ),
    "UTF-8, cut off": _from(_EVERYDAY, _csv(_cut, must=False)),
    "Shapefile, GBK, .cpg right": _from(_EVERYDAY, _table("gbk", "GBK", must=True)),
    "Shapefile, GBK, no .cpg": _from(_EVERYDAY, _table("gbk", None, must=True)),
    "Shapefile, GBK, .cpg says UTF-8": _from(_EVERYDAY, _table("gbk", "UTF-8", must=True)),
    "Shapefile, GBK, .cpg says ISO-8859-1": _from(_EVERYDAY, _table("gbk", "ISO-8859-1", must=True)),
    "Shapefile, UTF-8, .cpg right": _from(_EVERYDAY, _table("utf-8", "UTF-8", must=True)),
    "Shapefile, UTF-8, no .cpg": _from(_EVERYDAY, _table("utf-8", None, must=True)),
    "Shapefile, UTF-8, .cpg says GBK": _from(_EVERYDAY, _table("utf-8", "936", must=True)),
    "Shapefile, UTF-8, .cpg says 1252": _from(_EVERYDAY, _table("utf-8", "1252", must=True)),
    "Shapefile, Big5, .cpg says GBK": _from(_TRADITIONAL, _table("big5", "GBK", must=False)),
    "Shapefile, mixed": _from(_EVERYDAY, _table("gbk", "UTF-8", must=False, other="utf-8")),
}

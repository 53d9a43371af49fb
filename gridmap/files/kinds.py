# ruff: noqa: E501 - tables of headings, a field a line
"""What can be imported: for each kind its fields, their types and the headings they usually stand under.

Aliases are compared by `headers.normal`, which drops case, spaces and punctuation; the first alias that a file has wins.
`docs/import.md` shows these tables to people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Type(StrEnum):
    """How a field's text is understood; `values` has a parser for each."""

    TEXT = "text"
    CODE = "code"
    PHONE = "phone"
    EMAIL = "email"
    COUNT = "count"
    NUMBER = "number"
    DATE = "date"
    MOMENT = "moment"
    CHOICE = "choice"
    FLAG = "flag"
    MINUTES = "minutes"
    WEEKDAYS = "weekdays"


class Shape(StrEnum):
    """What geometry a kind has."""

    NONE = "none"
    POINT = "point"
    AREA = "area"  # polygons
    SITE = "site"  # a point or polygons, with the representative point beside it
    LINE = "line"
    WATER = "water"  # lines or polygons


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind.

    `required`: a row without it is rejected. `default`: its value where the file says nothing. `instead`: fields whose
    value stands in for a blank. `choices`: words that files use, normalised, to the value kept. `low` and `high` bound
    a number. `partial`: a year or month is enough for a date. `endless`: a word
    such as 长期 stands for no last day. `personal`: what stands sealed in the database, and leaves
    it only where somebody asks for it with a reason. `written`: export writes it; not where another field says the same.
    """

    name: str
    type: Type
    aliases: tuple[str, ...]
    required: bool = False
    default: object = None
    instead: tuple[str, ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    low: float = float("-inf")
    high: float = float("inf")
    partial: bool = False
    personal: bool = False
    written: bool = True
    endless: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of rows: its fields, its geometry, and which fields together may occur once in a file.

    `shown`: what `export` writes besides, worked out by the platform; `import` does not read it.
    """

    name: str
    fields: tuple[Field, ...]
    key: tuple[str, ...] = ("code",)
    shape: Shape = Shape.NONE
    shape_required: bool = True
    shown: tuple[Field, ...] = ()

    @property
    def point_columns(self) -> bool:
        """Whether its place may stand in two columns of numbers."""
        return self.shape in {Shape.POINT, Shape.SITE}

    def field(self, name: str) -> Field | None:
        return next((one for one in self.fields if one.name == name), None)


#: where a place stands: two columns, one column with both, or geometry as WKT; not fields of the frame
X = Field("x", Type.NUMBER, ("lon", "lng", "long", "longitude", "经度", "x", "x坐标", "坐标x", "东经", "xcoord", "xcoordinate", "pointx", "gpsx", "经度坐标", "easting", "东坐标"))  # fmt: skip
Y = Field("y", Type.NUMBER, ("lat", "latitude", "纬度", "y", "y坐标", "坐标y", "北纬", "ycoord", "ycoordinate", "pointy", "gpsy", "纬度坐标", "northing", "北坐标"))  # fmt: skip
BOTH = Field("coordinates", Type.TEXT, ("coordinates", "coordinate", "经纬度", "坐标", "经纬度坐标", "位置坐标", "lonlat", "latlon", "lnglat", "latlng", "location"))  # fmt: skip
WKT = Field("geometry", Type.TEXT, ("geometry", "geom", "wkt", "thegeom", "shape", "几何", "图形", "边界"))

_LEVELS: Mapping[str, str] = {
    "county": "county", "district": "county", "县": "county", "区": "county", "县区": "county", "区县": "county",
    "县级": "county", "区县级": "county", "市辖区": "county", "自治县": "county", "县级市": "county",
    "town": "town", "township": "town", "street": "town", "subdistrict": "town", "乡镇": "town", "镇": "town",
    "乡": "town", "街道": "town", "镇街": "town", "乡镇街道": "town", "乡级": "town", "镇级": "town", "乡镇级": "town",
    "community": "community", "village": "community", "社区": "community", "村": "community", "行政村": "community",
    "村居": "community", "居委会": "community", "村委会": "community", "村级": "community", "社区村": "community",
    "村社区": "community",
}  # fmt: skip
_BODY_KINDS: Mapping[str, str] = {
    "department": "department", "部门": "department", "局": "department", "职能部门": "department", "科局": "department",
    "centre": "centre", "center": "centre", "中心": "centre", "网格中心": "centre", "综治中心": "centre",
    "committee": "committee", "委员会": "committee", "居委会": "committee", "村委会": "committee", "村居委会": "committee",
}  # fmt: skip
_HOUSING: Mapping[str, str] = {
    "adobe": "adobe", "土坯": "adobe", "土坯房": "adobe", "土房": "adobe", "土木": "adobe", "夯土": "adobe",
    "rubble": "rubble", "石头房": "rubble", "毛石": "rubble", "毛石房": "rubble", "石砌": "rubble", "石木": "rubble",
    "brick": "brick", "砖房": "brick", "砖混": "brick", "砖木": "brick", "砖瓦": "brick", "砖瓦房": "brick", "砖": "brick",
    "frame": "frame", "框架": "frame", "钢混": "frame", "钢筋混凝土": "frame", "楼房": "frame", "框架结构": "frame",
    "砖混结构": "brick", "砖木结构": "brick", "土木结构": "adobe", "other": "other", "其他": "other", "其它": "other",
}  # fmt: skip
_SITES: Mapping[str, str] = {
    "mine": "mine", "矿": "mine", "矿山": "mine", "矿井": "mine", "煤矿": "mine", "磷矿": "mine", "铝土矿": "mine",
    "铁矿": "mine", "采矿": "mine", "采矿业": "mine", "矿山企业": "mine", "coalmine": "mine", "ironoremine": "mine",
    "quarry": "quarry", "采石场": "quarry", "砂石场": "quarry", "石场": "quarry", "采石": "quarry", "砂石": "quarry",
    "砂石厂": "quarry", "碎石场": "quarry",
    "factory": "factory", "工厂": "factory", "厂": "factory", "加工厂": "factory", "化工厂": "factory", "plant": "factory",
    "水泥厂": "factory", "砖厂": "factory", "钢铁厂": "factory", "steelplant": "factory", "制造业": "factory",
    "other": "other", "其他": "other", "其它": "other",
}  # fmt: skip
_STATUSES: Mapping[str, str] = {
    "active": "active", "operating": "active", "operatingpreretirement": "active", "在产": "active", "生产": "active",
    "生产中": "active", "在营": "active", "正常": "active", "存续": "active", "开业": "active", "运营": "active",
    "suspended": "suspended", "mothballed": "suspended", "停产": "suspended", "停工": "suspended", "停业": "suspended",
    "整改": "suspended", "停产整改": "suspended", "暂停": "suspended",
    "closed": "closed", "retired": "closed", "关闭": "closed", "注销": "closed", "吊销": "closed", "关停": "closed",
    "闭坑": "closed", "取缔": "closed",
    "cancelled": "closed", "canceled": "closed", "shelved": "closed",  # GEM: given up before it opened
    "planned": "planned", "proposed": "planned", "announced": "planned", "construction": "planned", "在建": "planned",
    "规划": "planned", "拟建": "planned", "筹建": "planned",
    "unknown": "unknown", "不详": "unknown", "未知": "unknown",
}  # fmt: skip
_CHANNELS: Mapping[str, str] = {
    "worker": "worker", "网格员": "worker", "巡查": "worker", "网格员上报": "worker", "巡查上报": "worker", "走访": "worker",
    "resident": "resident", "居民": "resident", "群众": "resident", "群众上报": "resident", "居民上报": "resident",
    "phone": "phone", "电话": "phone", "热线": "phone", "12345": "phone", "短信": "phone", "来电": "phone",
    "counter": "counter", "窗口": "counter", "来访": "counter", "柜台": "counter",
    "online": "online", "网络": "online", "网上": "online", "互联网": "online", "微信": "online", "app": "online", "小程序": "online",
    "import": "import", "导入": "import",
}  # fmt: skip
_RANKS: Mapping[str, str] = {
    "primary": "primary", "主责": "primary", "主": "primary", "主岗": "primary", "专职": "primary", "a": "primary", "a岗": "primary",
    "backup": "backup", "备岗": "backup", "备": "backup", "副": "backup", "协助": "backup", "兼职": "backup", "b": "backup", "b岗": "backup",
}  # fmt: skip
_PERMITS: Mapping[str, str] = {
    "mining": "mining", "采矿": "mining", "采矿许可": "mining", "采矿许可证": "mining", "采矿权": "mining",
    "blasting": "blasting", "爆破": "blasting", "爆破作业": "blasting", "爆破作业许可": "blasting", "爆破许可": "blasting",
    "爆破作业单位许可证": "blasting", "爆破作业许可证": "blasting",
    "land": "land", "用地": "land", "土地": "land", "用地批准": "land", "用地许可": "land", "临时用地": "land",
    "建设用地规划许可证": "land",
    "water": "water", "取水": "water", "取水许可": "water", "取水许可证": "water",
    "discharge": "discharge", "排污": "discharge", "排污许可": "discharge", "排污许可证": "discharge",
    "safety": "safety", "安全生产": "safety", "安全生产许可": "safety", "安全生产许可证": "safety",
    "other": "other", "其他": "other", "其它": "other",
}  # fmt: skip
_ROADS: Mapping[str, str] = {
    "main": "main", "motorway": "main", "trunk": "main", "primary": "main", "secondary": "main", "高速": "main", "国道": "main",
    "省道": "main", "主干道": "main", "主干路": "main", "干道": "main", "县道": "main", "高速公路": "main",
    "minor": "minor", "tertiary": "minor", "residential": "minor", "unclassified": "minor", "乡道": "minor", "支路": "minor",
    "次干路": "minor", "次干道": "minor", "村道": "minor", "street": "minor", "街道": "minor", "service": "minor",
    "track": "track", "path": "track", "小路": "track", "机耕道": "track", "便道": "track", "footway": "track",
}  # fmt: skip
_WATER: Mapping[str, str] = {
    "river": "river", "stream": "river", "canal": "river", "河": "river", "河流": "river", "溪": "river", "江": "river", "渠": "river",
    "lake": "lake", "reservoir": "lake", "pond": "lake", "湖": "lake", "湖泊": "lake", "水库": "lake", "塘": "lake", "池塘": "lake",
}  # fmt: skip
_PLACES: Mapping[str, str] = {
    "county": "county", "县": "county", "县城": "county", "town": "town", "镇": "town", "乡": "town", "乡镇": "town",
    "街道": "town", "village": "village", "村": "village", "hamlet": "village", "社区": "village", "村庄": "village", "组": "village",
}  # fmt: skip

_PROCESSES: Mapping[str, str] = {
    "dispute": "dispute", "纠纷": "dispute", "矛盾纠纷": "dispute", "调解": "dispute",
    "service": "service", "服务": "service", "诉求": "service", "办事": "service",
    "emergency": "emergency", "应急": "emergency", "紧急": "emergency",
}  # fmt: skip

_CODE = ("code", "编码", "编号", "代码", "id", "adcode", "区划代码", "行政区划代码")
_NAME = ("name", "名称", "姓名")
_NAME_EN = ("name_en", "nameen", "english name", "name-(english)", "英文名", "英文名称", "name english")


def _code(*more: str) -> Field:
    return Field("code", Type.CODE, (*more, *_CODE), required=True)


def _names(*more: str, required: bool = True) -> tuple[Field, Field]:
    instead = ("name_en", "code") if required else ()
    return Field("name", Type.TEXT, (*more, *_NAME), required, instead=instead), Field("name_en", Type.TEXT, _NAME_EN)


def _choice(
    name: str, choices: Mapping[str, str], *aliases: str, required: bool = False, default: str | None = None
) -> Field:
    return Field(name, Type.CHOICE, aliases, required, default, choices=choices)


_VALID = (
    Field(
        "valid_from",
        Type.DATE,
        ("valid_from", "validfrom", "start date", "start", "生效日期", "启用日期", "开始日期", "起始日期", "上岗日期"),
    ),
    Field(
        "valid_to",
        Type.DATE,
        ("valid_to", "validto", "end date", "end", "失效日期", "终止日期", "结束日期", "停用日期", "离岗日期"),
    ),
)
_AREA = Field("area", Type.CODE, ("area", "area_code", "社区编码", "社区代码", "所属社区编码", "所属社区", "社区", "区域编码", "所属区域", "辖区编码", "村居编码", "community", "community_code"))  # fmt: skip
_BODY = Field(
    "body", Type.CODE, ("body", "body_code", "责任单位编码", "责任单位", "单位编码", "所属单位", "主管单位", "单位")
)

#: how a place first came in; `export` writes it, so that it survives a way out and in again
_CAME = (
    Field("crs_in", Type.TEXT, ("crs_in", "原坐标系")),
    Field("x_in", Type.NUMBER, ("x_in", "原坐标x")),
    Field("y_in", Type.NUMBER, ("y_in", "原坐标y")),
)
_SHOWN_CELL = Field("cell", Type.CODE, ("cell", "所在网格"))

AREAS = Kind("areas", (
    _code("区域编码", "社区编码"),
    *_names("区域名称", "行政区名称", "社区名称", "区划名称"),
    _choice("level", _LEVELS, "level", "级别", "层级", "区划级别", "类型"),
    Field("parent", Type.CODE, ("parent", "parent_code", "上级编码", "上级代码", "父级编码", "上级区域", "上级", "pcode", "area code")),
), shape=Shape.AREA, shape_required=False)  # fmt: skip

BODIES = Kind("bodies", (
    _code("单位编码", "机构编码"),
    *_names("单位名称", "机构名称", "部门名称", "单位"),
    _choice("kind", _BODY_KINDS, "kind", "type", "类型", "机构类型", "单位类型", "性质", required=True),
    _choice("level", _LEVELS, "level", "级别", "层级", required=True),
    Field("area", Type.CODE, _AREA.aliases, required=True),
    Field("department", Type.TEXT, ("department", "部门", "职能", "业务", "department_tag", "职责")),
    Field("email", Type.EMAIL, ("email", "邮箱", "电子邮箱", "单位邮箱", "电子邮件", "e-mail", "mail")),
))  # fmt: skip

CELLS = Kind("cells", (
    _code("网格编码", "网格编号", "网格代码", "cell", "cell_code", "grid_code", "gridcode", "gridid", "cellid", "beat_num", "beatnum"),
    *_names("网格名称", "cell_name", "grid_name"),
    _AREA, _BODY, *_VALID,
), shape=Shape.AREA)  # fmt: skip

WORKERS = Kind("workers", (
    _code("网格员编号", "人员编号", "工号", "worker", "worker_code", "worker_id", "staff_id"),
    *_names("网格员姓名", "网格员", "worker_name"),
    Field("area", Type.CODE, _AREA.aliases, required=True),
    _BODY,
    Field("agent", Type.FLAG, ("agent", "信访代办员", "代办员", "是否代办员", "petition agent"), default=0),
    Field("phone", Type.PHONE, ("phone", "电话", "手机", "手机号", "手机号码", "联系电话", "联系方式", "mobile", "telephone", "tel"), personal=True),
))  # fmt: skip

DUTIES = Kind("duties", (
    Field("worker", Type.CODE, ("worker", "worker_code", "网格员编号", "人员编号", "工号", "网格员"), required=True),
    Field("cell", Type.CODE, ("cell", "cell_code", "网格编码", "网格编号", "网格代码", "责任网格", "网格", "grid_code"), required=True),
    _choice("rank", _RANKS, "rank", "岗位", "主备", "职责", "role", "责任类型", required=True, default="primary"),
    *_VALID,
    Field("weekdays", Type.WEEKDAYS, ("weekdays", "days", "星期", "值班日", "工作日", "周几"), default=127, low=1, high=127),
    Field("starts_min", Type.MINUTES, ("starts_min", "starts", "from", "开始时间", "上班时间", "值班开始"), low=0, high=1440),
    Field("ends_min", Type.MINUTES, ("ends_min", "ends", "to", "结束时间", "下班时间", "值班结束"), low=0, high=1440),
), key=("worker", "cell", "valid_from"))  # fmt: skip

LEAVES = Kind("leaves", (
    Field("worker", Type.CODE, ("worker", "worker_code", "网格员编号", "人员编号", "工号", "网格员"), required=True),
    Field("starts_on", Type.DATE, ("starts_on", "start date", "start", "from", "开始日期", "请假开始", "起始日期"), required=True),
    Field("ends_on", Type.DATE, ("ends_on", "end date", "end", "to", "返岗日期", "销假日期", "结束日期"), required=True),
), key=("worker", "starts_on"))  # fmt: skip

CATEGORIES = Kind("categories", (
    _code("类别编码", "category"), *_names("类别名称"),
    Field("parent", Type.CODE, ("parent", "上级编码", "大类编码", "parent_code", "major_code")),
    _choice("process", _PROCESSES, "process", "流程", "办理流程", required=True, default="dispute"),
    Field("limit_hours", Type.NUMBER, ("limit_hours", "办理时限", "时限", "时限小时", "hours"), required=True, low=0.01, high=100_000),
    Field("department", Type.TEXT, ("department", "部门", "责任部门", "主管部门")),
))  # fmt: skip

HOUSEHOLDS = Kind("households", (
    _code("户编号", "户号", "住户编号", "门牌编码", "household", "household_code", "household_id", "户籍编号"),
    Field("address", Type.TEXT, ("address", "地址", "住址", "家庭住址", "门牌", "门牌地址", "详细地址", "居住地址"), required=True),
    Field("children", Type.COUNT, ("children", "儿童", "儿童数", "未成年人", "未成年人数", "16岁以下"), low=0, high=200),
    Field("adults", Type.COUNT, ("adults", "成年人", "成年人数", "成人", "劳动力", "16至64岁"), low=0, high=200),
    Field("elders", Type.COUNT, ("elders", "老人", "老年人", "老人数", "老年人数", "65岁以上"), low=0, high=200),
    _choice("housing", _HOUSING, "housing", "房屋结构", "房屋类型", "住房结构", "结构"),
    Field("contact_name", Type.TEXT, ("contact_name", "联系人", "户主", "户主姓名", "contact"), personal=True),
    Field("contact_phone", Type.PHONE, ("contact_phone", "联系电话", "电话", "手机", "手机号", "户主电话", "phone", "联系方式"), personal=True),
    Field("contact_consent", Type.FLAG, ("contact_consent", "consent", "同意联系", "是否同意", "知情同意", "同意"), default=0, personal=True),
    *_CAME,
), shape=Shape.POINT, shown=(_SHOWN_CELL,))  # fmt: skip

ENTERPRISES = Kind("enterprises", (
    Field("code", Type.CODE, ("企业编码", "企业编号", "plant-id", "mine-id", "统一社会信用代码", *_CODE)),
    Field("name", Type.TEXT, ("企业名称", "单位名称", "矿山名称", "plant-name-(other-language)", "name-(other-language)", *_NAME), True, instead=("name_en", "code")),
    Field("name_en", Type.TEXT, ("plant-name-(english)", *_NAME_EN)),
    _choice("kind", _SITES, "kind", "类型", "类别", "企业类型", "企业类别", "行业", "行业类别", "type", required=True),
    _choice("status", _STATUSES, "status", "plant-status", "状态", "经营状态", "生产状态", default="active"),
    Field("opened_on", Type.DATE, ("opened_on", "start-date", "投产日期", "成立日期", "开业日期", "投产时间", "成立时间", "opened"), partial=True),
    Field("source", Type.TEXT, ("source", "来源", "数据来源")),
    *_CAME,
), shape=Shape.SITE, shown=(_SHOWN_CELL,))  # fmt: skip

INCIDENTS = Kind("incidents", (
    Field("number", Type.CODE, ("number", "编号", "事件编号", "工单编号", "工单号", "受理编号", "案件编号", "流水号", "service_request_number", "service_request_id", "request_id", "sr_number", "case_id", "id"), required=True),
    Field("source_ref", Type.CODE, ("source_ref", "原登记编号")),
    Field("category", Type.CODE, ("category", "类别", "类型", "事件类别", "事件类型", "问题类别", "纠纷类型", "诉求类别", "category_code", "类别编码", "type_of_service_request", "service_code", "sr_type", "service_name"), required=True),
    _choice("channel", _CHANNELS, "channel", "渠道", "来源", "受理渠道", "事件来源", "诉求来源", "上报渠道", default="import"),
    Field("text", Type.TEXT, ("text", "内容", "描述", "诉求内容", "事件描述", "问题描述", "详情", "事项", "description", "what_is_the_nature_of_this_code_violation"), personal=True),
    Field("reporter_name", Type.TEXT, ("reporter_name", "上报人", "反映人", "诉求人", "姓名", "来电人", "报告人", "联系人"), personal=True),
    Field("reporter_phone", Type.PHONE, ("reporter_phone", "联系电话", "电话", "手机", "手机号", "来电号码", "反映人电话", "phone"), personal=True),
    Field("received_at", Type.MOMENT, ("received_at", "受理时间", "受理日期", "上报时间", "登记时间", "创建时间", "接收时间", "creation_date", "created_date", "requested_datetime", "created_at", "日期", "date"), required=True),
    Field("occurred_at", Type.MOMENT, ("occurred_at", "发生时间", "事发时间", "发生日期", "occurred")),
    Field("closed_at", Type.MOMENT, ("closed_at", "办结时间", "办结日期", "结案时间", "完成时间", "completion_date", "closed_date", "updated_datetime")),
    Field("accuracy_m", Type.NUMBER, ("accuracy_m", "精度", "定位精度", "accuracy"), low=0, high=1e6),
    Field("household", Type.CODE, ("household", "household_code", "户编号", "户号", "住户编号")),
    Field("enterprise", Type.CODE, ("enterprise", "enterprise_code", "企业编号", "企业编码", "涉及企业")),
    *_CAME,
), key=("number",), shape=Shape.POINT, shown=(
    Field("status", Type.TEXT, ("status", "办理状态")),
    Field("due_at", Type.MOMENT, ("due_at", "办理期限")),
    Field("light", Type.TEXT, ("light", "灯")),
    Field("in_time", Type.FLAG, ("in_time", "按期处置")),
    _SHOWN_CELL,
))  # fmt: skip

BLASTS = Kind("blasts", (
    Field("code", Type.CODE, ("爆破编号", "炮次", "爆破序号", "blast", "blast_id", "shot", *_CODE), required=True),
    Field("enterprise", Type.CODE, ("enterprise", "enterprise_code", "企业编号", "企业编码", "矿山编号"), required=True),
    Field("at", Type.MOMENT, ("at", "爆破时间", "起爆时间", "爆破日期", "日期", "时间", "blasted_at", "date", "time"), required=True),
    Field("charge_kg", Type.NUMBER, ("charge_kg", "最大单响药量", "最大段药量", "单响药量", "最大一段药量", "药量", "charge", "charge_per_delay", "max_charge"), required=True, low=0.001, high=1e6),
    Field("frequency_hz", Type.NUMBER, ("frequency_hz", "主振频率", "频率", "frequency"), low=0.1, high=10_000),
    *_CAME,
), key=("enterprise", "code"), shape=Shape.POINT)  # fmt: skip

PERMITS = Kind("permits", (
    Field("number", Type.CODE, ("number", "许可证号", "许可证编号", "证书编号", "批准文号", "文号", "permit", "permit_number", "licence", "license", "编号"), required=True),
    Field("enterprise", Type.CODE, ("enterprise", "enterprise_code", "企业编号", "企业编码", "矿山编号"), required=True),
    _choice("kind", _PERMITS, "kind", "许可类型", "许可种类", "许可事项", "证照类型", "类型", "类别", "type", required=True),
    Field("valid_from", Type.DATE, ("valid_from", "validfrom", "发证日期", "批准日期", "有效期起", "有效期自", "生效日期", "起始日期", "开始日期", "issued_on", "start"), required=True),
    # the day after its last, as it is kept; papers name the last day itself
    Field("valid_to", Type.DATE, ("valid_to", "validto", "失效日期"), endless=True),
    Field("last_day", Type.DATE, ("last_day", "有效期至", "有效期止", "有效期限至", "到期日期", "到期日", "截止日期", "终止日期", "expires_on", "expiry", "valid_until"), endless=True, written=False),
), key=("enterprise", "number"))  # fmt: skip

ROADS = Kind("roads", (
    _code("道路编码", "osm_id"), *_names("道路名称", "路名", required=False),
    _choice("class", _ROADS, "class", "等级", "道路等级", "类型", "类别", "fclass", "highway", required=True),
), shape=Shape.LINE)  # fmt: skip

WATER = Kind("water", (
    _code("水系编码", "河流编码", "osm_id"), *_names("河流名称", "水系名称", required=False),
    _choice("class", _WATER, "class", "类型", "类别", "fclass", "waterway", required=True),
    Field("width", Type.COUNT, ("width", "等级", "宽度级"), default=1, low=1, high=5),
), shape=Shape.WATER)  # fmt: skip

PLACES = Kind("places", (
    _code("地名编码", "osm_id"), *_names("地名"),
    _choice("class", _PLACES, "class", "类型", "类别", "fclass", "place", required=True),
), shape=Shape.POINT)  # fmt: skip

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        AREAS,
        BODIES,
        CELLS,
        WORKERS,
        DUTIES,
        LEAVES,
        CATEGORIES,
        HOUSEHOLDS,
        ENTERPRISES,
        INCIDENTS,
        BLASTS,
        PERMITS,
        ROADS,
        WATER,
        PLACES,
    )
}

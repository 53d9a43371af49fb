"""The pages' words: the same keys in both languages, each of them used, written as the county writes."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from api.pages.words import words
from gridmap.case.actions import RULES
from gridmap.case.clock import Light
from gridmap.case.kinds import EVENT_KINDS
from gridmap.case.limits import UNITS, ClockKind
from gridmap.case.routing import To, When
from gridmap.case.said import SENTENCES
from gridmap.case.terms import PRIORITIES, Level, Status
from gridmap.case.terms import Party as CaseParty
from gridmap.enterprise import Building, MeetingStatus, Party, PromiseStatus
from gridmap.enterprise import Verdict as Change
from gridmap.people.homes import CARE_PURPOSES, OUTCOMES, PURPOSES
from gridmap.people.rosters import Reason
from gridmap.plan import constraints
from gridmap.plan.balance import AIMS
from gridmap.plan.deltas import _KINDS
from gridmap.plan.impact import SUMS
from gridmap.plan.limits import Limits
from gridmap.plan.status import SHOWN, PlanStatus
from gridmap.store import tables as t
from gridmap.store.behind import COUNTED
from gridmap.usecases.resending import REASONS
from gridmap.usecases.scoring import LINES
from gridmap.view import Role
from layers import LANGS
from layers.classes import Classes
from layers.style import ENDINGS
from layers.tiles import Measure

PAGES = Path(__file__).resolve().parents[2] / "api" / "pages"
SOURCES = "\n".join(
    path.read_text("utf-8")
    for folder, pattern in (("templates", "*.html"), ("static/js", "*.js"), (".", "*.py"))
    for path in sorted((PAGES / folder).glob(pattern))
)


def allowed(table: str, column: str) -> set[str]:
    """The values that a column's check admits, as the table itself says."""
    checks = [str(one.sqltext) for one in getattr(t, table).constraints if hasattr(one, "sqltext")]
    rule = next(check for check in checks if re.search(rf"\b{column} IN \(", check))
    return set(re.findall(r"'(\w+)'", rule.split(f"{column} IN (")[1].split(")")[0]))


def shown_actions() -> set[str]:
    """The actions that the case page has buttons for, as its script lists them."""
    script = (PAGES / "static" / "js" / "act.js").read_text("utf-8")
    lists = re.findall(r"const (?:WAY|SHOWN) = \[(.*?)\];", script, re.DOTALL)
    return set(re.findall(r'"(\w+)"', " ".join(lists)))


#: the rules of a drawing, as their findings name them
RULED = set(re.findall(r'_(?:finding|between)\(\s*"(\w+)"', Path(constraints.__file__).read_text("utf-8")))

#: keys whose end comes from data, and the ends that the data can have
FAMILIES = {
    "role": {str(role) for role in Role},
    "page.resident": {"report", "track"},
    "page.nav": {"field", "plan", "insight", "cases", "admin", "visits", "flow", "mailbox", "meetings", "figures"},
    "page.figures.by": set(LINES),
    "page.figures.as": {"pdf", "xlsx", "html"},
    "counted": set(COUNTED),
    "consent": set(PURPOSES),
    "loss": {"page", "wechat", "iphone", "full"},
    "meeting.status": {str(status) for status in MeetingStatus},
    "meeting.party": {str(party) for party in Party},
    "promise.status": {str(status) for status in PromiseStatus},
    "change": {str(verdict) for verdict in Change},
    "enterprise.status": allowed("enterprises", "status"),
    "permit": set(t.PERMIT_KINDS),
    "building": {str(Building.FRAGILE), str(Building.ORDINARY)},
    "site": {"assumed", "standard", "measured"},
    "outcome": set(OUTCOMES),
    "care": set(CARE_PURPOSES),
    "page.flow": {f"{part}{end}" for part in ("rules", "processes", "calendar", "limits") for end in ("", "_hint")},
    "flow.to": {str(to) for to in To},
    "rule": {one.name for one in fields(When)},
    "flow.unit": {"workdays", "work_hours", "hours", "minutes"},
    "flow.level": {str(level) for level in Level},
    "letters.reason": set(REASONS),
    "letters.to": {"body", "worker", "account", "resident", "household"},
    "letters.channel": allowed("messages", "channel"),
    "letters.kind": {"answered", "dropped", "link_again"},
    "letters.error": {
        "no_contact",
        "bad_address",
        "never_settled",
        "TimeoutError",
        "ConnectionRefusedError",
        "tls",
        "smtp_log_in",
    },
    "limits.of": {field.name for field in fields(Limits)},
    "light": {str(light) for light in Light} | set(ENDINGS),
    "reason": {str(reason) for reason in Reason},
    "reason_short": {str(reason) for reason in Reason},
    "desk.waiting": {"extension", "appeal", "supervision"},
    "flow.has": {"verification", "satisfaction"},
    "flow.in": set(UNITS),
    "flow.of": {
        "most_returns",
        "pause_days",
        "pause_times",
        "extension_times",
        "extension_most",
        "reopen_days",
        "reopen_more",
    },
    "flow.send": {str(to) for to in To},
    "desk.days_said": {"any", "from", "through", "from_through"},
    "channel": allowed("incidents", "channel"),
    "housing": allowed("households", "housing"),
    "enterprise": allowed("enterprises", "kind"),
    "rank": allowed("duties", "rank"),
    "event": set(EVENT_KINDS),
    "status": {str(status) for status in Status},
    "code": {code for rule in RULES.values() for one in rule.inputs for code in one.codes} | set(PRIORITIES),
    "act": shown_actions(),
    "ask": {one.name for action in shown_actions() for one in RULES[action].inputs} - {"photo_id", "ask_seq"},
    "clock": {f"{of}_{kind}" for of in ("whole", "step") for kind in ClockKind},
    "field.filter": {"all", "late", "soon"},
    "insight.legend": {str(measure) for measure in Measure},
    "insight.classes": {str(classes) for classes in Classes},
    "verdict": {"clear", "raised", "inseparable", "not_raised", "too_few"},
    "study": {"too_few_incidents", "constant_values", "no_households", "gave_up"},
    "emerging": {
        f"{word}_{sign}"
        for word in (
            "new",
            "consecutive",
            "intensifying",
            "persistent",
            "diminishing",
            "sporadic",
            "oscillating",
            "historical",
        )
        for sign in ("hot", "cold")
    },
    "phone.behalf": {"name", "phone"},
    "phone.changes": {"field", "seen", "now"},
    "phone.export": {"sealed", "readable"},
    "phone.field": {"status", "category", "cell", "worker", "body", "due_at", "priority", "closed_at"},
    "plan.by": {"households", "open_incidents"},
    "reading.kind": {"changed", "new", "gone"},
    "reading.side": {"before", "after"},
    "reading.status": {str(status) for status in SHOWN},
    "redraw.by": {*SUMS, "walk_m"},
    "redraw.kind": set(_KINDS),
    "redraw.rule": RULED,
    "redraw.broken": RULED,
    "redraw.status": {str(status) for status in PlanStatus},
    "redraw.step": {"submit", "approve", "publish", "return", "withdraw", "reverse", "rebase"},
    "redraw.tool": {"choose", "vertices", "add", "split", "merge", "part"},
    "redraw.hint": {"choose", "vertices", "add", "split", "merge", "part"},
    "redraw.snapped": {"water", "roads"},
    "file": set(re.findall(r'file\("([a-z-]+)"', SOURCES)),
    "redraw.balance": {"households", "hours", "cases"},
    "redraw.defect": {"invalid", "duplicate", "overlap", "gap", "joint", "repeated", "refused"},
    "redraw.aim": {aim.replace(" ", "_") for aim in AIMS},
}


#: families whose values follow an underline
UNDERLINED = {"field.filter", "plan.by", "phone.behalf", "phone.changes", "phone.export", "phone.field"}


def family(key: str) -> str | None:
    return next((name for name in FAMILIES if key.startswith((f"{name}.", f"{name}_"))), None)


def test_both_languages_have_the_same_keys() -> None:
    assert set(words("zh")) == set(words("en"))
    assert all(text.strip() for lang in LANGS for text in words(lang).values())


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_every_value_that_data_can_have_has_a_word(name: str) -> None:
    separator = "_" if name in UNDERLINED else "."
    missing = {end for end in FAMILIES[name] if f"{name}{separator}{end}" not in words("zh")}
    assert missing == set()


def test_no_key_is_unused() -> None:
    unused = [
        key
        for key in words("zh")
        if not (family(key) or key.startswith("problem.") or f'"{key}"' in SOURCES.replace("'", '"'))
    ]
    assert unused == []


def test_no_key_is_missing() -> None:
    asked = set(re.findall(r'\bt\("([a-z_.]+)"', SOURCES)) | set(
        re.findall(r"""\bt\[["']([a-z_.]+[a-z_])["']\]""", SOURCES)
    )
    assert asked - set(words("zh")) == set()
    assert len(asked) > 100


def test_the_same_places_are_filled_in() -> None:
    for key, chinese in words("zh").items():
        places = [set(re.findall(r"\{(\w+)\}", text)) - {"n", "more"} for text in (chinese, words("en")[key])]
        assert places[0] == places[1], key


def test_one_and_many_stand_where_their_number_does_and_only_scripts_say_them() -> None:
    counted = {key: re.findall(r"\{(\w+):[^|}]+\|[^}]+\}", text) for key, text in words("en").items()}
    for key, names in counted.items():
        assert all(f"{{{name}}}" in words("en")[key] for name in names), key
        assert not names or not key.startswith("page."), f"{key}: templates fill in {{n}} alone"


def test_chinese_is_written_as_the_county_writes() -> None:
    han = r"[\u4e00-\u9fff]"
    for key, text in words("zh").items():
        assert not re.search(rf"{han}[,;:?!()]|[,;:?!()]{han}", text), f"{key}: half-width punctuation in {text!r}"
        assert not re.search(rf"{han}\d|\d{han}", text), f"{key}: no space between Chinese and digits in {text!r}"
        filled = re.sub(r"\{\w*(day|month|first|last|time|title|name|cell|worker|state|span)\w*\}", "", text)
        # a code of the flow is told by its word
        filled = re.sub(r"\{(action|status|statuses|role|roles|level|unit|values|what)\}", "", filled)
        assert not re.search(rf"{han}\{{\w+\}}|\{{(?!percent)\w+\}}{han}", filled), (
            f"{key}: no space around a number in {text!r}"
        )


def test_english_has_no_chinese() -> None:
    for key, text in words("en").items():
        assert key == "offline.other" or not re.search(r"[\u3000-\u9fff\uff00-\uffef]", text), key


def test_every_reason_of_the_flow_is_said_in_both_languages() -> None:
    """Why an action is refused, what is wrong with a process: the keys of `case.said`, filled with the same things."""
    for lang in LANGS:
        told = {key.removeprefix("problem.why."): text for key, text in words(lang).items() if "m.why." in key}
        assert set(told) == set(SENTENCES)
        for key, text in told.items():
            assert set(re.findall(r"\{(\w+)[:}]", text)) == set(re.findall(r"\{(\w+)\}", SENTENCES[key])), (lang, key)
        named = {f"act.{action}" for action in RULES} | {f"role.{party}" for party in CaseParty}
        named |= {f"problem.unit.{unit}" for unit in UNITS} | {f"problem.level.{level}" for level in Level}
        assert named <= set(words(lang))

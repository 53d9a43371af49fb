"""What an evidence card tells beside the reports: blasts and meetings along its months, promises, houses shaken.

Both editions hold places' figures and what was promised at the table. On the one for the table houses are told in
steps of five.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup

from gridmap.privacy.release import LEAST, in_steps
from gridmap.reports.evidence_charts import Mark
from gridmap.store import blasts, meetings, read
from gridmap.usecases.blasting import LONGEST, blasting
from gridmap.usecases.context import Context
from gridmap.usecases.evidence import Edition, Happenings, cut
from gridmap.usecases.meetings import promises
from gridmap.usecases.neighbours import promises_told
from gridmap.view import View

#: promises written out, those not kept first, so that the card stays one sheet; all are counted
_MOST_PROMISES, _LONGEST = 6, 40
_STATES = {
    "kept": "kept 已兑现", "broken": "broken 未兑现", "withdrawn": "withdrawn 已撤回", "open": "open 未结",
    "proven": "proven, to be looked at 已举证待核",
}  # fmt: skip
_BUILDINGS = {"fragile": "Adobe, rubble and the like 土坯、毛石等", "ordinary": "Ordinary houses 一般民房"}
_SITES = {
    "assumed": "rock not known, softest assumed 岩性未登记，按最软估算", "standard": "by the standard 按标准",
    "measured": "as measured there 按当地实测",
}  # fmt: skip


def happenings(ctx: Context, view: View, enterprise_id: int, months: Sequence[str], edition: Edition) -> Happenings:
    """What happened around an enterprise in these months ("2026-03"), as far as the View admits it."""
    with read(ctx.engine) as conn:
        log = blasts.of_enterprise(conn, enterprise_id, ctx.clock() - LONGEST)
        met = meetings.page(conn, view, status="held", enterprise_id=enterprise_id, after=None, limit=1_000)
    made, _ = promises(ctx, view, unsettled=False, enterprise_id=enterprise_id, after=None, limit=1_000)
    marks = [Mark("blast", at) for moment in log["at"] if (at := _along(ctx, months, moment)) is not None]
    marks += [Mark("meeting", at) for one in met if (at := _along(ctx, months, one.meets_at)) is not None]
    sections = [_promised(made)] if made else []
    if len(log):
        sections.append(_shaken(blasting(ctx, view, enterprise_id), edition))
    return Happenings(marks, sections)


def _along(ctx: Context, months: Sequence[str], moment: datetime) -> float | None:
    """How many months after the first one began a moment lies; None outside them."""
    local = moment.astimezone(ctx.zone)
    name = f"{local:%Y-%m}"
    return None if name not in months else months.index(name) + (local.day - 1) / 31


def _promised(made: Sequence[dict[str, Any]]) -> dict[str, Any]:
    told = promises_told(list(made))
    said = Markup("<p>{kept} kept 已兑现 · {broken} broken 未兑现 · {open} open 未结 ({late} late 超期)</p>").format(
        **told
    )
    row = Markup("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>")
    rows = [
        row.format(cut(one["text"], _LONGEST), cut(one["owner"]["name"], _LONGEST // 2), one["due_at"][:10],
                   "late 超期" if one["light"] == "red" else _STATES[one["status"]])
        for one in sorted(made, key=lambda one: one["status"] in ("kept", "withdrawn"))[:_MOST_PROMISES]
    ]  # fmt: skip
    return {"title": "What was promised 承诺", "body": said + Markup("<table>{}</table>").format(Markup("").join(rows))}


def _shaken(found: dict[str, Any], edition: Edition) -> dict[str, Any]:
    """Houses that blasts are predicted to have shaken beyond their limit, by kind of building."""

    def count(n: int) -> str:
        if edition == "figures" or n == 0:
            return f"{n:,}"
        return f"<{LEAST}" if n < LEAST else f"≥{in_steps(n):,}"

    row = Markup('<tr><td>{}</td><td class="number"><b>{}</b> of 共 {}</td><td class="number">{} cm/s</td></tr>')
    rows = [
        row.format(_BUILDINGS[one["building"]], count(one["over"]), count(one["houses"]), one["limit_cm_s"])
        for one in found["buildings"]
    ]
    note = "Predicted, typical peak; a reason to measure 预测值，超限应实测."
    said = Markup("<p>{} blasts in a year 次爆破（一年）· {}. {}</p>")
    body = Markup("<table>{}</table>").format(Markup("").join(rows))
    title = "Houses over the limit of GB 6722 预计超限房屋"
    return {"title": title, "body": body + said.format(found["blasts"], _SITES[found["site_source"]], note)}

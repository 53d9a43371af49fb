"""Hand-over sheets: what one worker gives another on the first day of a drawing, signed by both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection

from gridmap.errors import Forbidden, NotFound
from gridmap.reports import page, pdf
from gridmap.store import accounts, handing, read, write
from gridmap.usecases.context import Context
from gridmap.usecases.planning import area_of, may
from gridmap.usecases.reading import Reader
from gridmap.view import Everything, InArea, Kind, Role, Scope, View

Lang = Literal["zh", "en"]

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "title": "网格交接单", "plan": "方案", "day": "生效日", "source": "移交人", "to": "接收人", "cells": "网格",
        "old": "原网格", "new": "新网格", "households": "住户", "cases": "未结案件", "signed": "签字", "nobody": "无人",
    },
    "en": {
        "title": "Hand-over sheet", "plan": "Plan", "day": "In force from", "source": "Handed over by",
        "to": "Taken by", "cells": "Cells", "old": "Old cell", "new": "New cell", "households": "Households",
        "cases": "Open cases", "signed": "Signatures", "nobody": "nobody",
    },
}  # fmt: skip


def listed(ctx: Context, view: View, plan_id: int | None = None, *, unsigned: bool = False) -> list[dict[str, Any]]:
    """Hand-overs, newest first: a worker's own, else those of the area. Counts of what is handed over, no person.

    `unsigned`: those that the caller has still to sign.
    """
    may(view, "plan.read")
    with read(ctx.engine) as conn:
        mine = _worker(view)
        rows = handing.listed(conn, worker_id=mine, plan_id=plan_id)
        rows = [row for row in rows if _near(conn, view, row)]
    found = [row for row in rows if not unsigned or _open_sides(row, mine)]
    return [told(row) for row in found]


def told(row: Mapping[str, Any]) -> dict[str, Any]:
    """A hand-over as an answer."""
    items = row["items"]
    moments = [row["given_at"] if row["from_worker_id"] else None, row["taken_at"] if row["to_worker_id"] else None]
    return {
        "id": row["id"], "plan_id": row["plan_id"], "title": row["title"], "day": row["day"],
        "source": _named(row, "from"), "to": _named(row, "to"),
        "items": {
            "cells": items["cells"], "households": len(items["households"]), "cases": len(items["cases"]),
        },
        "given_at": row["given_at"], "taken_at": row["taken_at"],
        "signed_at": None if _open_sides(row, None) else max(one for one in moments if one is not None),
    }  # fmt: skip


def _named(row: Mapping[str, Any], side: str) -> dict[str, Any] | None:
    identity = row[f"{side}_worker_id"]
    return (
        None if identity is None else {"id": identity, "name": row[f"{side}_name"], "name_en": row[f"{side}_name_en"]}
    )


def _open_sides(row: Mapping[str, Any], worker_id: int | None) -> list[str]:
    """Sides that are not signed yet: of this worker, or all."""
    sides = (("given", "from_worker_id"), ("taken", "to_worker_id"))
    return [
        side for side, who in sides
        if row[who] is not None and row[f"{side}_at"] is None and worker_id in (None, row[who])
    ]  # fmt: skip


def _worker(view: View) -> int | None:
    """Whose sheets a worker sees; None: everybody's of the area."""
    if view.actor is None or view.actor.role is not Role.WORKER:
        return None
    return view.actor.worker_id or 0


def _near(conn: Connection, view: View, row: Mapping[str, Any]) -> bool:
    path = area_of(conn, view)
    return path is None or str(row["path"]).startswith(path) or path.startswith(row["path"])


def _one(conn: Connection, view: View, handover_id: int) -> dict[str, Any]:
    may(view, "plan.read")
    rows = handing.listed(conn, worker_id=_worker(view), handover_id=handover_id)
    if not rows or not _near(conn, view, rows[0]):
        raise NotFound("there is no such hand-over, or none of yours")
    return rows[0]


def one(reader: Reader, handover_id: int) -> dict[str, Any]:
    """A hand-over with the codes of its households and the numbers of its cases: all of them for its two workers, for
    others those that now lie in their area. The reading is logged. Raises NotFound."""
    with read(reader.ctx.engine) as conn:
        row = _one(conn, reader.view, handover_id)
        seen = _seen(conn, reader.view)
        homes, cases = handing.named(conn, seen, row["items"]["households"], row["items"]["cases"])
    reader.note(Kind.HOUSEHOLD, [one.id for one in homes])
    reader.note(Kind.INCIDENT, [one.id for one in cases])
    return {**told(row), "households": [one.code for one in homes], "cases": [one.number for one in cases]}


def _seen(conn: Connection, view: View) -> View:
    """Of what is handed over, what the caller may see by its code."""
    path = None if _worker(view) is not None else area_of(conn, view)
    grant = Everything() if path is None else InArea(path)
    return replace(view, scope=Scope({Kind.HOUSEHOLD: grant, Kind.INCIDENT: grant}))


def sign(ctx: Context, view: View, handover_id: int) -> dict[str, Any]:
    """Sign as the one who gives or takes. Signing again changes nothing. Raises NotFound, Forbidden."""
    mine = _worker(view)
    if mine is None or view.actor is None:
        raise Forbidden("the two workers sign, nobody for them")
    with write(ctx.engine) as conn:
        row = _one(conn, view, handover_id)
        now = ctx.clock()
        for side in _open_sides(row, mine):
            if handing.sign(conn, handover_id, side, view.actor.account_id, now):
                data = {"side": side}
                accounts.audit(conn, now, view.actor.account_id, "handover.signed", f"handover/{handover_id}", data)
        return told(_one(conn, view, handover_id))


def sheet(reader: Reader, handover_id: int, lang: Lang) -> bytes:
    """The sheet as PDF, with what `one` tells. Raises NotFound."""
    found, ctx, words = one(reader, handover_id), reader.ctx, WORDS[lang]
    name = "name_en" if lang == "en" else "name"

    def who(side: Mapping[str, Any] | None) -> str:
        return words["nobody"] if side is None else side[name] or side["name"]

    html = page(
        "handover.html", lang=lang, title=words["title"], foot=f"{words['title']} {found['id']}", words=words,
        plan=found["title"], day=str(found["day"]), source=who(found["source"]), to=who(found["to"]),
        cells=found["items"]["cells"], households=found["households"], cases=found["cases"],
        given=_moment(ctx, found["given_at"]), taken=_moment(ctx, found["taken_at"]),
    )  # fmt: skip
    return pdf(html)


def _moment(ctx: Context, at: datetime | None) -> str:
    return "" if at is None else at.astimezone(ctx.zone).strftime("%Y-%m-%d %H:%M")

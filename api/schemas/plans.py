"""Shapes of plans: a redraw on its way from a draft to the drawing in force."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import Code, Id, Named, NamedId
from api.schemas.limits import LimitsOut
from api.schemas.queries import Day, Pages
from gridmap.plan.status import PlanStatus
from gridmap.usecases.balancing import LONGEST_S, MOST_CELLS
from gridmap.usecases.planning import LONGEST_TEXT, LONGEST_TITLE, MOST_EDITS

Title = Annotated[str, Field(min_length=1, max_length=LONGEST_TITLE)]
LongText = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


class Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PlanIn(Given):
    title: Title = Field(examples=["重划：安阳社区"])
    base_day: Day | None = Field(default=None, description="begin with the drawing of this day; null: the newest")


class PlanQuery(Pages):
    status: PlanStatus | None = Field(default=None, description="draft, submitted, approved, published, applied ...")


class EditsIn(Given):
    """One edit or several, made all or none; as `kind` says: reshape, move_node, split, merge, move_part, ..."""

    edits: list[dict[str, Any]] = Field(
        min_length=1, max_length=MOST_EDITS,
        examples=[[{"kind": "move_node", "place": [107.02, 26.02], "to": [107.021, 26.02]}]],
    )  # fmt: skip


class ReturnIn(Given):
    note: LongText | None = Field(default=None, description="what should be changed")


class PublishIn(Given):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    from_: Day = Field(alias="from", description="the first day of the new drawing", examples=["2026-08-01"])


class CommentIn(Given):
    text: LongText
    cell: Code | None = None
    lon: float | None = Field(default=None, ge=-180, le=180)
    lat: float | None = Field(default=None, ge=-90, le=90)


class PlanItem(BaseModel):
    id: int
    title: str
    status: PlanStatus
    version: int = Field(description="raised by every change; the ETag, and what If-Match must name")
    area: Named
    base_day: date = Field(description="the first day of the drawing that it began with")
    applies_on: date | None
    author: str | None
    approver: str | None
    reverses_id: int | None = Field(description="the published plan that this one takes back")
    edits: int
    undone: int
    note: str | None = Field(description="why it was returned")
    created_at: datetime
    changed_at: datetime
    changed_by: str | None


class PlanList(BaseModel):
    items: list[PlanItem]
    next: str | None


class EditStep(BaseModel):
    kind: str
    undone: bool
    by: str | None
    at: datetime


class PlanOut(PlanItem):
    steps: list[EditStep] = Field(description="its edits in order, those undone last")


class Trouble(BaseModel):
    """An edit that met a newer drawing."""

    number: int
    kind: str
    blocked: bool = Field(description="it could not be made there and was left out; else it wants a second look")
    cells: list[str]
    why: str
    lon: float | None
    lat: float | None


class RebasedOut(PlanItem):
    trouble: list[Trouble]


class Border(BaseModel):
    id: str
    cells: list[str | None] = Field(description="the cell on the left and on the right; null: outside")
    coordinates: list[list[float]]


class PlanDrawing(BaseModel):
    """Cells as GeoJSON whose coordinates lose no digit: an edit names places bit for bit."""

    type: str
    features: list[dict[str, Any]]
    borders: list[Border] | None = Field(description="null where more than 400 cells are asked for")
    nodes: list[list[float]] | None
    gone: list[dict[str, Any]] = Field(default=[], description="cells of the drawing before it that it abolishes")


class FindingOut(BaseModel):
    rule: str
    cell: str
    blocker: bool
    why: str
    lon: float
    lat: float
    value: float | None
    limit: float | None


class FindingsOut(BaseModel):
    blockers: list[FindingOut]
    warnings: list[FindingOut]
    limits: LimitsOut = Field(description="what the county wants of a cell: what was judged by")


class Beside(BaseModel):
    """Figures before and after; null where the cell or worker is not there on that side."""

    before: dict[str, float | None] | None
    after: dict[str, float | None] | None


class CellImpact(Beside):
    code: str


class WorkerImpact(Beside):
    worker: dict[str, Any] | None


class HandoverFigure(BaseModel):
    source: dict[str, Any] | None = Field(description="who hands over; null: nobody served there")
    to: dict[str, Any] | None
    source_cell: str
    to_cell: str
    households: int
    cases: int


class Crossed(BaseModel):
    source_cell: str
    to_cell: str
    households: int
    cases: int
    area_m2: float


class ImpactOut(BaseModel):
    cells: list[CellImpact]
    workers: list[WorkerImpact]
    handovers: list[HandoverFigure]
    crosswalk: list[Crossed]


class EditedOut(BaseModel):
    """What an edit, an undo or a redo did."""

    version: int
    edits: int
    undone: int
    cells: PlanDrawing = Field(description="the cells that it put, with their borders")
    gone: list[str] = Field(description="codes of the cells that are no longer there")
    findings: FindingsOut = Field(description="of the cells that it put")
    impact: ImpactOut


class CommentOut(BaseModel):
    id: int
    by: str | None
    role: str | None
    resident: bool = Field(False, description="said without an account; told to planners and approvers alone")
    cell: str | None
    lon: float | None
    lat: float | None
    text: str
    at: datetime


class CommentList(BaseModel):
    items: list[CommentOut]


class DrawingOut(BaseModel):
    valid_from: date
    valid_to: date | None = Field(description="the first day on which it is no longer in force")
    plan_id: int | None
    title: str | None


class DrawingList(BaseModel):
    items: list[DrawingOut]


class Rehomed(BaseModel):
    """A cell that is in another community."""

    cell: str
    before: str
    after: str


class LandMoved(BaseModel):
    """Land that was one cell's and is another's; null: in no cell."""

    source: str | None
    to: str | None
    area_m2: float
    reliable_m2: float = Field(description="what of it is wider than twice the error of digitising; 0: it may be that")
    lon: float = Field(description="with lat, a place in the largest piece")
    lat: float


class DiffOut(BaseModel):
    """What is different between two drawings."""

    gone: list[str]
    new: list[str]
    recoded: list[tuple[str, str]] = Field(description="pairs of codes, old and new, of one shape")
    reshaped: list[str] = Field(description="codes in both drawings whose land is not the same")
    community: list[Rehomed]
    moved: list[LandMoved] = Field(description="the reliable and then the largest first")
    error_m: float = Field(description="how far borders that are meant to be one are apart, in metres, by the outlines")
    lines: list[str] = Field(description="all of it in words")


class PublishedOut(PlanItem):
    rows: dict[str, int] = Field(description="rows written, by what they are")


class Items(BaseModel):
    cells: list[list[str]] = Field(description="pairs of the old and the new cell's code")
    households: int
    cases: int


class HandoverOut(BaseModel):
    id: int
    plan_id: int
    title: str
    day: date
    source: NamedId | None
    to: NamedId | None
    items: Items
    given_at: datetime | None
    taken_at: datetime | None
    signed_at: datetime | None = Field(description="when the last of both signed; null while one has not")


class HandoverSheet(HandoverOut):
    """A sheet in full: what names a thing without a person."""

    households: list[str] = Field(description="codes of households")
    cases: list[str] = Field(description="numbers of open cases")


class HandoverList(BaseModel):
    items: list[HandoverOut]


class HandoverQuery(Given):
    plan: Id | None = Field(default=None, description="of one plan")
    unsigned: bool = Field(default=False, description="only those that the caller has still to sign")


class BalanceIn(Given):
    cells: list[Code] = Field(min_length=2, max_length=MOST_CELLS, description="codes of the cells to be evened")
    load: Literal["households", "hours", "cases"] = "households"
    most_moved: float | None = Field(default=None, ge=0, allow_inf_nan=False, description="households at most")
    seed: int = Field(default=1, ge=0, le=2**31 - 1)
    seconds: float = Field(default=10.0, gt=0, le=LONGEST_S, allow_inf_nan=False)


class ProposalOut(BaseModel):
    """A proposal: the largest and the mean deviation of a cell's load from its even share, as parts of it."""

    aim: str
    deviation: float
    mean_deviation: float
    compactness: float = Field(description="mean Polsby-Popper ratio")
    moved: float = Field(description="households that change their cell")
    apart: int = Field(description="cells in several pieces")
    complete: bool = Field(description="the search came to its end before the time was over")
    edits: list[dict[str, Any]]


class ProposalList(BaseModel):
    items: list[ProposalOut]

"""Residents without an account: a challenge, a report, where it stands, and what they say of its end."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.deps import Ctx, known_parameters
from api.routes.photos import PhotoPut, Picture
from api.schemas.common import Code, problems
from gridmap.usecases import residents
from gridmap.usecases.reporting import MAX_TEXT, Draft


def _kept_from_caches(response: Response) -> None:
    """A secret stands in these addresses: it goes into no Referer and no index."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"


router = APIRouter(
    prefix="/api/v1/public", tags=["residents"], dependencies=[Depends(known_parameters()), Depends(_kept_from_caches)]
)

Token = Annotated[
    str, Path(pattern=r"^[0-9a-f]{64}$", description="as answered when it was reported", examples=["0" * 64])
]
DeviceKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key", pattern=r"^[!-~]{22,200}$", description="drawn by the device: 128 random bits or more",
        examples=["0d6c2b0e-5a0d-4a55-9a4b-6f0d1a2c3b4d"],
    ),
]  # fmt: skip


class ChallengeOut(BaseModel):
    """Find a number N for which SHA-256 of "challenge:N" begins with `bits` zero bits; or send "sum:" and the sum."""

    challenge: str
    bits: int
    sum: list[int] = Field(min_length=2, max_length=2)
    expires_at: datetime


class PublicReportIn(BaseModel):
    """What a resident reports. A contact is kept only with `consent`."""

    model_config = ConfigDict(extra="forbid")

    category: Code
    lon: float = Field(allow_inf_nan=False)
    lat: float = Field(allow_inf_nan=False)
    crs: str = Field("wgs84", max_length=20)
    accuracy_m: float | None = Field(None, allow_inf_nan=False)
    text: str = Field(min_length=1, max_length=MAX_TEXT)
    confirmed: bool = False
    name: str | None = Field(None, max_length=100)
    phone: str | None = Field(None, max_length=40)
    consent: bool = False
    challenge: str = Field(max_length=200)
    proof: str = Field(max_length=40)


class Step(BaseModel):
    """One step of a case."""

    kind: str
    at: datetime


class Standing(BaseModel):
    """Where a report stands: bodies and steps, no persons. `may`: what the resident can do now."""

    number: str
    status: str
    category: str
    category_en: str | None
    received_at: datetime
    due_at: datetime
    closed_at: datetime | None
    light: str | None
    body: str | None
    body_en: str | None
    area: str | None
    area_en: str | None
    steps: list[Step]
    may: list[str]


class Receipt(Standing):
    """The first answer, with the token of /track/{token}: it is told to nobody else."""

    token: str


class Place(BaseModel):
    """A place by its name, in WGS84 degrees."""

    model_config = ConfigDict(populate_by_name=True)

    name: str
    name_en: str | None
    kind: str = Field(alias="class")
    lon: float
    lat: float


@router.get("/challenge", summary="What to do before a report", responses=problems())
def read_challenge(ctx: Ctx) -> ChallengeOut:
    """A challenge for one report, good for ten minutes."""
    asked = residents.challenge(ctx)
    return ChallengeOut(challenge=asked.challenge, bits=asked.bits, sum=list(asked.sum), expires_at=asked.expires_at)


@router.get("/places", summary="Find a place by its name", responses=problems())
def find_places(ctx: Ctx, q: Annotated[str, Query(min_length=1, max_length=40)]) -> list[Place]:
    """Villages and towns of the county's own map."""
    return [Place(**one) for one in residents.places(ctx, q.strip())]


@router.post("/reports", status_code=201, summary="Report without an account", responses=problems(400, 409, 413, 429))
def report_publicly(ctx: Ctx, request: Request, body: PublicReportIn, key: DeviceKey) -> Receipt:
    """Files the report and answers with its number and its secret link. The same key again answers the same."""
    said = body.model_dump(exclude={"name", "phone", "consent", "challenge", "proof"})
    name, phone = (body.name or None, body.phone or None) if body.consent else (None, None)
    proof = residents.Proof(body.challenge, body.proof, request.client.host if request.client else "")
    return Receipt(
        **residents.report(
            ctx, Draft(**said, reporter_name=name, reporter_phone=phone, channel="resident"), proof, key=key
        )
    )


@router.get("/reports/{token}", summary="Where a report stands", responses=problems(404))
def follow_report(ctx: Ctx, token: Token) -> Standing:
    """Bodies and steps, no persons."""
    return Standing(**residents.follow(ctx, token))


@router.post(
    "/reports/{token}/actions/{action}",
    summary="Comment, rate, appeal",
    responses=problems(400, 403, 404, 409, 413, 429),
)
def act_on_report(
    ctx: Ctx,
    token: Token,
    action: Literal["comment", "rate", "appeal"],
    key: DeviceKey,
    body: Annotated[dict[str, Any], Body(examples=[{"note": "裂缝又变大了"}])],
) -> Standing:
    """`comment` and `appeal` take a `note`; `rate` takes `satisfied`, and may take a `score` and a `note`."""
    return Standing(**residents.act(ctx, token, action, body, key=key))


@router.post("/reports/{token}/photos", status_code=201, summary="Add a photo", responses=problems(404, 409, 413, 429))
def add_photo(ctx: Ctx, token: Token, body: Picture, key: DeviceKey) -> PhotoPut:
    """At most three; re-encoded, without EXIF and place."""
    return PhotoPut(**residents.attach(ctx, token, body, key=key))

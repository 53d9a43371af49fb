"""The household's file: read with a reason, consents, care notes, correction, paper, erasure."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response

from api.deps import Explained, Signed, known_parameters
from api.schemas.common import SIGNED, Id, problems
from api.schemas.homes import CareIn, CareOut, ConsentIn, ConsentOut, CorrectionIn, FileOut, Purpose
from gridmap.usecases import homes, papers

router = APIRouter(prefix="/api/v1/households", tags=["households"], dependencies=[Depends(known_parameters())])

HouseholdId = Annotated[Id, Path(description="as in the list", examples=[1])]
READ = problems(*SIGNED, 404)
CHANGED = problems(*SIGNED, 400, 404, 409, 413)


@router.get("/{household_id}/file", summary="Read its file", responses=READ)
def read_file(caller: Explained, household_id: HouseholdId) -> FileOut:
    """All that is kept of a household, for a worker of its cell, who says why. The reading is logged."""
    return FileOut(**homes.file_of(caller.reader, household_id))


@router.get(
    "/{household_id}/file.pdf", summary="Its file on paper", response_class=Response,
    responses={200: {"content": {"application/pdf": {}}, "description": "The file, for the household"}, **READ},
)  # fmt: skip
def print_file(
    caller: Explained,
    household_id: HouseholdId,
    lang: Annotated[Literal["zh", "en"], Query(description="of the paper")] = "zh",
) -> Response:
    """The file as a PDF, to be handed to the household. Logged as a reading."""
    made = papers.household_pdf(homes.file_of(caller.reader, household_id), lang, caller.ctx.today(), caller.ctx.zone)
    return Response(made, media_type="application/pdf", headers={"Cache-Control": "no-store"})


@router.post("/{household_id}/consents", status_code=201, summary="Write a consent down", responses=CHANGED)
def add_consent(caller: Signed, household_id: HouseholdId, body: ConsentIn) -> ConsentOut:
    """What the household agreed to, how, and until when. One given before for the same purpose ends with it."""
    return ConsentOut(**homes.agree(caller.ctx, caller.view, household_id, homes.Consent(**body.model_dump())))


@router.post(
    "/{household_id}/consents/{purpose}/withdraw", status_code=204, summary="Withdraw a consent", responses=CHANGED
)
def withdraw_consent(
    caller: Signed,
    household_id: HouseholdId,
    purpose: Annotated[Purpose, Path(description="what was agreed to", examples=["care"])],
) -> None:
    """Ends it at once, with all that was kept by it; again has no effect."""
    homes.withdraw(caller.ctx, caller.view, household_id, purpose)


@router.post("/{household_id}/care-notes", status_code=201, summary="Keep a care note", responses=CHANGED)
def add_care_note(caller: Signed, household_id: HouseholdId, body: CareIn) -> CareOut:
    """Something to know in order to help, until a day; only where the household agreed (409 `no_consent`)."""
    return CareOut(**homes.add_care(caller.ctx, caller.view, household_id, homes.Care(**body.model_dump())))


@router.post(
    "/{household_id}/care-notes/{note_id}/remove", status_code=204, summary="Remove a care note", responses=CHANGED
)
def remove_care_note(
    caller: Signed, household_id: HouseholdId, note_id: Annotated[Id, Path(description="as in the file", examples=[1])]
) -> None:
    """Its text is gone for good; who removed it stands in the audit."""
    homes.remove_care(caller.ctx, caller.view, household_id, note_id)


@router.post("/{household_id}/correct", status_code=204, summary="Correct its file", responses=CHANGED)
def correct_file(caller: Signed, household_id: HouseholdId, body: CorrectionIn) -> None:
    """Changes what the household asks to have corrected; the audit says which fields, not to what."""
    homes.correct(caller.ctx, caller.view, household_id, body.values())


@router.post("/{household_id}/erase", status_code=204, summary="Erase its file", responses=CHANGED)
def erase_file(caller: Signed, household_id: HouseholdId) -> None:
    """Destroys the household's key, and with it contact, care notes and visit notes, wherever copies lie."""
    homes.erase(caller.ctx, caller.view, household_id)

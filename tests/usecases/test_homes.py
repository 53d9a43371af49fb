"""The household's file on both databases: consent, care, correction, erasure, expiry, and a rotated key."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from gridmap.errors import Conflict, EnvironmentFault, Forbidden, InvalidInput, NotFound
from gridmap.people.visits import Quota
from gridmap.privacy import Vault
from gridmap.store import read
from gridmap.store import tables as t
from gridmap.store.keyfile import open_vault
from gridmap.usecases import homes, quotas, rotating
from gridmap.usecases.context import open_context
from gridmap.usecases.homes import Care, Consent
from gridmap.usecases.imports import load
from gridmap.usecases.papers import household_html
from gridmap.usecases.reading import Reader, view_for
from gridmap.usecases.readlog import ReadLog
from gridmap.usecases.sweeping import sweep
from gridmap.usecases.visiting import Visit, record
from gridmap.view import View
from tests.county import CONTACT, CONTACT_PHONE, MASTER, SEATS, SmallCounty, frames

CARE = "腿脚不便，请多等一会儿"


def view(county: SmallCounty, user: str = "worker-a", reason: str | None = "visit") -> View:
    with read(county.ctx.engine) as conn:
        return view_for(conn, county.account(user), county.ctx.today(), reason)


def home(county: SmallCounty, code: str = "H-A0") -> int:
    return int(county.one(select(t.households.c.id).where(t.households.c.code == code)))


def opened(county: SmallCounty, household_id: int, user: str = "worker-a", reason: str | None = "visit") -> dict:
    log = ReadLog(county.ctx.engine)
    try:
        return homes.file_of(Reader(county.ctx, view(county, user, reason), log, "test"), household_id)
    finally:
        log.close()


def with_care(county: SmallCounty, household_id: int, readers: str = "cell") -> int:
    homes.agree(county.ctx, view(county), household_id, Consent("care", "spoken"))
    note = Care("mobility", CARE, county.ctx.today() + timedelta(days=90), readers)
    return int(homes.add_care(county.ctx, view(county), household_id, note)["id"])


def boxes(county: SmallCounty, household_id: int) -> set[str]:
    query = select(t.sealed.c.field).join(t.households, t.households.c.subject_id == t.sealed.c.subject_id)
    return {row[0] for row in county.run(query.where(t.households.c.id == household_id))}


def test_only_those_who_serve_it_read_a_file_and_say_why(small_county: SmallCounty) -> None:
    one = home(small_county)
    with_care(small_county, one)
    for user in SEATS:
        if user == "worker-a":
            continue
        with pytest.raises(NotFound):
            opened(small_county, one, user)
    with pytest.raises(Forbidden, match="say why"):
        opened(small_county, one, reason=None)
    found = opened(small_county, one, reason="monthly visit")
    assert found["contact"] == {"contact_name": CONTACT, "contact_phone": CONTACT_PHONE}
    assert [note["text"] for note in found["care_notes"]] == [CARE]
    log = small_county.run(select(t.readings.c.ids, t.readings.c.reason))
    assert (f"[{one}]", "monthly visit") in {tuple(row) for row in log}
    # nothing of it stands readable in the database
    assert CARE.encode() not in b"".join(row[0] for row in small_county.run(select(t.sealed.c.box)))


def test_care_is_kept_by_consent_alone_and_goes_with_it(small_county: SmallCounty) -> None:
    one, later = home(small_county), small_county.ctx.today() + timedelta(days=10)
    with pytest.raises(Conflict, match="agreed"):
        homes.add_care(small_county.ctx, view(small_county), one, Care("alone", CARE, later))
    note = with_care(small_county, one)
    assert f"care:{note}" in boxes(small_county, one)
    before = small_county.one(select(t.households.c.subject_id).where(t.households.c.id == one))
    homes.withdraw(small_county.ctx, view(small_county), one, "care")
    homes.withdraw(small_county.ctx, view(small_county), one, "care")
    assert opened(small_county, one)["care_notes"] == []
    assert boxes(small_county, one) == {"contact_name", "contact_phone"}
    # the old key is gone, so what a backup holds does not open either
    gone = select(t.subjects.c.wrapped_key, t.subjects.c.erased_at).where(t.subjects.c.id == before)
    wrapped, erased = small_county.run(gone)[0]
    assert wrapped is None
    assert erased is not None


def test_a_note_for_the_agent_is_for_the_agent(small_county: SmallCounty) -> None:
    one = home(small_county)
    note = with_care(small_county, one, "agent")
    assert opened(small_county, one)["care_notes"] == []
    with pytest.raises(NotFound):
        homes.remove_care(small_county.ctx, view(small_county), one, note)
    small_county.run(t.workers.update().where(t.workers.c.code == "W-A").values(agent=1))
    assert [row["text"] for row in opened(small_county, one)["care_notes"]] == [CARE]
    homes.remove_care(small_county.ctx, view(small_county), one, note)
    assert opened(small_county, one)["care_notes"] == []


def test_a_contact_is_withdrawn_and_given_again(small_county: SmallCounty) -> None:
    one = home(small_county)
    with_care(small_county, one)
    homes.withdraw(small_county.ctx, view(small_county), one, "contact")
    assert opened(small_county, one)["contact"] == {"contact_name": None, "contact_phone": None}
    said = Consent("contact", "written", contact_name="孙", contact_phone="13900000020")
    homes.agree(small_county.ctx, view(small_county), one, said)
    homes.agree(small_county.ctx, view(small_county), one, said)
    found = opened(small_county, one)
    assert found["contact"]["contact_phone"] == "13900000020"
    assert found["care_notes"][0]["text"] == CARE
    running = [row for row in found["consents"] if row["purpose"] == "contact" and row["withdrawn_at"] is None]
    assert len(running) == 1
    for wrong in (Consent("contact", "spoken"), Consent("visits", "spoken", contact_name="孙"),
                  Consent("care", "spoken", date(2020, 1, 1)), Consent("religion", "spoken")):  # fmt: skip
        with pytest.raises(InvalidInput):
            homes.agree(small_county.ctx, view(small_county), one, wrong)


def test_the_household_has_it_corrected_printed_and_erased(small_county: SmallCounty) -> None:
    one, ctx = home(small_county), small_county.ctx
    with_care(small_county, one)
    homes.agree(ctx, view(small_county), one, Consent("visits", "spoken"))
    record(ctx, view(small_county), Visit(one, note="房顶漏雨"))
    homes.correct(ctx, view(small_county), one, {"elders": 2, "housing": "brick"})
    with pytest.raises(InvalidInput):
        homes.correct(ctx, view(small_county), one, {"cell_id": 3})
    found = opened(small_county, one)
    assert (found["elders"], found["housing"]) == (2, "brick")
    for lang in ("zh", "en"):
        sheet = household_html(found, lang, ctx.today(), ctx.zone)
        assert all(text in sheet for text in (CARE, CONTACT, "房顶漏雨", found["address"]))
    homes.erase(ctx, view(small_county), one)
    homes.erase(ctx, view(small_county), one)
    found = opened(small_county, one)
    assert boxes(small_county, one) == set()
    assert (found["contact"]["contact_name"], found["care_notes"], found["elders"]) == (None, [], None)
    assert [visit["note"] for visit in found["visits"]] == [None]
    assert "household.erase" in {row[0] for row in small_county.run(select(t.audit.c.action))}


def test_the_sweep_ends_what_has_had_its_day(small_county: SmallCounty) -> None:
    one, ctx = home(small_county), small_county.ctx
    with_care(small_county, one)
    homes.agree(ctx, view(small_county), one, Consent("visits", "spoken", ctx.today() + timedelta(days=30)))
    record(ctx, view(small_county), Visit(one, note="房顶漏雨"))
    small_county.clock.forward(days=40)
    sweep(ctx)
    assert not any(name.startswith("visit:") for name in boxes(small_county, one))
    assert any(name.startswith("care:") for name in boxes(small_county, one))
    small_county.clock.forward(days=60)
    sweep(ctx)
    assert not any(name.startswith("care:") for name in boxes(small_county, one))
    small_county.clock.forward(days=300)
    sweep(ctx)
    assert small_county.run(select(t.visits.c.id)) == []


def test_keys_are_rotated_and_a_killed_rotation_is_completed(
    small_county: SmallCounty, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one = home(small_county)
    with_care(small_county, one)
    key_file = tmp_path / "secret.key"
    key_file.write_text(base64.b64encode(MASTER).decode())
    settings = replace(small_county.ctx.settings, key_file=key_file)
    monkeypatch.setattr(rotating, "BATCH", 7)

    def killed(after: int) -> None:
        if after > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotating.rotate(replace(small_county.ctx, settings=settings), killed)
    # half-way: a server that starts now reads everything
    halfway = open_context(settings)
    small_county.ctx = replace(small_county.ctx, vault=halfway.vault, settings=settings)
    assert opened(small_county, one)["care_notes"][0]["text"] == CARE
    done = rotating.rotate(small_county.ctx)
    halfway.engine.dispose()
    living = small_county.run(select(t.subjects.c.wrapped_key).where(t.subjects.c.wrapped_key.is_not(None)))
    assert done.rewrapped > 0
    assert done.already > 0
    assert done.rewrapped + done.already == len(living)
    vault = open_vault(settings)
    assert vault.former is None
    assert all(vault.unwrap(row[0]) for row in living)
    with pytest.raises(EnvironmentFault):
        Vault(MASTER).unwrap(living[0][0])
    small_county.ctx = replace(small_county.ctx, vault=vault)
    assert opened(small_county, one)["care_notes"][0]["text"] == CARE


def test_an_imported_contact_comes_with_its_consent_and_leaves_the_rest(small_county: SmallCounty) -> None:
    kept = home(small_county)
    with_care(small_county, kept)
    purposes = [one["purpose"] for one in opened(small_county, kept)["consents"]]
    assert sorted(purposes) == ["care", "contact"]
    bare = opened(small_county, home(small_county, "H-A3"))["consents"]
    assert bare == []
    frame = frames()["households"].assign(contact_consent=False)
    load(small_county.ctx, "households", frame.assign(row=range(1, len(frame) + 1)))
    found = opened(small_county, kept)
    assert found["contact"] == {"contact_name": None, "contact_phone": None}
    assert [one["purpose"] for one in found["consents"] if one["withdrawn_at"] is None] == ["care"]
    assert [one["text"] for one in found["care_notes"]] == [CARE]


def test_a_quota_is_set_for_an_area_or_a_worker(small_county: SmallCounty) -> None:
    ctx = small_county.ctx
    code = str(small_county.one(select(t.areas.c.code).where(t.areas.c.level == "county")))
    quotas.put(ctx, Quota(1, 10, 8), area=code)
    quotas.put(ctx, Quota(2, 3, 1), worker="W-A")
    quotas.put(ctx, Quota(2, 4, 2), worker="W-A")
    assert [tuple(row) for row in quotas.listed(ctx)] == [(code, None, 1, 10, 8), (None, "W-A", 2, 4, 2)]
    quotas.drop(ctx, worker="W-A")
    assert len(quotas.listed(ctx)) == 1
    for wrong, error in (
        ({}, InvalidInput),
        ({"area": code, "worker": "W-A"}, InvalidInput),
        ({"area": "x"}, NotFound),
    ):
        with pytest.raises(error):
            quotas.put(ctx, Quota(), **wrong)
    with pytest.raises(InvalidInput, match="before the first"):
        quotas.put(ctx, Quota(9, 3, 1), area=code)

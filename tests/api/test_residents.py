"""Residents without an account: a report, its link, its end; floods are held back, and nobody's name gets out."""

from __future__ import annotations

import hashlib
import io
import uuid
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import func, select

from gridmap.store import subjects, write
from gridmap.store import tables as t
from gridmap.usecases import proofs
from tests.api.client import Api, problem
from tests.county import centre

LON, LAT = centre("A")
PUBLIC = "/public/reports"
CASE = {"category": "mining-blasting", "lon": LON, "lat": LAT}


def solved(api: Api) -> dict[str, str]:
    asked = api.get(None, "/public/challenge").json()
    number = 0
    while int.from_bytes(hashlib.sha256(f"{asked['challenge']}:{number}".encode()).digest()) >> (256 - asked["bits"]):
        number += 1
    return {"challenge": asked["challenge"], "proof": str(number)}


def summed(api: Api) -> dict[str, str]:
    asked = api.get(None, "/public/challenge").json()
    return {"challenge": asked["challenge"], "proof": f"sum:{sum(asked['sum'])}"}


def send(api: Api, proof: dict[str, str], key: str | None = None, **more: Any) -> httpx.Response:
    said = {"category": "mining-blasting", "lon": LON, "lat": LAT, "text": "墙裂了,请来看", **proof, **more}
    return api.post(None, PUBLIC, said, headers={"Idempotency-Key": key or str(uuid.uuid4())})


def picture(form: str = "JPEG", size: tuple[int, int] = (640, 480), **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, form, **more)
    return out.getvalue()


def upload(api: Api, user: str | None, path: str, data: bytes, key: str | None = None) -> httpx.Response:
    headers = {"Content-Type": "image/jpeg", "Idempotency-Key": key or str(uuid.uuid4())}
    return api.ask(user, "POST", path, content=data, headers=headers)


def test_a_report_is_filed_and_followed_without_a_person(api: Api) -> None:
    proof, key = solved(api), str(uuid.uuid4())
    first = send(api, proof, key, name="罗大山", phone="13800000001", consent=True)
    assert first.status_code == 201, first.text
    assert send(api, proof, key, name="罗大山", phone="13800000001", consent=True).json() == first.json()
    assert api.county.one(select(func.count()).select_from(t.tracks)) == 1
    token = first.json()["token"]
    told = api.get(None, f"{PUBLIC}/{token}")
    assert [one["kind"] for one in told.json()["steps"]] == ["reported", "assigned"]
    assert told.headers["referrer-policy"] == "no-referrer"
    assert told.headers["cache-control"] == "no-store"
    for secret in ("网格员", "罗大山", "138", "墙裂", "A 格"):
        assert secret not in told.text
    everything = str(api.county.run(select(t.tracks))) + str(api.county.run(select(t.requests)))
    assert token not in everything
    assert key not in everything


def test_a_contact_is_kept_with_consent_alone(api_lite: Api) -> None:
    assert send(api_lite, solved(api_lite), name="罗大山", phone="13800000001").status_code == 201
    row = api_lite.rows("worker-a", "/incidents")[0]
    assert api_lite.get("worker-a", f"/incidents/{row['id']}").json()["reporter_phone"] is None


def test_floods_are_held_back(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "PER_CLIENT", 3)
    used = summed(api)
    answers = [send(api, used), *(send(api, summed(api)) for _ in range(4))]
    assert [one.status_code for one in answers] == [201, 201, 201, 429, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
    problem(send(api, used), 409, "challenge_spent")
    assert api.county.one(select(func.count()).select_from(t.tracks)) == 3
    stored = str(api.county.run(select(t.tallies.c.bucket)))
    assert "testclient" not in stored


def test_a_proof_must_fit(api_lite: Api) -> None:
    proof = solved(api_lite)
    problem(send(api_lite, {**proof, "proof": "sum:1"}), 422, "proof_wrong")
    problem(send(api_lite, {**proof, "challenge": proof["challenge"] + "x"}), 422, "challenge_unknown")
    problem(send(api_lite, {"challenge": "", "proof": ""}), 422, "challenge_unknown")
    assert api_lite.county.one(select(func.count()).select_from(t.tracks)) == 0


def test_the_resident_judges_the_end(api: Api) -> None:
    token = send(api, summed(api)).json()["token"]
    case = api.rows("worker-a", "/incidents")[0]["id"]
    key = {"Idempotency-Key": str(uuid.uuid4())}
    problem(api.post(None, f"{PUBLIC}/{token}/actions/rate", {"satisfied": True}, headers=key), 409, "action_status")
    said = api.post(None, f"{PUBLIC}/{token}/actions/comment", {"note": "又裂了"}, headers=key)
    assert said.status_code == 200, said.text
    events = api.get("worker-a", f"/incidents/{case}/events").json()
    assert (events[-1]["kind"], events[-1]["note"]) == ("commented", "又裂了")


def test_a_photo_reaches_the_worker_without_its_place(api: Api) -> None:
    token = send(api, summed(api)).json()["token"]
    case = api.rows("worker-a", "/incidents")[0]["id"]
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    key, data = str(uuid.uuid4()), picture(exif=exif, comment=b"<script>")
    first = upload(api, None, f"{PUBLIC}/{token}/photos", data, key)
    assert first.status_code == 201, first.text
    assert upload(api, None, f"{PUBLIC}/{token}/photos", data, key).json() == first.json()
    assert (first.json()["width"], first.json()["height"]) == (480, 640)
    where = f"/incidents/{case}/photos"
    assert [one["by_resident"] for one in api.get("worker-a", where).json()] == [True]
    seen = api.get("worker-a", f"{where}/{first.json()['id']}")
    assert seen.headers["content-type"] == "image/jpeg"
    assert not Image.open(io.BytesIO(seen.content)).getexif()
    assert b"script" not in seen.content
    problem(api.get("worker-b", where), 404, "not_found")
    assert any("/photos" in row.route for row in api.readings())
    with write(api.county.ctx.engine) as conn:
        subject = conn.execute(select(t.photos.c.subject_id)).scalar_one()
        subjects.erase(conn, subject, api.county.clock())
    problem(api.get("worker-a", f"{where}/{first.json()['id']}"), 404, "not_found")
    assert api.county.one(select(t.photos.c.box)) is None


def _moving() -> bytes:
    out, still = io.BytesIO(), Image.new("RGB", (9, 9), "red")
    still.save(out, "WEBP", save_all=True, append_images=[Image.new("RGB", (9, 9), "blue")])
    return out.getvalue()


HOSTILE = {
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "photo_format"),
    "html": (b"<html><script>1</script>", "photo_format"),
    "gif": (b"GIF89a" + b"\0" * 50, "photo_format"),
    "empty": (b"\0", "photo_format"),
    "cut": (picture()[:300], "photo_unreadable"),
    "magic alone": (b"\xff\xd8\xff" + b"\0" * 99, "photo_unreadable"),
    "png in jpeg's clothes": (b"\xff\xd8\xff" + picture("PNG"), "photo_unreadable"),
    "moving": (_moving(), "photo_animated"),
    "bomb": (picture("PNG", (12_000, 9_000)), "photo_unreadable"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pictures_are_refused(api_shared: Api, name: str) -> None:
    made = api_shared.post("worker-a", "/incidents", {"category": "mining-blasting", "lon": LON, "lat": LAT}).json()[
        "id"
    ]
    data, code = HOSTILE[name]
    problem(upload(api_shared, "worker-a", f"/incidents/{made}/photos", data), 422, code)
    assert api_shared.get("worker-a", f"/incidents/{made}/photos").json() == []


def test_what_hangs_on_a_photo_stays_behind(api_shared: Api) -> None:
    made = api_shared.post("worker-a", "/incidents", {"category": "mining-blasting", "lon": LON, "lat": LAT}).json()[
        "id"
    ]
    where = f"/incidents/{made}/photos"
    put = upload(api_shared, "worker-a", where, picture() + b"PK\x03\x04<script>alert(1)</script>")
    assert put.status_code == 201, put.text
    assert b"script" not in api_shared.get("worker-a", f"{where}/{put.json()['id']}").content

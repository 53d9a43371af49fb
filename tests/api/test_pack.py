"""A worker's phone: the day's pack, and entries that it sealed while nobody was logged in."""

from __future__ import annotations

import base64
import json
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select, update

from gridmap.people.visits import Quota
from gridmap.store import tables as t
from gridmap.usecases import accounts, quotas
from gridmap.usecases.rotating import rotate
from tests.api.client import Api, problem
from tests.county import CELL, NOW, centre

SECTIONS = {"cells", "households", "incidents", "today", "categories", "me"}


def pack(api: Api, user: str = "worker-a", **have: str) -> dict[str, Any]:
    params = {"have": ",".join(f"{name}:{digest}" for name, digest in have.items())} if have else {}
    answer = api.get(user, "/pack", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def data(found: dict[str, Any], name: str) -> Any:
    return found["sections"][name]["data"]


def hashes(found: dict[str, Any]) -> dict[str, str]:
    return {name: one["hash"] for name, one in found["sections"].items()}


def body(**more: Any) -> dict[str, Any]:
    lon, lat = centre("A")
    return {"category": "mining-blasting", "lon": lon, "lat": lat, "accuracy_m": 5, "text": "墙裂了", **more}


def seal(api: Api, entry: Any, user: str = "worker-a") -> dict[str, str]:
    """As this worker's phone seals: WebCrypto's ECDH, HKDF and AES-GCM, by another library."""
    key, under = pack(api, user)["sealing_key"], str(uuid.uuid4())
    if isinstance(entry, dict):
        entry = {"key": under, "voucher": key["voucher"], **entry}
    server = load_der_public_key(base64.b64decode(key["spki"]))
    own = ec.generate_private_key(ec.SECP256R1())
    assert isinstance(server, ec.EllipticCurvePublicKey)
    shared = own.exchange(ec.ECDH(), server)
    secret = HKDF(algorithm=SHA256(), length=32, salt=b"", info=b"gridmap sealed entry v1").derive(shared)
    iv = os.urandom(12)
    point = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    envelope = (
        point + iv + AESGCM(secret).encrypt(iv, (entry if isinstance(entry, str) else json.dumps(entry)).encode(), None)
    )
    return {"key": under, "sealed": base64.b64encode(envelope).decode(), "key_id": key["id"]}


def written(worker: int = 1, at: Any = NOW, **more: Any) -> dict[str, Any]:
    return {"kind": "incident", "worker": worker, "body": body(**more), "written_at": at.isoformat()}


def bring(api: Api, *entries: dict[str, str], user: str = "worker-b") -> list[dict[str, Any]]:
    answer = api.post(user, "/sealed", {"entries": list(entries)})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def reported(api: Api) -> int:
    return int(api.county.one(select(func.count()).select_from(t.incidents)))


def test_a_pack_holds_what_the_lists_hold(api: Api) -> None:
    found = pack(api)
    assert set(found["sections"]) == SECTIONS
    assert found["lease_until"] > found["made_at"]
    homes = {one["code"]: one for one in data(found, "households")}
    assert set(homes) == {row["code"] for row in api.rows("worker-a", "/households")}
    cases = {one["code"] for one in data(found, "incidents")}
    assert cases == {row["number"] for row in api.rows("worker-a", "/incidents", open=True)}
    cells = {one["properties"]["code"]: one["properties"]["id"] for one in data(found, "cells")["features"]}
    assert CELL["A"] in cells
    assert {one["cell_id"] for one in homes.values()} == {cells[CELL["A"]]}
    assert [one["code"] for one in data(found, "me")["cells"]] == [CELL["A"]]
    assert {one["household_id"] for one in data(found, "today")["visits"]} == {one["id"] for one in homes.values()}


def test_what_the_phone_has_is_not_sent_again_until_it_changes(api: Api) -> None:
    first = pack(api)
    again = pack(api, **hashes(first))
    assert hashes(again) == hashes(first)
    assert not any("data" in one for one in again["sections"].values())
    assert api.post("worker-a", "/incidents", body()).status_code == 201
    later = pack(api, **hashes(first))
    assert {name for name, one in later["sections"].items() if "data" in one} == {"incidents"}
    home = data(first, "households")[0]
    assert api.post("worker-a", "/visits", {"household_id": home["id"]}).status_code == 201
    seen = pack(api, **hashes(later))
    assert {name for name, one in seen["sections"].items() if "data" in one} == {"households", "today"}
    assert data(seen, "households")[0]["last_visit"] == NOW.date().isoformat()


def test_a_pack_is_read_once_and_logged(api: Api) -> None:
    pack(api)
    assert {(row.route, row.kind) for row in api.readings()} == {
        ("/api/v1/pack", "household"),
        ("/api/v1/pack", "incident"),
    }


def test_a_right_withdrawn_empties_the_pack_and_other_roles_get_none(api: Api) -> None:
    api.county.run(update(t.duties).where(t.duties.c.worker_id == 1).values(valid_to=api.county.ctx.today()))
    found = pack(api)
    assert data(found, "households") == []
    assert data(found, "cells")["features"] == []
    assert data(found, "me")["cells"] == []
    for user in ("planner", "official", "dispatcher-1"):
        problem(api.get(user, "/pack"), 403, "no_pack")
        problem(api.post(user, "/sealed", {"entries": [{"key": "k", "sealed": "AAAA", "key_id": "1"}]}), 403, "no_pack")
    problem(api.get("worker-a", "/pack?have=cells"), 422, "invalid_input")


def test_a_sealed_entry_is_filed_for_its_writer_once(api: Api) -> None:
    """Whoever brings it, however often, also after it was sent openly under its key."""
    entry, before = seal(api, written()), reported(api)
    results = [bring(api, entry, user=user)[0] for user in ("worker-b", "worker-a", "worker-b")]
    assert [one["status"] for one in results] == ["taken"] * 3
    assert len({one["incident_id"] for one in results}) == 1
    openly = api.post("worker-a", "/incidents", body(), headers={"Idempotency-Key": entry["key"]})
    assert openly.json()["id"] == results[0]["incident_id"]
    assert reported(api) == before + 1
    writer = api.county.ctx.engine, api.county.account("worker-a").id
    assert (
        api.county.one(select(t.incidents.c.account_id).where(t.incidents.c.id == results[0]["incident_id"]))
        == writer[1]
    )


def test_one_that_cannot_be_filed_says_why_and_holds_up_none(api: Api) -> None:
    good, before = seal(api, written()), reported(api)
    cut = {**seal(api, written()), "sealed": good["sealed"][:-8]}
    bad = [
        ({**good, "key": "a"}, "not_its_key"),
        ({**good, "key": "a"} | {"sealed": good["sealed"][:60] + "AAAA" + good["sealed"][64:]}, "envelope_broken"),
        (cut, "envelope_broken"),
        ({**good, "key": "b", "sealed": "not base64"}, "envelope_broken"),
        ({**good, "key": "c", "sealed": "AAAA"}, "envelope_broken"),
        ({**good, "key": "d", "key_id": "999"}, "unknown_key"),
        (seal(api, {"kind": "poem"}), "not_a_report"),
        (seal(api, [1]), "not_a_report"),
        (seal(api, written(worker=2**70)), "not_a_report"),
        (seal(api, written(worker=True)), "not_a_report"),
        (seal(api, "[" * 20_000), "not_a_report"),
        (seal(api, written(worker=999)), "not_vouched"),
        (seal(api, {**written(), "written_at": "yesterday"}), "invalid_input"),
        (seal(api, written(colour="red")), "invalid_input"),
        (seal(api, written(category="nothing")), "invalid_input"),
        (seal(api, written(at=NOW - timedelta(days=4000))), "no_writer"),
    ]
    results = bring(api, *(one for one, _ in bad), good)
    assert [one["status"] for one in results] == ["refused"] * len(bad) + ["taken"]
    assert [one["problem"]["code"] for one in results[:-1]] == [code for _, code in bad]
    assert all(one["problem"]["detail"] for one in results[:-1])
    assert reported(api) == before + 1


def test_a_writer_who_was_disabled_since_is_still_filed_and_one_disabled_before_is_not(api: Api) -> None:
    entries = [seal(api, written()), seal(api, written(at=NOW + timedelta(hours=2)))]
    api.county.clock.forward(hours=1)
    accounts.disable(api.county.ctx, "worker-a")
    api.county.clock.forward(hours=2)
    assert [one["status"] for one in bring(api, *entries)] == ["taken", "refused"]


def test_an_entry_opens_after_the_keys_were_rotated(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from gridmap.privacy import new_master_key
    from gridmap.store.keyfile import open_vault

    entry, ctx = seal(api, written()), api.county.ctx
    old = base64.b64encode(ctx.vault.master).decode()
    settings = replace(ctx.settings, secret_key=new_master_key(), old_secret_key=old)
    rotate(replace(ctx, settings=settings, vault=open_vault(settings)))
    fresh = open_vault(replace(settings, old_secret_key=None))
    api.app.state.ctx = api.app.state.entrance._ctx = replace(ctx, settings=settings, vault=fresh)
    assert bring(api, entry)[0]["status"] == "taken"


def test_nobody_files_in_anothers_name(api: Api) -> None:
    """The sealing key is public: what an envelope says of its writer counts with that writer's voucher alone."""
    before = reported(api)
    forged = [
        seal(api, written(worker=1), user="worker-b"),  # B's own voucher
        seal(api, written(worker=1, voucher="0" * 64), user="worker-b"),
        seal(api, {**written(worker=1), "voucher": None}, user="worker-b"),
        seal(api, {**written(worker=1), "voucher": ["\ud800"]}, user="worker-b"),
    ]
    results = bring(api, *forged, user="worker-b")
    assert {one["problem"]["code"] for one in results} == {"not_vouched"}
    assert reported(api) == before
    assert pack(api, "worker-a")["sealing_key"]["voucher"] != pack(api, "worker-b")["sealing_key"]["voucher"]
    own = seal(api, {**written(worker=1), "voucher": None})  # by a phone from before vouchers, and by its writer
    assert [one["status"] for one in bring(api, own, user="worker-b")] == ["refused"]
    assert [one["status"] for one in bring(api, own, user="worker-a")] == ["taken"]


def test_an_envelope_that_was_copied_files_nothing_twice(api: Api) -> None:
    entry, before = seal(api, written()), reported(api)
    results = bring(api, entry, {**entry, "key": str(uuid.uuid4())})
    assert [one["status"] for one in results] == ["taken", "refused"]
    assert reported(api) == before + 1


# --- what is remembered of a pack -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Turn:
    """Something that happens in the county, and the sections that follow from it at least."""

    name: str
    happens: Callable[[Api, dict[str, Any]], Any]
    moves: frozenset[str]


def posted(path: str, json: Any = None, user: str = "worker-a") -> Callable[[Api, dict[str, Any]], Any]:
    """A request whose address and body take the household or case of the first pack by `{home}` and `{case}`."""

    def happens(api: Api, ids: dict[str, Any]) -> None:
        body = {name: ids.get(name, value) if value is None else value for name, value in (json or {}).items()}
        answer = api.post(user, path.format(**ids), body)
        assert answer.status_code < 300, answer.text

    return happens


def contact_agreed(api: Api, ids: dict[str, Any]) -> None:
    body = {"purpose": "contact", "how": "spoken", "contact_name": "孙测试"}
    posted("/households/{home}/consents", {**body, "until": (NOW + timedelta(days=5)).date().isoformat()})(api, ids)


def later(api: Api, _: dict[str, Any]) -> None:
    api.county.clock.forward(days=9)
    api.tokens.clear()  # sessions have ended


TURNS = [
    Turn("a report of one's own", posted("/incidents", body()), frozenset({"incidents"})),
    Turn("one of somebody else's", posted("/incidents", {**body(), "lon": centre("G")[0], "lat": centre("G")[1]},
                                          "worker-b"), frozenset()),
    Turn("a visit", posted("/visits", {"household_id": None}), frozenset({"households", "today"})),
    Turn("a contact withdrawn", posted("/households/{home}/consents/contact/withdraw"), frozenset({"households"})),
    Turn("a contact agreed to, for five days", contact_agreed, frozenset({"households"})),
    Turn("a step of a case", posted("/incidents/{case}/actions/accept", {}, "dispatcher-1"),
         frozenset({"incidents"})),
    Turn("nine days", later, frozenset({"incidents", "households", "today"})),
    Turn("another quota", lambda api, _: quotas.put(api.county.ctx, Quota(1, 5, 1), worker="W-A"),
         frozenset({"today"})),
    Turn("leave", lambda api, _: api.county.run(
        update(t.duties).where(t.duties.c.worker_id == 1).values(valid_to=api.county.ctx.today())),
        frozenset({"households", "me", "cells"})),
]  # fmt: skip


def test_what_is_remembered_never_hides_what_has_moved(api: Api) -> None:
    """After each thing that happens a pack from memory is the pack that is made anew."""
    first = pack(api)
    ids = {"home": data(first, "households")[0]["id"], "case": data(first, "incidents")[0]["id"]}
    ids["household_id"] = ids["home"]
    before = hashes(first)
    for turn in TURNS:
        turn.happens(api, ids)
        warm = hashes(pack(api, **before))
        api.county.ctx.packs.forget()
        whole = pack(api)
        assert warm == hashes(whole), turn.name
        moved = {name for name in warm if warm[name] != before[name]}
        assert turn.moves <= moved, (turn.name, moved)
        assert turn.moves or "incidents" not in moved, turn.name
        before = warm


def test_a_phone_that_has_everything_costs_two_statements(api: Api) -> None:
    """Who asks, and what has moved; a case of somebody else's makes it look at its own cases, once."""
    known = hashes(pack(api))
    statements: list[str] = []
    event.listen(api.county.ctx.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))

    def asked() -> int:
        statements.clear()
        assert not any("data" in one for one in pack(api, **known)["sections"].values())
        return sum("FROM" in one and one.lstrip().startswith("SELECT") for one in statements)

    alone = asked()
    assert alone <= 2, statements
    lon, lat = centre("G")
    assert api.post("worker-b", "/incidents", {**body(), "lon": lon, "lat": lat}).status_code == 201
    assert asked() > alone
    assert asked() == alone


def test_a_pack_tells_what_a_case_is_about_and_a_contact_by_consent_alone(api: Api) -> None:
    made = api.post("worker-a", "/incidents", body(text="墙" * 300)).json()
    cases = {one["id"]: one for one in data(pack(api), "incidents")}
    assert cases[made["id"]]["summary"] == "墙" * 200
    known = hashes(pack(api))
    api.post("worker-a", f"/incidents/{made['id']}/actions/comment", {"note": "看过了"})
    assert "data" not in pack(api, **known)["sections"]["incidents"]  # a note changes nothing that the pack tells
    homes = data(pack(api), "households")
    told = [one for one in homes if "contact_phone" in one]
    assert told
    assert len(told) < len(homes)
    api.post("worker-a", f"/households/{told[0]['id']}/consents/contact/withdraw")
    assert "contact_phone" not in next(one for one in data(pack(api), "households") if one["id"] == told[0]["id"])


# --- whatever a phone may send --------------------------------------------------------------------------------------

NAMES = st.sampled_from([*sorted(SECTIONS), "ground", "a"])
FEW = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_any_hashes_are_answered_with_what_differs(api_lite: Api) -> None:
    mine = hashes(pack(api_lite))
    right = st.sampled_from(sorted(mine.items()))
    wrong = st.tuples(NAMES, st.text("0123456789abcdef", min_size=1, max_size=64))

    @FEW
    @given(st.lists(right | wrong, max_size=20, unique_by=lambda one: one[0]))
    def told(pairs: list[tuple[str, str]]) -> None:
        sections = pack(api_lite, **dict(pairs))["sections"]
        kept = {name for name, digest in pairs if mine.get(name) == digest}
        assert {name for name, one in sections.items() if "data" not in one} == kept

    @FEW
    @given(st.text(max_size=200))
    def any_text(have: str) -> None:
        assert api_lite.get("worker-a", "/pack", params={"have": have}).status_code in {200, 422}

    told()
    any_text()


def test_any_envelope_is_refused_with_a_reason(api_lite: Api) -> None:
    before = reported(api_lite)

    @FEW
    @given(st.binary(max_size=300), st.text("0123456789x-", min_size=1, max_size=20))
    def brought(envelope: bytes, key_id: str) -> None:
        entry = {"key": "k", "sealed": base64.b64encode(envelope).decode(), "key_id": key_id}
        (result,) = bring(api_lite, entry)
        assert result["status"] == "refused"
        assert result["problem"]["code"] in {"envelope_broken", "unknown_key"}

    @FEW
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=9),
            lambda one: st.dictionaries(
                st.sampled_from(["kind", "worker", "body", "written_at", "category", "lon"]), one, max_size=4
            ),
            max_leaves=9,
        )
    )
    def opened(entry: Any) -> None:
        (result,) = bring(api_lite, seal(api_lite, entry))
        assert result["status"] == "refused"

    brought()
    opened()
    assert reported(api_lite) == before

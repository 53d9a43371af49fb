"""Logging in and out: tokens, cookies, cross-site requests, fixed sessions."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from api import auth
from api.app import create_app
from gridmap.errors import GridmapError, InvalidInput
from gridmap.store import tables as t
from gridmap.usecases import accounts
from tests.api.client import Api, problem
from tests.county import CELL, PASSWORD, SmallCounty, centre

HERE = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
FORGED: list[dict[str, str]] = [
    {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://evil.testserver", "Sec-Fetch-Site": "same-site"},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://testserver:81"},
]


@pytest.fixture
def browser(spatialite_county: SmallCounty) -> Iterator[TestClient]:
    """A client that keeps cookies and follows nothing."""
    app = create_app(spatialite_county.ctx, spatialite_county.passwords)
    with TestClient(app, base_url="http://testserver", follow_redirects=False) as client:
        yield client


def form_token(browser: TestClient) -> str:
    """The CSRF token in the log-in page."""
    page = browser.get("/login", headers={"Accept": "text/html"})
    assert page.status_code == 200
    found = re.search(r'name="csrf_token"[^>]*value="([0-9a-f]+)"', page.text)
    assert found, page.text[:2000]
    return found[1]


def log_in(browser: TestClient, username: str = "worker-a", password: str = PASSWORD, **form: str) -> httpx.Response:
    form.setdefault("csrf_token", form_token(browser))
    answer: httpx.Response = browser.post(
        "/login", data={"username": username, "password": password, **form}, headers=HERE
    )
    return answer


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_a_token_opens_a_session_and_logging_out_ends_it(api: Api) -> None:
    answer = api.ask(None, "POST", "/token", data={"username": "worker-a", "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json()["access_token"]
    assert len(token) >= 43  # 256 bits
    stored = api.county.run(select(t.sessions.c.token_hash))
    assert stored == [(hashlib.sha256(token.encode()).hexdigest(),)]
    headers = {"Authorization": f"Bearer {token}"}
    assert api.get(None, "/me", headers=headers).json()["cells"] == [
        {"id": 1, "code": CELL["A"], "name": "A 格", "name_en": "Cell A", "rank": "primary"}
    ]
    assert api.get(None, "/me", headers={"Authorization": f"bearer {token}"}).status_code == 200
    assert api.post(None, "/logout", headers=headers).status_code == 204
    problem(api.get(None, "/me", headers=headers), 401, "session_ended")


def test_user_names_ignore_case_and_width_and_passwords_do_not(api_lite: Api) -> None:
    for name in ("WORKER-A", " worker-a ", "ｗｏｒｋｅｒ－ａ"):
        answer = api_lite.ask(None, "POST", "/token", data={"username": name, "password": PASSWORD})
        assert answer.status_code == 200, name
    assert (
        api_lite.ask(None, "POST", "/token", data={"username": "worker-a", "password": PASSWORD.upper()}).status_code
        == 401
    )


def test_sessions_run_out_and_end_with_password_and_account(api: Api) -> None:
    county = api.county
    assert api.get("worker-a", "/me").status_code == 200
    county.clock.forward(hours=11, minutes=59)
    assert api.get("worker-a", "/me").status_code == 200
    county.clock.forward(minutes=2)
    problem(api.get("worker-a", "/me"), 401, "session_ended")
    api.tokens.clear()
    assert api.get("worker-a", "/me").status_code == 200
    accounts.set_password(county.ctx, county.passwords, "worker-a", "another password")
    problem(api.get("worker-a", "/me"), 401, "session_ended")
    again = api.ask(None, "POST", "/token", data={"username": "worker-a", "password": "another password"})
    assert again.status_code == 200
    accounts.disable(county.ctx, "worker-a")
    headers = {"Authorization": f"Bearer {again.json()['access_token']}"}
    problem(api.get(None, "/me", headers=headers), 401, "session_ended")
    answer = api.ask(None, "POST", "/token", data={"username": "worker-a", "password": "another password"})
    problem(answer, 401, "wrong_credentials")


def test_every_log_in_and_account_change_is_audited_without_names(api: Api) -> None:
    api.ask(None, "POST", "/token", data={"username": "worker-a", "password": PASSWORD})
    accounts.disable(api.county.ctx, "worker-a")
    identity = api.county.account("worker-a").id
    rows = api.county.run(
        select(t.audit.c.action, t.audit.c.ref, t.audit.c.data).where(t.audit.c.ref == f"account:{identity}")
    )
    assert [row.action for row in rows] == ["account.add", "session.open", "account.disable"]
    assert not any("worker-a" in row.data for row in rows)


# --- the browser ------------------------------------------------------------------------------------------------------


def test_the_form_logs_in_with_a_new_cookie(browser: TestClient) -> None:
    answer = log_in(browser, next="/field?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/field?x=1")
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("gridmap_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    first = browser.cookies["gridmap_session"]
    assert browser.get("/api/v1/me").json()["username"] == "worker-a"
    again = log_in(browser)
    assert again.status_code == 303
    assert browser.cookies["gridmap_session"] != first


def test_cookies_are_secure_where_the_settings_say_so(spatialite_county: SmallCounty) -> None:
    from tests.county import open_county

    url = spatialite_county.ctx.settings.database_url
    county = open_county(url, secure_cookies=True)
    with TestClient(create_app(county.ctx, county.passwords), base_url="https://testserver") as client:
        here = {"Origin": "https://testserver"}
        page = client.get("/login", headers={"Accept": "text/html"})
        assert all("Secure" in one for one in page.headers.get_list("set-cookie"))
        assert "max-age" in page.headers["strict-transport-security"]
        token = re.search(r'name="csrf_token"[^>]*value="([0-9a-f]+)"', page.text)
        assert token
        form = {"username": "worker-a", "password": PASSWORD, "csrf_token": token[1]}
        answer = client.post("/login", data=form, headers=here, follow_redirects=False)
        assert answer.status_code == 303
        assert all("Secure" in one for one in answer.headers.get_list("set-cookie"))
    county.ctx.engine.dispose()


def test_a_planted_session_cookie_is_not_taken_over(browser: TestClient) -> None:
    """Fixation: a cookie set before logging in opens nothing then and nothing afterwards."""
    planted = "planted" * 7
    browser.cookies.set(auth.SESSION_COOKIE, planted, domain="testserver.local")
    assert browser.get("/api/v1/me").status_code == 401
    answer = log_in(browser)
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("gridmap_session="))
    assert planted not in cookie
    other = TestClient(browser.app, base_url="http://testserver")
    assert other.get("/api/v1/me", headers={"Cookie": f"gridmap_session={planted}"}).status_code == 401


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/a\nb", ""]
)
def test_logging_in_leads_nowhere_else(browser: TestClient, target: str) -> None:
    answer = log_in(browser, next=target)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_a_wrong_password_leads_back_to_the_form(browser: TestClient) -> None:
    answer = log_in(browser, password="wrong password", next="/field")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?error=wrong_credentials&next=%2Ffield")
    assert "gridmap_session" not in browser.cookies


@pytest.mark.parametrize("headers", FORGED)
def test_no_other_site_logs_a_visitor_in(browser: TestClient, headers: dict[str, str]) -> None:
    form = {"username": "worker-a", "password": PASSWORD, "csrf_token": form_token(browser)}
    problem(browser.post("/login", data=form, headers=headers), 403, "csrf")


def test_the_form_needs_its_token(browser: TestClient) -> None:
    good = form_token(browser)
    for token in ("", "0" * 96, good[:-1] + ("0" if good[-1] != "0" else "1"), "ü" * 96, good[:32]):
        problem(log_in(browser, csrf_token=token), 403, "csrf")
    stranger = TestClient(browser.app, base_url="http://testserver")  # has no form cookie
    form = {"username": "worker-a", "password": PASSWORD, "csrf_token": good}
    problem(stranger.post("/login", data=form, headers=HERE), 403, "csrf")


def unsafe_operations(app: Any) -> list[tuple[str, str]]:
    paths = app.openapi()["paths"]
    found = [(method, path) for path, one in paths.items() for method in one if method.upper() not in auth.SAFE_METHODS]
    return [
        (method, path.replace("{incident_id}", "1"))
        for method, path in found
        # those that need nobody logged in take no cookie either
        if path not in {"/login", "/api/v1/token", "/api/v1/help/calls"} and not path.startswith("/api/v1/public/")
    ]


def test_unsafe_requests_by_cookie_need_the_token_and_our_own_page(
    browser: TestClient, spatialite_county: SmallCounty
) -> None:
    """Every unsafe route there is: refused without a token, with another's token, and from other sites."""
    log_in(browser)
    token = browser.get("/api/v1/me").json()["csrf_token"]
    other = auth._mac(spatialite_county.token("worker-b"), "0" * 32)
    operations = unsafe_operations(browser.app)
    assert len(operations) >= 5
    for method, path in operations:
        for headers in (HERE, {}, {**HERE, "X-CSRF-Token": ""}, {**HERE, "X-CSRF-Token": "0" * 32 + other}):
            problem(browser.request(method, path, json={}, headers=headers), 403, "csrf")
        for forged in FORGED:
            problem(browser.request(method, path, json={}, headers={**forged, "X-CSRF-Token": token}), 403, "csrf")
        form = browser.request(method, path, data={"text": "x"}, headers={"Sec-Fetch-Site": "cross-site"})
        assert form.status_code in {403, 422}
    assert browser.get("/api/v1/me").status_code == 200  # no forged logout got through
    lon, lat = centre("A")
    said = {"category": "mining-dust", "lon": lon, "lat": lat}
    good = browser.post("/api/v1/incidents", json=said, headers={**HERE, "X-CSRF-Token": token})
    assert good.status_code == 201
    old_browser = browser.post("/api/v1/incidents", json=said, headers={"X-CSRF-Token": token})
    assert old_browser.status_code == 201


def test_logging_out_by_the_form(browser: TestClient) -> None:
    log_in(browser)
    token = browser.get("/api/v1/me").json()["csrf_token"]
    held = browser.cookies["gridmap_session"]
    problem(browser.post("/logout", data={}, headers=HERE), 403, "csrf")
    answer = browser.post("/logout", data={"csrf_token": token}, headers=HERE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert "gridmap_session" not in browser.cookies
    assert browser.get("/api/v1/me", headers={"Cookie": f"gridmap_session={held}"}).status_code == 401


def test_a_bearer_token_excludes_the_cookie(browser: TestClient) -> None:
    log_in(browser)
    problem(browser.get("/api/v1/me", headers={"Authorization": "Bearer nonsense"}), 401, "session_ended")
    problem(browser.get("/api/v1/me", headers={"Authorization": "Basic eDp5"}), 401, "unauthenticated")


def test_a_page_without_a_session_leads_to_the_form(browser: TestClient) -> None:
    answer = browser.get("/plan?day=1", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Fplan%3Fday%3D1")


def test_tokens_differ_at_each_call_and_fit_one_session_only(browser: TestClient) -> None:
    log_in(browser)
    seen = {browser.get("/api/v1/me").json()["csrf_token"] for _ in range(5)}
    assert len(seen) == 5


# --- accounts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (accounts.NewAccount("worker-a", "X", accounts.Role.ADMIN), "username_taken"),
        (accounts.NewAccount("WORKER-A", "X", accounts.Role.ADMIN), "username_taken"),
        (accounts.NewAccount("new", "X", accounts.Role.WORKER), "invalid_input"),
        (accounts.NewAccount("new", "X", accounts.Role.WORKER, "W-NONE"), "invalid_input"),
        (accounts.NewAccount("new", "X", accounts.Role.HANDLER, "W-A"), "invalid_input"),
        (accounts.NewAccount("", "X", accounts.Role.ADMIN), "invalid_input"),
        (accounts.NewAccount("n" * 65, "X", accounts.Role.ADMIN), "invalid_input"),
        (accounts.NewAccount("a\nb", "X", accounts.Role.ADMIN), "invalid_input"),
        (accounts.NewAccount("new", "  ", accounts.Role.ADMIN), "invalid_input"),
    ],
)
def test_accounts_that_cannot_be_added(small_county: SmallCounty, new: accounts.NewAccount, code: str) -> None:
    before = small_county.one(select(func.count()).select_from(t.accounts))
    with pytest.raises(GridmapError) as caught:
        accounts.add(small_county.ctx, small_county.passwords, new, "a long password")
    assert caught.value.code == code
    assert small_county.one(select(func.count()).select_from(t.accounts)) == before


def test_passwords_are_hashed_by_argon2id_and_renewed_when_weaker(small_county: SmallCounty) -> None:
    from argon2 import PasswordHasher

    def stored() -> str:
        found: str = small_county.one(select(t.accounts.c.password_hash).where(t.accounts.c.username == "worker-a"))
        return found

    weak = stored()
    assert weak.startswith("$argon2id$")
    stronger = accounts.Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    accounts.log_in(small_county.ctx, stronger, "worker-a", PASSWORD, "127.0.0.1")
    assert stored() != weak
    assert "m=16,t=2" in stored()
    assert accounts.Passwords().hash("x").startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_short_and_endless_passwords_are_refused(small_county: SmallCounty) -> None:
    for password in ("", "short", "9letters!", "x" * 257):
        with pytest.raises(InvalidInput):
            accounts.set_password(small_county.ctx, small_county.passwords, "worker-a", password)
    drawn = {accounts.draw_password() for _ in range(50)}
    assert len(drawn) == 50
    assert all(len(one) == 22 for one in drawn)

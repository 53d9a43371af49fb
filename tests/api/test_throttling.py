"""Guessing passwords: slowed, others unaffected, and no telling which names exist."""

from __future__ import annotations

import threading
import time

import httpx
import pytest
from sqlalchemy import func, select

from gridmap.errors import TooMany, Unauthenticated
from gridmap.store import tables as t
from gridmap.usecases import accounts
from gridmap.usecases.accounts import CLIENT_TRIES, FREE_TRIES
from tests.api.client import Api, problem
from tests.county import PASSWORD, SmallCounty


def guess(api: Api, username: str, password: str = "a wrong guess") -> httpx.Response:
    return api.ask(None, "POST", "/token", data={"username": username, "password": password})


def test_a_thousand_guesses_are_slowed_and_others_are_not(api: Api) -> None:
    """1,000 guesses in 1,000 seconds: 14 are looked at; the right password among the others opens nothing."""
    looked_at = 0
    for number in range(1000):
        api.county.clock.forward(seconds=1)
        if number % 3 and looked_at > FREE_TRIES:  # a sample: the others would be refused alike
            continue
        answer = guess(api, "worker-a")
        looked_at += answer.status_code == 401
        if answer.status_code == 429:
            body = problem(answer, 429, "too_many_requests")
            assert int(answer.headers["retry-after"]) == body["retry_after_s"] >= 1
    assert FREE_TRIES < looked_at <= FREE_TRIES + 10
    problem(guess(api, "worker-a", PASSWORD), 429, "too_many_requests")
    assert guess(api, "worker-b", PASSWORD).status_code == 200
    api.county.clock.forward(minutes=16)
    assert guess(api, "worker-a", PASSWORD).status_code == 200
    assert guess(api, "worker-a").status_code == 401  # the count began anew


def test_waits_grow_and_haste_does_not_lengthen_them(small_county: SmallCounty) -> None:
    """After 5 free tries: 1, 2, 4, 8 ... seconds, told exactly; tries that come too early change nothing."""
    ctx, passwords = small_county.ctx, small_county.passwords
    waits = []
    for _ in range(FREE_TRIES):
        with pytest.raises(Unauthenticated):
            accounts.log_in(ctx, passwords, "worker-a", "wrong", "c")
    for _ in range(5):
        for _ in range(3):
            with pytest.raises(TooMany) as caught:
                accounts.log_in(ctx, passwords, "worker-a", PASSWORD, "c")
        waits.append(caught.value.details["retry_after_s"])
        small_county.clock.forward(seconds=waits[-1])
        with pytest.raises(Unauthenticated):
            accounts.log_in(ctx, passwords, "worker-a", "wrong", "c")
    assert waits == [1, 2, 4, 8, 16]


def test_names_that_do_not_exist_answer_and_slow_alike(api_lite: Api) -> None:
    """The same answers in the same order for a name that exists, one that does not, and one that is disabled."""
    accounts.disable(api_lite.county.ctx, "worker-b")
    told = {}
    for username in ("worker-a", "nobody", "worker-b", "x" * 150):
        answers = [guess(api_lite, username) for _ in range(FREE_TRIES + 2)]
        told[username] = [(one.status_code, one.text) for one in answers]
        api_lite.county.clock.forward(hours=2)
    assert len({str(one) for one in told.values()}) == 1
    assert [status for status, _ in told["nobody"]] == [401] * FREE_TRIES + [429] * 2


def test_unknown_names_take_as_long() -> None:
    """The password of an unknown name is checked against a hash that fits nothing: no shortcut in time. The quickest of
    many counts, for others may be using the machine."""
    from argon2 import PasswordHasher

    passwords = accounts.Passwords(PasswordHasher(time_cost=2, memory_cost=16384, parallelism=1))
    stored = passwords.hash(PASSWORD)

    def spent(known: str | None) -> float:
        start = time.perf_counter()
        assert not passwords.matches(known, "a wrong guess")
        return time.perf_counter() - start

    known, unknown = zip(*((spent(stored), spent(None)) for _ in range(20)), strict=True)
    ratio = min(known) / min(unknown)
    assert 0.5 < ratio < 2


def test_spraying_many_names_is_slowed_by_client_and_elsewhere_not(small_county: SmallCounty) -> None:
    ctx, passwords = small_county.ctx, small_county.passwords
    for number in range(CLIENT_TRIES):
        with pytest.raises(Unauthenticated):
            accounts.log_in(ctx, passwords, f"name-{number}", "wrong", "198.51.100.7")
    with pytest.raises(Unauthenticated):
        accounts.log_in(ctx, passwords, "name-x", "wrong", "198.51.100.7")
    with pytest.raises(TooMany):
        accounts.log_in(ctx, passwords, "name-x", "wrong", "198.51.100.7")
    # neither elsewhere nor at the same address is anybody held up who has not failed
    for client in ("192.0.2.1", "198.51.100.7"):
        assert accounts.log_in(ctx, passwords, "worker-a", PASSWORD, client).account.username == "worker-a"


def test_a_password_changed_during_a_log_in_ends_it(small_county: SmallCounty) -> None:
    """The new password is set while the old one is still being compared."""
    ctx, passwords = small_county.ctx, small_county.passwords

    class Slow(accounts.Passwords):
        def matches(self, stored: str | None, password: str) -> bool:
            fits = passwords.matches(stored, password)
            accounts.set_password(ctx, passwords, "worker-a", "another password altogether")
            return fits

    with pytest.raises(Unauthenticated):
        accounts.log_in(ctx, Slow(), "worker-a", PASSWORD, "192.0.2.1")
    [count] = small_county.run(select(func.count()).select_from(t.sessions).where(t.sessions.c.revoked_at.is_(None)))
    assert count[0] == 0


def test_guesses_at_once_get_no_further_than_one_after_the_other(small_county: SmallCounty) -> None:
    """40 guesses in 20 threads: as many are looked at as are free."""
    ctx, passwords = small_county.ctx, small_county.passwords
    outcomes: list[str] = []
    gate = threading.Barrier(20)

    def run() -> None:
        gate.wait()
        for _ in range(2):
            try:
                accounts.log_in(ctx, passwords, "worker-a", "wrong", "c")
            except (Unauthenticated, TooMany) as refused:
                outcomes.append(refused.code)

    threads = [threading.Thread(target=run) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 40
    assert 1 <= outcomes.count("wrong_credentials") <= FREE_TRIES


def test_failures_hold_no_name_and_go_after_a_while(small_county: SmallCounty) -> None:
    ctx, passwords = small_county.ctx, small_county.passwords
    with pytest.raises(Unauthenticated):
        accounts.log_in(ctx, passwords, "my password by mistake", "wrong", "192.0.2.1")
    rows = small_county.run(select(t.login_failures))
    assert len(rows) == 1
    assert "mistake" not in str(rows)
    assert "192.0.2.1" not in str(rows)
    small_county.clock.forward(hours=2)
    with pytest.raises(Unauthenticated):
        accounts.log_in(ctx, passwords, "another", "wrong", "192.0.2.1")
    assert small_county.one(select(func.count()).select_from(t.login_failures)) == 1


def test_argon2_runs_in_few_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never more checks at once than allowed: each takes 64 MiB."""
    running, most, lock = 0, 0, threading.Lock()

    class Watching:
        def hash(self, _: bytes) -> str:
            return "x"

        def verify(self, _hash: str, _password: bytes) -> bool:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.01)
            with lock:
                running -= 1
            return True

    passwords = accounts.Passwords(Watching(), at_once=2)  # type: ignore[arg-type]
    threads = [threading.Thread(target=passwords.matches, args=("x", "y")) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2

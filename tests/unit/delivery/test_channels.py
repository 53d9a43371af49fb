"""What a channel says and how it reads answers: sent, again, or never."""

from __future__ import annotations

import hmac
import string
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.delivery.configured import channels
from gridmap.delivery.http import Endpoint, post, read_answer
from gridmap.delivery.mail import Mail
from gridmap.delivery.outcome import Final, Outgoing, Retry, Sent
from gridmap.delivery.sms import Sms
from gridmap.delivery.texts import FIELDS, LANGUAGES, Facts, names, payload, templates, write
from gridmap.delivery.webhook import FRESH_S, Webhook, sign, verify
from gridmap.errors import EnvironmentFault
from gridmap.settings import Messaging, Settings
from tests.gateways import DROP, free_port, gateway, smtp_server

NOW = datetime(2026, 7, 3, 4, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
FACTS = Facts("260703-7K3QMX", names("矿山", "Mining"), names("一格", None), datetime(2026, 7, 10, 4, 0, tzinfo=UTC))
MESSAGE = Outgoing("k" * 40, "13900000019", "主题", "正文", {"kind": "assigned"})


# --- texts ------------------------------------------------------------------------------------------------------------


def test_every_kind_speaks_both_languages_with_known_fields_only() -> None:
    for kind, by_language in templates().items():
        assert set(by_language) == set(LANGUAGES), kind
        used = []
        for parts in by_language.values():
            assert set(parts) == {"subject", "text"}
            fields = {name for text in parts.values() for _, name, _, _ in string.Formatter().parse(text) if name}
            assert fields <= FIELDS, kind
            used.append(fields)
        assert used[0] == used[1], kind


def test_a_message_tells_number_category_cell_and_due_in_the_countys_zone() -> None:
    zh, en = write("assigned", "zh", FACTS, ZONE), write("assigned", "en", FACTS, ZONE)
    assert zh.text == "新事件 260703-7K3QMX：矿山，一格，7月10日 12:00 前办结。"
    assert en.text == "New case 260703-7K3QMX: Mining, 一格, due 2026-07-10 12:00."
    assert "网格外" in write("assigned", "zh", Facts("N", names("矿", None), None, NOW), ZONE).text
    assert write("unheard of", "en", FACTS, ZONE).text.startswith("Case 260703-7K3QMX")
    border = write("border", "zh", FACTS, ZONE).text + repr(payload("border", FACTS, {}, ZONE))
    assert "260703" not in border


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_name_breaks_a_line_or_a_template(category: str, cell: str) -> None:
    for language in LANGUAGES:
        text = write("assigned", language, Facts("{number}", names(category, None), names(cell, None), NOW), ZONE)
        for line in (text.subject, text.text):
            assert not set(line) & set("\r\n\x00\u2028")


# --- HTTP -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (200, {}, Sent()),
        (202, {"Date": "Fri, 03 Jul 2026 04:00:00 GMT"}, Sent(NOW)),
        (208, {"Date": "no date"}, Sent()),
        (302, {}, Final("http_302")),
        (400, {}, Final("http_400")),
        (410, {}, Final("http_410")),
        (422, {}, Final("http_422")),
        (401, {}, Retry("http_401", None, channel_down=True)),
        (404, {}, Retry("http_404", None, channel_down=True)),
        (408, {}, Retry("http_408")),
        (429, {"retry-after": "120"}, Retry("http_429", 120.0)),
        (429, {"Retry-After": "Fri, 03 Jul 2026 04:01:00 GMT"}, Retry("http_429", 60.0)),
        (429, {"Retry-After": "soon"}, Retry("http_429")),
        (500, {}, Retry("http_500")),
        (503, {"Retry-After": "9" * 30}, Retry("http_503", 999_999_999.0, channel_down=True)),
    ],
)
def test_what_a_status_means(status: int, headers: dict[str, str], expected: Any) -> None:
    assert read_answer(status, headers, NOW) == expected


def test_lost_answers_and_absent_gateways_are_tried_again() -> None:
    with gateway() as one:
        one.answer = lambda *_: DROP
        lost = Sms(Endpoint.parse("X", one.url)).send(MESSAGE)
    assert isinstance(lost, Retry)
    assert lost.channel_down
    assert one.bodies == [{"to": "13900000019", "text": "正文", "key": "k" * 40}]
    gone = Sms(Endpoint.parse("X", f"http://127.0.0.1:{free_port()}/")).send(MESSAGE)
    assert isinstance(gone, Retry)
    assert Sms(Endpoint.parse("X", one.url)).send(Outgoing("k", None, "", "")) == Final("no_contact")


def test_a_gateway_that_never_answers_is_left_in_time() -> None:
    with gateway() as one:
        one.hold.set()
        started = time.monotonic()
        outcome = post(replace(Endpoint.parse("X", one.url), longest_s=0.3), b"{}", {"Idempotency-Key": "k"})
    assert isinstance(outcome, Retry)
    assert time.monotonic() - started < 8  # ten seconds is what a single step may take


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://sms.example/v1?x=1", True), ("http://127.0.0.1:9/", True), ("http://localhost/", True),
        ("http://10.0.0.5:8080/send", True), ("http://[::1]:80/", True), ("http://sms.example/", False),
        ("http://93.184.216.34/", False), ("ftp://127.0.0.1/", False), ("https://", False), ("nonsense", False),
        ("https://host:99999/", False),
    ],
)  # fmt: skip
def test_nothing_travels_in_the_clear(url: str, fine: bool) -> None:
    if fine:
        assert Endpoint.parse("GRIDMAP_SMS_URL", url).secure == url.startswith("https")
    else:
        with pytest.raises(EnvironmentFault, match="GRIDMAP_SMS_URL"):
            Endpoint.parse("GRIDMAP_SMS_URL", url)


# --- webhook ----------------------------------------------------------------------------------------------------------


def test_a_signature_binds_secret_time_and_body() -> None:
    with gateway() as one:
        assert isinstance(Webhook(Endpoint.parse("X", one.url), "shared", lambda: 1000.0).send(MESSAGE), Sent)
    headers, body = one.headers[0], one.raw[0]
    stamp, signature = headers["gridmap-timestamp"], headers["gridmap-signature"]
    assert verify("shared", stamp, body, signature, 1000 + FRESH_S)
    assert not verify("shared", stamp, body, signature, 1001 + FRESH_S)
    assert not verify("other", stamp, body, signature, 1000)
    assert not verify("shared", stamp, body + b" ", signature, 1000)
    assert not verify("shared", str(int(stamp) + 1), body, signature, 1000)
    assert not verify("shared", "yesterday", body, signature, 1000)
    assert not verify("shared", stamp, body, "ü", 1000)
    assert sign("shared", 1000, b"{}") == "v1=" + hmac.new(b"shared", b"1000.{}", "sha256").hexdigest()


# --- mail -------------------------------------------------------------------------------------------------------------


def test_mail_holds_the_key_and_reads_replies() -> None:
    mail = Outgoing("abc", "office@land.example", "新事件 1", "正文")
    with smtp_server() as smtp:
        one = Mail.parse(smtp.url, "grid@county.example")
        assert one.send(mail) == Sent()
        assert smtp.mails[0]["Message-ID"] == "<abc@county.example>"
        assert smtp.mails[0]["Subject"] == "新事件 1"
        for code, expected in ((550, Final("smtp_550")), (450, Retry("smtp_450"))):
            smtp.recipient = lambda _, code=code: code
            assert one.send(mail) == expected
        smtp.recipient = lambda _: 250
        for reply, outcome in ((554, Final("smtp_554")), (451, Retry("smtp_451"))):
            smtp.data = lambda _, reply=reply: reply
            assert one.send(mail) == outcome
        smtp.data = lambda _: None
        assert isinstance(one.send(mail), Retry)
        assert one.send(Outgoing("abc", None, "", "")) == Final("no_contact")
        assert one.send(Outgoing("abc", "a@b.example\r\nBcc: c@d.example", "", "")) == Final("bad_address")
    assert isinstance(one.send(mail), Retry)


@pytest.mark.parametrize(
    ("url", "sender"),
    [("http://host", "a@b"), ("smtp://", "a@b"), ("smtps://host", None), ("smtps://host", "no address"), ("x", "a@b")],
)
def test_mail_settings_that_cannot_be_used_are_named(url: str, sender: str | None) -> None:
    with pytest.raises(EnvironmentFault, match="GRIDMAP_"):
        Mail.parse(url, sender)


# --- settings ---------------------------------------------------------------------------------------------------------


def test_only_what_is_configured_is_there_and_secrets_are_not_shown() -> None:
    assert channels(Messaging()) == {}
    env = {
        "GRIDMAP_SMS_URL": "https://sms.example/", "GRIDMAP_SMS_SECRET": "hidden-1",
        "GRIDMAP_SMTP_URL": "smtps://u:hidden-2@mail.example", "GRIDMAP_MAIL_FROM": "a@b.example",
        "GRIDMAP_WEBHOOK_URL": "https://hook.example/", "GRIDMAP_WEBHOOK_SECRET": "hidden-3",
        "GRIDMAP_PUBLIC_URL": "https://grid.example/", "GRIDMAP_MESSAGES_PER_HOUR": "5",
    }  # fmt: skip
    settings = Settings.from_env(env).messaging
    assert (settings.public_url, settings.per_hour) == ("https://grid.example", 5)
    found = channels(settings)
    assert set(found) == {"sms", "email", "webhook"}
    assert "hidden" not in repr(settings) + repr(found)
    with pytest.raises(EnvironmentFault, match="WEBHOOK_SECRET"):
        channels(Messaging(webhook_url="https://hook.example/"))
    with pytest.raises(EnvironmentFault, match="MESSAGE_LANGUAGE"):
        Settings.from_env({"GRIDMAP_MESSAGE_LANGUAGE": "fr"})

"""The channels and rules of a process's settings."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from gridmap.delivery.http import Endpoint
from gridmap.delivery.limits import Rules
from gridmap.delivery.mail import Mail
from gridmap.delivery.outcome import Channel
from gridmap.delivery.quiet import QuietHours
from gridmap.delivery.sms import Sms
from gridmap.delivery.webhook import Webhook
from gridmap.errors import EnvironmentFault
from gridmap.settings import Messaging

#: the mailbox on the account's own pages: a row, no conversation
IN_APP = "in_app"


def channels(settings: Messaging) -> Mapping[str, Channel]:
    """By name, those that are configured; EnvironmentFault names the setting that cannot be used."""
    found: dict[str, Channel] = {}
    if settings.sms_url:
        found["sms"] = Sms(Endpoint.parse("GRIDMAP_SMS_URL", settings.sms_url), settings.sms_secret)
    if settings.smtp_url:
        found["email"] = Mail.parse(settings.smtp_url, settings.mail_from)
    if settings.webhook_url:
        if not settings.webhook_secret:
            raise EnvironmentFault("GRIDMAP_WEBHOOK_URL needs GRIDMAP_WEBHOOK_SECRET, shared with the receiver")
        endpoint = Endpoint.parse("GRIDMAP_WEBHOOK_URL", settings.webhook_url)
        found["webhook"] = Webhook(endpoint, settings.webhook_secret)
    return found


def rules(settings: Messaging, zone: ZoneInfo) -> Rules:
    """Quiet hours and the limit per person."""
    return Rules(QuietHours.parse(settings.quiet_hours, zone), settings.per_hour)

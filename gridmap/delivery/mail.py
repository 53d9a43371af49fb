"""E-mail by SMTP: `smtps://` speaks TLS at once, `smtp://` must turn to it (STARTTLS) except on this machine."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

from gridmap.delivery.deadline import LONGEST_S, STEP_S, ending
from gridmap.delivery.outcome import Final, Outcome, Outgoing, Retry, Sent
from gridmap.errors import EnvironmentFault

_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail server and the address that messages come from. Mailboxes drop repeats by the Message-ID, our key."""

    host: str
    port: int
    sender: str
    tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    longest_s: float = LONGEST_S

    @classmethod
    def parse(cls, url: str, sender: str | None) -> Mail:
        """Of GRIDMAP_SMTP_URL and GRIDMAP_MAIL_FROM; EnvironmentFault says what is wrong."""
        parts = urlsplit(url)
        with contextlib.suppress(ValueError):
            port = parts.port or (465 if parts.scheme == "smtps" else 587)
            if parts.scheme in {"smtp", "smtps"} and parts.hostname:
                if sender is None or sender.count("@") != 1 or any(c.isspace() for c in sender):
                    raise EnvironmentFault("GRIDMAP_SMTP_URL needs GRIDMAP_MAIL_FROM: the address messages come from")
                user, password = (unquote(part) if part else None for part in (parts.username, parts.password))
                return cls(parts.hostname, port, sender, parts.scheme == "smtps", user, password)
        raise EnvironmentFault("GRIDMAP_SMTP_URL must look like smtps://USER:PASSWORD@HOST or smtp://HOST:587")

    def send(self, message: Outgoing) -> Outcome:
        if not message.to:
            return Final("no_contact")
        try:
            with self._session() as smtp:
                refused = smtp.send_message(self._written(message), self.sender, [message.to])
                return _reply(min(code for code, _ in refused.values())) if refused else Sent()
        except smtplib.SMTPRecipientsRefused as exc:
            return _reply(min(code for code, _ in exc.recipients.values()))
        except (smtplib.SMTPAuthenticationError, smtplib.SMTPConnectError, smtplib.SMTPHeloError):
            return Retry("smtp_log_in", channel_down=True)
        except smtplib.SMTPSenderRefused as exc:
            # the sender is ours: a corrected setting mends it
            return Retry(f"smtp_sender_{exc.smtp_code}", channel_down=True)
        except smtplib.SMTPResponseException as exc:
            return _reply(exc.smtp_code)
        except ssl.SSLError:
            return Retry("tls", channel_down=True)
        except (OSError, smtplib.SMTPException) as exc:
            return Retry(type(exc).__name__, channel_down=True)
        except ValueError:
            return Final("bad_address")

    @property
    def _domain(self) -> str:
        """What we say our name is; asking the machine for it could wait for a name server."""
        return self.sender.rpartition("@")[2]

    @contextlib.contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        context = ssl.create_default_context()
        smtp = (
            smtplib.SMTP_SSL(self.host, self.port, self._domain, timeout=STEP_S, context=context)
            if self.tls
            else smtplib.SMTP(self.host, self.port, self._domain, timeout=STEP_S)
        )
        try:
            with ending(lambda: smtp.sock, self.longest_s):
                if not self.tls and self.host not in _HERE:
                    smtp.starttls(context=context)
                if self.user is not None:
                    smtp.login(self.user, self.password or "")
                yield smtp
                # taken already: a farewell that fails changes nothing
                with contextlib.suppress(OSError, smtplib.SMTPException):
                    smtp.quit()
        finally:
            smtp.close()

    def _written(self, message: Outgoing) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.sender, message.to, message.subject
        mail["Date"] = formatdate(usegmt=True)
        mail["Message-ID"] = f"<{message.key}@{self._domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text + "\n")
        return mail


def _reply(code: int) -> Outcome:
    """A server's refusal of a recipient or a text: 5xx is final, 4xx is not."""
    return Final(f"smtp_{code}") if code >= 500 else Retry(f"smtp_{code}")

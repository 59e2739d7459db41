"""Mail by SMTP submission (RFC 6409) over TLS: the only file that imports aiosmtplib.

No receipts: mail has none to trust. The same delivery has the same Message-ID, by which many mailboxes drop a
repetition.
"""

import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Literal

import aiosmtplib

from server.notifications.deliveries import Letter
from server.notifications.gateways.http import NotTaken
from server.notifications.outbox import Refused

TIMEOUT_S = 8.0
ADDRESS_LIMIT = 254  # RFC 5321 §4.5.3.1.3, without the brackets
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAccount:
    """``sender`` as in a From header, ``subject`` of every mail. ``security`` "none" is for this machine alone."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    username: str
    password: str = field(repr=False)
    sender: str
    subject: str
    tls: ssl.SSLContext | None = None  # None: the system's authorities


class MailGateway:
    name = "mail"
    receipts = False

    def __init__(self, account: MailAccount, clock: Callable[[], datetime]) -> None:
        self._account, self._clock = account, clock

    async def send(self, letter: Letter) -> str | None:
        mail = compose(self._account, letter, self._clock())
        try:
            await self._hand_over(mail)
        except aiosmtplib.SMTPException as error:
            raise _verdict(error) from None  # from None: a server's words hold the address
        except OSError as error:
            raise NotTaken(f"{self.name}: {type(error).__name__}") from None
        return str(mail["Message-ID"])

    async def _hand_over(self, mail: EmailMessage) -> None:
        account = self._account
        await aiosmtplib.send(
            mail,
            hostname=account.host,
            port=account.port,
            username=account.username or None,
            password=account.password or None,
            use_tls=account.security == "tls",
            start_tls=account.security == "starttls",
            tls_context=account.tls,
            timeout=TIMEOUT_S,
        )


def compose(account: MailAccount, letter: Letter, now: datetime) -> EmailMessage:
    """Raises ``Refused`` for what is no address: a line break in it would be a header of somebody else's."""
    if len(letter.address) > ADDRESS_LIMIT or not ADDRESS.fullmatch(letter.address):
        raise Refused("mail: not an address")
    domain = parseaddr(account.sender)[1].rpartition("@")[2]
    mail = EmailMessage(policy=SMTP)
    mail["From"] = account.sender
    mail["To"] = letter.address
    mail["Subject"] = account.subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{letter.delivery_id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice comes back
    mail.set_content(letter.text + "\n", cte="base64")
    return mail


def _verdict(error: aiosmtplib.SMTPException) -> Refused | NotTaken:
    """5yz to the recipient or the text is final (RFC 5321 §4.2.1); all else – login, sender, line – may be mended."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    code = error.code if isinstance(error, aiosmtplib.SMTPResponseException) else 0
    said = f"mail: {type(error).__name__} {code}"
    about_this = isinstance(error, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError)
    return Refused(said) if about_this and code >= 500 else NotTaken(said)

"""Mail against a real SMTP server on this machine: over TLS, with a login, and no header that a recipient wrote."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import cast

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from hypothesis import given
from hypothesis import strategies as st

from server.notifications.gateways.http import NotTaken
from server.notifications.gateways.mail import MailAccount, MailGateway, compose
from server.notifications.outbox import Refused
from server.tls import Certificates, ensure_certificates
from tests.gateways.letters import LETTER, NOON, TEXT, gives_nothing_away, letter, noon
from tests.ports import free_port

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")  # aiosmtpd does not see the TLS under it
TO = "wang@example.cn"
ACCOUNT = MailAccount(
    host="127.0.0.1",
    port=0,
    security="tls",
    username="bedside",
    password="s3cret-login",
    sender="Qingshan <no-reply@hospital.example>",
    subject="青山互联网医院",
)


@dataclass
class Mailbox:
    """What a server was handed, and what it says to recipient and text."""

    to_recipient: str = "250 OK"
    to_text: str = "250 OK"
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    secured: list[bool] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 – aiosmtpd's name and arguments
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_recipient.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        assert server.transport
        self.secured.append(session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None)
        self.mails.append(message_from_bytes(cast("bytes", envelope.content), policy=default))
        return self.to_text


def login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"bedside", b"s3cret-login")
    return AuthResult(success=right, handled=False)


@asynccontextmanager
async def mail_server(mailbox: Mailbox, certificates: Certificates, *, starttls: bool = False) -> AsyncIterator[int]:
    context, port = certificates.context(), free_port()

    def protocol() -> SMTP:
        return SMTP(
            mailbox,
            hostname="mail.test",
            authenticator=login,
            auth_required=True,
            auth_require_tls=starttls,
            require_starttls=starttls,
            tls_context=context if starttls else None,
        )

    listening = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", port, ssl=None if starttls else context
    )
    try:
        yield port
    finally:
        listening.close()


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return ensure_certificates(tmp_path, ["127.0.0.1"], datetime.now(UTC))


@pytest.fixture
def account(certificates: Certificates) -> MailAccount:
    return replace(ACCOUNT, tls=ssl.create_default_context(cafile=certificates.authority))


@pytest.mark.parametrize("starttls", [False, True])
async def test_a_mail_arrives_over_tls_with_its_words(
    account: MailAccount, certificates: Certificates, starttls: bool
) -> None:
    mailbox = Mailbox()
    async with mail_server(mailbox, certificates, starttls=starttls) as port:
        chosen = replace(account, port=port, security="starttls" if starttls else "tls")
        message_id = await MailGateway(chosen, noon).send(letter(address=TO))
    [mail], [envelope] = mailbox.mails, mailbox.envelopes
    assert mailbox.secured == [True]
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@hospital.example", [TO])
    assert (mail["To"], mail["Subject"]) == (TO, "青山互联网医院")
    assert mail["From"] == "Qingshan <no-reply@hospital.example>"
    assert mail["Message-ID"] == message_id == f"<{LETTER.delivery_id}@hospital.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == NOON
    assert mail.get_content().strip() == TEXT


async def test_a_stranger_gets_neither_login_nor_words(account: MailAccount, tmp_path: Path) -> None:
    stranger = ensure_certificates(tmp_path / "stranger", ["127.0.0.1"], datetime.now(UTC))
    mailbox = Mailbox()
    async with mail_server(mailbox, stranger) as port:
        with pytest.raises(NotTaken):
            await MailGateway(replace(account, port=port), noon).send(letter(address=TO))
    assert not mailbox.mails


async def test_a_server_without_tls_gets_nothing_where_tls_was_chosen(account: MailAccount) -> None:
    mailbox, port = Mailbox(), free_port()
    plain = await asyncio.get_running_loop().create_server(lambda: SMTP(mailbox), "127.0.0.1", port)
    with pytest.raises(NotTaken):
        await MailGateway(replace(account, port=port, security="starttls"), noon).send(letter(address=TO))
    plain.close()
    assert not mailbox.mails


@pytest.mark.parametrize(
    ("answer", "stage", "error"),
    [
        ("550 no such user wang@example.cn", "to_recipient", Refused),
        ("452 mailbox full", "to_recipient", NotTaken),
        ("554 looks like spam", "to_text", Refused),
        ("451 greylisted", "to_text", NotTaken),
    ],
)
async def test_five_is_final_and_four_is_not(
    account: MailAccount, certificates: Certificates, answer: str, stage: str, error: type[Exception]
) -> None:
    mailbox = Mailbox(**{stage: answer})  # type: ignore[arg-type]
    async with mail_server(mailbox, certificates) as port:
        with pytest.raises(error, match=answer[:3]) as raised:
            await MailGateway(replace(account, port=port), noon).send(letter(address=TO))
    assert gives_nothing_away(raised.value)


async def test_a_wrong_login_is_tried_again_since_it_is_the_house_that_is_wrong(
    account: MailAccount, certificates: Certificates
) -> None:
    async with mail_server(Mailbox(), certificates) as port:
        with pytest.raises(NotTaken, match="SMTPAuthenticationError"):
            await MailGateway(replace(account, port=port, password="other"), noon).send(letter(address=TO))


async def test_nobody_at_home_is_tried_again(account: MailAccount) -> None:
    with pytest.raises(NotTaken):
        await MailGateway(replace(account, port=free_port()), noon).send(letter(address=TO))


@pytest.mark.parametrize(
    "address",
    [
        "wang@example.cn\r\nBcc: all@example.cn",
        "wang@example.cn\nSubject: x",
        "wang@example.cn, all@example.cn",
        "Wang <wang@example.cn>",
        "wang@example.cn\x00",
        "wang@localhost",
        "wang",
        "@example.cn",
        "w" * 250 + "@example.cn",
        "",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Refused):
        compose(ACCOUNT, letter(address=address), NOON)


@given(st.text(max_size=60))
def test_whatever_stands_for_an_address_or_a_text_there_is_one_recipient_and_no_new_header(text: str) -> None:
    usual = headers(compose(ACCOUNT, letter(address=TO), NOON))
    assert headers(compose(ACCOUNT, letter(address=TO, text=text.encode(errors="replace").decode()), NOON)) == usual
    try:
        mail = compose(ACCOUNT, letter(address=text), NOON)
    except Refused:
        return
    assert headers(mail) == usual
    assert mail["To"] == text


def headers(mail: EmailMessage) -> list[str]:
    return sorted(name.lower() for name in mail)

"""The contract of mailers, held against a real SMTP server, a folder, a screen and memory."""

import io
from collections.abc import Iterator, Sequence
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from tests.adapters.smtp.server import MailServer

from tradepost.mail import Mailer, Sender, message_id
from tradepost_adapters.contracts.mailer import SENDER, MailerContract, MailerUnderTest, Received
from tradepost_adapters.local_mail import ConsoleMailer, FileMailer
from tradepost_adapters.memory.mailer import MemoryMailer
from tradepost_adapters.smtp import SmtpMailer, SmtpServer


def read(raw: bytes) -> Received:
    """What a mail program would show."""
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    to = message["To"].addresses
    assert len(to) == 1
    sender = message["From"].addresses
    assert [(one.display_name, one.addr_spec) for one in sender] == [(SENDER.name, SENDER.email)]
    return Received(
        to=f"{to[0].username}@{to[0].domain}",
        subject=message["Subject"],
        text=text.get_content(),
        html=None if html is None else html.get_content(),
        message_id=message["Message-ID"],
    )


class BySmtp:
    def __init__(self, server: MailServer) -> None:
        self.server = server
        self.mailer: Mailer = SmtpMailer(SmtpServer.parse(server.url), SENDER)

    async def received(self) -> Sequence[Received]:
        for envelope in self.server.received:
            assert envelope.mail_from == SENDER.email
            assert len(envelope.rcpt_tos) == 1
        return [read(envelope.content) for envelope in self.server.received]


class TestSmtp(MailerContract):
    @pytest.fixture
    def under_test(self) -> Iterator[MailerUnderTest]:
        with MailServer() as server:
            yield BySmtp(server)


class ByFile:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mailer: Mailer = FileMailer(folder, SENDER)

    async def received(self) -> Sequence[Received]:
        return [read(file.read_bytes()) for file in sorted(self.folder.iterdir())]


class TestFile(MailerContract):
    replaces_copies = True

    @pytest.fixture
    def under_test(self, tmp_path: Path) -> MailerUnderTest:
        return ByFile(tmp_path / "mail")


class ByConsole:
    def __init__(self) -> None:
        self.screen = io.StringIO()
        self.mailer: Mailer = ConsoleMailer(SENDER, self.screen)

    async def received(self) -> Sequence[Received]:
        rule, *shown = self.screen.getvalue().splitlines()
        found: list[Received] = []
        mail: list[str] = []
        for line in shown:
            if line != rule:
                mail.append(line)
            elif mail:
                found.append(self._read(mail))
                mail = []
        return found

    @staticmethod
    def _read(lines: list[str]) -> Received:
        identity, to, subject, _, *text = lines
        return Received(
            to=to.removeprefix("To: "),
            subject=subject.removeprefix("Subject: "),
            text="\n".join(text),
            message_id=identity.removeprefix("Message-ID: "),
        )


class TestConsole(MailerContract):
    carries_html = False

    @pytest.fixture
    def under_test(self) -> MailerUnderTest:
        return ByConsole()


class ByMemory:
    def __init__(self) -> None:
        self.mailer = MemoryMailer()

    async def received(self) -> Sequence[Received]:
        sender: Sender = SENDER
        return [
            Received(
                to=mail.to,
                subject=mail.subject,
                text=mail.text,
                html=mail.html,
                message_id=message_id(mail, sender),
            )
            for mail in self.mailer.sent
        ]


class TestMemory(MailerContract):
    @pytest.fixture
    def under_test(self) -> MailerUnderTest:
        return ByMemory()

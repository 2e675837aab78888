"""What every mailer keeps to."""

# ruff: noqa: S101 - a suite asserts

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from tradepost.mail.mail import Mail, Sender
from tradepost.mail.mailer import Mailer

NOW = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
SENDER = Sender("Ada's Mugs", "shop@mugs.example")


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A mail as it arrived."""

    to: str
    subject: str
    text: str
    message_id: str
    html: str | None = None


class MailerUnderTest(Protocol):
    """A mailer whose mails are from `SENDER`, and what has arrived at its other end, in order."""

    @property
    def mailer(self) -> Mailer: ...

    async def received(self) -> Sequence[Received]: ...


def a_mail(
    message_id: str = "job_01",
    *,
    to: str = "ada@example.com",
    subject: str = "Your mug",
    text: str = "It is on its way.\n",
    html: str | None = None,
) -> Mail:
    return Mail(to=to, subject=subject, text=text, html=html, message_id=message_id, at=NOW)


class MailerContract:
    """Bind it with a fixture `under_test` that gives a `MailerUnderTest`."""

    carries_html = True
    """Whether the part in HTML arrives too."""
    replaces_copies = False
    """Whether a second copy of a mail takes the place of the first."""

    async def test_a_mail_arrives_as_it_was_written(self, under_test: MailerUnderTest) -> None:
        await under_test.mailer.send(a_mail(html="<p>It is on its <b>way</b>.</p>\n"))
        (arrived,) = await under_test.received()
        assert (arrived.to, arrived.subject) == ("ada@example.com", "Your mug")
        assert arrived.text.splitlines() == ["It is on its way."]
        assert arrived.message_id == "<job_01@mugs.example>"
        if self.carries_html:
            assert (arrived.html or "").splitlines() == ["<p>It is on its <b>way</b>.</p>"]

    async def test_letters_of_all_kinds_long_lines_and_lone_dots_arrive(self, under_test: MailerUnderTest) -> None:
        lines = ["Grüße aus Köln, 你好 🐎", ".", "..", ". not the end", "From here", "", "x" * 3000, "end"]
        await under_test.mailer.send(a_mail(subject="Grüße 🐎 " + "ä" * 150, text="\n".join(lines)))
        await under_test.mailer.send(a_mail("job_02", text="\n".join(lines[1:5])))
        first, second = await under_test.received()
        assert first.subject == "Grüße 🐎 " + "ä" * 150
        assert first.text.splitlines() == lines
        assert second.text.splitlines() == lines[1:5]

    async def test_a_long_link_stays_whole(self, under_test: MailerUnderTest) -> None:
        link = "https://mugs.example/reset#token=" + "aB3_-" * 60
        await under_test.mailer.send(a_mail(text=f"Follow\n{link}\nsoon."))
        (arrived,) = await under_test.received()
        assert link in arrived.text.splitlines()

    async def test_a_second_copy_is_known_by_its_message_id(self, under_test: MailerUnderTest) -> None:
        for mail in (a_mail(), a_mail(), a_mail("job_02")):
            await under_test.mailer.send(mail)
        first, second = "<job_01@mugs.example>", "<job_02@mugs.example>"
        wanted = [first, second] if self.replaces_copies else [first, first, second]
        assert [mail.message_id for mail in await under_test.received()] == wanted

    async def test_an_odd_address_is_one_address(self, under_test: MailerUnderTest) -> None:
        """What stands before the @ may hold what separates or ends an address elsewhere."""
        odd = [
            "a,b@example.com",
            "x>,<y@example.com",
            'quo"te@example.com',
            "back\\slash@example.com",
            "(c);d@example.com",
        ]
        for place, to in enumerate(odd):
            await under_test.mailer.send(a_mail(f"job_{place}", to=to))
        assert [mail.to for mail in await under_test.received()] == odd

"""Sending by SMTP when the server refuses, hangs, goes away, or is not who it should be."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.adapters.smtp.certificates import certificate
from tests.adapters.smtp.server import MailServer

from tradepost.mail import MailDelayed, MailRefused
from tradepost_adapters.contracts.mailer import SENDER, a_mail
from tradepost_adapters.smtp import SmtpMailer, SmtpServer


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


def mailer(url: str) -> SmtpMailer:
    return SmtpMailer(SmtpServer.parse(url), SENDER)


async def sent(url: str) -> str:
    """How sending went."""
    try:
        await mailer(url).send(a_mail(to="somebody.secret@example.com"))
    except (MailDelayed, MailRefused) as error:
        shown = f"{error} {error.data} {error.reason} {error.__cause__} {error.__suppress_context__}"
        assert "secret" not in shown
        return f"{type(error).__name__}: {error.reason}"
    return "sent"


@pytest.mark.parametrize("step", ["sender", "recipient", "content"])
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("450 4.2.1 <somebody.secret@example.com> is busy", "MailDelayed: {step}: 450 4.2.1"),
        ("451 greylisted, somebody.secret@example.com", "MailDelayed: {step}: 451"),
        ("452 4.3.1 full", "MailDelayed: {step}: 452 4.3.1"),
        ("550 5.1.1 no somebody.secret@example.com here", "MailRefused: {step}: 550 5.1.1"),
        ("554 5.7.1 not like this", "MailRefused: {step}: 554 5.7.1"),
    ],
)
async def test_a_refusal_is_for_now_or_for_good_as_its_code_says(
    server: MailServer, step: str, answer: str, outcome: str
) -> None:
    getattr(server.behavior, step).append(answer)
    assert await sent(server.url) == outcome.format(step=step)
    assert await sent(server.url) == "sent"
    assert len(server.received) == 1


async def test_a_server_that_never_answers_is_given_up_on_and_may_have_taken_the_mail(server: MailServer) -> None:
    server.behavior.hang = 60
    assert await sent(f"{server.url}&timeout=0.5") == "MailDelayed: time-out"
    server.behavior.hang = 0
    assert await sent(server.url) == "sent"
    first, second = (envelope.content for envelope in server.received)
    assert first == second  # to the byte, so that a reader's program can tell


async def test_a_connection_lost_after_the_mail_was_taken_is_tried_again_with_the_same_mail(server: MailServer) -> None:
    server.behavior.hang_up = True
    assert (await sent(server.url)).startswith("MailDelayed: connection: ")
    server.behavior.hang_up = False
    assert await sent(server.url) == "sent"
    first, second = (envelope.content for envelope in server.received)
    assert first == second


async def test_nobody_there_is_for_now() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert (await sent(f"smtp://127.0.0.1:{port}?tls=none")).startswith("MailDelayed: connection: ")
    assert (await sent("smtp://mail.invalid?tls=none")).startswith("MailDelayed: connection: ")


async def test_a_server_that_accepts_and_says_nothing_is_given_up_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}?tls=none&timeout=0.3"
        assert await sent(url) == "MailDelayed: time-out"


async def test_starttls_is_insisted_on(server: MailServer) -> None:
    assert (await sent(f"smtp://127.0.0.1:{server.port}")).startswith("MailDelayed: connection: ")
    assert server.seen_commands == []


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_mail_goes_over_tls_to_a_server_with_the_right_certificate_alone(tmp_path: Path, scheme: str) -> None:
    trusted, context = certificate(tmp_path)
    tls = {"starttls": context} if scheme == "smtp" else {"tls": context}
    with MailServer(**tls) as server:  # type: ignore[arg-type]
        at = f"{scheme}://127.0.0.1:{server.port}"
        assert (await sent(at)).startswith("MailDelayed: connection: ")
        assert (await sent(f"{scheme}://localhost:{server.port}?ca={trusted}")).startswith("MailDelayed: connection: ")
        assert server.received == []
        assert await sent(f"{at}?ca={trusted}") == "sent"


async def test_a_server_that_asks_who_we_are_is_told(tmp_path: Path) -> None:
    trusted, context = certificate(tmp_path)
    with MailServer(starttls=context, account=("shop", "pass/word")) as server:
        rest = f"127.0.0.1:{server.port}?ca={trusted}"
        assert await sent(f"smtp://shop:pass%2Fword@{rest}") == "sent"
        assert await sent(f"smtp://shop:wrong@{rest}") == "MailDelayed: sign-in: 535 5.7.8"
        assert (await sent(f"smtp://{rest}")).startswith("MailRefused: sender: 530")
        assert len(server.received) == 1


async def test_an_address_in_other_letters_needs_a_server_that_takes_them(server: MailServer) -> None:
    grusse = a_mail(to="grüße@example.com")
    await mailer(server.url).send(grusse)
    assert [envelope.rcpt_tos for envelope in server.received] == [["grüße@example.com"]]
    with MailServer(utf8=False) as plain:
        with pytest.raises(MailRefused):
            await mailer(plain.url).send(grusse)
        await mailer(plain.url).send(a_mail(to="ada@bücher.example"))
        assert [envelope.rcpt_tos for envelope in plain.received] == [["ada@xn--bcher-kva.example"]]


@pytest.mark.parametrize(
    "url",
    [
        "smtp://",
        "http://host",
        "smtp://host/path",
        "smtp://host?starttls=no",
        "smtp://host?tls=maybe",
        "smtps://host?tls=none",
        "smtp://user:s3cret@host?tls=none",
        "smtp://user@host",
        "smtp://host?timeout=soon",
        "smtp://host?timeout=900",
        "smtp://host:port",
    ],
)
def test_a_url_that_can_not_be_meant_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError) as error:
        SmtpServer.parse(url)
    assert "s3cret" not in str(error.value)


def test_the_port_follows_from_how_the_server_is_spoken_to() -> None:
    ports = [SmtpServer.parse(url).port for url in ("smtp://h", "smtps://h", "smtp://h?tls=none", "smtp://h:2525")]
    assert ports == [587, 465, 25, 2525]
    assert "secret" not in repr(SmtpServer.parse("smtps://me:secret@host"))

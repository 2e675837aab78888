"""What a mail may be, and what it looks like on its way."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.mail import Mail, Sender, envelope, message_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SENDER = Sender("Acme", "shop@acme.example")
HEADERS = ["Auto-Submitted", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To"]


def a_mail(**changes: object) -> Mail:
    plain = {"to": "ada@example.com", "subject": "Hello", "text": "Text", "message_id": "job_1", "at": NOW}
    return Mail(**{**plain, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"to": "ada@example.com\r\nBcc: eve@example.com"},
        {"to": "ada@example.com\n"},
        {"to": " ada@example.com"},
        {"to": "ada@example.com, eve@example.com"},
        {"to": "ada@example.com>,<eve.example"},
        {"to": "ada@example.com;eve"},
        {"to": "ada"},
        {"to": "ada@" + "ü" * 80 + ".example"},
        {"subject": "Hello\r\nBcc: eve@example.com"},
        {"subject": "Hello\u2028"},
        {"subject": "Hello\x00"},
        {"subject": ""},
        {"subject": "x" * 201},
        {"message_id": "1>\r\nBcc: eve@example.com"},
        {"message_id": "1@2"},
        {"message_id": ""},
        {"at": datetime(2026, 3, 1)},
        {"text": "x" * 200_001},
    ],
)
def test_what_would_make_another_header_or_recipient_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError) as error:
        a_mail(**changes)
    assert "eve" not in str(error.value)


@given(to=st.text(max_size=40), subject=st.text(max_size=40), text=st.text(max_size=200))
def test_whatever_is_taken_makes_one_message_to_one_recipient(to: str, subject: str, text: str) -> None:
    try:
        mail = a_mail(to=f"{to}@example.com", subject=subject, text=text)
    except ValueError:
        return
    raw = message_of(mail, SENDER).as_bytes()
    head = raw.partition(b"\r\n\r\n")[0]
    names = sorted(line.split(b":")[0].decode() for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t")))
    assert [name for name in names if not name.startswith("Content-")] == HEADERS
    parsed = message_from_bytes(raw, policy=default)
    assert len(parsed["To"].addresses) == 1
    assert envelope(mail, SENDER)[1].endswith("@example.com")


def test_the_same_mail_is_the_same_to_the_byte() -> None:
    mail = a_mail(html="<p>Text</p>")
    assert message_of(mail, SENDER).as_bytes() == message_of(mail, SENDER).as_bytes()


def test_a_mail_does_not_show_whom_it_is_for_or_what_it_says() -> None:
    assert repr(a_mail()) == "Mail(job_1)"


def test_the_sender_is_a_name_and_an_address_or_an_address() -> None:
    assert Sender.parse("Acme <shop@acme.example>") == SENDER
    assert Sender.parse('"Acme, Inc." <shop@acme.example>').name == "Acme, Inc."
    assert Sender.parse("shop@acme.example").name == "acme.example"
    for bad in ("", "Acme", "Acme <shop>", "a@b.c, d@e.f\nBcc: x@y.z"):
        with pytest.raises(ValueError):
            Sender.parse(bad)

"""How mail leaves: what the settings take, and which mailer follows from them."""

from pathlib import Path

import pytest

from tradepost_adapters.local_mail import ConsoleMailer, FileMailer
from tradepost_adapters.smtp import SmtpMailer
from tradepost_entrypoints.container import Container
from tradepost_entrypoints.settings import Settings, SettingsError, load

ALWAYS = {"TRADEPOST_TOKEN_SECRET": "s" * 40}
SMTP = {"TRADEPOST_MAIL_FROM": "Acme <shop@acme.example>", "TRADEPOST_PUBLIC_URL": "https://acme.example"}


def loaded(**given: str) -> Settings:
    return load({**ALWAYS, **{f"TRADEPOST_{name}": value for name, value in given.items()}}, env_file=None)


def mistakes(**given: str) -> str:
    with pytest.raises(SettingsError) as error:
        loaded(**given)
    return "\n".join(error.value.mistakes)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("file:mail", FileMailer),
        ("file:///var/mail/out", FileMailer),
        ("console:", ConsoleMailer),
        ("smtp://mail.example", SmtpMailer),
        ("smtps://shop:secret@mail.example", SmtpMailer),
    ],
)
def test_the_mailer_is_the_one_the_address_names(url: str, kind: type) -> None:
    settings = load({**ALWAYS, **SMTP, "TRADEPOST_MAIL_URL": url}, env_file=None)
    assert isinstance(Container(settings=settings).mailer(), kind)


@pytest.mark.parametrize(
    ("url", "folder"), [("file:mail", "mail"), ("file:/srv/mail", "/srv/mail"), ("file:///srv/mail", "/srv/mail")]
)
def test_a_folder_is_relative_or_not_as_it_is_written(url: str, folder: str) -> None:
    mailer = Container(settings=loaded(MAIL_URL=url)).mailer()
    assert isinstance(mailer, FileMailer)
    assert mailer._folder == Path(folder)


def test_mail_by_smtp_needs_to_know_whom_it_is_from_and_where_its_links_lead() -> None:
    said = mistakes(MAIL_URL="smtp://mail.example")
    assert "TRADEPOST_MAIL_FROM" in said
    assert "TRADEPOST_PUBLIC_URL" in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAIL_URL", "mail.example"),
        ("MAIL_URL", "smtp://shop:s3cret@mail.example?tls=none"),
        ("MAIL_URL", "smtp://shop:s3cret@mail.example?tsl=none"),
        ("MAIL_URL", "file:"),
        ("MAIL_FROM", "Acme"),
        ("MAIL_FROM", "Acme <shop@acme.example>, Eve <eve@example.com>"),
        ("MAIL_FROM", "Acme\r\nBcc: eve@example.com <shop@acme.example>"),
        ("PUBLIC_URL", "acme.example"),
        ("PUBLIC_URL", "https://acme.example/#start"),
        ("PUBLIC_URL", "https://acme.example/?page=1"),
        ("PUBLIC_URL", "https://acme.example/\nx"),
    ],
)
def test_what_can_not_be_meant_is_refused_by_name_and_without_the_password(name: str, value: str) -> None:
    said = mistakes(**{name: value})
    assert f"TRADEPOST_{name}" in said
    assert "s3cret" not in said


def test_a_setting_with_a_password_does_not_show_it() -> None:
    settings = load({**ALWAYS, **SMTP, "TRADEPOST_MAIL_URL": "smtps://shop:s3cret@mail.example"}, env_file=None)
    assert "s3cret" not in repr(settings)

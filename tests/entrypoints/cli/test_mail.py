"""`tradepost mail` and the links that `tradepost users` has sent."""

import re
import time
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import httpx
import pytest
from tests.adapters.smtp.server import MailServer
from tests.entrypoints.cli.conftest import Terminal
from tests.entrypoints.cli.test_serving import running

PASSWORD = "correct horse battery staple"


def mails(folder: Path = Path("tradepost-mail")) -> dict[str, str]:
    """Every mail that was written, by its subject."""
    found = {}
    for file in sorted(folder.iterdir()) if folder.exists() else ():
        message = message_from_bytes(file.read_bytes(), policy=default)
        assert isinstance(message, EmailMessage)
        body = message.get_body(("plain",))
        assert body is not None
        found[message["Subject"]] = body.get_content()
    return found


def test_without_a_setting_mail_is_written_into_a_folder(terminal: Terminal) -> None:
    sent = terminal.json("mail", "test", "ada@example.com")
    assert sent["to"] == "ada@example.com"
    assert Path("tradepost-mail", f"{sent['message_id']}.eml").exists()
    assert terminal.run("mail", "test", "nobody").returncode == 2


def test_mail_goes_out_by_the_server_that_is_set(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    with MailServer() as server:
        monkeypatch.setenv("TRADEPOST_MAIL_URL", server.url)
        refused = terminal.run("mail", "test", "ada@example.com")
        assert refused.returncode == 2
        assert "TRADEPOST_MAIL_FROM" in refused.stderr
        monkeypatch.setenv("TRADEPOST_MAIL_FROM", "Ada's Mugs <shop@mugs.example>")
        monkeypatch.setenv("TRADEPOST_PUBLIC_URL", "https://mugs.example/account")
        assert "is on its way" in terminal.said("mail", "test", "ada@example.com")
        assert [envelope.mail_from for envelope in server.received] == ["shop@mugs.example"]
        server.behavior.recipient.append("550 5.1.1 no such person")
        assert terminal.run("mail", "test", "ada@example.com").returncode == 4
    assert terminal.run("mail", "test", "ada@example.com").returncode == 10


def test_an_account_is_welcomed_and_sent_its_links(terminal: Terminal) -> None:
    terminal.run("users", "create", "ada@example.com", "--name", "Ada", given=f"{PASSWORD}\n")
    terminal.said("users", "send-verification", "ada@example.com")
    assert "half an hour" in terminal.said("users", "send-reset", "ada@example.com")
    assert mails() == {}
    terminal.run("jobs", "run")
    assert sorted(mails()) == ["A new password for Tradepost", "Welcome to Tradepost", "Your address at Tradepost"]
    assert "http://localhost:3000/reset-password#token=ott_" in mails()["A new password for Tradepost"]
    assert terminal.run("users", "send-reset", "nobody@example.com").returncode == 3


def test_in_development_mail_is_shown_where_the_server_was_started(sqlite_url: str, tmp_path: Path) -> None:
    with running("serve", "--dev", "--port", "0", "--json", folder=tmp_path, DATABASE_URL=sqlite_url) as server:
        url = server.document()["url"]
        body = {"email": "ada@example.com", "name": "Ada", "password": PASSWORD}
        assert httpx.post(f"{url}/api/v1/users", json=body).status_code == 201
        time.sleep(1)
        code, err = server.stop()
    assert code == 0
    assert "Subject: Welcome to Tradepost" in err
    token = re.findall(r"http://localhost:3000/verify-email#token=(\S+)", err)
    assert len(token) == 1
    assert not (tmp_path / "tradepost-mail").exists()


def test_a_letter_can_be_looked_at_before_anybody_gets_it(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = terminal.said("mail", "preview", "order_confirmed", "--locale", "de")
    assert shown.startswith("Subject: Ihre Bestellung 100001 bei Tradepost\n")
    assert "1.264,46" in shown
    assert "<html" in terminal.said("mail", "preview", "order_shipped", "--html")
    assert terminal.json("mail", "preview", "order_refunded", "--short")["subject"] == "Your refund for order 100002"
    assert terminal.run("mail", "preview", "order_forgotten").returncode == 2
    assert terminal.run("mail", "preview", "order_confirmed", "--locale", "german").returncode == 2
    (tmp_path / "own/en").mkdir(parents=True)
    (tmp_path / "own/en/order_confirmed.subject.j2").write_text("Hooray, {{ order.nummer }}")
    monkeypatch.setenv("TRADEPOST_MAIL_TEMPLATES", str(tmp_path / "own"))
    refused = terminal.run("mail", "preview", "order_confirmed")
    assert refused.returncode == 2
    assert "TRADEPOST_MAIL_TEMPLATES: en/order_confirmed.subject.j2, line 1" in refused.stderr

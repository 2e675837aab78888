"""`tradepost webhooks`: an endpoint from its first event to its last, at a real server on this machine."""

from collections.abc import Iterator

import pytest
from standardwebhooks.webhooks import Webhook
from tests.adapters.webhook_sender.receiving import Receiver, receiving_aside
from tests.entrypoints.cli.conftest import Terminal
from tests.entrypoints.cli.test_orders import buy

PLACED = "tradepost.order.placed.v1"
NO_ENDPOINT, NO_DELIVERY = "we_01m7y7tsamexgajdq8dqk7k2b9", "whd_01m7y7tsamexgajdq8dqk7k2b9"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving_aside() as receiver:
        yield receiver


@pytest.fixture
def telling(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TRADEPOST_WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8")
    return terminal


def url_of(receiver: Receiver) -> str:
    return f"http://127.0.0.1:{receiver.port}/in"


def test_an_order_is_told_to_a_server_that_verifies_it_with_its_library(telling: Terminal, receiver: Receiver) -> None:
    telling.stock_up()
    made = telling.json("webhooks", "add", url_of(receiver), "--event", PLACED, "--owner", "erp@example.com")
    endpoint, secret = made["endpoint"]["id"], made["secret"]
    order = buy(telling, ("MUG-BLUE", 1))
    telling.json("jobs", "run")
    (body,) = receiver.bodies
    event = Webhook(secret).verify(body, receiver.headers())
    assert (event["type"], event["subject"]) == (PLACED, order.id)
    (delivery,) = telling.json("webhooks", "deliveries", endpoint)["items"]
    assert (delivery["state"], delivery["last_status"]) == ("succeeded", 200)
    assert delivery["id"] in telling.said("webhooks", "deliveries", "--state", "succeeded")
    shown = telling.run("webhooks", "delivery", delivery["id"])
    assert "Attempts" in shown.stdout
    assert order.id in shown.stderr
    assert secret not in shown.stdout + shown.stderr
    assert telling.json("webhooks", "delivery", delivery["id"])["body"] == event
    assert telling.json("webhooks", "redeliver", delivery["id"])["state"] == "pending"
    telling.json("jobs", "run")
    assert receiver.bodies == [body, body]


def test_an_endpoint_is_changed_paused_resumed_and_removed(telling: Terminal, receiver: Receiver) -> None:
    assert telling.said("webhooks", "list") == "Nobody is told of events.\n"
    said = telling.said("webhooks", "add", url_of(receiver), "--event", "*")
    assert "not shown again:\nwhsec_" in said
    endpoint = said.partition(".")[0]
    changed = telling.json(
        "webhooks", "update", endpoint, "--event", PLACED, "--owner", "erp@example.com", "--description", "The ERP"
    )
    assert (changed["events"], changed["owner_email"], changed["url"]) == (
        [PLACED],
        "erp@example.com",
        url_of(receiver),
    )
    assert telling.json("webhooks", "update", endpoint, "--owner", "")["owner_email"] is None
    for state, command in (("paused", "pause"), ("enabled", "resume")):
        assert f"{endpoint} is {state}" in telling.said("webhooks", command, endpoint)
        assert [each["id"] for each in telling.json("webhooks", "list", "--state", state)["items"]] == [endpoint]
    renewed = telling.json("webhooks", "rotate-secret", endpoint, "--overlap", "1")
    assert renewed["secret"] not in said
    assert "Old secret until" in telling.said("webhooks", "show", endpoint)
    assert telling.run("webhooks", "remove", endpoint, given="n\n").returncode != 0
    assert "nothing any more" in telling.said("webhooks", "remove", endpoint, "--yes")
    assert telling.run("webhooks", "show", endpoint).returncode == 3


def test_a_test_shows_what_came_back_and_what_failed_is_sent_again(telling: Terminal, receiver: Receiver) -> None:
    endpoint = telling.json("webhooks", "add", url_of(receiver), "--event", PLACED)["endpoint"]["id"]
    receiver.answer = b"HTTP/1.1 500 x\r\ncontent-length: 9\r\n\r\nfell over"
    shown = telling.run("webhooks", "test", endpoint)
    assert shown.returncode == 0, shown.stderr
    assert "500" in shown.stdout
    assert "fell over" in shown.stdout
    assert telling.json("webhooks", "redeliver", "--failed-of", endpoint, "--since", "2026-01-01") == {
        "count": 1,
        "more": False,
    }
    receiver.answer = b"HTTP/1.1 204 x\r\n\r\n"
    telling.json("jobs", "run")
    (delivery,) = telling.json("webhooks", "deliveries", endpoint)["items"]
    assert (delivery["state"], delivery["attempts"], delivery["last_status"]) == ("succeeded", 2, 204)


def test_without_the_setting_nothing_is_sent_to_this_machine(terminal: Terminal, receiver: Receiver) -> None:
    refused = terminal.run("webhooks", "add", url_of(receiver), "--event", "*")
    assert (refused.returncode, "https" in refused.stderr) == (2, True)
    for host in ("127.0.0.1", "2130706433", "[::ffff:127.0.0.1]", "169.254.169.254"):
        refused = terminal.run("webhooks", "add", f"https://{host}:{receiver.port}/", "--event", "*")
        assert (refused.returncode, "/url: nothing is sent to this address" in refused.stderr) == (2, True)
    added = terminal.json("webhooks", "add", f"https://localhost:{receiver.port}/", "--event", "*")
    tried = terminal.json("webhooks", "test", added["endpoint"]["id"])
    assert tried["attempts"][0]["error"] == "webhook.blocked_address"
    assert receiver.accepted == 0


def test_what_makes_no_sense_is_refused(terminal: Terminal) -> None:
    refused = terminal.run("webhooks", "add", "ftp://x/", "--event", "nothing", "--owner", "nobody")
    assert refused.returncode == 2
    assert all(pointer in refused.stderr for pointer in ("/url", "/events/0", "/owner_email"))
    for wrong in ((), (NO_DELIVERY, "--failed-of", NO_ENDPOINT), ("--failed-of", NO_ENDPOINT)):
        assert terminal.run("webhooks", "redeliver", *wrong).returncode == 2
    assert terminal.run("webhooks", "redeliver", NO_DELIVERY).returncode == 3
    assert terminal.run("webhooks", "test", NO_ENDPOINT).returncode == 3


def test_nothing_is_sealed_or_signed_without_the_servers_secret(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRADEPOST_TOKEN_SECRET")
    for command in (("add", "https://erp.example/", "--event", "*"), ("rotate-secret", NO_ENDPOINT)):
        refused = terminal.run("webhooks", *command)
        assert (refused.returncode, "TRADEPOST_TOKEN_SECRET" in refused.stderr) == (2, True)
    assert terminal.json("webhooks", "list")["items"] == []

"""`tradepost users` and `tradepost customers` on each database."""

import re

import pyotp
from tests.entrypoints.cli.conftest import Terminal

from tradepost.kernel.access import Actor, Role
from tradepost.shop import Shop
from tradepost.users import BeginTotpCommand, ConfirmTotpCommand

PASSWORD = "correct horse battery staple"


def test_an_account_is_opened_looked_at_promoted_and_ended(terminal: Terminal) -> None:
    for email, role in (("boss@example.com", "owner"), ("ada@example.com", "customer")):
        ended = terminal.run("users", "create", email, "--name", "Ada", "--role", role, given=f"{PASSWORD}\n")
        assert (ended.returncode, ended.stderr) == (0, "")
        assert f"{email} may sign in now, as {role}" in ended.stdout
        assert PASSWORD not in ended.stdout
    ada = terminal.json("users", "show", "ADA@example.com")
    assert terminal.json("users", "show", ada["id"]) == ada
    customer = terminal.json("customers", "show", ada["customer_id"])
    assert (customer["user_id"], customer["email"]) == (ada["id"], "ada@example.com")
    assert "ada@example.com" in terminal.run("customers", "list", "--name", "ad").stdout
    assert terminal.json("users", "role", "ada@example.com", "support")["role"] == "support"
    listed = terminal.json("users", "list", "--role", "support", "--status", "active")
    assert [user["id"] for user in listed["items"]] == [ada["id"]]
    assert terminal.json("users", "password", "ada@example.com", given="another one of twelve\n")["version"] == 3
    assert terminal.json("users", "delete", "ada@example.com", "--yes")["status"] == "deleted"
    assert terminal.run("users", "show", "ada@example.com").returncode == 3


def test_what_can_not_be_is_said_in_a_sentence(terminal: Terminal) -> None:
    create = ("users", "create", "boss@example.com", "--name", "Boss", "--role", "owner")
    short = terminal.run(*create, given="short\n")
    assert (short.returncode, short.stderr.splitlines()[0]) == (
        2,
        "Error: A password has 12 to 256 characters; a few words make a good one.",
    )
    assert terminal.run(*create).returncode == 2
    assert terminal.run(*create, given=PASSWORD).returncode == 0
    taken = terminal.run(*create, given=PASSWORD)
    assert (taken.returncode, "already" in taken.stderr) == (4, True)
    last = terminal.run("users", "delete", "boss@example.com", "--yes")
    assert (last.returncode, "last owner" in last.stderr) == (4, True)
    assert terminal.run("users", "delete", "boss@example.com", given="n\n").returncode == 1
    assert "Traceback" not in short.stderr + taken.stderr + last.stderr


def test_somebody_is_signed_out_suspended_and_restored(terminal: Terminal) -> None:
    for email, role in (("boss@example.com", "owner"), ("ada@example.com", "customer")):
        terminal.run("users", "create", email, "--name", "Ada", "--role", role, given=f"{PASSWORD}\n")
    assert "signed in nowhere" in terminal.run("users", "sessions", "ada@example.com").stdout
    assert terminal.json("users", "sessions", "ada@example.com")["items"] == []
    assert terminal.json("users", "sign-out", "ada@example.com")["ended"] == 0
    unknown = terminal.run("users", "sign-out", "ada@example.com", "--session", "sess_01m7y7tsamexgajdq8dqk7k2b9")
    assert unknown.returncode == 3
    assert terminal.json("users", "suspend", "ada@example.com")["status"] == "suspended"
    listed = terminal.json("users", "list", "--status", "suspended")
    assert [user["email"] for user in listed["items"]] == ["ada@example.com"]
    assert "may sign in again" in terminal.run("users", "restore", "ada@example.com").stdout
    last = terminal.run("users", "suspend", "boss@example.com")
    assert last.returncode != 0
    assert "last owner" in last.stderr


def test_a_lost_second_factor_is_seen_and_reset(terminal: Terminal) -> None:
    terminal.run("users", "create", "ada@example.com", "--name", "Ada", given=f"{PASSWORD}\n")
    ada = terminal.json("users", "show", "ada@example.com")
    assert ada["second_factor"] == {"enabled": False, "enabled_at": None, "recovery_codes_left": 0}

    async def enroll(shop: Shop) -> None:
        actor = Actor(id=ada["id"], role=Role.CUSTOMER)
        setup = await shop.begin_totp(BeginTotpCommand(actor=actor, user_id=ada["id"]))
        code = pyotp.parse_uri(setup.uri).now()
        await shop.confirm_totp(ConfirmTotpCommand(actor=actor, user_id=ada["id"], code=code))

    none = terminal.run("users", "second-factor", "reset", "ada@example.com", "--yes")
    assert (none.returncode, "has no second factor" in none.stderr) == (4, True)
    terminal.in_shop(enroll)
    assert re.search(r"Second factor +yes, 10 recovery codes left", terminal.said("users", "show", ada["id"]))
    assert terminal.run("users", "second-factor", "reset", "ada@example.com", given="n\n").returncode == 1
    assert terminal.json("users", "show", ada["id"])["second_factor"]["enabled"] is True
    reset = terminal.json("users", "second-factor", "reset", "ada@example.com", "--yes")
    assert reset["enabled"] is False
    assert re.search(r"Second factor +no", terminal.said("users", "show", ada["id"]))
    (entry,) = terminal.json("security", "list", "--kind", "totp.disabled")["items"]
    assert entry["user_id"] == ada["id"]
    assert entry["actor_id"].startswith("operator:")

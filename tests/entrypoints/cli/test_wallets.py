"""`tradepost wallets`, on each database."""

from tests.entrypoints.cli.conftest import Terminal

from tradepost.customers import CreateCustomerCommand
from tradepost.kernel.access import operator
from tradepost.shop import Shop


def customer(terminal: Terminal) -> str:
    async def work(shop: Shop) -> str:
        return (await shop.create_customer(CreateCustomerCommand(actor=operator("test")))).id

    return terminal.in_shop(work)


def test_store_credit_is_given_moved_and_shown(terminal: Terminal) -> None:
    ada, bob = customer(terminal), customer(terminal)
    assert terminal.said("wallets", "show", ada) == "They never had store credit.\n"
    assert terminal.said("wallets", "statement", ada, "EUR") == "Nothing came in or went out.\n"
    given = terminal.said("wallets", "give", ada, "12.50", "EUR", "--reason", "Sorry for the late parcel")
    assert given == f"{ada} has 12.50 EUR more in store credit.\n"
    moved = terminal.said("wallets", "transfer", ada, bob, "2", "EUR", "--note", "Happy birthday")
    assert moved == f"2.00 EUR went from {ada} to {bob}.\n"
    assert terminal.json("wallets", "show", ada) == {
        "customer_id": ada,
        "balances": [{"amount": 1050, "currency": "EUR"}],
    }
    assert "10.50 EUR" in terminal.said("wallets", "show", ada)
    entries = terminal.json("wallets", "statement", ada, "EUR")["items"]
    assert [(entry["amount"]["amount"], entry["subject"], entry["description"]) for entry in entries] == [
        (1250, None, "Sorry for the late parcel"),
        (-200, bob, "Happy birthday"),
    ]
    assert "-2.00 EUR" in terminal.said("wallets", "statement", ada, "EUR")


def test_what_can_not_be_moved_or_found_is_refused(terminal: Terminal) -> None:
    ada, bob = customer(terminal), customer(terminal)
    short = terminal.run("wallets", "transfer", ada, bob, "1", "EUR")
    assert (short.returncode, "not enough EUR" in short.stderr) == (4, True)
    assert terminal.run("wallets", "give", ada, "1.005", "EUR", "--reason", "x").returncode == 2
    assert terminal.run("wallets", "give", "cus_nobody", "1", "EUR", "--reason", "x").returncode == 3
    assert terminal.run("wallets", "show", "cus_nobody").returncode == 3

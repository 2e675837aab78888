"""`tradepost orders` on a shop that has sold something."""

import getpass
from typing import Any

import pytest
from tests.entrypoints.cli.conftest import Terminal

from tradepost.kernel.access import GUEST
from tradepost.orders import Address, OrderItem, OrderView, PaymentInput, PlaceOrderCommand
from tradepost.shop import Shop

BERLIN = Address(name="Ada", line1="Main Street 1", city="Berlin", postal_code="10115", country="DE")


def buy(terminal: Terminal, *lines: tuple[str, int], **payment: Any) -> OrderView:
    async def work(shop: Shop) -> OrderView:
        return await shop.place_order(
            PlaceOrderCommand(
                actor=GUEST,
                lines=tuple(OrderItem(sku=sku, quantity=quantity) for sku, quantity in lines),
                currency="EUR",
                payment=PaymentInput(**payment) if payment else PaymentInput(method="card", token="tok_success"),  # type: ignore[arg-type]
                email="ada@example.com",
                shipping_address=BERLIN,
                shipping_method="standard",
            )
        )

    return terminal.in_shop(work)


@pytest.fixture
def selling(terminal: Terminal) -> Terminal:
    terminal.stock_up()
    return terminal


def test_an_order_is_seen_captured_sent_completed_and_refunded(selling: Terminal) -> None:
    order = buy(selling, ("MUG-BLUE", 2), ("TEAPOT", 1), method="card", token="tok_success", capture=False)
    number = str(order.number)
    assert number in selling.said("orders", "list", "--status", "placed")
    assert (
        selling.said("orders", "capture", number, "--amount", "10.00")
        == f"Order {number} is partially paid: 10.00 EUR of 78.80 EUR collected.\n"
    )
    assert selling.json("orders", "capture", number)["payment_status"] == "paid"
    first = selling.json("orders", "fulfill", number, "1=1", "--carrier", "DHL", "--tracking", "X1")
    assert first["fulfillment_status"] == "partially_fulfilled"
    assert selling.run("orders", "complete", number).returncode == 4
    assert selling.json("orders", "fulfill", order.id)["fulfillment_status"] == "fulfilled"
    assert selling.said("orders", "complete", number) == f"Order {number} is completed.\n"
    refund = selling.json("orders", "refund", number, "1=1", "--restock", "--reason", "chipped")
    assert (refund["status"], refund["amount"], refund["reason"]) == (
        "succeeded",
        {"amount": 1490, "currency": "EUR"},
        "chipped",
    )
    shown = selling.said("orders", "show", number)
    for part in ("Lines", "Parcels", "Payments", "Refunds", "History", "amount=14.90 EUR", "DHL", "Berlin"):
        assert part in shown
    whole = selling.json("orders", "show", order.id)
    assert whole["order"]["lines"][0]["returned"] == 1
    assert whole["history"][-2]["actor"] == f"operator:{getpass.getuser()}"
    total = selling.json("orders", "total")
    assert (total[0]["orders"], total[0]["total"]["amount"], total[0]["refunded"]["amount"]) == (1, 7880, 1490)


def test_an_order_is_canceled_and_its_money_goes_back_with_recovery(selling: Terminal) -> None:
    order = buy(selling, ("MUG-BLUE", 1))
    assert (
        selling.said("orders", "cancel", str(order.number), "--reason", "fraud")
        == f"Order {order.number} is canceled.\n"
    )
    assert selling.json("orders", "recover") == {"settled": 1}
    assert selling.json("orders", "show", order.id)["order"]["payment_status"] == "refunded"
    assert selling.said("orders", "expire") == "0 orders have expired.\n"
    assert selling.said("orders", "list", "--until", "2020-01-01") == "No orders.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("show", "99"), 3, "There is no order '99'."),
        (("show", "order_x"), 3, "There is no order 'order_x'."),
        (("fulfill", "{number}", "one"), 2, "These are no lines of an order."),
        (("fulfill", "{number}", "9=1"), 2, "This parcel can not be sent: see errors."),
        (("refund", "{number}", "--amount", "1.234"), 2, "'1.234' is not an amount of EUR, which has 2 decimals."),
        (("refund", "{number}", "--restock"), 2, "Name the lines that are back on the shelf: LINE=QUANTITY."),
        (
            ("list", "--sort", "color"),
            2,
            "Can not sort by 'color'; choose one of created_at, number, total, or -field.",
        ),
    ],
)
def test_a_mistake_is_a_sentence_and_a_code(
    selling: Terminal, arguments: tuple[str, ...], code: int, said: str
) -> None:
    number = str(buy(selling, ("MUG-BLUE", 1)).number)
    ended = selling.run("orders", *(argument.format(number=number) for argument in arguments))
    assert (ended.returncode, ended.stdout, ended.stderr.splitlines()[0]) == (code, "", f"Error: {said}")

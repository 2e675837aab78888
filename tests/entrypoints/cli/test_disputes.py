"""`tradepost disputes`, and what `tradepost orders` does in parts, on each database."""

import pytest
from tests.entrypoints.cli.conftest import Terminal

from tradepost.customers import CreateCustomerCommand
from tradepost.kernel.access import Actor, Role, operator
from tradepost.kernel.money import Money
from tradepost.orders import (
    Address,
    OrderItem,
    OrderStoryQuery,
    OrderView,
    PaymentInput,
    PaymentView,
    PlaceOrderCommand,
)
from tradepost.shop import Shop
from tradepost.wallets import GiveStoreCreditCommand
from tradepost_adapters.simulated_gateway import SimulatedGateway

BERLIN = Address(name="Ada", line1="Main Street 1", city="Berlin", postal_code="10115", country="DE")
OPERATOR = operator("test")


@pytest.fixture
def selling(terminal: Terminal) -> Terminal:
    terminal.stock_up()
    return terminal


def bought(terminal: Terminal, *, capture: bool = True, store_credit: int = 0) -> tuple[OrderView, list[PaymentView]]:
    """A mug, bought by a customer."""

    async def work(shop: Shop) -> tuple[OrderView, list[PaymentView]]:
        customer = await shop.create_customer(CreateCustomerCommand(actor=OPERATOR))
        if store_credit:
            amount = Money(store_credit, "EUR")
            given = GiveStoreCreditCommand(actor=OPERATOR, customer_id=customer.id, amount=amount, reason="Sorry")
            await shop.give_store_credit(given)
        view = await shop.place_order(
            PlaceOrderCommand(
                actor=Actor(id="user_ada", role=Role.CUSTOMER, customer_id=customer.id),
                lines=(OrderItem(sku="MUG-BLUE", quantity=1),),
                currency="EUR",
                payment=PaymentInput(token="tok_success", capture=capture, store_credit=store_credit),
                shipping_address=BERLIN,
                shipping_method="standard",
            )
        )
        story = await shop.get_order_story(OrderStoryQuery(actor=OPERATOR, order_id=view.id))
        return view, list(story.payments)

    return terminal.in_shop(work)


def disputed(terminal: Terminal) -> tuple[str, str]:
    """The id of the order, and what the gateway calls its dispute."""
    view, (payment,) = bought(terminal)

    async def work(shop: Shop) -> str:
        gateway = shop._gateway
        assert isinstance(gateway, SimulatedGateway)
        told = await gateway.open_dispute(payment.reference or "", reason="product_not_received")
        assert await shop.record_dispute("simulated", told.reference)
        return told.reference

    return view.id, terminal.in_shop(work)


def test_disputes_are_listed_shown_and_in_their_order(selling: Terminal) -> None:
    assert selling.said("disputes", "list") == "No disputes.\n"
    order_id, reference = disputed(selling)
    listed = selling.said("disputes", "list", "--status", "needs_response", "--sort", "respond_by")
    assert "product not received" in listed
    (found,) = selling.json("disputes", "list", "--order", order_id)["items"]
    assert (found["order_id"], found["status"]) == (order_id, "needs_response")
    shown = selling.said("disputes", "show", found["id"])
    for part in ("simulated", reference, order_id):
        assert part in shown
    assert "Disputes" in selling.said("orders", "show", order_id)
    assert selling.said("disputes", "list", "--gateway", "stripe") == "No disputes.\n"
    assert selling.run("disputes", "show", "dp_none").returncode == 3
    assert selling.run("disputes", "list", "--sort", "amount").returncode == 2


def test_the_last_capture_lets_go_of_the_rest(selling: Terminal) -> None:
    view, (payment,) = bought(selling, capture=False)
    number = str(view.number)
    last = ("orders", "capture", number, "--amount", "5", "--final", "--payment", payment.id)
    assert selling.json(*last)["authorized"] == {"amount": 500, "currency": "EUR"}
    assert selling.run("orders", "capture", number).returncode == 4


def test_of_an_order_paid_in_parts_a_refund_says_which_and_where_to(selling: Terminal) -> None:
    view, (wallet, card) = bought(selling, store_credit=400)
    number = str(view.number)
    which = selling.run("orders", "refund", number, "--amount", "1")
    assert (which.returncode, "was paid in 2 parts" in which.stderr) == (4, True)
    back = selling.json("orders", "refund", number, "--payment", wallet.id)
    assert (back["amount"]["amount"], back["store_credit"]) == (400, True)
    given = selling.json("orders", "refund", number, "--amount", "2", "--payment", card.id, "--to-store-credit")
    assert (given["amount"]["amount"], given["store_credit"], given["payment_id"]) == (200, True, card.id)
    customer = view.customer_id or ""
    assert selling.json("wallets", "show", customer)["balances"] == [{"amount": 600, "currency": "EUR"}]

"""Carts: filled, re-checked, merged and checked out, on every backend."""

from typing import Any

import pytest
from tests.shop.conftest import ADDRESS, BUYER, STRANGER, Stand

from tradepost.carts import (
    AcceptCartCommand,
    CartStatus,
    CartView,
    ClaimCartCommand,
    CreateCartCommand,
    GetCartQuery,
    SetCartLineCommand,
    UpdateCartCommand,
)
from tradepost.checkout import CheckOutCartCommand
from tradepost.kernel.access import GUEST, Actor
from tradepost.kernel.addresses import Contact
from tradepost.kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed, TradepostError
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.kernel.money import Money
from tradepost.orders import Method, OrderStatus, PaymentInput, PayOrderCommand

MANUAL = PaymentInput(method=Method.MANUAL)


async def a_cart(stand: Stand, actor: Actor = BUYER, **lines: int) -> CartView:
    cart = await stand.shop.create_cart(CreateCartCommand(actor=actor, currency="EUR"))
    token = cart.token
    for sku, quantity in lines.items():
        cart = await put(stand, cart.id, sku, quantity, actor=actor, cart_token=token)
    return cart if token is None else await _with_token(stand, cart.id, token)


async def _with_token(stand: Stand, cart_id: str, token: str) -> CartView:
    import msgspec

    cart = await stand.shop.get_cart(GetCartQuery(actor=GUEST, cart_id=cart_id, cart_token=token))
    return msgspec.structs.replace(cart, token=token)


async def put(stand: Stand, cart_id: str, sku: str, quantity: int, *, actor: Actor = BUYER, **more: Any) -> CartView:
    return await stand.shop.set_cart_line(
        SetCartLineCommand(actor=actor, cart_id=cart_id, sku=sku, quantity=quantity, **more)
    )


async def test_lines_are_added_changed_and_removed(stand: Stand) -> None:
    await stand.sell("MUG", price=500)
    await stand.sell("CUP", price=300)
    cart = await a_cart(stand, MUG=1)
    cart = await put(stand, cart.id, "MUG", 2, add=True)
    cart = await put(stand, cart.id, "CUP", 1)
    assert [(line.sku, line.quantity, line.total) for line in cart.lines] == [
        ("MUG", 3, Money(1500, "EUR")),
        ("CUP", 1, Money(300, "EUR")),
    ]
    assert (cart.total, cart.ready) == (Money(1800, "EUR"), True)
    cart = await put(stand, cart.id, "MUG", 0)
    assert [line.sku for line in cart.lines] == ["CUP"]


async def test_what_can_not_be_bought_is_not_put_in(stand: Stand) -> None:
    await stand.sell("MUG", stock=2)
    await stand.sell("USD", currency="USD")
    cart = await a_cart(stand)
    for sku, quantity, code in (
        ("MUG", 3, "stock.insufficient"),
        ("NONE", 1, "cart.not_for_sale"),
        ("USD", 1, "cart.no_price"),
    ):
        with pytest.raises(Conflict) as refused:
            await put(stand, cart.id, sku, quantity)
        assert refused.value.code == code
    with pytest.raises(Invalid):
        await put(stand, cart.id, "MUG", -1)


async def test_a_cart_says_what_changed_and_is_checked_out_only_when_that_is_accepted(stand: Stand) -> None:
    await stand.sell("MUG", price=500, stock=5)
    await stand.sell("CUP", price=300)
    cart = await a_cart(stand, MUG=4, CUP=1)
    await stand.change_price("MUG", 600)
    await stand.withdraw("CUP")
    other = await a_cart(stand, MUG=3)
    await stand.shop.check_out_cart(CheckOutCartCommand(actor=BUYER, cart_id=other.id, payment=MANUAL))

    cart = await stand.shop.get_cart(GetCartQuery(actor=BUYER, cart_id=cart.id))
    assert [[message.code for message in line.messages] for line in cart.lines] == [
        ["price_changed", "insufficient_stock"],
        ["not_for_sale"],
    ]
    assert not cart.ready
    checkout = CheckOutCartCommand(actor=BUYER, cart_id=cart.id, payment=MANUAL)
    with pytest.raises(Conflict) as refused:
        await stand.shop.check_out_cart(checkout)
    assert refused.value.code == "cart.changed"
    assert [line["sku"] for line in refused.value.data["lines"]] == ["MUG", "CUP"]

    cart = await stand.shop.accept_cart(AcceptCartCommand(actor=BUYER, cart_id=cart.id))
    assert [(line.sku, line.quantity, line.unit_price) for line in cart.lines] == [("MUG", 2, Money(600, "EUR"))]
    assert cart.ready
    order = await stand.shop.check_out_cart(checkout)
    assert order.total == Money(1200, "EUR")


async def test_a_cart_becomes_an_order_once(stand: Stand) -> None:
    await stand.sell("MUG", price=500)
    cart = await a_cart(stand, MUG=2)
    cart = await stand.shop.update_cart(
        UpdateCartCommand(
            actor=BUYER,
            cart_id=cart.id,
            contact=Contact(email="ada@example.com", shipping_address=ADDRESS),
            shipping_method=None,
        )
    )
    payment = PaymentInput(token="tok_success")
    key = IdempotencyKey(scope="b", key="k", fingerprint="f")
    command = CheckOutCartCommand(actor=BUYER, cart_id=cart.id, payment=payment, idempotency=key)
    order = await stand.shop.check_out_cart(command)
    assert (order.status, order.contact.email) == (OrderStatus.PLACED, "ada@example.com")
    again = await stand.shop.check_out_cart(command)
    assert (again.id, key.replayed) == (order.id, True)
    cart = await stand.shop.get_cart(GetCartQuery(actor=BUYER, cart_id=cart.id))
    assert (cart.status, cart.order_id) == (CartStatus.ORDERED, order.id)
    with pytest.raises(Conflict, match="closed"):
        await stand.shop.check_out_cart(CheckOutCartCommand(actor=BUYER, cart_id=cart.id, payment=payment))
    with pytest.raises(Conflict, match="closed"):
        await put(stand, cart.id, "MUG", 1)


async def test_a_declined_checkout_leaves_an_order_to_pay(stand: Stand) -> None:
    await stand.sell("MUG")
    cart = await a_cart(stand, GUEST, MUG=1)
    with pytest.raises(TradepostError) as declined:
        await stand.shop.check_out_cart(
            CheckOutCartCommand(
                actor=GUEST, cart_id=cart.id, cart_token=cart.token, payment=PaymentInput(token="tok_declined")
            )
        )
    order_id = declined.value.data["order_id"]
    with pytest.raises(NotFound):
        await stand.shop.pay_order(PayOrderCommand(actor=GUEST, order_id=order_id, token="tok_success"))
    order_token = declined.value.data["order_token"]
    order = await stand.shop.pay_order(
        PayOrderCommand(actor=GUEST, order_id=order_id, token="tok_success", order_token=order_token)
    )
    assert order.status is OrderStatus.PLACED


async def test_an_empty_cart_is_not_checked_out(stand: Stand) -> None:
    cart = await a_cart(stand)
    with pytest.raises(Conflict, match="empty"):
        await stand.shop.check_out_cart(CheckOutCartCommand(actor=BUYER, cart_id=cart.id, payment=MANUAL))


async def test_carts_are_private(stand: Stand) -> None:
    await stand.sell("MUG")
    cart = await a_cart(stand, MUG=1)
    guest = await a_cart(stand, GUEST, MUG=1)
    assert guest.token is not None
    for query in (
        GetCartQuery(actor=STRANGER, cart_id=cart.id),
        GetCartQuery(actor=GUEST, cart_id=cart.id),
        GetCartQuery(actor=GUEST, cart_id=guest.id),
        GetCartQuery(actor=GUEST, cart_id=cart.id, cart_token=guest.token),
        GetCartQuery(actor=BUYER, cart_id=guest.id),
    ):
        with pytest.raises(NotFound):
            await stand.shop.get_cart(query)


async def test_a_guests_cart_is_merged_at_sign_in(stand: Stand) -> None:
    await stand.sell("MUG")
    await stand.sell("CUP")
    own = await a_cart(stand, MUG=1)
    guest = await a_cart(stand, GUEST, MUG=2, CUP=1)
    claim = ClaimCartCommand(actor=BUYER, cart_id=guest.id, cart_token=guest.token)
    merged = await stand.shop.claim_cart(claim)
    assert merged.id == own.id
    assert {line.sku: line.quantity for line in merged.lines} == {"MUG": 3, "CUP": 1}
    with pytest.raises(Conflict, match="closed"):
        await stand.shop.claim_cart(claim)

    first = await a_cart(stand, GUEST, CUP=1)
    kept = await stand.shop.claim_cart(ClaimCartCommand(actor=STRANGER, cart_id=first.id, cart_token=first.token))
    assert (kept.id, kept.customer_id) == (first.id, STRANGER.customer_id)
    again = await stand.shop.claim_cart(ClaimCartCommand(actor=STRANGER, cart_id=first.id))
    assert again.id == first.id
    with pytest.raises(NotFound):
        await stand.shop.get_cart(GetCartQuery(actor=GUEST, cart_id=first.id, cart_token=first.token))


async def test_a_version_that_has_moved_on_is_refused(stand: Stand) -> None:
    await stand.sell("MUG")
    cart = await a_cart(stand, MUG=1)
    await put(stand, cart.id, "MUG", 2, expected_version=cart.version)
    with pytest.raises(PreconditionFailed):
        await put(stand, cart.id, "MUG", 3, expected_version=cart.version)

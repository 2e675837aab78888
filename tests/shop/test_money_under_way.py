"""Money that takes its time: asked after now and then, and told by events sooner."""

from datetime import timedelta

import pytest
from tests.shop.conftest import BUYER, NOW, OWNER, order
from tests.shop.money import MoneyShop

from tradepost.kernel.money import Money
from tradepost.orders import (
    CancelOrderCommand,
    CapturePaymentCommand,
    CheckBooksQuery,
    OrderView,
    PaymentInput,
    RefundOrderCommand,
)
from tradepost.payments.gateway import ActionRequired, Authorize, Pending
from tradepost.payments.payment import ASK_AGAIN, Operation, OperationStatus
from tradepost_adapters.memory.backend import MemoryBackend


@pytest.fixture
async def money() -> MoneyShop:
    money = MoneyShop(MemoryBackend())
    await money.stock_up()
    return money


async def bought(money: MoneyShop, token: str = "tok_success", *, capture: bool = True) -> OrderView:
    return await money.shop.place_order(order(("MUG", 1), payment=PaymentInput(token=token, capture=capture)))


async def operation(money: MoneyShop) -> Operation:
    """The latest."""
    return (await money.wholes())[-1].operations[-1]


async def test_a_refund_on_its_way_is_asked_after_once_an_hour(money: MoneyShop) -> None:
    view = await bought(money, "tok_refund_pending")
    await money.shop.refund_order(RefundOrderCommand(actor=OWNER, order_id=view.id))
    for hour in range(1, 4):
        assert (await operation(money)).lease_until == NOW + hour * ASK_AGAIN
        money.clock.advance(ASK_AGAIN)
        await money.shop.recover_operations()
    money.book.settle_refund((await operation(money)).id, succeeded=True)
    money.clock.advance(ASK_AGAIN)
    assert await money.shop.recover_operations() == 1
    await money.come_to_rest()
    await money.check_rest()


async def test_an_outage_does_not_make_a_refund_on_its_way_unknown_for_good(
    money: MoneyShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = await bought(money, "tok_refund_pending")
    await money.shop.refund_order(RefundOrderCommand(actor=OWNER, order_id=view.id))
    money.clock.advance(ASK_AGAIN)
    with monkeypatch.context() as patch:
        patch.setattr(money.book, "find", lambda _: None)
        await money.shop.recover_operations()
    assert (await operation(money)).status is OperationStatus.UNKNOWN
    money.clock.advance(timedelta(minutes=5))
    await money.shop.recover_operations()
    after = await operation(money)
    assert (after.status, after.lease_until) == (OperationStatus.PENDING, money.clock.now() + ASK_AGAIN)


def test_what_goes_on_after_the_buyer_has_confirmed_waits_for_the_buyer_no_longer() -> None:
    waiting = Operation(
        id="op_1",
        payment_id="pay_1",
        order_id="order_1",
        request=Authorize(operation_id="op_1", amount=Money(1, "EUR"), token="t", capture=True),
        created_at=NOW,
        lease_until=NOW,
    )
    assert waiting.answered(ActionRequired(reference="r", url="u"), at=NOW)
    assert waiting.answered(Pending(reference="r"), at=NOW)
    assert (waiting.next_action, waiting.lease_until) == (None, NOW + ASK_AGAIN)
    assert not waiting.answered(Pending(reference="r"), at=NOW)


async def test_an_order_whose_last_capture_let_go_of_the_rest_is_covered(money: MoneyShop) -> None:
    view = await bought(money, capture=False)
    last = CapturePaymentCommand(actor=OWNER, order_id=view.id, amount=Money(400, "EUR"), final=True)
    view = await money.shop.capture_payment(last)
    assert (view.authorized.amount, view.captured.amount) == (400, 400)
    await money.come_to_rest()
    await money.check_rest()


async def test_what_a_dispute_has_taken_is_not_kept_for_a_canceled_order_and_what_it_returns_goes_back(
    money: MoneyShop,
) -> None:
    view = await bought(money, "tok_disputed")
    await money.tell()
    await money.shop.cancel_order(CancelOrderCommand(actor=BUYER, order_id=view.id))
    assert not any(check.wrong for check in await money.shop.check_books(CheckBooksQuery(actor=OWNER)))
    ((dispute,), _) = money.book.disputes(NOW)
    money.book.close_dispute(dispute.reference, won=True)
    await money.come_to_rest()
    await money.check_rest()
    (whole,) = await money.wholes()
    assert (whole.order.captured, whole.order.refunded, whole.order.disputed) == (1000, 1000, 0)

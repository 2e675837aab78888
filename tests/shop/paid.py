"""Orders that are paid in parts and given back in parts, and what is to be seen of them."""

from typing import Any

from tests.shop.conftest import OWNER, Stand

from tradepost.kernel.access import Actor
from tradepost.kernel.errors import TradepostError
from tradepost.kernel.money import Money
from tradepost.kernel.pages import PageRequest
from tradepost.ledger import PostingFilter, Side, VerifyLedgerQuery
from tradepost.orders import (
    CapturePaymentCommand,
    CheckBooksQuery,
    GetOrderQuery,
    OrderStory,
    OrderStoryQuery,
    OrderView,
    PayOrderCommand,
    RefundOrderCommand,
    RefundView,
)
from tradepost.pricing.set_tax_rate import SetTaxRateCommand


def euros(cents: int) -> Money:
    return Money(cents, "EUR")


async def seen(stand: Stand, order_id: str) -> OrderView:
    return await stand.shop.get_order(GetOrderQuery(actor=OWNER, order_id=order_id))


async def story(stand: Stand, order_id: str) -> OrderStory:
    return await stand.shop.get_order_story(OrderStoryQuery(actor=OWNER, order_id=order_id))


async def pay(
    stand: Stand, order_id: str, actor: Actor, cents: int | None = None, token: str = "tok_success"
) -> OrderView:
    amount = None if cents is None else euros(cents)
    return await stand.shop.pay_order(PayOrderCommand(actor=actor, order_id=order_id, token=token, amount=amount))


async def capture(stand: Stand, order_id: str, cents: int | None = None, **more: Any) -> OrderView:
    amount = None if cents is None else euros(cents)
    return await stand.shop.capture_payment(
        CapturePaymentCommand(actor=OWNER, order_id=order_id, amount=amount, **more)
    )


async def refund(stand: Stand, order_id: str, cents: int | None = None, **more: Any) -> RefundView:
    command = {"actor": OWNER, "amount": None if cents is None else euros(cents), **more}
    return await stand.shop.refund_order(RefundOrderCommand(order_id=order_id, **command))


async def refused(work: Any) -> TradepostError:
    """The refusal that it ends with."""
    try:
        await work
    except TradepostError as error:
        return error
    raise AssertionError("it was not refused")


async def taxed(stand: Stand) -> None:
    """Mugs at 11.00, a tenth of the net of which is tax, and books without any at 9.00."""
    await stand.shop.set_tax_rate(SetTaxRateCommand(actor=OWNER, country="DE", category="standard", rate="10"))
    await stand.shop.set_tax_rate(SetTaxRateCommand(actor=OWNER, country="DE", category="none", rate="0"))
    await stand.sell("MUG", price=1100)
    await stand.sell("BOOK", price=900, tax_category="none")


async def posted(stand: Stand, order_id: str) -> dict[str, int]:
    """What is on each account about the order, debits above zero; by what comes before the colon."""
    page = await stand.shop._backend.ledger_views.postings(PostingFilter(subject=order_id), PageRequest(limit=100))
    sums: dict[str, int] = {}
    for posting in page.items:
        sign = 1 if posting.side is Side.DEBIT else -1
        family = posting.account.partition(":")[0]
        sums[family] = sums.get(family, 0) + sign * posting.amount.amount
    return {account: amount for account, amount in sorted(sums.items()) if amount}


async def agreed(stand: Stand) -> None:
    """The books agree, and the ledger is sound."""
    checks = await stand.shop.check_books(CheckBooksQuery(actor=OWNER))
    assert [(check.name, check.example) for check in checks if not check.passed] == []
    assert (await stand.shop.verify_ledger(VerifyLedgerQuery(actor=OWNER))).sound

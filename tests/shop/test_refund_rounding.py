"""Whatever an order was made of, and in whatever steps it is given back: never a cent more than was paid, nor of tax."""

import asyncio
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.shop.conftest import ADDRESS, BUYER, NOW, OWNER, SECRET, Stand
from tests.shop.paid import agreed, posted, refund, seen, story

from tradepost.kernel.clock import ManualClock
from tradepost.kernel.errors import TradepostError
from tradepost.orders import OrderItem, OrderPolicy, OrderView, PaymentInput, PlaceOrderCommand, RefundLine
from tradepost.pricing import CreateShippingMethodCommand, SetTaxRateCommand
from tradepost.pricing.shipping import ShippingKind, Tariff
from tradepost.shop import Shop
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.simulated_gateway import SimulatedGateway, open_gateway

RATES = {"none": "0", "reduced": "7", "standard": "19", "odd": "8.875"}


@dataclass(frozen=True)
class Line:
    price: int
    quantity: int
    category: str


@dataclass(frozen=True)
class Step:
    """Give back units of a line, or a share (in thousandths) of what is left."""

    line: int | None
    quantity: int = 1
    share: int = 0


orders = st.lists(
    st.builds(
        Line,
        price=st.integers(1, 2_000) | st.sampled_from([1, 3, 99, 333, 99_999]),
        quantity=st.integers(1, 7),
        category=st.sampled_from(sorted(RATES)),
    ),
    min_size=1,
    max_size=4,
)
steps = st.lists(
    st.builds(Step, line=st.integers(1, 4), quantity=st.integers(1, 3))
    | st.builds(Step, line=st.none(), share=st.integers(0, 1000)),
    max_size=8,
)


async def bought(lines: list[Line], *, inclusive: bool, shipping: int) -> tuple[Stand, OrderView]:
    backend, clock = MemoryBackend(), ManualClock(NOW)
    gateway = open_gateway("simulated://memory")
    assert isinstance(gateway, SimulatedGateway)
    policy = OrderPolicy(home_country="DE", prices_include_tax=inclusive)
    stand = Stand(Shop(backend, gateway=gateway, secret=SECRET, policy=policy, clock=clock), backend, gateway, clock)
    for category, rate in RATES.items():
        await stand.shop.set_tax_rate(SetTaxRateCommand(actor=OWNER, country="DE", category=category, rate=rate))
    await stand.shop.create_shipping_method(
        CreateShippingMethodCommand(
            actor=OWNER,
            code="post",
            name="Post",
            kind=ShippingKind.FLAT,
            tariffs=(Tariff(currency="EUR", price=shipping),),
        )
    )
    for number, line in enumerate(lines):
        await stand.sell(f"SKU-{number}", price=line.price, tax_category=line.category)
    command = PlaceOrderCommand(
        actor=BUYER,
        lines=tuple(OrderItem(sku=f"SKU-{number}", quantity=line.quantity) for number, line in enumerate(lines)),
        currency="EUR",
        payment=PaymentInput(token="tok_success"),
        shipping_address=ADDRESS,
        shipping_method="post",
    )
    return stand, await stand.shop.place_order(command)


async def give_back(stand: Stand, order_id: str, step: Step) -> None:
    """Or be refused, where it is more than is left."""
    try:
        if step.line is not None:
            await refund(stand, order_id, lines=(RefundLine(line=step.line, quantity=step.quantity),))
        else:
            (payment,) = (await story(stand, order_id)).payments
            await refund(stand, order_id, payment.refundable.amount * step.share // 1000)
    except TradepostError as error:
        if error.code not in ("order.refund_invalid", "payment.over_refund", "order.nothing_to_refund"):
            raise


async def live(lines: list[Line], taken: list[Step], *, inclusive: bool, shipping: int) -> None:
    stand, view = await bought(lines, inclusive=inclusive, shipping=shipping)
    for step in taken:
        await give_back(stand, view.id, step)
        refunds = (await story(stand, view.id)).refunds
        amount, tax = sum(each.amount.amount for each in refunds), sum(each.tax.amount for each in refunds)
        assert all(0 <= each.tax.amount <= each.amount.amount for each in refunds)
        assert (await seen(stand, view.id)).refunded.amount == amount <= view.captured.amount
        assert 0 <= view.tax.amount - tax <= view.total.amount - amount, "what is left is no more than what is left"
    if (await story(stand, view.id)).payments[0].refundable:
        await refund(stand, view.id)
    refunds = (await story(stand, view.id)).refunds
    assert sum(each.amount.amount for each in refunds) == view.total.amount
    assert sum(each.tax.amount for each in refunds) == view.tax.amount
    left = await posted(stand, view.id)
    net = view.total.amount - view.tax.amount
    assert left.keys() <= {"returns", "revenue", "shipping"}
    assert left.get("returns", 0) == net == -left.get("revenue", 0) - left.get("shipping", 0)
    await agreed(stand)
    await stand.gateway.close()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(orders, steps, st.booleans(), st.sampled_from([0, 1, 499]))
def test_any_steps_of_giving_back_come_to_what_was_paid_and_its_tax_and_no_more(
    lines: list[Line], taken: list[Step], inclusive: bool, shipping: int
) -> None:
    asyncio.run(live(lines, taken, inclusive=inclusive, shipping=shipping))

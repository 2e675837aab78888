"""`tradepost orders`: look at orders, and do with them what staff do."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tradepost.kernel.errors import Fault, Invalid, NotFound
from tradepost.kernel.money import Money
from tradepost.kernel.pages import PageRequest
from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.order_fields import (
    DISPUTES,
    LINES,
    ORDER,
    PARCELS,
    PAYMENTS,
    REFUNDS,
    SUMMARY,
    TOTALS,
    history_in,
    spoken,
)
from tradepost_entrypoints.cli.shop import caller, shop
from tradepost_entrypoints.cli.times import From, Until, utc

if TYPE_CHECKING:  # the features take longer to import than help takes to show
    from tradepost.orders import OrderFilter, OrderView
    from tradepost.shop import Shop

orders = Group(help="What was bought, and what becomes of it.")

Which = Annotated[str, typer.Argument(metavar="ORDER", help="The order's number or id.", show_default=False)]
Parts = Annotated[
    list[str] | None,
    typer.Argument(metavar="[LINE=QUANTITY]...", help="Lines of the order; all of it when none are named."),
]
Amount = Annotated[
    str | None,
    typer.Option(help="How much, in the order's currency: 12.90. All of it when not said.", show_default=False),
]
Payment = Annotated[
    str | None,
    typer.Option(
        metavar="ID", help="Which payment, where there are several: orders show names them.", show_default=False
    ),
]
Status = Annotated[
    Literal["pending", "placed", "completed", "canceled", "expired"] | None,
    typer.Option(help="Only these.", show_default=False),
]
Customer = Annotated[str | None, typer.Option(help="Only of this customer, by id.", show_default=False)]


@orders.command("list", uses=("list_orders",))
async def list_(
    status: Status = None,
    customer: Customer = None,
    since: From = None,
    until: Until = None,
    sort: Annotated[str, typer.Option(help="created_at, number or total; -field descends.")] = "-created_at",
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=100)] = 20,
    cursor: Annotated[str | None, typer.Option(help="Where the last list ended.", show_default=False)] = None,
) -> None:
    """List the orders, newest first."""
    from tradepost.orders import ListOrdersQuery

    wanted = _wanted(status, customer, since, until)
    async with shop() as opened:
        page = await opened.list_orders(
            ListOrdersQuery(actor=caller(), wanted=wanted, page=PageRequest(limit=limit, cursor=cursor, sort=sort))
        )
    output.listing(page, SUMMARY, empty="No orders.")


@orders.command("show", uses=("get_order", "get_order_story", "list_orders"))
async def show(order: Which) -> None:
    """Show an order with its lines, payments, refunds, disputes and history."""
    from tradepost.orders import OrderStoryQuery

    async with shop() as opened:
        view = await _find(opened, order)
        story = await opened.get_order_story(OrderStoryQuery(actor=caller(), order_id=view.id))
    whole = {"order": view, **{name: getattr(story, name) for name in story.__struct_fields__}}
    output.show(view, ORDER, whole=whole)
    output.also("Lines", view.lines, LINES)
    output.also("Parcels", view.parcels, PARCELS)
    output.also("Payments", story.payments, PAYMENTS)
    output.also("Refunds", story.refunds, REFUNDS)
    output.also("Disputes", story.disputes, DISPUTES)
    output.also("History", story.history, history_in(view.currency))


@orders.command("total", uses=("total_orders",))
async def total(status: Status = None, customer: Customer = None, since: From = None, until: Until = None) -> None:
    """Say what all orders come to, per currency."""
    from tradepost.orders import TotalOrdersQuery

    wanted = _wanted(status, customer, since, until)
    async with shop() as opened:
        totals = await opened.total_orders(TotalOrdersQuery(actor=caller(), wanted=wanted))
    output.listing(totals, TOTALS, empty="No orders.")


@orders.command("cancel", uses=("cancel_order", "get_order", "list_orders"))
async def cancel(
    order: Which, reason: Annotated[str, typer.Option(help="Why; the history shows it.")] = "requested"
) -> None:
    """Cancel an order of which nothing has left: stock and money return."""
    from tradepost.orders import CancelOrderCommand

    async with shop() as opened:
        found = await _find(opened, order)
        view = await opened.cancel_order(CancelOrderCommand(actor=caller(), order_id=found.id, reason=reason))
    output.done(f"Order {view.number} is {view.status}.", view)


@orders.command("fulfill", uses=("fulfill_order", "get_order", "list_orders"))
async def fulfill(
    order: Which,
    parts: Parts = None,
    carrier: Annotated[str | None, typer.Option(help="Who carries it.", show_default=False)] = None,
    tracking: Annotated[str | None, typer.Option(help="The parcel's tracking number.", show_default=False)] = None,
) -> None:
    """Send a parcel: the lines named, or everything that has not left yet."""
    from tradepost.orders import FulfillOrderCommand, ParcelLine

    lines = tuple(ParcelLine(line=line, quantity=quantity) for line, quantity in _parts(parts))
    async with shop() as opened:
        found = await _find(opened, order)
        view = await opened.fulfill_order(
            FulfillOrderCommand(
                actor=caller(), order_id=found.id, lines=lines, carrier=carrier, tracking_number=tracking
            )
        )
    output.done(f"Order {view.number} is {spoken(view.fulfillment_status)} ({view.parcels[-1].id}).", view)


@orders.command("complete", uses=("complete_order", "get_order", "list_orders"))
async def complete(order: Which) -> None:
    """Close an order of which everything is sent and paid."""
    from tradepost.orders import CompleteOrderCommand

    async with shop() as opened:
        found = await _find(opened, order)
        view = await opened.complete_order(CompleteOrderCommand(actor=caller(), order_id=found.id))
    output.done(f"Order {view.number} is {view.status}.", view)


@orders.command("capture", uses=("capture_payment", "get_order", "list_orders"))
async def capture(
    order: Which,
    amount: Amount = None,
    final: Annotated[bool, typer.Option("--final", help="Let go of the rest that the card holds.")] = False,
    payment: Payment = None,
) -> None:
    """Collect money: what the card holds, or what arrived for an order that is paid later."""
    from tradepost.orders import CapturePaymentCommand

    async with shop() as opened:
        found = await _find(opened, order)
        view = await opened.capture_payment(
            CapturePaymentCommand(
                actor=caller(),
                order_id=found.id,
                amount=_money(amount, found.currency),
                final=final,
                payment_id=payment,
            )
        )
    output.done(
        f"Order {view.number} is {spoken(view.payment_status)}: {view.captured} of {view.total} collected.", view
    )


@orders.command("refund", uses=("refund_order", "get_order", "list_orders"))
async def refund(
    order: Which,
    parts: Parts = None,
    amount: Amount = None,
    restock: Annotated[bool, typer.Option("--restock", help="The lines named are back on the shelf.")] = False,
    reason: Annotated[str, typer.Option(help="Why; the history shows it.")] = "requested",
    payment: Payment = None,
    to_store_credit: Annotated[
        bool, typer.Option("--to-store-credit", help="Into the customer's wallet, and not back to where it came from.")
    ] = False,
) -> None:
    """Give money back: for the lines named, an amount, or all that is left."""
    from tradepost.orders import RefundLine, RefundOrderCommand

    lines = tuple(RefundLine(line=line, quantity=quantity, restock=restock) for line, quantity in _parts(parts))
    if restock and not lines:
        raise Invalid("order.refund_invalid", "Name the lines that are back on the shelf: LINE=QUANTITY.")
    async with shop() as opened:
        found = await _find(opened, order)
        view = await opened.refund_order(
            RefundOrderCommand(
                actor=caller(),
                order_id=found.id,
                amount=_money(amount, found.currency),
                lines=lines,
                reason=reason,
                payment_id=payment,
                store_credit=to_store_credit,
            )
        )
    output.done(f"A refund of {view.amount} for order {found.number} is {view.status} ({view.id}).", view)


@orders.command("expire", uses=("expire_orders",))
async def expire() -> None:
    """End pending orders whose reservation has run out, as the recurring job does."""
    async with shop() as opened:
        ended = 0
        while more := await opened.expire_orders():
            ended += more
    output.done(f"{ended} orders have expired.", {"expired": ended})


@orders.command("recover", uses=("recover_operations",))
async def recover() -> None:
    """Carry on payments that were begun and not finished, as the recurring job does."""
    async with shop() as opened:
        settled = await opened.recover_operations()
    output.done(f"{settled} payment operations were settled.", {"settled": settled})


async def _find(opened: "Shop", order: str) -> "OrderView":
    """By its number, which people have, or its id, which programs have."""
    from tradepost.orders import GetOrderQuery, ListOrdersQuery, OrderFilter

    order_id = order
    if order.isdecimal() and len(order) < 19:
        page = await opened.list_orders(ListOrdersQuery(actor=caller(), wanted=OrderFilter(number=int(order))))
        if not page.items:
            raise NotFound("order", order)
        order_id = page.items[0].id
    return await opened.get_order(GetOrderQuery(actor=caller(), order_id=order_id))


def _wanted(status: str | None, customer: str | None, since: datetime | None, until: datetime | None) -> "OrderFilter":
    from tradepost.orders import OrderFilter, OrderStatus

    return OrderFilter(
        status=OrderStatus(status) if status else None,
        customer_id=customer,
        created_from=utc(since),
        created_before=utc(until),
    )


def _parts(texts: list[str] | None) -> list[tuple[int, int]]:
    """`2=1` is one of line 2. Raises `order.line_invalid` with every fault."""
    parts, faults = [], []
    for text in texts or ():
        line, _, quantity = text.partition("=")
        if line.isdecimal() and quantity.isdecimal() and len(line) < 10 and len(quantity) < 10:
            parts.append((int(line), int(quantity)))
        else:
            faults.append(Fault(text, "write LINE=QUANTITY, such as 1=2"))
    if faults:
        raise Invalid("order.line_invalid", "These are no lines of an order.", *faults)
    return parts


def _money(text: str | None, currency: str) -> Money | None:
    return None if text is None else Money.parse(text, currency)

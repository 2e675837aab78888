"""Orders: buy, cancel, fulfill, complete, and what became of each."""

from typing import Annotated

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Kind
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.kernel.ids import id_pattern
from tradepost.orders import (
    Address,
    CancelOrder,
    CancelOrderCommand,
    CompleteOrder,
    CompleteOrderCommand,
    FulfillOrder,
    FulfillOrderCommand,
    GetOrder,
    GetOrderQuery,
    GetOrderStory,
    ListOrders,
    ListOrdersQuery,
    OrderFilter,
    OrderItem,
    OrderStatus,
    OrderStory,
    OrderStoryQuery,
    OrderSummary,
    OrderView,
    ParcelLine,
    PaymentInput,
    PlaceOrder,
    PlaceOrderCommand,
)
from tradepost_entrypoints.http.endpoint import Header, Refusal, endpoint
from tradepost_entrypoints.http.envelope import Many, One
from tradepost_entrypoints.http.parameters import Moment, PageQuery

OrderId = Annotated[str, msgspec.Meta(pattern=id_pattern("order"), max_length=40, description="An order's id.")]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
LongText = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
Metadata = Annotated[
    dict[str, str], msgspec.Meta(max_length=50, description="Your own keys: at most 50, values up to 500 characters.")
]
Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$", description="ISO 4217, such as EUR.")]

OrderToken = Annotated[str | None, Header("X-Order-Token", "The token a guest was given with the order.")]
"""A header, because addresses end up in logs."""

Locale = Annotated[
    str,
    msgspec.Meta(min_length=2, max_length=35, description="The language of letters, as a BCP 47 tag: de, pt-BR."),
]
Email = Annotated[str, msgspec.Meta(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]

DECLINED = Refusal(
    Kind.PAYMENT_DECLINED,
    "payment.declined",
    "The payment was declined. Pay order 100001 with another payment method before its reservation runs out.",
    {"order_id": "order_01m7y7tsamexgajdq8dqk7k2b9", "decline_code": "insufficient_funds"},
)
SHORT = Refusal(
    Kind.CONFLICT,
    "stock.insufficient",
    "Not enough in stock: MUG-BLUE (1 left, 2 asked for). Lower the quantity or leave it out.",
    {"lines": [{"sku": "MUG-BLUE", "location": "main", "requested": 2, "available": 1}]},
)
NO_CREDIT = Refusal(
    Kind.CONFLICT,
    "wallet.insufficient_funds",
    "The store credit does not cover this: there is not enough EUR in the wallet. Use less of it, or pay in some other way.",
    {"currency": "EUR"},
)
NOT_FOR_SALE = Refusal(Kind.INVALID, "order.not_for_sale", "This can not be bought as it is: see errors.")
INVALID = Refusal(Kind.INVALID, "order.invalid", "The order can not be placed as it is: see errors.")
ILLEGAL = Refusal(Kind.CONFLICT, "order.illegal_state", "Order 100001 is expired and can not become canceled.")
GONE = Refusal(Kind.NOT_FOUND, "order.not_found", "There is no order 'order_01m7y7tsamexgajdq8dqk7k2b9'.")


class PlaceOrderBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to buy, where it goes, how it is paid."""

    lines: Annotated[tuple[OrderItem, ...], msgspec.Meta(min_length=1, max_length=200)]
    currency: Currency
    payment: PaymentInput
    email: Email | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    locale: Locale | None = None
    shipping_method: Text | None = None
    metadata: Metadata = {}


@endpoint(
    "POST",
    "/orders",
    tag="Orders",
    status=201,
    also=(202,),
    errors=(DECLINED, SHORT, NO_CREDIT, NOT_FOR_SALE, INVALID),
    example={
        "lines": [{"sku": "MUG-BLUE", "quantity": 2}],
        "currency": "EUR",
        "email": "ada@example.com",
        "shipping_address": {
            "name": "Ada Lovelace",
            "line1": "Main Street 1",
            "city": "Berlin",
            "postal_code": "10115",
            "country": "DE",
        },
        "shipping_method": "standard",
        "payment": {"method": "card", "token": "tok_success"},
    },
)
async def place_order(
    data: PlaceOrderBody, actor: Actor, key: IdempotencyKey | None, place_order: PlaceOrder
) -> One[OrderView]:
    """Buy a list of SKUs and quantities in one call.

    201: placed. 202: pending, because the buyer has to open `next_action.url` first, or because the gateway has not
    said yet (`payment_pending`): read the order again. A guest keeps `token`: it is the only way to read the order.
    Customers may take `payment.store_credit`, in minor units, out of their wallet first, or pay all of it with the method
    `store_credit`.
    """
    view = await place_order(
        PlaceOrderCommand(
            actor=actor,
            lines=data.lines,
            currency=data.currency,
            payment=data.payment,
            email=data.email,
            shipping_address=data.shipping_address,
            billing_address=data.billing_address,
            locale=data.locale,
            shipping_method=data.shipping_method,
            metadata=data.metadata,
            idempotency=key,
        )
    )
    return order_answer(view, 201)


class OrderQuery(PageQuery, frozen=True, kw_only=True):
    """Which orders."""

    status: OrderStatus | None = None
    customer_id: Text | None = None
    number: int | None = None
    created_from: Moment | None = None
    created_before: Moment | None = None


@endpoint("GET", "/orders", tag="Orders")
async def list_orders(query: OrderQuery, actor: Actor, list_orders: ListOrders) -> Many[OrderSummary]:
    """Your own orders; for staff, everybody's. Sort by `created_at`, `number` or `total`."""
    wanted = OrderFilter(
        status=query.status,
        customer_id=query.customer_id,
        number=query.number,
        created_from=query.created_from,
        created_before=query.created_before,
    )
    return Many(await list_orders(ListOrdersQuery(actor=actor, wanted=wanted, page=query.page_request())), query)


@endpoint("GET", "/orders/{order_id}", tag="Orders", errors=(GONE,))
async def get_order(order_id: OrderId, actor: Actor, order_token: OrderToken, get_order: GetOrder) -> One[OrderView]:
    """One order. A guest sends its token in X-Order-Token."""
    return order_answer(await get_order(GetOrderQuery(actor=actor, order_id=order_id, order_token=order_token)), 200)


@endpoint("GET", "/orders/{order_id}/history", tag="Orders", errors=(GONE,))
async def get_order_history(
    order_id: OrderId, actor: Actor, order_token: OrderToken, get_order_story: GetOrderStory
) -> One[OrderStory]:
    """Who did what and when, the payments with every try, the refunds and the disputes."""
    story = await get_order_story(OrderStoryQuery(actor=actor, order_id=order_id, order_token=order_token))
    return One(story, links={"order": f"/orders/{order_id}"})


class CancelBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why."""

    reason: Text = "requested"


@endpoint("POST", "/orders/{order_id}/cancel", tag="Orders", errors=(ILLEGAL, GONE))
async def cancel_order(
    order_id: OrderId,
    data: CancelBody,
    actor: Actor,
    order_token: OrderToken,
    key: IdempotencyKey | None,
    expected_version: int | None,
    cancel_order: CancelOrder,
) -> One[OrderView]:
    """End an order before anything of it left: stock returns at once, money within the next round of recovery."""
    view = await cancel_order(
        CancelOrderCommand(
            actor=actor,
            order_id=order_id,
            reason=data.reason,
            expected_version=expected_version,
            order_token=order_token,
            idempotency=key,
        )
    )
    return order_answer(view, 200)


class FulfillBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What leaves together; everything that has not left yet when `lines` is empty."""

    lines: Annotated[tuple[ParcelLine, ...], msgspec.Meta(max_length=200)] = ()
    carrier: Text | None = None
    tracking_number: Text | None = None
    tracking_url: LongText | None = None


@endpoint(
    "POST",
    "/orders/{order_id}/fulfillments",
    tag="Orders",
    status=201,
    errors=(ILLEGAL, GONE),
    example={"lines": [{"line": 1, "quantity": 1}], "carrier": "DHL", "tracking_number": "00340434161094042557"},
)
async def fulfill_order(
    order_id: OrderId,
    data: FulfillBody,
    actor: Actor,
    key: IdempotencyKey | None,
    expected_version: int | None,
    fulfill_order: FulfillOrder,
) -> One[OrderView]:
    """Send a parcel. For staff."""
    view = await fulfill_order(
        FulfillOrderCommand(
            actor=actor,
            order_id=order_id,
            lines=data.lines,
            carrier=data.carrier,
            tracking_number=data.tracking_number,
            tracking_url=data.tracking_url,
            expected_version=expected_version,
            idempotency=key,
        )
    )
    return order_answer(view, 201)


@endpoint("POST", "/orders/{order_id}/complete", tag="Orders", errors=(ILLEGAL, GONE))
async def complete_order(
    order_id: OrderId, actor: Actor, expected_version: int | None, complete_order: CompleteOrder
) -> One[OrderView]:
    """Close an order of which everything is sent and paid. For staff."""
    command = CompleteOrderCommand(actor=actor, order_id=order_id, expected_version=expected_version)
    return order_answer(await complete_order(command), 200)


def order_answer(view: OrderView, status: int) -> One[OrderView]:
    """202 while the payment waits for the buyer or for the gateway."""
    waits = view.next_action is not None or view.payment_pending
    here = f"/orders/{view.id}"
    return One(
        view, status=202 if waits and status != 200 else status, location=here, links={"history": f"{here}/history"}
    )


ROUTES = (
    place_order,
    list_orders,
    get_order,
    get_order_history,
    cancel_order,
    fulfill_order,
    complete_order,
)

"""Carts: put things in, look at them at today's prices, check out."""

from typing import Annotated

import msgspec

from tradepost.carts import (
    AcceptCart,
    AcceptCartCommand,
    CartView,
    ClaimCart,
    ClaimCartCommand,
    CreateCart,
    CreateCartCommand,
    GetCart,
    GetCartQuery,
    ListShippingOptions,
    ListShippingOptionsQuery,
    SetCartLine,
    SetCartLineCommand,
    ShippingOptions,
    UpdateCart,
    UpdateCartCommand,
)
from tradepost.checkout import CheckOutCart, CheckOutCartCommand
from tradepost.kernel.access import Actor
from tradepost.kernel.addresses import Address, Contact
from tradepost.kernel.errors import Kind
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.kernel.ids import id_pattern
from tradepost.orders import OrderView, PaymentInput
from tradepost_entrypoints.http.endpoint import Header, Refusal, endpoint
from tradepost_entrypoints.http.envelope import One
from tradepost_entrypoints.http.routes.orders import (
    DECLINED,
    INVALID,
    NO_CREDIT,
    NOT_FOR_SALE,
    SHORT,
    Currency,
    Email,
    Locale,
    Metadata,
    Text,
    order_answer,
)

CartId = Annotated[str, msgspec.Meta(pattern=id_pattern("cart"), max_length=40, description="A cart's id.")]
CartToken = Annotated[str | None, Header("X-Cart-Token", "The token a guest was given with the cart.")]
Sku = Annotated[str, msgspec.Meta(min_length=1, max_length=64, description="A stock keeping unit.")]
Quantity = Annotated[int, msgspec.Meta(ge=0, le=100_000)]

_GONE = Refusal(Kind.NOT_FOUND, "cart.not_found", "There is no cart 'cart_01m7y7tsamexgajdq8dqk7k2b9'.")
_CLOSED = Refusal(
    Kind.CONFLICT,
    "cart.closed",
    "This cart is ordered and can not be changed; start a new one.",
    {"status": "ordered", "order_id": "order_01m7y7tsamexgajdq8dqk7k2b9"},
)
_CHANGED = Refusal(
    Kind.CONFLICT,
    "cart.changed",
    "The cart has changed since it was last seen; show the messages and accept the cart first.",
    {"lines": [{"sku": "MUG-BLUE", "messages": [{"code": "price_changed", "detail": "Mug costs 13.00 EUR now."}]}]},
)


class CreateCartBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """In which currency."""

    currency: Currency
    metadata: Metadata = {}


@endpoint("POST", "/carts", tag="Carts", status=201, example={"currency": "EUR"})
async def create_cart(
    data: CreateCartBody, actor: Actor, key: IdempotencyKey | None, create_cart: CreateCart
) -> One[CartView]:
    """Start a cart. A guest keeps `token` and sends it in X-Cart-Token from then on."""
    view = await create_cart(
        CreateCartCommand(actor=actor, currency=data.currency, metadata=data.metadata, idempotency=key)
    )
    return _cart(view, 201)


@endpoint("GET", "/carts/{cart_id}", tag="Carts", errors=(_GONE,))
async def get_cart(cart_id: CartId, actor: Actor, cart_token: CartToken, get_cart: GetCart) -> One[CartView]:
    """A cart at today's prices; every line that has changed since it was seen says so."""
    return _cart(await get_cart(GetCartQuery(actor=actor, cart_id=cart_id, cart_token=cart_token)), 200)


class AddLineBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many more of a SKU."""

    sku: Sku
    quantity: Annotated[int, msgspec.Meta(ge=1, le=100_000)]


@endpoint(
    "POST",
    "/carts/{cart_id}/lines",
    tag="Carts",
    errors=(SHORT, _CLOSED, _GONE),
    example={"sku": "MUG-BLUE", "quantity": 1},
)
async def add_cart_line(
    cart_id: CartId,
    data: AddLineBody,
    actor: Actor,
    cart_token: CartToken,
    key: IdempotencyKey | None,
    expected_version: int | None,
    set_cart_line: SetCartLine,
) -> One[CartView]:
    """Put something in; what is there already is added to."""
    command = SetCartLineCommand(
        actor=actor,
        cart_id=cart_id,
        sku=data.sku,
        quantity=data.quantity,
        add=True,
        cart_token=cart_token,
        expected_version=expected_version,
        idempotency=key,
    )
    return _cart(await set_cart_line(command), 200)


class SetLineBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many are to be in the cart; 0 takes the line out."""

    quantity: Quantity


@endpoint("PUT", "/carts/{cart_id}/lines/{sku}", tag="Carts", errors=(SHORT, _CLOSED, _GONE), example={"quantity": 2})
async def set_cart_line(
    cart_id: CartId,
    sku: Sku,
    data: SetLineBody,
    actor: Actor,
    cart_token: CartToken,
    expected_version: int | None,
    set_cart_line: SetCartLine,
) -> One[CartView]:
    """Change how many are in the cart."""
    command = SetCartLineCommand(
        actor=actor,
        cart_id=cart_id,
        sku=sku,
        quantity=data.quantity,
        cart_token=cart_token,
        expected_version=expected_version,
    )
    return _cart(await set_cart_line(command), 200)


@endpoint("DELETE", "/carts/{cart_id}/lines/{sku}", tag="Carts", errors=(_CLOSED, _GONE))
async def remove_cart_line(
    cart_id: CartId,
    sku: Sku,
    actor: Actor,
    cart_token: CartToken,
    expected_version: int | None,
    set_cart_line: SetCartLine,
) -> One[CartView]:
    """Take a line out."""
    command = SetCartLineCommand(
        actor=actor, cart_id=cart_id, sku=sku, quantity=0, cart_token=cart_token, expected_version=expected_version
    )
    return _cart(await set_cart_line(command), 200)


class UpdateCartBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who buys, where it goes, how it travels. What is left out is taken away."""

    email: Email | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    locale: Locale | None = None
    shipping_method: Text | None = None


@endpoint(
    "PUT",
    "/carts/{cart_id}/delivery",
    tag="Carts",
    errors=(_CLOSED, _GONE),
    example={
        "email": "ada@example.com",
        "shipping_address": {"name": "Ada Lovelace", "line1": "Main Street 1", "city": "Berlin", "country": "DE"},
        "shipping_method": "standard",
    },
)
async def update_cart(
    cart_id: CartId,
    data: UpdateCartBody,
    actor: Actor,
    cart_token: CartToken,
    expected_version: int | None,
    update_cart: UpdateCart,
) -> One[CartView]:
    """Say who buys, where it goes and how it travels."""
    command = UpdateCartCommand(
        actor=actor,
        cart_id=cart_id,
        contact=Contact(
            email=data.email,
            shipping_address=data.shipping_address,
            billing_address=data.billing_address,
            locale=data.locale,
        ),
        shipping_method=data.shipping_method,
        cart_token=cart_token,
        expected_version=expected_version,
    )
    return _cart(await update_cart(command), 200)


@endpoint("POST", "/carts/{cart_id}/accept", tag="Carts", errors=(_CLOSED, _GONE))
async def accept_cart(
    cart_id: CartId, actor: Actor, cart_token: CartToken, expected_version: int | None, accept_cart: AcceptCart
) -> One[CartView]:
    """Accept the cart as it is today: new prices, what is left of each, without what can not be bought any more."""
    command = AcceptCartCommand(actor=actor, cart_id=cart_id, cart_token=cart_token, expected_version=expected_version)
    return _cart(await accept_cart(command), 200)


@endpoint("POST", "/carts/{cart_id}/claim", tag="Carts", errors=(_CLOSED, _GONE))
async def claim_cart(cart_id: CartId, actor: Actor, cart_token: CartToken, claim_cart: ClaimCart) -> One[CartView]:
    """After signing in: take a guest's cart over, merged into your open one if there is one."""
    return _cart(await claim_cart(ClaimCartCommand(actor=actor, cart_id=cart_id, cart_token=cart_token)), 200)


@endpoint("GET", "/carts/{cart_id}/shipping-options", tag="Carts", errors=(_GONE,))
async def list_shipping_options(
    cart_id: CartId, actor: Actor, cart_token: CartToken, list_shipping_options: ListShippingOptions
) -> One[ShippingOptions]:
    """How the cart can travel to its address, and what each way costs, cheapest first."""
    query = ListShippingOptionsQuery(actor=actor, cart_id=cart_id, cart_token=cart_token)
    return One(await list_shipping_options(query), links={"cart": f"/carts/{cart_id}"})


class CheckoutBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it is paid."""

    payment: PaymentInput


@endpoint(
    "POST",
    "/carts/{cart_id}/checkout",
    tag="Carts",
    status=201,
    also=(202,),
    errors=(DECLINED, SHORT, NO_CREDIT, NOT_FOR_SALE, INVALID, _CHANGED, _CLOSED, _GONE),
    example={"payment": {"method": "card", "token": "tok_success"}},
)
async def check_out_cart(
    cart_id: CartId,
    data: CheckoutBody,
    actor: Actor,
    cart_token: CartToken,
    key: IdempotencyKey | None,
    expected_version: int | None,
    check_out_cart: CheckOutCart,
) -> One[OrderView]:
    """Turn the cart into an order and pay it. Answers as placing an order does; after a decline, pay the order."""
    command = CheckOutCartCommand(
        actor=actor,
        cart_id=cart_id,
        payment=data.payment,
        cart_token=cart_token,
        expected_version=expected_version,
        idempotency=key,
    )
    return order_answer(await check_out_cart(command), 201)


def _cart(view: CartView, status: int) -> One[CartView]:
    here = f"/carts/{view.id}"
    links = {"checkout": f"{here}/checkout"}
    if view.order_id is not None:
        links["order"] = f"/orders/{view.order_id}"
    return One(view, status=status, location=here, links=links)


ROUTES = (
    create_cart,
    get_cart,
    add_cart_line,
    set_cart_line,
    remove_cart_line,
    update_cart,
    accept_cart,
    claim_cart,
    list_shipping_options,
    check_out_cart,
)

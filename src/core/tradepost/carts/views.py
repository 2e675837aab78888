"""What callers see of a cart."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from tradepost.carts.cart import CartStatus
from tradepost.kernel.addresses import Contact
from tradepost.kernel.money import Money


class CartMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What has changed about a line since the buyer was shown it. `code` is `price_changed`, `insufficient_stock` or
    `not_for_sale`; `detail` is for people."""

    code: str
    detail: str


class CartLineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line at today's price. `total` is None where it can not be bought; `messages` say what has changed."""

    sku: str
    name: str
    quantity: int
    unit_price: Money | None
    total: Money | None
    messages: tuple[CartMessage, ...] = ()


class CartView(msgspec.Struct, frozen=True, kw_only=True):
    """A cart at today's prices. Totals are of the lines that can be bought.

    `ready` says whether it can be checked out as it is: something is in it, and no line has a message. `shipping_problem`
    says why the chosen shipping method can not be used. `token` is told once, to whoever made it.
    """

    id: str
    version: int
    status: CartStatus
    currency: str
    customer_id: str | None
    lines: tuple[CartLineView, ...]
    subtotal: Money
    shipping_total: Money
    tax: Money
    total: Money
    ready: bool
    contact: Contact
    shipping_method: str | None
    shipping_problem: str | None
    order_id: str | None
    created_at: datetime
    updated_at: datetime
    metadata: Mapping[str, str]
    token: str | None = None

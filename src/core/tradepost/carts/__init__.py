"""Carts: guests' and customers', re-checked whenever they are read."""

from tradepost.carts.accept_cart import AcceptCart, AcceptCartCommand
from tradepost.carts.cart import CartStatus
from tradepost.carts.claim_cart import ClaimCart, ClaimCartCommand
from tradepost.carts.create_cart import CreateCart, CreateCartCommand
from tradepost.carts.get_cart import GetCart, GetCartQuery
from tradepost.carts.list_shipping_options import ListShippingOptions, ListShippingOptionsQuery, ShippingOptions
from tradepost.carts.policy import CartPolicy
from tradepost.carts.purge_carts import PurgeCarts
from tradepost.carts.report_abandoned_carts import ReportAbandonedCarts
from tradepost.carts.set_cart_line import SetCartLine, SetCartLineCommand
from tradepost.carts.update_cart import UpdateCart, UpdateCartCommand
from tradepost.carts.views import CartLineView, CartMessage, CartView

__all__ = [
    "AcceptCart",
    "AcceptCartCommand",
    "CartLineView",
    "CartMessage",
    "CartPolicy",
    "CartStatus",
    "CartView",
    "ClaimCart",
    "ClaimCartCommand",
    "CreateCart",
    "CreateCartCommand",
    "GetCart",
    "GetCartQuery",
    "ListShippingOptions",
    "ListShippingOptionsQuery",
    "PurgeCarts",
    "ReportAbandonedCarts",
    "SetCartLine",
    "SetCartLineCommand",
    "ShippingOptions",
    "UpdateCart",
    "UpdateCartCommand",
]

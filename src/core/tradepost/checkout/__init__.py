"""Checkout: a cart becomes an order."""

from tradepost.checkout.check_out_cart import CheckOutCart, CheckOutCartCommand

__all__ = ["CheckOutCart", "CheckOutCartCommand"]

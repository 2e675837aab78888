"""Pricing: what an order comes to, the tax of its destination, and what shipping it costs."""

from tradepost.pricing.taxes import SHIPPING, STANDARD, UNTAXED, Rate, TaxTable
from tradepost.pricing.totals import MAX_QUANTITY, PricedLine, TaxedLine, TaxTotal, Totals, price

__all__ = [
    "MAX_QUANTITY",
    "SHIPPING",
    "STANDARD",
    "UNTAXED",
    "PricedLine",
    "Rate",
    "TaxTable",
    "TaxTotal",
    "TaxedLine",
    "Totals",
    "price",
]

"""Pricing: what an order comes to, the tax of its destination, and what shipping it costs."""

from tradepost.pricing.create_shipping_method import CreateShippingMethod, CreateShippingMethodCommand
from tradepost.pricing.delete_tax_rate import DeleteTaxRate, DeleteTaxRateCommand
from tradepost.pricing.get_shipping_method import GetShippingMethod, GetShippingMethodCommand
from tradepost.pricing.list_shipping_methods import ListShippingMethods, ListShippingMethodsCommand
from tradepost.pricing.list_tax_rates import ListTaxRates, ListTaxRatesCommand
from tradepost.pricing.quote_shipping import QuoteShipping, QuoteShippingCommand
from tradepost.pricing.set_tax_rate import SetTaxRate, SetTaxRateCommand
from tradepost.pricing.shipping import (
    Bracket,
    Delivery,
    ShippingKind,
    ShippingUnavailable,
    Tariff,
    quote,
    shipping_line,
)
from tradepost.pricing.shipping_method import CodeTaken, ShippingMethod, ShippingMethodId
from tradepost.pricing.tax_rate import TaxRate, TaxRateId
from tradepost.pricing.taxes import SHIPPING, STANDARD, UNTAXED, Rate, TaxTable
from tradepost.pricing.totals import MAX_QUANTITY, PricedLine, TaxedLine, TaxTotal, Totals, price
from tradepost.pricing.update_shipping_method import UpdateShippingMethod, UpdateShippingMethodCommand
from tradepost.pricing.views import ShippingMethodView, ShippingQuote, TaxRateView

__all__ = [
    "MAX_QUANTITY",
    "SHIPPING",
    "STANDARD",
    "UNTAXED",
    "Bracket",
    "CodeTaken",
    "CreateShippingMethod",
    "CreateShippingMethodCommand",
    "DeleteTaxRate",
    "DeleteTaxRateCommand",
    "Delivery",
    "GetShippingMethod",
    "GetShippingMethodCommand",
    "ListShippingMethods",
    "ListShippingMethodsCommand",
    "ListTaxRates",
    "ListTaxRatesCommand",
    "PricedLine",
    "QuoteShipping",
    "QuoteShippingCommand",
    "Rate",
    "SetTaxRate",
    "SetTaxRateCommand",
    "ShippingKind",
    "ShippingMethod",
    "ShippingMethodId",
    "ShippingMethodView",
    "ShippingQuote",
    "ShippingUnavailable",
    "Tariff",
    "TaxRate",
    "TaxRateId",
    "TaxRateView",
    "TaxTable",
    "TaxTotal",
    "TaxedLine",
    "Totals",
    "UpdateShippingMethod",
    "UpdateShippingMethodCommand",
    "price",
    "quote",
    "shipping_line",
]

"""What is charged beside the goods: shipping and tax."""

from functools import cached_property

from tradepost.pricing.create_shipping_method import CreateShippingMethod
from tradepost.pricing.delete_tax_rate import DeleteTaxRate
from tradepost.pricing.get_shipping_method import GetShippingMethod
from tradepost.pricing.list_shipping_methods import ListShippingMethods
from tradepost.pricing.list_tax_rates import ListTaxRates
from tradepost.pricing.quote_shipping import QuoteShipping
from tradepost.pricing.set_tax_rate import SetTaxRate
from tradepost.pricing.update_shipping_method import UpdateShippingMethod
from tradepost.shop.parts import Parts


class Pricing(Parts):
    """The use cases of pricing."""

    @cached_property
    def create_shipping_method(self) -> CreateShippingMethod:
        return CreateShippingMethod(self._transactions, self._ids, self._clock)

    @cached_property
    def delete_tax_rate(self) -> DeleteTaxRate:
        return DeleteTaxRate(self._transactions, self._clock)

    @cached_property
    def get_shipping_method(self) -> GetShippingMethod:
        return GetShippingMethod(self._backend.pricing_views)

    @cached_property
    def list_shipping_methods(self) -> ListShippingMethods:
        return ListShippingMethods(self._backend.pricing_views)

    @cached_property
    def list_tax_rates(self) -> ListTaxRates:
        return ListTaxRates(self._backend.pricing_views)

    @cached_property
    def quote_shipping(self) -> QuoteShipping:
        return QuoteShipping(self._backend.pricing_views)

    @cached_property
    def set_tax_rate(self) -> SetTaxRate:
        return SetTaxRate(self._transactions, self._ids, self._clock)

    @cached_property
    def update_shipping_method(self) -> UpdateShippingMethod:
        return UpdateShippingMethod(self._transactions, self._clock)

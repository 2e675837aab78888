"""What was sold and listed elsewhere, brought in."""

from functools import cached_property

from tradepost.imports.import_catalog import ImportCatalog
from tradepost.imports.import_orders import ImportOrders
from tradepost.shop.parts import Parts


class Imports(Parts):
    """The use cases of imports."""

    @cached_property
    def import_catalog(self) -> ImportCatalog:
        return ImportCatalog(self._transactions, self._clock, self._ids)

    @cached_property
    def import_orders(self) -> ImportOrders:
        return ImportOrders(self._transactions, self._clock, self._ids)

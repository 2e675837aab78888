"""What lies where."""

from functools import cached_property

from tradepost.shop.parts import Parts
from tradepost.stock.adjust_stock import AdjustStock
from tradepost.stock.create_location import CreateLocation
from tradepost.stock.get_availability import GetAvailability
from tradepost.stock.list_levels import ListLevels
from tradepost.stock.list_locations import ListLocations
from tradepost.stock.list_movements import ListMovements
from tradepost.stock.set_low_stock import SetLowStock
from tradepost.stock.transfer_stock import TransferStock


class Stock(Parts):
    """The use cases of stock."""

    @cached_property
    def adjust_stock(self) -> AdjustStock:
        return AdjustStock(self._transactions, self._clock, self._ids)

    @cached_property
    def transfer_stock(self) -> TransferStock:
        return TransferStock(self._transactions, self._clock, self._ids)

    @cached_property
    def set_low_stock(self) -> SetLowStock:
        return SetLowStock(self._transactions)

    @cached_property
    def create_location(self) -> CreateLocation:
        return CreateLocation(self._transactions, self._clock)

    @cached_property
    def list_locations(self) -> ListLocations:
        return ListLocations(self._backend.stock_views)

    @cached_property
    def list_levels(self) -> ListLevels:
        return ListLevels(self._backend.stock_views)

    @cached_property
    def list_movements(self) -> ListMovements:
        return ListMovements(self._backend.stock_views)

    @cached_property
    def get_availability(self) -> GetAvailability:
        return GetAvailability(self._backend.stock_views)

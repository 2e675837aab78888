"""Stock: what lies where, what is promised, and every change of either with its reason."""

from tradepost.stock.adjust_stock import AdjustmentReason, AdjustStock, AdjustStockCommand
from tradepost.stock.create_location import CreateLocation, CreateLocationCommand
from tradepost.stock.get_availability import GetAvailability, GetAvailabilityQuery
from tradepost.stock.level import DEFAULT_LOCATION, InsufficientStock, LevelChange, Reason, Shortage
from tradepost.stock.lines import StockLine
from tradepost.stock.list_levels import ListLevels, ListLevelsQuery
from tradepost.stock.list_locations import ListLocations, ListLocationsQuery
from tradepost.stock.list_movements import ListMovements, ListMovementsQuery
from tradepost.stock.location import Location, LocationTaken
from tradepost.stock.ports import LevelFilter, MovementFilter
from tradepost.stock.set_low_stock import SetLowStock, SetLowStockCommand
from tradepost.stock.transfer_stock import TransferStock, TransferStockCommand
from tradepost.stock.views import (
    AdjustmentView,
    AvailabilityView,
    LevelView,
    LocationView,
    MovementView,
    TransferView,
)

__all__ = [
    "DEFAULT_LOCATION",
    "AdjustStock",
    "AdjustStockCommand",
    "AdjustmentReason",
    "AdjustmentView",
    "AvailabilityView",
    "CreateLocation",
    "CreateLocationCommand",
    "GetAvailability",
    "GetAvailabilityQuery",
    "InsufficientStock",
    "LevelChange",
    "LevelFilter",
    "LevelView",
    "ListLevels",
    "ListLevelsQuery",
    "ListLocations",
    "ListLocationsQuery",
    "ListMovements",
    "ListMovementsQuery",
    "Location",
    "LocationTaken",
    "LocationView",
    "MovementFilter",
    "MovementView",
    "Reason",
    "SetLowStock",
    "SetLowStockCommand",
    "Shortage",
    "StockLine",
    "TransferStock",
    "TransferStockCommand",
    "TransferView",
]

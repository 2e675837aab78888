"""Taking over what another system holds: its products, and the history of its orders, from CSV files."""

from tradepost.imports.groups import Rejected
from tradepost.imports.import_orders import ImportOrders, ImportOrdersCommand
from tradepost.imports.ports import Rejects
from tradepost.imports.report import ImportReport, OrdersReport, RejectedRow

__all__ = [
    "ImportOrders",
    "ImportOrdersCommand",
    "ImportReport",
    "OrdersReport",
    "Rejected",
    "RejectedRow",
    "Rejects",
]

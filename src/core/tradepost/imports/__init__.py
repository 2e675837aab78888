"""Taking over what another system holds: its products, and the history of its orders, from CSV files."""

from tradepost.imports.groups import Rejected
from tradepost.imports.import_catalog import ImportCatalog, ImportCatalogCommand
from tradepost.imports.import_orders import ImportOrders, ImportOrdersCommand
from tradepost.imports.ports import Rejects
from tradepost.imports.report import CatalogReport, ImportReport, OrdersReport, RejectedRow

__all__ = [
    "CatalogReport",
    "ImportCatalog",
    "ImportCatalogCommand",
    "ImportOrders",
    "ImportOrdersCommand",
    "ImportReport",
    "OrdersReport",
    "Rejected",
    "RejectedRow",
    "Rejects",
]

"""What an import did: shown to people, given to programs."""

import msgspec

from tradepost.imports.groups import Rejected
from tradepost.kernel.money import Money

MOST_SHOWN = 20
MOST_SKUS = 100_000
"""Different SKUs without a product are counted up to about here, as they have to be remembered for it."""


class RejectedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row that was not imported, by its line in the file, and every reason."""

    line: int
    reasons: tuple[str, ...]


class ImportReport(msgspec.Struct, kw_only=True):
    """What every import counts. `rejected` are the first of the rejected rows; all of them went where the command says."""

    dry_run: bool
    rows: int = 0
    rejected_rows: int = 0
    rejected: tuple[RejectedRow, ...] = ()
    ignored_columns: tuple[str, ...] = ()

    def reject(self, row: Rejected) -> None:
        self.rejected_rows += 1
        if len(self.rejected) < MOST_SHOWN:
            self.rejected += (RejectedRow(line=row.line, reasons=row.reasons),)


class CatalogReport(ImportReport, kw_only=True):
    """`opened_stock` are SKUs that had no stock level; `generated_skus` are variants that came without a SKU."""

    format: str
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected_products: int = 0
    variants: int = 0
    opened_stock: int = 0
    generated_skus: int = 0
    stock_below_zero: int = 0


class OrdersReport(ImportReport, kw_only=True):
    """`imported` and `customers` are new; everything below counts all orders of the file that are in the shop now,
    those that were `already_there` with them. `totals` has one entry a currency."""

    imported: int = 0
    already_there: int = 0
    rejected_orders: int = 0
    customers: int = 0
    lines: int = 0
    totals: tuple[Money, ...] = ()
    quantity_zero: int = 0
    quantity_zero_with_money: int = 0
    uneven_totals: int = 0
    lines_without_product: int = 0
    skus_without_product: int = 0

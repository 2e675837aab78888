"""`tradepost import`: what another system holds, from CSV files."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, TypeVar

import msgspec
import typer

from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.errors import PARTLY_DONE
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.progress import Advance, progress
from tradepost_entrypoints.cli.rejected import RejectedFile
from tradepost_entrypoints.cli.shop import caller, shop

if TYPE_CHECKING:  # the features take longer to import than help takes to show
    from tradepost.imports import CatalogReport, ImportReport, OrdersReport
    from tradepost.shop import Shop

R = TypeVar("R", bound="ImportReport")

imports = Group(help="Take over products and order history from CSV files.")

_File = Annotated[
    Path, typer.Argument(help="The CSV file, in UTF-8.", exists=True, dir_okay=False, readable=True, show_default=False)
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything and write nothing to the shop.")]


@imports.command("catalog", uses=("import_catalog",))
async def catalog(
    file: _File,
    currency: Annotated[
        str | None, typer.Option(help="What the prices of a Shopify file are in: USD.", show_default=False)
    ] = None,
    dry_run: _DryRun = False,
) -> None:
    """Import products, from our own columns or from a Shopify product CSV. Run it again to bring them up to date."""
    from tradepost.imports import ImportCatalogCommand

    async def run(here: "Shop", source: "Source") -> "CatalogReport":
        return await here.import_catalog(
            ImportCatalogCommand(
                actor=caller(),
                file=source.file,
                rejects=source.rejects,
                currency=currency,
                dry_run=dry_run,
                progress=source.advance,
            )
        )

    await _import(file, run, _CATALOG)


@imports.command("orders", uses=("import_orders",))
async def orders(file: _File, dry_run: _DryRun = False) -> None:
    """Import order history: takes no stock, charges nobody, tells nobody. Run it again to go on or to be sure."""
    from tradepost.imports import ImportOrdersCommand

    async def run(here: "Shop", source: "Source") -> "OrdersReport":
        return await here.import_orders(
            ImportOrdersCommand(
                actor=caller(), file=source.file, rejects=source.rejects, dry_run=dry_run, progress=source.advance
            )
        )

    await _import(file, run, _ORDERS)


class Source(msgspec.Struct, frozen=True):
    """What an import reads, where it puts what it can not take, and how it says how far it is."""

    file: BinaryIO
    rejects: RejectedFile
    advance: Advance


async def _import(file: Path, run: "Callable[[Shop, Source], Awaitable[R]]", fields: "output.Fields[R]") -> None:
    """Run it and say what it did. Ends with `PARTLY_DONE` when rows were rejected."""
    began = time.monotonic()
    with file.open("rb") as opened, RejectedFile(file) as rejects:
        async with shop() as here:
            with progress(f"Importing {file.name}", unit="rows") as advance:
                report = await run(here, Source(opened, rejects, advance))
    seconds = time.monotonic() - began
    output.show(report, {**fields, "Took": lambda it: f"{seconds:,.1f} s, {it.rows / seconds:,.0f} rows a second"})
    if not report.rejected_rows:
        return
    if not output.for_programs.get():
        for row in report.rejected:
            output.note(f"line {row.line}: {'; '.join(row.reasons)}")
        if report.rejected_rows > len(report.rejected):
            output.note("…")
        output.note(f"{report.rejected_rows:,} rows were rejected; they are in {rejects.path}, with the reasons.")
    raise typer.Exit(PARTLY_DONE)


_CATALOG: "output.Fields[CatalogReport]" = {
    "Format": lambda report: report.format,
    "Rows": lambda report: f"{report.rows:,}",
    "Products created": lambda report: f"{report.created:,}{_if_dry(report)}",
    "Products updated": lambda report: f"{report.updated:,}{_if_dry(report)}",
    "Products unchanged": lambda report: f"{report.unchanged:,}",
    "Products rejected": lambda report: f"{report.rejected_products:,} ({report.rejected_rows:,} rows)",
    "Variants": lambda report: f"{report.variants:,}",
    "  with a SKU made up": lambda report: f"{report.generated_skus:,}",
    "  stock opened": lambda report: f"{report.opened_stock:,}",
    "  stock below zero": lambda report: f"{report.stock_below_zero:,}, taken as 0",
    "Columns left behind": lambda report: report.ignored_columns,
}
_ORDERS: "output.Fields[OrdersReport]" = {
    "Rows": lambda report: f"{report.rows:,}",
    "Orders imported": lambda report: f"{report.imported:,}{_if_dry(report)}",
    "Orders already there": lambda report: f"{report.already_there:,}",
    "Orders rejected": lambda report: f"{report.rejected_orders:,} ({report.rejected_rows:,} rows)",
    "New customers": lambda report: f"{report.customers:,}",
    "Total": lambda report: report.totals,
    "Lines": lambda report: f"{report.lines:,}",
    "  of quantity 0": lambda report: (
        f"{report.quantity_zero:,}, {report.quantity_zero_with_money:,} of them with money"
    ),
    "  uneven totals": lambda report: f"{report.uneven_totals:,}",
    "  in no catalog": lambda report: f"{report.lines_without_product:,}, of {report.skus_without_product:,} SKUs",
}


def _if_dry(report: "ImportReport") -> str:
    return " (dry run: nothing was written)" if report.dry_run else ""

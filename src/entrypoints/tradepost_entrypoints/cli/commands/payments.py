"""`tradepost payments`: what gateways say of our money, and whether the books say the same."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.errors import CHECK_FAILED
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.progress import progress
from tradepost_entrypoints.cli.shop import caller, settings, shop
from tradepost_entrypoints.cli.times import From, Until, utc

if TYPE_CHECKING:  # the features take longer to import than help takes to show
    from tradepost.payments.gateway import BalanceLine
    from tradepost.payments.reconciliation import (
        ReconciliationItem,
        ReconciliationTotal,
        ReconciliationView,
        Tally,
    )

_ASKED = timedelta(days=30)

payments = Group(help="What gateways say of our money, and whether the books say the same.")


@payments.command("reconcile", uses=("reconcile_payments",))
async def reconcile(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="Reports of the balance; without any, the gateway is asked, from 30 days ago unless --from says otherwise.",
            exists=True,
            dir_okay=False,
            readable=True,
            show_default=False,
        ),
    ] = None,
    gateway: Annotated[
        str | None, typer.Option(help="Whose balance; that of the shop's gateway, without it.", show_default=False)
    ] = None,
    stripe: Annotated[bool, typer.Option("--stripe", help="The same as --gateway stripe.")] = False,
    since: From = None,
    until: Until = None,
    most: Annotated[int, typer.Option(help="How many of each kind to list.", min=0, max=1_000_000)] = 1_000,
) -> None:
    """Compare a gateway's balance with the ledger. Ends with exit code 12 when something does not agree."""
    from tradepost.payments.reconcile_payments import ReconcilePaymentsQuery
    from tradepost_entrypoints.container import gateway_name, report_reader

    name = "stripe" if stripe else gateway or gateway_name(settings())
    at_from = utc(since) or (None if files else datetime.now(UTC) - _ASKED)
    query = ReconcilePaymentsQuery(actor=caller(), gateway=name, at_from=at_from, at_before=utc(until), most=most)
    async with shop() as opened:
        with ExitStack() as open_files, progress("Comparing", unit="lines") as advance:
            report = None
            if files:
                read = report_reader(name)
                sources: list[BinaryIO] = [open_files.enter_context(file.open("rb")) for file in files]
                report = _counted(chain.from_iterable(map(read, sources)), advance)
            view = await opened.reconcile_payments(query, report)
    _show(view)
    if not view.agreed:
        raise typer.Exit(CHECK_FAILED)


def _counted(lines: "Iterable[BalanceLine]", advance: Callable[[int], None]) -> "Iterator[BalanceLine]":
    for line in lines:
        advance(1)
        yield line


def _show(view: "ReconciliationView") -> None:
    output.show(view, _VIEW)
    output.also("Totals", view.totals, _TOTALS)
    for title, items in (
        ("Missing here: the gateway has it, the ledger does not", view.missing_here),
        ("Missing there: the ledger has it, the gateway does not", view.missing_there),
        ("Different", view.different),
        ("At the edge of the period: not compared", view.at_the_edge),
    ):
        output.also(title, items, _ITEMS)


def _period(view: "ReconciliationView") -> str:
    if view.at_from is None or view.at_before is None:
        return "none: there were no lines"
    return f"from {output.text(view.at_from)} until {output.text(view.at_before)}"


def _compared(view: "ReconciliationView") -> str:
    parts = {"charges, refunds, disputes, fees": view.activity, "payouts": view.payouts}
    compared = [part for part, is_there in parts.items() if is_there]
    left = [part for part, is_there in parts.items() if not is_there]
    return (", ".join(compared) or "nothing") + (f"; not {', '.join(left)}: the report has none" if left else "")


def _tally(tally: "Tally") -> str | None:
    return f"{tally.count:,} ({tally.amount})" if tally.count else None


_VIEW: "output.Fields[ReconciliationView]" = {
    "Gateway": lambda view: view.gateway,
    "Lines from": lambda view: "the gateway itself" if view.source == "gateway" else "a report",
    "Period": _period,
    "Compared": _compared,
    "Lines": lambda view: f"{view.lines:,}",
    "  of another time": lambda view: f"{view.outside:,}",
    "  repeated": lambda view: f"{view.repeated:,}",
    "Agreed": lambda view: view.agreed,
}
_TOTALS: "output.Fields[ReconciliationTotal]" = {
    "Currency": lambda total: total.currency,
    "Theirs": lambda total: _tally(total.theirs),
    "Ours": lambda total: _tally(total.ours),
    "Matched": lambda total: _tally(total.matched),
    "Missing here": lambda total: _tally(total.missing_here),
    "Missing there": lambda total: _tally(total.missing_there),
    "Different": lambda total: _tally(total.different),
    "At the edge": lambda total: _tally(total.at_the_edge),
    "Ledger at the end": lambda total: total.clearing,
}
_ITEMS: "output.Fields[ReconciliationItem]" = {
    "What": lambda item: item.matter,
    "At": lambda item: item.at,
    "Theirs": lambda item: item.theirs,
    "Ours": lambda item: item.ours,
    "Order": lambda item: item.order_id,
    "Line": lambda item: item.lines,
    "Transfer": lambda item: item.transfers,
    "Reference": lambda item: item.reference,
}

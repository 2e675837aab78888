"""`tradepost stock`: what lies where, and every change of it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tradepost.kernel.errors import Fault, Invalid
from tradepost.kernel.pages import PageRequest
from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.shop import caller, shop

if TYPE_CHECKING:  # the features take longer to import than help takes to show
    from tradepost.stock import LevelView, LocationView, MovementView, StockLine

stock = Group(help="What lies where, and every change of it.")
locations = Group(help="The places where stock lies.")
stock.add_typer(locations, name="locations")

Lines = Annotated[list[str], typer.Argument(help="SKU=QUANTITY, as many as you like.", show_default=False)]
Location = Annotated[str, typer.Option(help="At which location.")]
OneLocation = Annotated[str | None, typer.Option(help="Only at this location.", show_default=False)]
OneSku = Annotated[str | None, typer.Option(help="Only of this SKU.", show_default=False)]
Reference = Annotated[str | None, typer.Option(help="A delivery note, a stock take.", show_default=False)]
Limit = Annotated[int, typer.Option(help="How many at most.", min=1, max=100)]
Cursor = Annotated[str | None, typer.Option(help="Where the last list ended.", show_default=False)]
_Time = typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="In UTC.", show_default=False)

_LEVEL: "output.Fields[LevelView]" = {
    "SKU": lambda level: level.sku,
    "Location": lambda level: level.location,
    "On hand": lambda level: level.on_hand,
    "Reserved": lambda level: level.reserved,
    "Available": lambda level: level.available,
    "Low at": lambda level: level.low_at,
}
_MOVEMENT: "output.Fields[MovementView]" = {
    "At": lambda movement: movement.at,
    "SKU": lambda movement: movement.sku,
    "Location": lambda movement: movement.location,
    "Reason": lambda movement: movement.reason,
    "On hand": lambda movement: f"{movement.on_hand:+}" if movement.on_hand else None,
    "Reserved": lambda movement: f"{movement.reserved:+}" if movement.reserved else None,
    "Reference": lambda movement: movement.reference,
    "By": lambda movement: movement.actor,
}
_LOCATION: "output.Fields[LocationView]" = {
    "Code": lambda location: location.code,
    "Name": lambda location: location.name,
}


@stock.command("levels", uses=("list_levels",))
async def levels(
    sku: OneSku = None,
    location: OneLocation = None,
    sort: Annotated[str, typer.Option(help="By sku, location or available; -available descends.")] = "sku",
    limit: Limit = 20,
    cursor: Cursor = None,
) -> None:
    """List how much lies where."""
    page = PageRequest(limit=limit, cursor=cursor, sort=sort)
    await _list_levels(sku, location, None, page, empty="Nothing is stocked.")


@stock.command("low", uses=("list_levels",))
async def low(location: OneLocation = None, limit: Limit = 20, cursor: Cursor = None) -> None:
    """List what runs low, the scarcest first."""
    page = PageRequest(limit=limit, cursor=cursor, sort="available")
    await _list_levels(None, location, True, page, empty="Nothing runs low.")


@stock.command("adjust", uses=("adjust_stock",))
async def adjust(
    reason: Annotated[
        Literal["received", "damaged", "counted", "corrected"],
        typer.Argument(
            help="So many arrived, are lost, are there; or the difference, up (MUG=2) or down (MUG=-2).",
            show_default=False,
        ),
    ],
    lines: Lines,
    location: Location = "main",
    reference: Reference = None,
) -> None:
    """Write down that goods arrived, broke, were counted, or were written down wrongly: all of it, or nothing."""
    from tradepost.stock import AdjustmentReason, AdjustStockCommand

    command = AdjustStockCommand(
        actor=caller(),
        reason=AdjustmentReason(reason),
        lines=_lines(lines),
        location=location,
        reference=reference,
    )
    async with shop() as opened:
        view = await opened.adjust_stock(command)
    output.done(
        f"{view.reason.capitalize()} at {view.location}: {len(view.levels)} SKUs, reference {view.reference}.", view
    )
    if view.opened:
        output.note(f"Not stocked at {view.location} before: {', '.join(view.opened)}.")


@stock.command("transfer", uses=("transfer_stock",))
async def transfer(
    source: Annotated[str, typer.Argument(help="The location it leaves.", show_default=False)],
    destination: Annotated[str, typer.Argument(help="The location it goes to.", show_default=False)],
    lines: Lines,
    reference: Reference = None,
) -> None:
    """Move goods from one location to another: all of it, or nothing."""
    from tradepost.stock import TransferStockCommand

    command = TransferStockCommand(
        actor=caller(), source=source, destination=destination, lines=_lines(lines), reference=reference
    )
    async with shop() as opened:
        view = await opened.transfer_stock(command)
    output.done(f"Moved from {view.source} to {view.destination} under reference {view.reference}.", view)


@stock.command("set-low", uses=("set_low_stock",))
async def set_low(
    sku: Annotated[str, typer.Argument(show_default=False)],
    low_at: Annotated[
        int | None, typer.Argument(help="At so many available or fewer it is low; without it, never.", min=0)
    ] = None,
    location: Location = "main",
) -> None:
    """Say at how many left a SKU counts as low."""
    from tradepost.stock import SetLowStockCommand

    async with shop() as opened:
        level = await opened.set_low_stock(
            SetLowStockCommand(actor=caller(), sku=sku, low_at=low_at, location=location)
        )
    if level.low_at is None:
        output.done(f"{level.sku} at {level.location} never counts as low.", level)
    else:
        output.done(f"{level.sku} at {level.location} counts as low from {level.low_at} down.", level)


@stock.command("movements", uses=("list_movements",))
async def movements(
    sku: OneSku = None,
    location: OneLocation = None,
    reason: Annotated[str | None, typer.Option(help="Only for this reason.", show_default=False)] = None,
    reference: Annotated[
        str | None, typer.Option(help="Only of this order, parcel, refund or document.", show_default=False)
    ] = None,
    since: Annotated[datetime | None, _Time] = None,
    until: Annotated[datetime | None, _Time] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> None:
    """List what changed levels, the latest first."""
    from tradepost.stock import ListMovementsQuery, MovementFilter, Reason

    if reason is not None and reason not in set(Reason):
        raise Invalid("stock.query_invalid", f"There is no reason {reason!r}; it is one of {', '.join(Reason)}.")
    wanted = MovementFilter(
        sku=sku,
        location=location,
        reason=None if reason is None else Reason(reason),
        reference=reference,
        at_from=None if since is None else since.replace(tzinfo=UTC),
        at_before=None if until is None else until.replace(tzinfo=UTC),
    )
    async with shop() as opened:
        query = ListMovementsQuery(actor=caller(), wanted=wanted, page=PageRequest(limit=limit, cursor=cursor))
        page = await opened.list_movements(query)
    output.listing(page, _MOVEMENT, empty="Nothing has moved.")


@locations.command("list", uses=("list_locations",))
async def list_locations(limit: Limit = 20, cursor: Cursor = None) -> None:
    """List the places where stock lies. Orders take from main."""
    from tradepost.stock import ListLocationsQuery

    async with shop() as opened:
        page = await opened.list_locations(
            ListLocationsQuery(actor=caller(), page=PageRequest(limit=limit, cursor=cursor))
        )
    output.listing(page, _LOCATION, empty="There is no location.")


@locations.command("create", uses=("create_location",))
async def create_location(
    code: Annotated[str, typer.Argument(help="Lower-case letters, digits, - and _.", show_default=False)],
    name: Annotated[str, typer.Option(help="What it is called.", show_default=False)],
) -> None:
    """Add a place where stock lies."""
    from tradepost.stock import CreateLocationCommand

    async with shop() as opened:
        view = await opened.create_location(CreateLocationCommand(actor=caller(), code=code, name=name))
    output.done(f"Location {view.code} is there, and empty.", view)


async def _list_levels(
    sku: str | None, location: str | None, low: bool | None, page: PageRequest, *, empty: str
) -> None:
    from tradepost.stock import LevelFilter, ListLevelsQuery

    wanted = LevelFilter(sku=sku, location=location, low=low)
    async with shop() as opened:
        found = await opened.list_levels(ListLevelsQuery(actor=caller(), wanted=wanted, page=page))
    output.listing(found, _LEVEL, empty=empty)


def _lines(texts: list[str]) -> "tuple[StockLine, ...]":
    """`SKU=QUANTITY` each. Raises `stock.lines_invalid` with every fault."""
    from tradepost.stock import StockLine

    lines = []
    faults = []
    for place, text in enumerate(texts):
        sku, _, quantity = text.rpartition("=")  # from the right: a SKU may have a = in it
        try:
            lines.append(StockLine(sku=sku, quantity=int(quantity)))
        except ValueError:
            faults.append(Fault(f"/lines/{place}", f"{text} is not SKU=QUANTITY, such as MUG-BLUE=12"))
    if faults:
        raise Invalid("stock.lines_invalid", "Nothing was done.", *faults)
    return tuple(lines)

"""Stock: what lies where, changes of it with their reasons, and the journal. For staff."""

from typing import Annotated
from urllib.parse import urlencode

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Kind
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.stock import (
    AdjustmentReason,
    AdjustmentView,
    AdjustStock,
    AdjustStockCommand,
    AvailabilityView,
    CreateLocation,
    CreateLocationCommand,
    GetAvailability,
    GetAvailabilityQuery,
    LevelFilter,
    LevelView,
    ListLevels,
    ListLevelsQuery,
    ListLocations,
    ListLocationsQuery,
    ListMovements,
    ListMovementsQuery,
    LocationView,
    MovementFilter,
    MovementView,
    Reason,
    SetLowStock,
    SetLowStockCommand,
    StockLine,
    TransferStock,
    TransferStockCommand,
    TransferView,
)
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import Many, One
from tradepost_entrypoints.http.parameters import Moment, PageQuery, Query

Sku = Annotated[str, msgspec.Meta(min_length=1, max_length=64, description="A stock keeping unit.")]
LocationCode = Annotated[
    str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9_-]{0,39}$", description="A location's code; orders take from `main`.")
]
Reference = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=100, description="A delivery note, a stock take; made up when left out."),
]
Lines = Annotated[tuple[StockLine, ...], msgspec.Meta(min_length=1, max_length=10_000)]

_NO_LOCATION = Refusal(Kind.NOT_FOUND, "location.not_found", "There is no location 'berlin'.", {"id": "berlin"})
_SHORT = Refusal(
    Kind.CONFLICT,
    "stock.insufficient",
    "Nothing was adjusted: so much of MUG-BLUE can not be taken away at main, where what is promised to orders stays. "
    "See errors.",
    {"lines": [{"sku": "MUG-BLUE", "location": "main", "requested": 5, "available": 3}]},
)
_NOT_STOCKED = Refusal(Kind.INVALID, "stock.not_stocked", "Nothing was adjusted: see errors.")
_WRONG_ADJUSTMENT = Refusal(Kind.INVALID, "stock.adjustment_invalid", "Nothing was adjusted: see errors.")
_WRONG_TRANSFER = Refusal(Kind.INVALID, "stock.transfer_invalid", "Nothing was transferred: see errors.")
_WRONG_THRESHOLD = Refusal(Kind.INVALID, "stock.threshold_invalid", "This threshold can not be set: see errors.")
_TAKEN = Refusal(
    Kind.CONFLICT,
    "location.code_taken",
    "There is a location 'berlin' already; choose another code.",
    {"code": "berlin"},
)


class LevelsQuery(PageQuery, frozen=True, kw_only=True):
    """Which levels."""

    sku: Sku | None = None
    location: LocationCode | None = None
    low: Annotated[bool, msgspec.Meta(description="Only those at their threshold or below.")] | None = None


@endpoint("GET", "/stock/levels", tag="Stock")
async def list_stock_levels(query: LevelsQuery, actor: Actor, list_levels: ListLevels) -> Many[LevelView]:
    """How much lies where. Sort by `sku`, `location` or `available`: what to reorder first is `?low=true&sort=available`."""
    wanted = LevelFilter(sku=query.sku, location=query.location, low=query.low)
    return Many(await list_levels(ListLevelsQuery(actor=actor, wanted=wanted, page=query.page_request())), query)


class ThresholdBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At `low_at` available or fewer it counts as low; null: never."""

    sku: Sku
    low_at: int | None
    location: LocationCode = "main"


@endpoint(
    "PUT",
    "/stock/thresholds",
    tag="Stock",
    errors=(_NO_LOCATION, _WRONG_THRESHOLD),
    example={"sku": "MUG-BLUE", "low_at": 10},
)
async def set_low_stock(data: ThresholdBody, actor: Actor, set_low_stock: SetLowStock) -> One[LevelView]:
    """Say at how many left a SKU counts as low. What lies there changes by adjustments and transfers only."""
    view = await set_low_stock(
        SetLowStockCommand(actor=actor, sku=data.sku, location=data.location, low_at=data.low_at)
    )
    return One(view, location=f"/stock/levels?{urlencode({'sku': view.sku, 'location': view.location})}")


class AvailabilityQuery(Query, frozen=True, kw_only=True):
    """Which SKUs."""

    sku: Annotated[tuple[Sku, ...], msgspec.Meta(min_length=1, max_length=100, description="May be repeated.")]


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """An answer for every SKU asked for, in that order."""

    skus: tuple[AvailabilityView, ...]


@endpoint("GET", "/stock/availability", tag="Stock")
async def get_stock_availability(
    query: AvailabilityQuery, actor: Actor, get_availability: GetAvailability
) -> One[Availability]:
    """How many there are of some SKUs: for sale now (`sellable`), and over all locations. Never stocked: zeros."""
    return One(Availability(skus=await get_availability(GetAvailabilityQuery(actor=actor, skus=query.sku))))


class AdjustmentBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happened. `quantity` is how many arrived (`received`), are lost (`damaged`), are there (`counted`), or the
    difference, up or down (`corrected`)."""

    reason: AdjustmentReason
    lines: Lines
    location: LocationCode = "main"
    reference: Reference | None = None


@endpoint(
    "POST",
    "/stock/adjustments",
    tag="Stock",
    status=201,
    errors=(_SHORT, _NO_LOCATION, _NOT_STOCKED, _WRONG_ADJUSTMENT),
    example={
        "reason": "received",
        "lines": [{"sku": "MUG-BLUE", "quantity": 48}, {"sku": "MUG-RED", "quantity": 24}],
        "reference": "delivery 2026-117",
    },
)
async def adjust_stock(
    data: AdjustmentBody, actor: Actor, key: IdempotencyKey | None, adjust_stock: AdjustStock
) -> One[AdjustmentView]:
    """Write down that goods arrived, broke, were counted, or were written down wrongly: all lines, or none.

    The catalog need not know a SKU yet. Those that were not stocked there before are listed in `opened`.
    """
    view = await adjust_stock(
        AdjustStockCommand(
            actor=actor,
            reason=data.reason,
            lines=data.lines,
            location=data.location,
            reference=data.reference,
            idempotency=key,
        )
    )
    return One(view, status=201, location=_movements_of(view.reference))


class TransferBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What moves from where to where."""

    source: LocationCode
    destination: LocationCode
    lines: Lines
    reference: Reference | None = None


@endpoint(
    "POST",
    "/stock/transfers",
    tag="Stock",
    status=201,
    errors=(_SHORT, _NO_LOCATION, _WRONG_TRANSFER),
    example={"source": "main", "destination": "berlin", "lines": [{"sku": "MUG-BLUE", "quantity": 12}]},
)
async def transfer_stock(
    data: TransferBody, actor: Actor, key: IdempotencyKey | None, transfer_stock: TransferStock
) -> One[TransferView]:
    """Move goods from one location to another: all lines, or none. What is promised to orders stays where it is."""
    view = await transfer_stock(
        TransferStockCommand(
            actor=actor,
            source=data.source,
            destination=data.destination,
            lines=data.lines,
            reference=data.reference,
            idempotency=key,
        )
    )
    return One(view, status=201, location=_movements_of(view.reference))


class MovementsQuery(PageQuery, frozen=True, kw_only=True):
    """Which movements."""

    sku: Sku | None = None
    location: LocationCode | None = None
    reason: Reason | None = None
    reference: (
        Annotated[str, msgspec.Meta(max_length=100, description="An order's, parcel's or refund's id, or your own.")]
        | None
    ) = None
    at_from: Moment | None = None
    at_before: Moment | None = None


@endpoint("GET", "/stock/movements", tag="Stock")
async def list_stock_movements(
    query: MovementsQuery, actor: Actor, list_movements: ListMovements
) -> Many[MovementView]:
    """What changed levels, why and by whom; the latest first, or with `sort=id` the first."""
    wanted = MovementFilter(
        sku=query.sku,
        location=query.location,
        reason=query.reason,
        reference=query.reference,
        at_from=query.at_from,
        at_before=query.at_before,
    )
    return Many(await list_movements(ListMovementsQuery(actor=actor, wanted=wanted, page=query.page_request())), query)


@endpoint("GET", "/stock/locations", tag="Stock")
async def list_locations(query: PageQuery, actor: Actor, list_locations: ListLocations) -> Many[LocationView]:
    """The places where stock lies. Sort by `code` or `name`."""
    return Many(await list_locations(ListLocationsQuery(actor=actor, page=query.page_request())), query)


class LocationBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place with stock of its own."""

    code: LocationCode
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


@endpoint(
    "POST",
    "/stock/locations",
    tag="Stock",
    status=201,
    errors=(_TAKEN, Refusal(Kind.INVALID, "location.invalid", "This location can not be created: see errors.")),
    example={"code": "berlin", "name": "Berlin, backroom"},
)
async def create_location(
    data: LocationBody, actor: Actor, key: IdempotencyKey | None, create_location: CreateLocation
) -> One[LocationView]:
    """Add a place where stock lies. It starts empty; orders go on taking from `main`."""
    command = CreateLocationCommand(actor=actor, code=data.code, name=data.name, idempotency=key)
    view = await create_location(command)
    return One(view, status=201, location=f"/stock/levels?{urlencode({'location': view.code})}")


def _movements_of(reference: str) -> str:
    """Where to read what was done again."""
    return f"/stock/movements?{urlencode({'reference': reference})}"


ROUTES = (
    list_stock_levels,
    set_low_stock,
    get_stock_availability,
    adjust_stock,
    transfer_stock,
    list_stock_movements,
    list_locations,
    create_location,
)

"""A small application over the real foundation: every kind of parameter and answer, no business behind it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import httpx
import msgspec
from litestar import Litestar

from tradepost.kernel.access import Actor, Role
from tradepost.kernel.declared import signed_in
from tradepost.kernel.errors import Conflict, Fault, Invalid, Kind, NotFound, PreconditionFailed, TradepostError
from tradepost.kernel.idempotency import IdempotencyKey, Outcome, Refusal, replay
from tradepost.kernel.pages import Page
from tradepost.kernel.transactions import Unavailable
from tradepost_entrypoints.http import routes
from tradepost_entrypoints.http.app import create_app
from tradepost_entrypoints.http.call import Call
from tradepost_entrypoints.http.endpoint import Header, endpoint
from tradepost_entrypoints.http.endpoint import Refusal as Refused
from tradepost_entrypoints.http.envelope import Many, Nothing, One
from tradepost_entrypoints.http.health import Check
from tradepost_entrypoints.http.parameters import PageQuery

ThingId = Annotated[str, msgspec.Meta(pattern="^thing_[0-9]+$", max_length=20)]


class Color(StrEnum):
    RED = "red"
    BLUE = "blue"


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many of a SKU."""

    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    quantity: Annotated[int, msgspec.Meta(ge=1)]


class ByCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="card", tag_field="method"):
    token: str


class ByHand(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="manual", tag_field="method"):
    note: str | None = None


class ThingBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A thing to make."""

    lines: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1, max_length=100)]
    pay: ByCard | ByHand | None = None
    color: Color = Color.RED
    size: Literal["s", "m"] = "m"
    pair: tuple[int, str] | None = None
    ships_to: Line | None = None
    at: datetime | None = None
    weight: float | None = None
    note: str | None = None
    code: Annotated[str, msgspec.Meta(pattern="^[a-z]+$")] | None = None
    metadata: dict[str, Annotated[str, msgspec.Meta(max_length=5)]] = {}
    loose: Any = None

    def __post_init__(self) -> None:
        if self.note == "forbidden":
            raise ValueError("A note can not be 'forbidden'")


class ThingView(msgspec.Struct, frozen=True, kw_only=True):
    """A thing."""

    id: str
    version: int
    name: str
    seen: tuple[Any, ...] = ()


class ThingQuery(PageQuery, frozen=True, kw_only=True):
    color: Color | None = None
    tags: tuple[str, ...] = ()
    active: bool | None = None
    since: datetime | None = None


class Sorting:
    """A part with behavior, to see that parts arrive."""

    def __init__(self) -> None:
        self.calls: list[Any] = []


@endpoint(
    "POST",
    "/things",
    tag="Things",
    status=201,
    errors=(Refused(Kind.CONFLICT, "thing.taken", "There is one already.", {"id": "thing_1"}),),
    example={"lines": [{"sku": "MUG", "quantity": 1}]},
)
async def make_thing(data: ThingBody, actor: Actor, key: IdempotencyKey | None, sorting: Sorting) -> One[ThingView]:
    """Make a thing.

    A longer word about it.
    """
    sorting.calls.append((data, actor, key))
    return One(ThingView(id="thing_7", version=1, name="new"), status=201, location="/things/thing_7")


@endpoint("GET", "/things", tag="Things")
async def list_things(query: ThingQuery, sorting: Sorting) -> Many[ThingView]:
    """Things, a page at a time."""
    sorting.calls.append(query)
    items = tuple(ThingView(id=f"thing_{n}", version=1, name=f"n{n}") for n in range(query.limit))
    total = None if query.page is None else 45
    return Many(Page(items=items, next_cursor=None if query.page else "c2", total=total), query)


@endpoint("GET", "/things/{thing_id}", tag="Things")
async def get_thing(thing_id: ThingId) -> One[ThingView]:
    """One thing."""
    if thing_id == "thing_404":
        raise NotFound("thing", thing_id)
    return One(ThingView(id=thing_id, version=3, name="old"), links={"all": "/things"})


Token = Annotated[str | None, Header("X-Thing-Token", "Who holds it may change the thing.")]


@endpoint("PATCH", "/things/{thing_id}", tag="Things")
async def change_thing(
    thing_id: ThingId, data: Line | None, expected_version: int | None, token: Token
) -> One[ThingView]:
    """Change a thing."""
    if expected_version not in (None, 3):
        raise PreconditionFailed(thing_id, expected=expected_version or 0, actual=3)
    return One(ThingView(id=thing_id, version=4, name="changed", seen=(data is None, expected_version, token)))


@endpoint("DELETE", "/things/{thing_id}", tag="Things", status=204, access=signed_in())
async def delete_thing(thing_id: ThingId, actor: Actor) -> Nothing:
    """Delete a thing."""
    return Nothing()


@endpoint("POST", "/replays/{what}", tag="Things", status=201)
async def replay_thing(what: str, key: IdempotencyKey | None) -> One[ThingView]:
    """What an idempotency key gives the second time."""
    if key is not None:
        key.replayed = True
    if what == "refusal":
        stored = Refusal(kind=Kind.CONFLICT, code="stock.insufficient", detail="Only 1 left.", data={"left": 1})
        replay(Outcome(refusal=stored), ThingView)
    return One(ThingView(id="thing_7", version=1, name="again"), status=201)


_RAISED: dict[str, Exception] = {
    "invalid": Invalid("thing.wrong", "Two faults.", Fault("/a", "First."), Fault("/b", "Second.", "second")),
    "unauthenticated": TradepostError(Kind.UNAUTHENTICATED, "auth.required", "Sign in."),
    "forbidden": TradepostError(Kind.FORBIDDEN, "auth.forbidden", "No."),
    "not_found": NotFound("thing", "thing_1"),
    "conflict": Conflict("idempotency.in_flight", "Wait.", {"retry_after": 2}),
    "precondition_failed": PreconditionFailed("thing_1", expected=1, actual=2),
    "payment_declined": TradepostError(Kind.PAYMENT_DECLINED, "payment.declined", "No.", {"order_id": "order_1"}),
    "rate_limited": TradepostError(Kind.RATE_LIMITED, "rate.limited", "Slow.", {"retry_after": 30}),
    "unavailable": Unavailable("database", "Busy."),
    "cheeky": Conflict("thing.cheeky", "No.", {"status": 200, "code": "ok", "extra": 1}),
    "crash": RuntimeError("the password is hunter2"),
}


@endpoint("GET", "/errors/{kind}", tag="Errors")
async def fail(kind: str) -> One[ThingView]:
    """Raise."""
    raise _RAISED[kind]


ROUTES = (
    *routes.health.ROUTES,
    *routes.docs.ROUTES,
    make_thing,
    list_things,
    get_thing,
    change_thing,
    delete_thing,
    replay_thing,
    fail,
)

STAFF = Actor(id="user_1", role=Role.MANAGER)


class Services:
    """What the toy stands on."""

    def __init__(self, checks: Sequence[Check] = ()) -> None:
        self.sorting = Sorting()
        self.open = False
        self._checks = checks

    def part(self, name: str) -> object:
        return {"sorting": self.sorting}[name]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.open = True
        yield
        self.open = False

    def checks(self) -> Sequence[Check]:
        return self._checks

    async def authenticate(self, call: Call) -> Actor:
        if call.headers.get(b"authorization") != b"Bearer good":
            raise TradepostError(Kind.UNAUTHENTICATED, "auth.invalid_token", "The access token is not valid.")
        return STAFF


def application(services: Services | None = None, **options: Any) -> Litestar:
    return create_app(services or Services(), **{"endpoints": ROUTES, **options})


def client(app: Litestar) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop.test", trust_env=False)  # type: ignore[arg-type]


GOOD = {"lines": [{"sku": "MUG", "quantity": 2}]}
JSON = {"content-type": "application/json"}

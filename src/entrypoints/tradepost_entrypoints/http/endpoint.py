"""One route, declared once: what it reads, what it answers, what can go wrong. Serving and describing both follow from it.

A route is a function whose parameters say what it needs:

    @endpoint("POST", "/orders", tag="Orders", status=201, errors=(...,))
    async def place_order(data: PlaceOrderBody, actor: Actor, key: IdempotencyKey | None, place_order: PlaceOrder) -> One[OrderView]:

- a name in the path (`{order_id}`): that path parameter, checked against its annotation;
- `data`: the JSON body; `query`: the query string; both Structs;
- `actor`: who asks; `client`: where from; `key`: the Idempotency-Key; `expected_version`: the version in If-Match;
- `request`: the request itself, for a route that is about how one asks;
- one annotated with `Header(name)`: that header, None without it;
- `form`: the body of a form, annotated `Annotated[bytes, Form(Fields)]`; the route reads it, Fields describes it;
- `raw`: the body as it came, for whoever checks a signature over it;
- anything else: a use case or another part of the application by that name, looked up once at start.

Who may call it is what its use cases declare (`tradepost.kernel.declared`): a guest who could only be refused is
refused before anything is read. Everything wrong with path, query, headers and body is refused together.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from litestar import HttpMethod, Request
from litestar.handlers import HTTPRouteHandler

from tradepost.kernel.access import GUEST, Actor, Permission
from tradepost.kernel.declared import Access
from tradepost.kernel.errors import Kind, TradepostError
from tradepost_entrypoints.http.body import BodyReader, read_body
from tradepost_entrypoints.http.call import Call, call_of
from tradepost_entrypoints.http.envelope import API, Answer, Failed, Many, One
from tradepost_entrypoints.http.faults import unknown
from tradepost_entrypoints.http.guard import Guard, RouteLimit
from tradepost_entrypoints.http.parameters import NoQuery, PathReader, Query, QueryReader
from tradepost_entrypoints.http.preconditions import expected_version, idempotency_key
from tradepost_entrypoints.http.problems import BadRequest, ProblemFault
from tradepost_entrypoints.http.response import HttpResponse
from tradepost_entrypoints.http.signatures import check_digest

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Authenticate = Callable[[Call], Awaitable[Actor]]
"""Tells from the headers who asks. Called when there is an Authorization or a Cookie header; raises `unauthenticated`
for a bad one."""

_READ = frozenset({"data", "query", "actor", "client", "request", "key", "expected_version", "form", "raw"})


@dataclass(frozen=True)
class Header:
    """Says that a parameter comes in a header: `order_token: Annotated[str | None, Header("X-Order-Token", "…")]`."""

    name: str
    description: str


@dataclass(frozen=True)
class Form:
    """Says that the body is a form (`application/x-www-form-urlencoded`) with the fields of this Struct."""

    fields: type[msgspec.Struct]


class Refusal(msgspec.Struct, frozen=True):
    """A business refusal this route can give, for its description: `Refusal(Kind.CONFLICT, "stock.insufficient", "…")`."""

    kind: Kind
    code: str
    detail: str
    data: dict[str, Any] = {}


@dataclass(frozen=True, kw_only=True, eq=False)
class Endpoint:
    """A declared route. Made by `endpoint`, served by `handler_of`, described by `openapi.document`."""

    method: Method
    path: str
    """The whole path, with `{parameters}`."""
    call: Callable[..., Awaitable[Answer[Any]]]
    tag: str
    status: int
    also: tuple[int, ...]
    probe: bool
    errors: tuple[Refusal, ...]
    example: Mapping[str, Any] | None
    hidden: bool
    access: Access | None
    limit: RouteLimit
    cookies: bool
    failure: type[msgspec.Struct] | None
    parameters: Mapping[str, Any] = field(init=False)
    answer: Any = field(init=False)

    def __post_init__(self) -> None:
        hints = get_type_hints(self.call, include_extras=True)
        object.__setattr__(self, "answer", hints.pop("return"))
        object.__setattr__(self, "parameters", hints)
        missing = [name for name in self.path_names if name not in hints]
        if missing:
            raise TypeError(f"{self.name} does not take {', '.join(missing)} from its path {self.path}.")

    @property
    def name(self) -> str:
        return str(self.call.__name__)

    @property
    def path_names(self) -> list[str]:
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]

    @property
    def path_parameters(self) -> dict[str, Any]:
        return {name: self.parameters[name] for name in self.path_names}

    @property
    def needs(self) -> list[str]:
        """The names of the use cases and other parts it wants from the application."""
        read = {*_READ, *self.path_names, *self.headers}
        return [name for name in self.parameters if name not in read]

    @property
    def accesses(self) -> tuple[Access, ...]:
        """What its use cases declare; where it calls none, what it declares itself."""
        of_parts = (getattr(self.parameters[name], "access", None) for name in self.needs)
        return tuple(access for access in (*of_parts, self.access) if isinstance(access, Access))

    @property
    def signed_in(self) -> bool:
        """Whether a guest is refused before anything is read."""
        return any(access.needs_account for access in self.accesses)

    @property
    def permissions(self) -> tuple[Permission, ...]:
        """Those it takes, all of them, or for what belongs to somebody else."""
        return tuple(dict.fromkeys(each for access in self.accesses for each in access.permissions))

    @property
    def headers(self) -> dict[str, Header]:
        """The parameters that come in headers."""
        return {
            name: mark
            for name, kind in self.parameters.items()
            for mark in get_args(kind)[1:]
            if isinstance(mark, Header)
        }

    @property
    def body(self) -> tuple[Any, bool] | None:
        """The type of the body, and whether it may be left out."""
        if "data" not in self.parameters:
            return None
        wanted = self.parameters["data"]
        if get_origin(wanted) in (Union, UnionType) and NoneType in get_args(wanted):
            rest = tuple(member for member in get_args(wanted) if member is not NoneType)
            return Union[rest], True  # noqa: UP007 - built from a tuple
        return wanted, False

    @property
    def form(self) -> type[msgspec.Struct] | None:
        """The fields of the form it takes."""
        marks = get_args(self.parameters.get("form"))[1:]
        return next((mark.fields for mark in marks if isinstance(mark, Form)), None)

    @property
    def raw(self) -> bool:
        """Whether it takes the body as it came."""
        return "raw" in self.parameters

    @property
    def view(self) -> Any:
        """What the answer shows: the type inside One, Many or Plain."""
        return get_args(self.answer)[0] if get_args(self.answer) else None

    @property
    def fields(self) -> tuple[str, ...]:
        """What `?fields=` can choose from."""
        view = get_origin(self.view) or self.view
        enveloped = get_origin(self.answer) in (One, Many)
        if enveloped and isinstance(view, type) and issubclass(view, msgspec.Struct):
            return view.__struct_encode_fields__
        return ()

    @property
    def query(self) -> type[msgspec.Struct]:
        """The Struct of its query string: its own, `fields` alone where it shows one resource, or nothing."""
        declared = self.parameters.get("query")
        if declared is not None:
            assert isinstance(declared, type)  # noqa: S101 - a Struct class, by the contract of `query`
            return declared
        return Query if self.method == "GET" and get_origin(self.answer) is One else NoQuery


def endpoint(
    method: Method,
    path: str,
    *,
    tag: str,
    status: int = 200,
    also: tuple[int, ...] = (),
    probe: bool = False,
    errors: tuple[Refusal, ...] = (),
    example: Mapping[str, Any] | None = None,
    hidden: bool = False,
    access: Access | None = None,
    limit: RouteLimit = "ordinary",
    cookies: bool = True,
    failure: type[msgspec.Struct] | None = None,
) -> Callable[[Callable[..., Awaitable[Answer[Any]]]], Endpoint]:
    """Declare a route under /api/v1. The function's name is the operationId, its docstring the description.

    `status` is that of success, `also` others that are success too; `errors` and `example` (a body) are for the
    description. A `probe` lives outside /api/v1 and asks nobody's name; a `hidden` one is not described. `access` is
    for a route that calls no use case: who may call it is otherwise what its use cases declare. `limit` is "credentials"
    for a route that takes or gives something one signs in with: it may be called less often; "uncounted" for one that may
    be called as often as it takes. One with `failure` speaks
    a protocol of its own: it lives outside /api/v1, finds out by itself who asks, and says by this Struct what is wrong. Without `cookies` the session
    cookie a browser still has is not looked at: for routes by which one signs in anew.
    """

    def declare(call: Callable[..., Awaitable[Answer[Any]]]) -> Endpoint:
        return Endpoint(
            method=method,
            path=path if probe or failure is not None else API + path,
            call=call,
            tag=tag,
            status=status,
            also=also,
            probe=probe,
            errors=errors,
            example=example,
            hidden=hidden,
            access=access,
            limit=limit,
            cookies=cookies,
            failure=failure,
        )

    return declare


def handler_of(
    declared: Endpoint, parts: Mapping[str, object], authenticate: Authenticate, guard: Guard | None = None
) -> HTTPRouteHandler:
    """The Litestar handler of a route. It takes the bare request: what Litestar would inject is injected here.

    Litestar resolves two or more dependencies of a route in a task group, which costs more than most use cases do.
    """
    reader = _Reader(declared)
    constants = {name: parts[name] for name in declared.needs}
    call_route = declared.call
    probe, limit, cookies, protocol = declared.probe, declared.limit, declared.cookies, declared.failure is not None
    signed_in = declared.signed_in and not protocol

    async def handle(request: Request[Any, Any, Any]) -> HttpResponse:
        call = call_of(request.scope)
        if not probe:
            if not protocol and (b"authorization" in call.headers or (cookies and b"cookie" in call.headers)):
                try:
                    call.actor = await authenticate(call)
                except TradepostError:
                    if guard is not None:
                        await guard.admit(call, limit)  # as nobody: trying out tokens counts for the address
                    raise
            if guard is not None:
                await guard.admit(call, limit)
            if signed_in and call.actor is GUEST:
                raise TradepostError(Kind.UNAUTHENTICATED, "auth.required", "Sign in first: this needs an account.")
        arguments = await reader.read(call, request)
        try:
            answer = await call_route(**constants, **arguments)
        except Failed as failed:
            answer = failed.answer
        return answer.respond(call)

    handle.__name__ = handle.__qualname__ = declared.name
    path = declared.path.replace("}", ":str}")
    # The status is the answer's; Litestar insists on one that may have a body.
    return HTTPRouteHandler(path, http_method=HttpMethod(declared.method), name=declared.name, status_code=200)(handle)


def options_of(path: str, declared: Iterable[Endpoint]) -> HTTPRouteHandler:
    """The answer to OPTIONS for a path: what is possible there. (Litestar's own knows only the last route of a path.)"""
    methods = {"OPTIONS"}
    for one in declared:
        methods |= {"GET", "HEAD"} if one.method == "GET" else {one.method}
    allow = ", ".join(sorted(methods)).encode()

    async def options(request: Request[Any, Any, Any]) -> HttpResponse:
        return HttpResponse(204, headers=[(b"allow", allow)], media_type=None)

    return HTTPRouteHandler(path.replace("}", ":str}"), http_method=HttpMethod.OPTIONS, status_code=200)(options)


class _Reader:
    """Reads the arguments of one route from a request. Compiled once."""

    def __init__(self, declared: Endpoint) -> None:
        names = declared.parameters
        self._path = PathReader(declared.path_parameters)
        self._query = QueryReader(declared.query)
        body = declared.body
        self._body = None if body is None else BodyReader(body[0], optional=body[1])
        self._wants_form = "form" in names
        self._wants_raw = declared.raw
        self._wants_query = "query" in names
        self._wants_actor = "actor" in names
        self._wants_client = "client" in names
        self._wants_request = "request" in names
        self._wants_key = "key" in names
        self._wants_version = "expected_version" in names
        self._headers = [(name, mark.name.lower().encode()) for name, mark in declared.headers.items()]
        self._fields = declared.fields

    async def read(self, call: Call, request: Request[Any, Any, Any]) -> dict[str, Any]:
        faults: list[ProblemFault] = []
        arguments: dict[str, Any] = {}
        body = b""
        if self._body is not None or self._wants_form or self._wants_raw:
            body = await read_body(call, request.receive)
            check_digest(call, body)
        self._path.read(request.scope["path_params"], arguments, faults)
        query = self._query.read(request.scope["query_string"], faults)
        if query is not None:
            self._choose_fields(call, query, faults)
        if self._wants_form:
            arguments["form"] = body
        if self._wants_raw:
            arguments["raw"] = body
        if self._wants_query:
            arguments["query"] = query
        if self._wants_actor:
            arguments["actor"] = call.actor
        if self._wants_request:
            arguments["request"] = call
        if self._wants_client:
            arguments["client"] = call.client()
        for name, header in self._headers:
            value = call.headers.get(header)
            arguments[name] = None if value is None else value.decode("latin-1")
        if self._wants_version:
            arguments["expected_version"] = expected_version(call, faults)
        if self._wants_key:
            arguments["key"] = call.key = idempotency_key(call, body, faults)
        if self._body is not None:
            arguments["data"] = self._body.read(call, body, faults)
        if faults:
            raise BadRequest(400, "request.invalid", _summary(faults), faults)
        return arguments

    def _choose_fields(self, call: Call, query: Any, faults: list[ProblemFault]) -> None:
        wanted = getattr(query, "fields", None)
        if wanted is None:
            return
        names = tuple(dict.fromkeys(wanted.split(",")))
        for name in names:
            if name not in self._fields:
                detail = unknown(name, self._fields, "field")
                faults.append(ProblemFault(parameter="fields", detail=detail, code="unknown"))
        call.fields = names


def _summary(faults: list[ProblemFault]) -> str:
    if len(faults) == 1:
        return f"One thing is wrong with the request: {faults[0].detail}"
    return f"{len(faults)} things are wrong with the request; see errors."

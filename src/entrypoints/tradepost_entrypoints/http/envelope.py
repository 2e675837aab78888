"""What routes answer with. One resource is `{"data", "links", "meta"}`; a list adds `pagination`.

A view is encoded once, by msgspec; the envelope is put around the bytes.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode
from zlib import crc32

import msgspec

from tradepost.kernel.pages import Page
from tradepost_entrypoints.http.call import Call
from tradepost_entrypoints.http.parameters import PageQuery
from tradepost_entrypoints.http.preconditions import not_modified
from tradepost_entrypoints.http.response import Headers, HttpResponse

T = TypeVar("T")
API = "/api/v1"

_encode = msgspec.json.Encoder().encode


class Meta(msgspec.Struct, frozen=True):
    """Which request this answers, and when."""

    request_id: str
    timestamp: datetime


class Resource(msgspec.Struct, Generic[T], frozen=True):
    """One resource. `links.self` is where to read it again."""

    data: T
    links: dict[str, str]
    meta: Meta


class Pagination(msgspec.Struct, frozen=True, kw_only=True):
    """Where this page stands. `total` comes with numbered pages only, and counts no further than 10,000."""

    limit: int
    has_more: bool
    next_cursor: str | None = None
    page: int | None = None
    total: int | None = None


class Listing(msgspec.Struct, Generic[T], frozen=True):
    """One page of resources. `links.next` leads to the next one, when there is one."""

    data: list[T]
    links: dict[str, str]
    pagination: Pagination
    meta: Meta


class Answer(Generic[T]):
    """What a route returns: a view and how to send it. The type parameter is what the API description shows."""

    def respond(self, call: Call) -> HttpResponse:
        raise NotImplementedError


class One(Answer[T]):
    """One resource. A view with a `version` gets an ETag.

    `location` is the path under /api/v1 where the resource lives; it becomes `links.self` and, with status 201, the
    Location header. Without it, `links.self` is the path of the request. A `secret` answer is kept by no cache at all.
    `headers` are sent besides.
    """

    def __init__(
        self,
        view: T,
        *,
        status: int = 200,
        location: str | None = None,
        links: Mapping[str, str] | None = None,
        secret: bool = False,
        headers: Headers | None = None,
    ) -> None:
        self._view = view
        self._status = status
        self._location = location
        self._links = links
        self._secret = secret
        self._extra = headers or []

    def respond(self, call: Call) -> HttpResponse:
        own = call.path if self._location is None else API + self._location
        data = _encode(_only(call.fields, self._view))
        # A guest's token is told in the view itself.
        headers = _headers(call, secret=self._secret or getattr(self._view, "token", None) is not None)
        headers += self._extra
        if self._status == 201:
            headers.append((b"location", own.encode()))
        version = getattr(self._view, "version", None)
        if version is not None:
            etag = b'"%d-%08x"' % (version, crc32(data))
            headers.append((b"etag", etag))
            if call.method == "GET" and not_modified(call, etag):
                return HttpResponse(304, headers=headers, media_type=None)
        links = {"self": own, **{name: API + path for name, path in (self._links or {}).items()}}
        body = Resource(msgspec.Raw(data), links, Meta(call.request_id, call.received_at))
        return HttpResponse(self._status, _encode(body), headers)


class Many(Answer[T]):
    """One page of a list, as the read port gave it."""

    def __init__(self, page: Page[T], query: PageQuery) -> None:
        self._page = page
        self._query = query

    def respond(self, call: Call) -> HttpResponse:
        page, query = self._page, self._query
        numbered = query.page is not None
        has_more = page.next_cursor is not None if page.total is None else (query.page or 1) * query.limit < page.total
        links = {"self": _with(call, {})}
        if has_more:
            ahead = {"page": str((query.page or 1) + 1)} if numbered else {"cursor": page.next_cursor or ""}
            links["next"] = _with(call, ahead)
        if query.page is not None and query.page > 1:
            links["prev"] = _with(call, {"page": str(query.page - 1)})
        body = Listing(
            [_only(call.fields, item) for item in page.items],
            links,
            Pagination(
                limit=query.limit,
                has_more=has_more,
                next_cursor=page.next_cursor,
                page=query.page,
                total=page.total,
            ),
            Meta(call.request_id, call.received_at),
        )
        return HttpResponse(200, _encode(body), _headers(call))


class Plain(Answer[T]):
    """A document without the envelope, for machines that know nothing of it: probes, the API description."""

    def __init__(self, view: T, *, status: int = 200, headers: Headers | None = None) -> None:
        self._view = view
        self._status = status
        self._own = headers

    def respond(self, call: Call) -> HttpResponse:
        headers = _headers(call) if self._own is None else [*self._own]
        return HttpResponse(self._status, _encode(self._view), headers)


class Failed(Exception):
    """Raised by a route with a way of its own to say what is wrong: this is the answer."""

    def __init__(self, answer: Answer[Any]) -> None:
        super().__init__("refused")
        self.answer = answer


class Text(Answer[str]):
    """A document that is not JSON, of a media type of its own."""

    def __init__(self, body: bytes, media_type: str, headers: Headers | None = None) -> None:
        self._body = body
        self._media_type = media_type
        self._extra = headers or []

    def respond(self, call: Call) -> HttpResponse:
        return HttpResponse(200, self._body, [*self._extra], media_type=self._media_type.encode())


class Nothing(Answer[None]):
    """It is done, and there is nothing to say (204)."""

    def __init__(self, headers: Headers | None = None) -> None:
        self._extra = headers or []

    def respond(self, call: Call) -> HttpResponse:
        return HttpResponse(204, headers=[*_headers(call), *self._extra], media_type=None)


def _headers(call: Call, *, secret: bool = False) -> Headers:
    """What every answer about the shop carries: not to be kept by caches in between (or, with a credential in it, by any),
    and whether it was a stored one."""
    headers: Headers = [(b"cache-control", b"no-store" if secret else b"private, no-cache")]
    if call.key is not None and call.key.replayed:
        headers.append((b"idempotent-replayed", b"true"))
    return headers


def _only(fields: tuple[str, ...], view: Any) -> Any:
    """The view, or just the fields asked for."""
    if not fields:
        return view
    return {name: getattr(view, name) for name in fields}


def _with(call: Call, changes: dict[str, str]) -> str:
    """This request's own path and query, with parameters changed."""
    query = call.scope["query_string"].decode("ascii")
    if changes:
        pairs = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name not in changes]
        query = urlencode([*pairs, *changes.items()])
    return f"{call.path}?{query}" if query else call.path

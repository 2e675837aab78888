"""The one place that maps what went wrong to an HTTP status, as RFC 9457 problem documents.

One rule divides 400 from 422: what the published schema refuses is 400, what the schema allows and the shop refuses is
422. A 400 lists every fault of path, query, headers and body at once, each with where it is: `pointer` (a JSON Pointer,
RFC 6901, into the body), `parameter` or `header`.
"""

import logging
from http import HTTPStatus
from typing import Any, Literal

import msgspec
from litestar import Request
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.exceptions import NotFoundException as RouteNotFound

from tradepost.kernel.errors import Fault, Kind, TradepostError
from tradepost_entrypoints.http.browsers import FORGET
from tradepost_entrypoints.http.call import Call, ClientGone, call_of
from tradepost_entrypoints.http.response import PROBLEM, Headers, HttpResponse

logger = logging.getLogger("tradepost.http")

STATUS: dict[Kind, int] = {
    Kind.INVALID: 422,
    Kind.UNAUTHENTICATED: 401,
    Kind.PAYMENT_DECLINED: 402,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.PRECONDITION_FAILED: 412,
    Kind.RATE_LIMITED: 429,
    Kind.UNAVAILABLE: 503,
}
_DEFAULT_RETRY = {Kind.UNAVAILABLE: 1, Kind.RATE_LIMITED: 1}
TYPE_BASE = "urn:tradepost:problem:"
"""A problem's `type` is this and its code: a name, not an address (RFC 9457, section 3.1.1, allows any URI)."""


class ProblemFault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fault, and where it is: in the body (`pointer`), in the path or query (`parameter`) or in a `header`."""

    detail: str
    code: str = "invalid"
    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An RFC 9457 problem document. Programs read `code`; people read `detail`. Some codes add members of their own."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    errors: tuple[ProblemFault, ...] = ()


class BadRequest(Exception):
    """The request itself is wrong: a status below 422 and every fault found."""

    def __init__(
        self,
        status: Literal[400, 413, 415],
        code: str,
        detail: str,
        faults: list[ProblemFault] | None = None,
        headers: Headers | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.faults = tuple(faults or ())
        self.headers = headers or []


def problem(
    call: Call,
    status: int,
    code: str,
    detail: str,
    *,
    faults: tuple[ProblemFault, ...] = (),
    data: dict[str, Any] | None = None,
    headers: Headers | None = None,
) -> HttpResponse:
    """A problem document as a response. `data` becomes extension members; it never replaces a standard one."""
    call.code = code
    document = Problem(
        type=TYPE_BASE + code,
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=call.path,
        code=code,
        request_id=call.request_id,
        errors=faults,
    )
    members: Any = document
    if data:
        standard = msgspec.to_builtins(document)
        members = {**standard, **{name: value for name, value in data.items() if name not in standard}}
    return HttpResponse(
        status,
        msgspec.json.encode(members),
        [(b"cache-control", b"no-store"), *(headers or ())],
        media_type=PROBLEM,
    )


def on_exception(request: Request[Any, Any, Any], error: Exception) -> HttpResponse:
    """The one exception handler of the application."""
    if isinstance(error, ClientGone):
        raise error
    call = call_of(request.scope)
    if isinstance(error, TradepostError):
        return refusal(call, error)
    if isinstance(error, BadRequest):
        response = problem(call, error.status, error.code, error.detail, faults=error.faults, headers=error.headers)
        response.linger = error.status == 413
        return response
    if isinstance(error, HTTPException) and error.status_code < 500:
        return _of_router(call, request, error)
    logger.error("unhandled error", exc_info=error, extra={"fields": {"request_id": call.request_id}})
    return problem(
        call,
        500,
        "internal",
        "Something went wrong on our side. It has been logged under the request id; nothing was wrong with the request.",
    )


def refusal(call: Call, error: TradepostError) -> HttpResponse:
    """A refusal of the business as a problem document."""
    headers: Headers = []
    retry_after = error.data.get("retry_after", _DEFAULT_RETRY.get(error.kind))
    if retry_after is not None:
        headers.append((b"retry-after", b"%d" % max(1, int(retry_after))))
    if error.kind is Kind.UNAUTHENTICATED or error.code == "auth.scope_missing":
        headers.append((b"www-authenticate", _challenge(call, error)))
    if error.code == "auth.session_ended":
        headers += FORGET
    if error.replayed:
        headers.append((b"idempotent-replayed", b"true"))
    return problem(
        call,
        STATUS[error.kind],
        error.code,
        error.detail,
        faults=tuple(_fault(fault) for fault in error.faults),
        data=error.data,
        headers=headers,
    )


def _challenge(call: Call, error: TradepostError) -> bytes:
    if error.code == "auth.step_up_required":  # RFC 9470, section 3
        max_age = int(error.data.get("max_age", 0))
        return b'Bearer realm="tradepost", error="insufficient_user_authentication", max_age=%d' % max_age
    if error.code == "auth.scope_missing":  # RFC 6750, section 3.1
        scope = str(error.data.get("permission", "")).encode()
        return b'Bearer realm="tradepost", error="insufficient_scope", scope="%b"' % scope
    if b"authorization" in call.headers:
        return b'Bearer realm="tradepost", error="invalid_token"'  # RFC 6750, section 3.1
    return b'Bearer realm="tradepost"'


def _fault(fault: Fault) -> ProblemFault:
    return ProblemFault(detail=fault.detail, pointer=fault.pointer, code=fault.code)


def _of_router(call: Call, request: Request[Any, Any, Any], error: HTTPException) -> HttpResponse:
    if isinstance(error, RouteNotFound):
        return problem(
            call, 404, "route.not_found", f"There is nothing at {call.path}; see /api/docs for what there is."
        )
    if isinstance(error, MethodNotAllowedException):
        allowed = _allowed(request)
        return problem(
            call,
            405,
            "method.not_allowed",
            f"{call.method} is not possible here; possible: {', '.join(allowed)}.",
            data={"allowed": allowed},
            headers=[(b"allow", ", ".join(allowed).encode())],
        )
    return problem(call, error.status_code, "request.malformed", error.detail)


def _allowed(request: Request[Any, Any, Any]) -> list[str]:
    """The methods this path has, which RFC 9110 wants in every 405."""
    router = request.app.asgi_router
    found = []
    for method in HttpMethod:
        try:
            router.handle_routing(path=request.scope["path"].rstrip("/") or "/", method=method.value)
        except HTTPException:
            continue
        found.append(method.value)
        if method is HttpMethod.GET:
            found.append("HEAD")  # answered by the middleware
    return sorted(found)

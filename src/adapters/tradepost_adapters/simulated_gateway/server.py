"""The simulated gateway behind HTTP: the same book, for shops in other processes and for the buyer's browser.

- `POST /operations` takes a request and answers it; `GET /operations?id=…` is `find`; `GET /entries?since=…&cursor=…`;
- `GET` and `POST /actions/{reference}` is the page for the buyer; `POST /confirmations` the same for programs;
- disputes, the balance and what happens at the bank: see `back_office`;
- `GET /health`.

An answer that is lost is a 500, one that comes too late a 500 after `timeout_seconds`.
"""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import msgspec
import uvicorn
from litestar import Litestar, MediaType, Request, Response, get, post

from tradepost.kernel.errors import Kind, TradepostError
from tradepost.payments.gateway import GatewayOutcomeUnknown, GatewayRequest
from tradepost_adapters.simulated_gateway import back_office
from tradepost_adapters.simulated_gateway.answers import as_json, page_of
from tradepost_adapters.simulated_gateway.book import Book, Terms
from tradepost_adapters.simulated_gateway.gateway import SimulatedGateway
from tradepost_adapters.simulated_gateway.page import action_page, unknown_page
from tradepost_adapters.simulated_gateway.sender import EventSender

_STATUSES = {Kind.NOT_FOUND: 404, Kind.INVALID: 422}
_MAX_BODY = 64 * 1024
_KEEP_ALIVE_SECONDS = 75
_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"}


class _Confirmation(msgspec.Struct, frozen=True):
    reference: str
    approve: bool


_requests: msgspec.json.Decoder[GatewayRequest] = msgspec.json.Decoder(GatewayRequest)
_confirmations = msgspec.json.Decoder(_Confirmation)


def make_app(gateway: SimulatedGateway, sender: EventSender | None = None) -> Litestar:
    """The application over an opened gateway, which it closes when it shuts down; `sender` tells of it while it runs."""

    @post("/operations")
    async def send(request: Request[Any, Any, Any]) -> Response[bytes]:
        return as_json(await gateway.send(_requests.decode(await request.body())))

    @get("/operations")
    async def find(request: Request[Any, Any, Any]) -> Response[bytes]:
        return as_json(await gateway.find(request.query_params.get("id", "")))

    @get("/entries")
    async def entries(request: Request[Any, Any, Any]) -> Response[bytes]:
        since, cursor = page_of(request)
        return as_json(await gateway.entries(since, cursor=cursor))

    @post("/confirmations")
    async def confirm(request: Request[Any, Any, Any]) -> Response[bytes]:
        confirmation = _confirmations.decode(await request.body())
        return as_json(await gateway.confirm(confirmation.reference, approve=confirmation.approve))

    @get("/actions/{reference:str}")
    async def show(reference: str) -> Response[str]:
        return await _page(gateway, reference)

    @post("/actions/{reference:str}")
    async def decide(reference: str, request: Request[Any, Any, Any]) -> Response[str]:
        chosen = parse_qs((await request.body()).decode("ascii", "replace")).get("approve")
        if chosen in (["true"], ["false"]):
            try:
                await gateway.confirm(reference, approve=chosen == ["true"])
            except TradepostError as error:
                if error.kind is not Kind.NOT_FOUND:
                    raise
        return await _page(gateway, reference)

    @get("/health")
    async def health() -> Response[bytes]:
        await gateway.find("health")
        return as_json({"status": "ok"})

    async def close() -> None:
        await gateway.close()

    return Litestar(
        [send, find, entries, confirm, show, decide, health, *back_office.routes(gateway)],
        lifespan=[] if sender is None else [lambda _: sender.running()],
        on_shutdown=[close],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=_MAX_BODY,
        exception_handlers={TradepostError: _refused, msgspec.MsgspecError: _malformed},
    )


async def _page(gateway: SimulatedGateway, reference: str) -> Response[str]:
    try:
        html, status = action_page(await gateway.authorization(reference)), 200
    except TradepostError as error:
        if error.kind is not Kind.NOT_FOUND:
            raise
        html, status = unknown_page(), 404
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=_HEADERS)


def _refused(request: Request[Any, Any, Any], error: TradepostError) -> Response[bytes]:
    unknown = isinstance(error, GatewayOutcomeUnknown)
    problem = {"code": error.code, "detail": error.detail}
    return as_json(problem, 500 if unknown else _STATUSES.get(error.kind, 503))


def _malformed(request: Request[Any, Any, Any], error: msgspec.MsgspecError) -> Response[bytes]:
    """A 400 that does not repeat what was sent: it may hold what must not be written anywhere."""
    return as_json({"code": "request.malformed", "detail": "The request is not one this gateway understands."}, 400)


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """How the gateway is served. With `webhooks_to` it tells the shop there what happens, signed with `webhook_secret`."""

    host: str
    port: int
    slow_seconds: float
    timeout_seconds: float
    action_url: str | None = None
    terms: Terms = Terms()
    faults: str = ""
    webhooks_to: str | None = None
    webhook_secret: str = ""


def serve(book: Path, service: Service) -> None:
    """Serve a book until the process is told to stop. Raises `gateway.unavailable` when it can not be opened."""
    opened = Book.at(
        book, action_url=service.action_url or f"http://{service.host}:{service.port}", terms=service.terms
    )
    opened.script(service.faults)
    gateway = SimulatedGateway(
        opened, threaded=True, slow_seconds=service.slow_seconds, timeout_seconds=service.timeout_seconds
    )
    to = service.webhooks_to
    # No access log: it would cost more than the request. Nobody waits for answers that hang on purpose.
    uvicorn.run(
        make_app(gateway, None if to is None else EventSender(gateway, to, service.webhook_secret)),
        host=service.host,
        port=service.port,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
    )

"""The simulated gateway as a process of its own, spoken to over HTTP."""

from datetime import datetime
from types import TracebackType
from typing import Any, TypeVar

import httpx
import msgspec

from tradepost.kernel.errors import Invalid, Kind, TradepostError
from tradepost.payments.gateway import GatewayAnswer, GatewayEntry, GatewayOutcomeUnknown, GatewayRequest
from tradepost_adapters.simulated_gateway.gateway import TIMEOUT_SECONDS

R = TypeVar("R")
_CONNECT_SECONDS = 2.0
_CONNECTIONS = 100

_answers: msgspec.json.Decoder[GatewayAnswer] = msgspec.json.Decoder(GatewayAnswer)
_maybe_answers: msgspec.json.Decoder[GatewayAnswer | None] = msgspec.json.Decoder(GatewayAnswer | None)
_pages: msgspec.json.Decoder[tuple[tuple[GatewayEntry, ...], str | None]] = msgspec.json.Decoder(
    tuple[tuple[GatewayEntry, ...], str | None]
)


class RemoteSimulatedGateway:
    """A `PaymentGateway` at `url`. Anything but an answer that can be read is `GatewayOutcomeUnknown`."""

    def __init__(self, url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._client = httpx.AsyncClient(
            base_url=url,
            timeout=httpx.Timeout(timeout_seconds, connect=min(_CONNECT_SECONDS, timeout_seconds)),
            limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
            trust_env=False,  # a proxy of the host's has no part in this
        )

    @property
    def name(self) -> str:
        return "simulated"

    async def send(self, request: GatewayRequest, /) -> GatewayAnswer:
        return await self._ask("POST", "/operations", _answers, content=msgspec.json.encode(request))

    async def find(self, operation_id: str, /) -> GatewayAnswer | None:
        return await self._ask("GET", "/operations", _maybe_answers, params={"id": operation_id})

    async def entries(
        self, since: datetime, /, *, cursor: str | None = None
    ) -> tuple[tuple[GatewayEntry, ...], str | None]:
        params = {"since": since.isoformat()} | ({} if cursor is None else {"cursor": cursor})
        return await self._ask("GET", "/entries", _pages, params=params)

    async def confirm(self, reference: str, *, approve: bool) -> GatewayAnswer:
        """What the buyer does on the page: see `Book.confirm`."""
        content = msgspec.json.encode({"reference": reference, "approve": approve})
        return await self._ask("POST", "/confirmations", _answers, content=content)

    async def close(self) -> None:
        await self._client.aclose()

    async def __aenter__(self) -> "RemoteSimulatedGateway":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _ask(self, method: str, path: str, decoder: msgspec.json.Decoder[R], **sent: Any) -> R:
        try:
            response = await self._client.request(method, path, **sent)
        except httpx.TimeoutException as error:
            raise GatewayOutcomeUnknown("The payment gateway did not answer in time.") from error
        except httpx.HTTPError as error:
            raise GatewayOutcomeUnknown("The connection to the payment gateway was lost.") from error
        try:
            if response.status_code == 200:
                return decoder.decode(response.content)
            refusal = _refusal(response)
        except (msgspec.MsgspecError, KeyError, ValueError) as error:
            raise GatewayOutcomeUnknown("The payment gateway's answer can not be read.") from error
        raise refusal


class _Problem(msgspec.Struct):
    code: str
    detail: str


def _refusal(response: httpx.Response) -> TradepostError:
    if response.status_code not in (404, 422):
        return GatewayOutcomeUnknown(f"The payment gateway answered with status {response.status_code}.")
    problem = msgspec.json.decode(response.content, type=_Problem)
    if response.status_code == 422:
        return Invalid(problem.code, problem.detail)
    return TradepostError(Kind.NOT_FOUND, problem.code, problem.detail)

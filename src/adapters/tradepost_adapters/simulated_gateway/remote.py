"""The simulated gateway as a process of its own, spoken to over HTTP."""

import asyncio
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from tradepost.kernel.errors import Invalid, Kind, TradepostError
from tradepost.payments.gateway import GatewayAnswer, GatewayEntry, GatewayOutcomeUnknown, GatewayRequest
from tradepost_adapters.simulated_gateway.connections import Connections, UnreadableAnswer
from tradepost_adapters.simulated_gateway.gateway import TIMEOUT_SECONDS

R = TypeVar("R")
_CONNECTIONS = 100

_answers: msgspec.json.Decoder[GatewayAnswer] = msgspec.json.Decoder(GatewayAnswer)
_maybe_answers: msgspec.json.Decoder[GatewayAnswer | None] = msgspec.json.Decoder(GatewayAnswer | None)
_pages: msgspec.json.Decoder[tuple[tuple[GatewayEntry, ...], str | None]] = msgspec.json.Decoder(
    tuple[tuple[GatewayEntry, ...], str | None]
)


class _Problem(msgspec.Struct, frozen=True):
    code: str
    detail: str


class RemoteSimulatedGateway:
    """A `PaymentGateway` at `url`. Anything but an answer that can be read in time is `GatewayOutcomeUnknown`."""

    def __init__(self, url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._connections = Connections(url, limit=_CONNECTIONS)
        self._timeout_seconds = timeout_seconds

    @property
    def name(self) -> str:
        return "simulated"

    async def send(self, request: GatewayRequest, /) -> GatewayAnswer:
        return await self._ask("POST", "/operations", _answers, msgspec.json.encode(request))

    async def find(
        self, operation_id: str, /, *, request: GatewayRequest | None = None, reference: str | None = None
    ) -> GatewayAnswer | None:
        return await self._ask("GET", f"/operations?{urlencode({'id': operation_id})}", _maybe_answers)

    async def entries(
        self, since: datetime, /, *, cursor: str | None = None
    ) -> tuple[tuple[GatewayEntry, ...], str | None]:
        query = {"since": since.isoformat()} | ({} if cursor is None else {"cursor": cursor})
        return await self._ask("GET", f"/entries?{urlencode(query)}", _pages)

    async def confirm(self, reference: str, *, approve: bool) -> GatewayAnswer:
        """What the buyer does on the page: see `Book.confirm`."""
        body = msgspec.json.encode({"reference": reference, "approve": approve})
        return await self._ask("POST", "/confirmations", _answers, body)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._connections.close()

    async def _ask(self, method: str, target: str, decoder: msgspec.json.Decoder[R], body: bytes = b"") -> R:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                status, answer = await self._connections.request(method, target, body)
            if status == 200:
                return decoder.decode(answer)
            refusal = _refusal(status, answer)
        except TimeoutError as error:
            raise GatewayOutcomeUnknown("The payment gateway did not answer in time.") from error
        except (OSError, EOFError) as error:
            raise GatewayOutcomeUnknown("The connection to the payment gateway was lost.") from error
        except (UnreadableAnswer, msgspec.MsgspecError) as error:
            raise GatewayOutcomeUnknown("The payment gateway's answer can not be read.") from error
        raise refusal


def _refusal(status: int, answer: bytes) -> TradepostError:
    if status not in (404, 422):
        return GatewayOutcomeUnknown(f"The payment gateway answered with status {status}.")
    problem = msgspec.json.decode(answer, type=_Problem)
    if status == 422:
        return Invalid(problem.code, problem.detail)
    return TradepostError(Kind.NOT_FOUND, problem.code, problem.detail)

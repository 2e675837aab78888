"""The simulated gateway as a process of its own, spoken to over HTTP."""

import asyncio
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from tradepost.kernel.errors import Invalid, Kind, TradepostError
from tradepost.payments.gateway import (
    BalanceLine,
    GatewayAnswer,
    GatewayDispute,
    GatewayEntry,
    GatewayOutcomeUnknown,
    GatewayRequest,
)
from tradepost_adapters.simulated_gateway.connections import Connections, UnreadableAnswer
from tradepost_adapters.simulated_gateway.faults import Fault
from tradepost_adapters.simulated_gateway.gateway import TIMEOUT_SECONDS

R = TypeVar("R")
_CONNECTIONS = 100

_answers: msgspec.json.Decoder[GatewayAnswer] = msgspec.json.Decoder(GatewayAnswer)
_maybe_answers: msgspec.json.Decoder[GatewayAnswer | None] = msgspec.json.Decoder(GatewayAnswer | None)
_pages: msgspec.json.Decoder[tuple[tuple[GatewayEntry, ...], str | None]] = msgspec.json.Decoder(
    tuple[tuple[GatewayEntry, ...], str | None]
)
_disputes = msgspec.json.Decoder(GatewayDispute)
_maybe_disputes: msgspec.json.Decoder[GatewayDispute | None] = msgspec.json.Decoder(GatewayDispute | None)
_dispute_pages: msgspec.json.Decoder[tuple[tuple[GatewayDispute, ...], str | None]] = msgspec.json.Decoder(
    tuple[tuple[GatewayDispute, ...], str | None]
)
_balance_pages: msgspec.json.Decoder[tuple[tuple[BalanceLine, ...], str | None]] = msgspec.json.Decoder(
    tuple[tuple[BalanceLine, ...], str | None]
)
_line = msgspec.json.Decoder(BalanceLine)
_lines: msgspec.json.Decoder[tuple[BalanceLine, ...]] = msgspec.json.Decoder(tuple[BalanceLine, ...])
_ids: msgspec.json.Decoder[tuple[str, ...]] = msgspec.json.Decoder(tuple[str, ...])
_nothing = msgspec.json.Decoder(None)


class _Problem(msgspec.Struct, frozen=True):
    code: str
    detail: str


class RemoteSimulatedGateway:
    """A `PaymentGateway` at `url`. Anything but an answer that can be read in time is `GatewayOutcomeUnknown`.

    `several_captures` says what the server was started with.
    """

    def __init__(self, url: str, *, timeout_seconds: float = TIMEOUT_SECONDS, several_captures: bool = True) -> None:
        self._connections = Connections(url, limit=_CONNECTIONS)
        self._timeout_seconds = timeout_seconds
        self._several_captures = several_captures

    @property
    def name(self) -> str:
        return "simulated"

    @property
    def several_captures(self) -> bool:
        return self._several_captures

    async def send(self, request: GatewayRequest, /) -> GatewayAnswer:
        return await self._ask("POST", "/operations", _answers, msgspec.json.encode(request))

    async def find(
        self, operation_id: str, /, *, request: GatewayRequest | None = None, reference: str | None = None
    ) -> GatewayAnswer | None:
        return await self._ask("GET", f"/operations?{urlencode({'id': operation_id})}", _maybe_answers)

    async def entries(
        self, since: datetime, /, *, cursor: str | None = None
    ) -> tuple[tuple[GatewayEntry, ...], str | None]:
        return await self._ask("GET", f"/entries?{_since(since, cursor)}", _pages)

    async def dispute(self, reference: str, /) -> GatewayDispute | None:
        return await self._ask("GET", f"/dispute?{urlencode({'reference': reference})}", _maybe_disputes)

    async def disputes(
        self, since: datetime, /, *, cursor: str | None = None
    ) -> tuple[tuple[GatewayDispute, ...], str | None]:
        return await self._ask("GET", f"/disputes?{_since(since, cursor)}", _dispute_pages)

    async def balance(
        self, since: datetime, /, *, cursor: str | None = None
    ) -> tuple[tuple[BalanceLine, ...], str | None]:
        return await self._ask("GET", f"/balance?{_since(since, cursor)}", _balance_pages)

    async def confirm(self, reference: str, *, approve: bool) -> GatewayAnswer:
        """What the buyer does on the page: see `Book.confirm`."""
        return await self._post("/confirmations", _answers, {"reference": reference, "approve": approve})

    async def open_dispute(
        self, reference: str, *, amount: int | None = None, reason: str = "fraudulent"
    ) -> GatewayDispute:
        """The buyer goes to their bank: see `Book.open_dispute`."""
        return await self._post("/disputes", _disputes, {"reference": reference, "amount": amount, "reason": reason})

    async def respond(self, dispute: str) -> GatewayDispute:
        """The shop answers a dispute: see `Book.respond`."""
        return await self._post("/dispute-responses", _disputes, {"dispute": dispute})

    async def close_dispute(self, dispute: str, *, won: bool) -> GatewayDispute:
        """The bank decides: see `Book.close_dispute`."""
        return await self._post("/dispute-outcomes", _disputes, {"dispute": dispute, "won": won})

    async def settle_refund(self, operation_id: str, *, succeeded: bool) -> GatewayAnswer:
        """A refund ends: see `Book.settle_refund`."""
        return await self._post("/refund-outcomes", _answers, {"operation_id": operation_id, "succeeded": succeeded})

    async def pay_out(self) -> tuple[BalanceLine, ...]:
        """Send the balance to the bank: see `Book.pay_out`."""
        return await self._post("/payouts", _lines, {})

    async def fail_payout(self, reference: str) -> BalanceLine:
        """The bank sends a payout back: see `Book.fail_payout`."""
        return await self._post("/payout-failures", _line, {"reference": reference})

    async def script(self, *faults: Fault | str) -> None:
        """Let things go wrong: see `Book.script`."""
        await self._post("/faults", _nothing, faults)

    async def release(self) -> tuple[str, ...]:
        """Carry out what is late: see `Book.release`."""
        return await self._post("/releases", _ids, {})

    async def close(self) -> None:
        """Let go of the connections."""
        await self._connections.close()

    async def _post(self, target: str, decoder: msgspec.json.Decoder[R], body: Any) -> R:
        return await self._ask("POST", target, decoder, msgspec.json.encode(body))

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


def _since(since: datetime, cursor: str | None) -> str:
    return urlencode({"since": since.isoformat()} | ({} if cursor is None else {"cursor": cursor}))


def _refusal(status: int, answer: bytes) -> TradepostError:
    if status not in (404, 422):
        return GatewayOutcomeUnknown(f"The payment gateway answered with status {status}.")
    problem = msgspec.json.decode(answer, type=_Problem)
    if status == 422:
        return Invalid(problem.code, problem.detail)
    return TradepostError(Kind.NOT_FOUND, problem.code, problem.detail)

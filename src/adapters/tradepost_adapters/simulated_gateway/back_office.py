"""What happens at the bank and at the gateway itself, for programs and for people at a shell: disputes, refunds that end,
payouts, and things that go wrong. Routes of the server."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler

from tradepost_adapters.simulated_gateway.answers import as_json, page_of
from tradepost_adapters.simulated_gateway.faults import Fault
from tradepost_adapters.simulated_gateway.gateway import SimulatedGateway


class _Opening(msgspec.Struct, frozen=True):
    reference: str
    amount: int | None = None
    reason: str = "fraudulent"


class _Response(msgspec.Struct, frozen=True):
    dispute: str


class _Outcome(msgspec.Struct, frozen=True):
    dispute: str
    won: bool


class _RefundOutcome(msgspec.Struct, frozen=True):
    operation_id: str
    succeeded: bool


class _Payout(msgspec.Struct, frozen=True):
    reference: str


_openings = msgspec.json.Decoder(_Opening)
_responses = msgspec.json.Decoder(_Response)
_outcomes = msgspec.json.Decoder(_Outcome)
_refund_outcomes = msgspec.json.Decoder(_RefundOutcome)
_payouts = msgspec.json.Decoder(_Payout)
_scripts: msgspec.json.Decoder[tuple[Fault | str, ...]] = msgspec.json.Decoder(tuple[Fault | str, ...])


def routes(gateway: SimulatedGateway) -> list[HTTPRouteHandler]:
    """The handlers over an opened gateway."""
    return [*_dispute_routes(gateway), *_money_routes(gateway)]


def _dispute_routes(gateway: SimulatedGateway) -> list[HTTPRouteHandler]:
    @get("/dispute")
    async def dispute(request: Request[Any, Any, Any]) -> Response[bytes]:
        return as_json(await gateway.dispute(request.query_params.get("reference", "")))

    @get("/disputes")
    async def disputes(request: Request[Any, Any, Any]) -> Response[bytes]:
        since, cursor = page_of(request)
        return as_json(await gateway.disputes(since, cursor=cursor))

    @post("/disputes")
    async def open_dispute(request: Request[Any, Any, Any]) -> Response[bytes]:
        opening = _openings.decode(await request.body())
        return as_json(await gateway.open_dispute(opening.reference, amount=opening.amount, reason=opening.reason))

    @post("/dispute-responses")
    async def respond(request: Request[Any, Any, Any]) -> Response[bytes]:
        return as_json(await gateway.respond(_responses.decode(await request.body()).dispute))

    @post("/dispute-outcomes")
    async def close_dispute(request: Request[Any, Any, Any]) -> Response[bytes]:
        outcome = _outcomes.decode(await request.body())
        return as_json(await gateway.close_dispute(outcome.dispute, won=outcome.won))

    return [dispute, disputes, open_dispute, respond, close_dispute]


def _money_routes(gateway: SimulatedGateway) -> list[HTTPRouteHandler]:
    @get("/balance")
    async def balance(request: Request[Any, Any, Any]) -> Response[bytes]:
        since, cursor = page_of(request)
        return as_json(await gateway.balance(since, cursor=cursor))

    @post("/refund-outcomes")
    async def settle_refund(request: Request[Any, Any, Any]) -> Response[bytes]:
        outcome = _refund_outcomes.decode(await request.body())
        return as_json(await gateway.settle_refund(outcome.operation_id, succeeded=outcome.succeeded))

    @post("/payouts")
    async def pay_out() -> Response[bytes]:
        return as_json(await gateway.pay_out())

    @post("/payout-failures")
    async def fail_payout(request: Request[Any, Any, Any]) -> Response[bytes]:
        return as_json(await gateway.fail_payout(_payouts.decode(await request.body()).reference))

    @post("/faults")
    async def script(request: Request[Any, Any, Any]) -> Response[bytes]:
        await gateway.script(*_scripts.decode(await request.body()))
        return as_json(None)

    @post("/releases")
    async def release() -> Response[bytes]:
        return as_json(await gateway.release())

    return [balance, settle_refund, pay_out, fail_payout, script, release]

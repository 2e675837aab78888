"""Events of both gateways over HTTP: once or a hundred times, in any order, they end in what the gateway says; what is not
signed as it should be is refused and leaves nothing."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import httpx
import msgspec
import pytest
from tests.entrypoints.http.shop import Stand, send

from tradepost.kernel.access import operator
from tradepost.kernel.errors import NotFound
from tradepost.orders import (
    CheckBooksQuery,
    GetOrderQuery,
    OrderItem,
    OrderStoryQuery,
    OrderView,
    PaymentInput,
    PlaceOrderCommand,
    RefundOrderCommand,
)
from tradepost.orders.process_webhook import EventTooEarly
from tradepost_adapters.simulated_gateway import SimulatedGateway, open_gateway
from tradepost_adapters.simulated_gateway.outbox import Event
from tradepost_adapters.simulated_gateway.webhooks import signature as simulated_signature
from tradepost_adapters.stripe.webhooks import signature as stripe_signature

OLD, NEW = "o" * 32, "n" * 32


def _told(event_id: str, operation_id: str | None, dispute: str | None) -> bytes:
    """As the simulated gateway tells it."""
    event = Event(
        id=event_id,
        type="told",
        created=datetime.now(UTC),
        operations=(operation_id,) if operation_id else (),
        disputes=(dispute,) if dispute else (),
    )
    return msgspec.json.encode(event)


def _told_by_stripe(event_id: str, operation_id: str | None, dispute: str | None) -> bytes:
    about = {"id": dispute or "pi_1", "object": "dispute" if dispute else "payment_intent"}
    made = {**about, "metadata": {"operation_id": operation_id} if operation_id else {}}
    kind = "charge.dispute.updated" if dispute else "payment_intent.succeeded"
    return json.dumps(
        {"id": event_id, "object": "event", "type": kind, "created": 1, "data": {"object": made}}
    ).encode()


@dataclass(frozen=True)
class Teller:
    """How a gateway tells what happens."""

    name: str
    header: str
    prefix: str
    sign: Callable[[str, bytes, datetime], str]
    event: Callable[[str, str | None, str | None], bytes]

    def signed(self, body: bytes, secret: str = OLD, *, late: timedelta = timedelta()) -> str:
        return self.sign(self.prefix + secret, body, datetime.now(UTC) - late)


TELLERS = (
    Teller("simulated", "simulated-signature", "", simulated_signature, _told),
    Teller("stripe", "stripe-signature", "whsec_", stripe_signature, _told_by_stripe),
)


class Named:
    """The simulated gateway under the name of the one that tells."""

    def __init__(self, inner: SimulatedGateway, name: str) -> None:
        self.name = name
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@dataclass
class Listening:
    """A service, and the gateway that it listens to."""

    stand: Stand
    gateway: SimulatedGateway
    teller: Teller

    async def post(self, body: bytes, signed: str | None) -> httpx.Response:
        headers = {"content-type": "application/json"} | ({self.teller.header: signed} if signed is not None else {})
        async with self.stand.client() as http:
            return await send(http, "POST", f"/webhooks/{self.teller.name}", content=body, headers=headers)

    async def tell(self, event_id: str, *, operation: str | None = None, dispute: str | None = None) -> None:
        body = self.teller.event(event_id, operation, dispute)
        answer = await self.post(body, self.teller.signed(body))
        assert answer.status_code == 200

    async def work_off(self, *events: str) -> None:
        """As jobs do: one that is too early comes again."""
        waiting = list(events)
        while waiting:
            before = len(waiting)
            for event_id in tuple(waiting):
                try:
                    await self.stand.shop.process_webhook({"gateway": self.teller.name, "id": event_id})
                except EventTooEarly:
                    continue
                waiting.remove(event_id)
            assert len(waiting) < before, "they wait for each other"

    async def kept(self, event_id: str) -> Any:
        async def work(tx: Any) -> Any:
            return await tx.webhook_events.get(self.teller.name, event_id)

        return await self.stand.backend.transactions.run(work)

    async def buy(self, token: str) -> OrderView:
        command = PlaceOrderCommand(
            actor=operator(),
            lines=(OrderItem(sku="MUG", quantity=1),),
            currency="EUR",
            payment=PaymentInput(token=token),
            email="ada@example.com",
        )
        return await self.stand.shop.place_order(command)

    async def seen(self, order_id: str) -> OrderView:
        return await self.stand.shop.get_order(GetOrderQuery(actor=operator(), order_id=order_id))

    async def operations(self, order_id: str) -> list[str]:
        story = await self.stand.shop.get_order_story(OrderStoryQuery(actor=operator(), order_id=order_id))
        return [operation.id for payment in story.payments for operation in payment.operations]


@pytest.fixture(params=TELLERS, ids=lambda teller: teller.name)
async def listening(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Listening:
    teller: Teller = request.param
    gateway = open_gateway("simulated://memory")
    assert isinstance(gateway, SimulatedGateway)
    monkeypatch.setattr("tests.entrypoints.http.shop.open_gateway", lambda _: Named(gateway, teller.name))
    secrets = ",".join(f"{teller.prefix}{secret}" for secret in (OLD, NEW))
    stand = Stand.open(**{f"TRADEPOST_{teller.name.upper()}_WEBHOOK_SECRETS": secrets})
    await stand.sell("MUG", stock=1000)
    return Listening(stand, gateway, teller)


async def test_an_event_posted_a_hundred_times_has_one_effect(listening: Listening) -> None:
    view = await listening.buy("tok_silent")
    (operation_id,) = await listening.operations(view.id)
    for time in range(100):
        await listening.tell("evt_1", operation=operation_id)
        if time % 10 == 0:
            await listening.work_off("evt_1")
    view = await listening.seen(view.id)
    assert (view.status, view.captured) == ("placed", view.total)
    story = await listening.stand.shop.get_order_story(OrderStoryQuery(actor=operator(), order_id=view.id))
    assert [entry.action for entry in story.history].count("captured") == 1


async def test_five_events_in_every_order_end_in_the_same_state(listening: Listening) -> None:
    """A charge whose answer was lost is disputed and the dispute is lost; a refund on its way fails."""
    ends = set()
    for number, sequence in enumerate(permutations(range(5))):
        disputed, refunded = await listening.buy("tok_error_after_charge"), await listening.buy("tok_refund_pending")
        await listening.stand.shop.refund_order(RefundOrderCommand(actor=operator(), order_id=refunded.id))
        (charge,), (sale, refund) = [await listening.operations(view.id) for view in (disputed, refunded)]
        answer = await listening.gateway.find(charge)
        dispute = await listening.gateway.open_dispute(answer.reference)  # type: ignore[union-attr]
        await listening.gateway.close_dispute(dispute.reference, won=False)
        await listening.gateway.settle_refund(refund, succeeded=False)
        told: list[dict[str, str]] = [
            {"operation": charge},
            {"dispute": dispute.reference},
            {"dispute": dispute.reference},
            {"operation": sale},
            {"operation": refund},
        ]
        for place in sequence:
            await listening.tell(f"evt_{number}_{place}", **told[place])
            if number % 2:  # each is dealt with as it comes, or all of them in the end
                await _try(listening, f"evt_{number}_{place}")
        await listening.work_off(*(f"evt_{number}_{place}" for place in sequence))
        ends.add(tuple([_end(await listening.seen(view.id)) for view in (disputed, refunded)]))
    assert ends == {(("placed", 1000, 0, 1000), ("placed", 1000, 0, 0))}
    assert not any(check.wrong for check in await listening.stand.shop.check_books(CheckBooksQuery(actor=operator())))


@pytest.mark.parametrize("secret", [OLD, NEW], ids=["the old secret", "the new one"])
async def test_both_secrets_are_good_while_one_is_replaced(listening: Listening, secret: str) -> None:
    body = listening.teller.event("evt_1", "op_1", None)
    assert (await listening.post(body, listening.teller.signed(body, secret))).status_code == 200
    assert (await listening.kept("evt_1")).payload == body


Change = Callable[[Teller, bytes], tuple[bytes, str | None]]
CHANGED: dict[str, Change] = {
    "no signature": lambda _, body: (body, None),
    "a bad signature": lambda _, body: (body, "t=1,v1=00"),
    "a wrong secret": lambda teller, body: (body, teller.signed(body, "x" * 32)),
    "too old": lambda teller, body: (body, teller.signed(body, late=timedelta(seconds=302))),
    "from the future": lambda teller, body: (body, teller.signed(body, late=timedelta(seconds=-302))),
    "written anew": lambda teller, body: (json.dumps(json.loads(body), indent=1).encode(), teller.signed(body)),
    "another operation": lambda teller, body: (body.replace(b"op_1", b"op_2"), teller.signed(body)),
    "no event": lambda teller, _: (b"{}", teller.signed(b"{}")),
}


@pytest.mark.parametrize("how", CHANGED)
async def test_what_is_not_signed_as_it_should_be_is_refused_and_leaves_nothing(listening: Listening, how: str) -> None:
    body, signed = CHANGED[how](listening.teller, listening.teller.event("evt_1", "op_1", None))
    answer = await listening.post(body, signed)
    assert (answer.status_code, answer.json()["code"]) == (422, "webhook.signature_invalid")
    with pytest.raises(NotFound):
        await listening.kept("evt_1")


async def _try(listening: Listening, event_id: str) -> None:
    try:
        await listening.stand.shop.process_webhook({"gateway": listening.teller.name, "id": event_id})
    except EventTooEarly:
        return


def _end(view: OrderView) -> tuple[str, int, int, int]:
    return view.status, view.captured.amount, view.refunded.amount, view.disputed.amount

"""What gateways report: in any order, twice, early or late, it ends in the state that the gateway is in."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.shop.conftest import NOW, OWNER, SECRET, Stand, order

from tradepost.kernel.clock import ManualClock
from tradepost.kernel.errors import NotFound, TradepostError
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.orders import CheckBooksQuery, GetOrderQuery, OrderPolicy, OrderStoryQuery, OrderView, RefundOrderCommand
from tradepost.orders.process_webhook import EventTooEarly
from tradepost.payments.gateway import GatewayAnswer, GatewayRequest
from tradepost.payments.receive_webhook import ReceiveWebhookCommand
from tradepost.payments.webhooks import Notice, SignatureInvalid
from tradepost.shop import Shop
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.simulated_gateway import SimulatedGateway, open_gateway


class Notices:
    """Events as they are, signed with a word."""

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime, /) -> Notice:
        if headers.get("signature") != "word":
            raise SignatureInvalid("No.")
        return msgspec.json.decode(body, type=Notice)


class Reported(Stand):
    """A stand whose gateway reports."""

    async def hear(self, event_id: str, *operation_ids: str) -> bool:
        """An event comes in and is dealt with. False: its job would come again."""
        body = msgspec.json.encode(Notice(id=event_id, type="told", operation_ids=operation_ids))
        command = ReceiveWebhookCommand(gateway="simulated", headers={"signature": "word"}, body=body)
        await self.shop.receive_webhook(command)
        return await self.deal_with(event_id)

    async def deal_with(self, event_id: str) -> bool:
        try:
            await self.shop.process_webhook({"gateway": "simulated", "id": event_id})
        except EventTooEarly:
            return False
        return True

    async def outcome(self, event_id: str) -> str | None:
        async def work(tx: Any) -> Any:
            return await tx.webhook_events.get("simulated", event_id)

        return (await self.backend.transactions.run(work)).outcome  # type: ignore[no-any-return]

    async def operations(self, order_id: str) -> list[str]:
        story = await self.shop.get_order_story(OrderStoryQuery(actor=OWNER, order_id=order_id))
        return [operation.id for payment in story.payments for operation in payment.operations]

    async def seen(self, order_id: str) -> OrderView:
        return await self.shop.get_order(GetOrderQuery(actor=OWNER, order_id=order_id))


def opened(backend: Any | None = None, gateway: Any | None = None, ids: TypeIds | None = None) -> Reported:
    backend = backend or MemoryBackend()
    simulated = open_gateway("simulated://memory?slow_seconds=0&timeout_seconds=0")
    assert isinstance(simulated, SimulatedGateway)
    gateway = gateway(simulated) if gateway else simulated
    clock, ids = ManualClock(NOW), ids or TypeIds()
    policy = OrderPolicy(home_country="DE")
    shop = Shop(
        backend, gateway=gateway, webhooks={"simulated": Notices()}, secret=SECRET, policy=policy, clock=clock, ids=ids
    )
    return Reported(shop, backend, simulated, clock)


@pytest.fixture
def stand() -> Reported:
    return opened()


@pytest.fixture
async def reported(stand: Stand) -> Reported:
    await stand.sell("MUG")
    assert isinstance(stand, Reported)
    return stand


async def test_a_buyer_who_confirmed_and_never_came_back_has_bought(reported: Reported) -> None:
    placed = await reported.shop.place_order(order(("MUG", 1), token="tok_requires_action"))
    await reported.approve(placed)
    assert await reported.hear("evt_1", *await reported.operations(placed.id))
    assert (await reported.seen(placed.id)).status == "placed"
    assert await reported.outcome("evt_1") == "settled"


async def test_an_event_is_no_proof_the_gateway_is_asked(reported: Reported) -> None:
    """Whoever could sign events could not make an order paid."""
    placed = await reported.shop.place_order(order(("MUG", 1), token="tok_requires_action"))
    assert await reported.hear("evt_1", *await reported.operations(placed.id))
    after = await reported.seen(placed.id)
    assert (after.status, after.next_action) == ("pending", placed.next_action)
    assert await reported.outcome("evt_1") == "nothing_new"


async def test_a_lost_answer_is_made_up_for_by_an_event(reported: Reported) -> None:
    placed = await reported.shop.place_order(order(("MUG", 1), token="tok_silent"))
    assert placed.payment_pending
    assert await reported.hear("evt_1", *await reported.operations(placed.id))
    assert (await reported.seen(placed.id)).status == "placed"


async def test_an_event_told_a_hundred_times_has_one_effect(reported: Reported) -> None:
    placed = await reported.shop.place_order(order(("MUG", 1), token="tok_silent"))
    (operation_id,) = await reported.operations(placed.id)
    for _ in range(100):
        assert await reported.hear("evt_1", operation_id)
    assert (await reported.seen(placed.id)).captured == placed.total
    assert await reported.money() == placed.total.amount


async def test_what_is_not_signed_leaves_nothing(reported: Reported) -> None:
    body = msgspec.json.encode(Notice(id="evt_1", type="told", operation_ids=("op_1",)))
    with pytest.raises(SignatureInvalid):
        await reported.shop.receive_webhook(ReceiveWebhookCommand(gateway="simulated", headers={}, body=body))
    with pytest.raises(NotFound):
        await reported.outcome("evt_1")
    with pytest.raises(TradepostError, match="webhook_endpoint"):
        await reported.shop.receive_webhook(ReceiveWebhookCommand(gateway="acme", headers={}, body=body))


async def test_an_event_about_nothing_of_ours_is_kept_and_left_at_that(reported: Reported) -> None:
    assert await reported.hear("evt_1")
    assert await reported.outcome("evt_1") == "not_ours"


async def test_an_operation_nobody_knows_is_waited_for_and_then_given_up(reported: Reported) -> None:
    assert not await reported.hear("evt_1", "op_of_another_shop")
    reported.clock.advance(timedelta(minutes=59))
    assert not await reported.deal_with("evt_1")
    assert await reported.outcome("evt_1") is None
    reported.clock.advance(timedelta(minutes=2))
    assert await reported.deal_with("evt_1")
    assert await reported.outcome("evt_1") == "not_ours"


async def test_an_event_that_comes_before_our_own_write_waits_for_it() -> None:
    async def told_before(operation_id: str) -> tuple[Reported, OrderView, str]:
        repeatable = TypeIds(entropy=lambda size: b"\x01" * size, milliseconds=lambda: 1)
        stand = opened(ids=repeatable)
        await stand.sell("MUG")
        assert not await stand.hear("evt_1", operation_id)
        placed = await stand.shop.place_order(order(("MUG", 1), token="tok_silent"))
        return stand, placed, (await stand.operations(placed.id))[0]

    _, _, operation_id = await told_before("op_1")
    stand, placed, same = await told_before(operation_id)
    assert same == operation_id
    assert placed.payment_pending
    assert await stand.deal_with("evt_1")
    assert (await stand.seen(placed.id)).status == "placed"


async def test_an_event_that_overtakes_the_answer_settles_and_the_answer_changes_nothing() -> None:
    class Overtaken:
        """The event is dealt with after the gateway has acted and before we hear the answer."""

        name = "simulated"
        stand: Reported

        def __init__(self, inner: SimulatedGateway) -> None:
            self._inner = inner

        async def send(self, request: GatewayRequest, /) -> GatewayAnswer:
            answer = await self._inner.send(request)
            assert await self.stand.hear(f"evt_{request.operation_id}", request.operation_id)
            return answer

        async def find(self, operation_id: str, /, **known: Any) -> GatewayAnswer | None:
            return await self._inner.find(operation_id, **known)

        async def entries(self, since: datetime, /, *, cursor: str | None = None) -> Any:
            return await self._inner.entries(since, cursor=cursor)

    stand = opened(gateway=Overtaken)
    Overtaken.stand = stand
    await stand.sell("MUG")
    placed = await stand.shop.place_order(order(("MUG", 1)))
    assert placed.status == "placed"
    assert await stand.money() == placed.total.amount
    refund = await stand.shop.refund_order(RefundOrderCommand(actor=OWNER, order_id=placed.id))
    assert refund.status == "succeeded"
    assert await stand.money() == 0
    assert (await stand.seen(placed.id)).refunded == placed.total


async def test_events_dealt_with_long_ago_are_forgotten(reported: Reported) -> None:
    await reported.hear("evt_1")
    reported.clock.advance(timedelta(days=29))
    assert await reported.shop.purge_webhooks() == 0
    reported.clock.advance(timedelta(days=2))
    assert await reported.shop.purge_webhooks() == 1


_TOKENS = ("tok_requires_action", "tok_requires_action_declined", "tok_silent", "tok_refund_silent", "tok_success")


@settings(max_examples=150, deadline=None)
@given(
    order_of=st.permutations([*range(9), *range(9)]),
    approves=st.lists(st.booleans(), min_size=2, max_size=2),
)
def test_any_order_of_arrival_ends_in_the_same_state(order_of: list[int], approves: list[bool]) -> None:
    """Nine events, each told twice: payments the buyer decided on, lost answers, a refund, one that is not ours."""

    async def end_state(sequence: list[int]) -> tuple[list[Any], int]:
        stand = opened()
        await stand.sell("MUG")
        placed = [await stand.shop.place_order(order(("MUG", 1), token=token)) for token in _TOKENS]
        for view, approve in zip(placed[:2], approves, strict=True):
            answer = await stand.gateway.find((await stand.operations(view.id))[0])
            await stand.gateway.confirm(answer.reference, approve=approve)  # type: ignore[union-attr]
        back = RefundOrderCommand(actor=OWNER, order_id=placed[3].id, amount=Money(300, "EUR"))
        await stand.shop.refund_order(back)
        named = [await stand.operations(view.id) for view in placed]
        told = [*(ids[:1] for ids in named), named[0][:1], named[3][-1:], [named[0][0], named[2][0]], []]
        late = [each for each in sequence if not await stand.hear(f"evt_{each}", *told[each])]
        assert late == []
        seen = [await stand.seen(view.id) for view in placed]
        for check in await stand.shop.check_books(CheckBooksQuery(actor=OWNER)):
            assert not check.wrong, check
        states = [(view.status, view.payment_status, view.captured.amount, view.refunded.amount) for view in seen]
        assert sum(captured - refunded for *_, captured, refunded in states) == await stand.money()
        return states, await stand.money()

    assert asyncio.run(end_state(order_of)) == asyncio.run(end_state(list(range(9))))

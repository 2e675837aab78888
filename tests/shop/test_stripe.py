"""A whole purchase through the shop with Stripe, which is localstripe here: pay, decline, confirm, capture, refund, report."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.adapters.stripe.scripted import answer, dispute, listed, withdrawal
from tests.shop.conftest import OWNER, SECRET, Stand, order
from tests.stripe_stand_in import (
    CARDS,
    DECLINED,
    KEY,
    SUCCESS,
    LocalStripe,
    Sent,
    payment_method,
    running_localstripe,
)

from tradepost.kernel.clock import SystemClock
from tradepost.kernel.errors import TradepostError
from tradepost.kernel.money import Money
from tradepost.orders import (
    CancelOrderCommand,
    CapturePaymentCommand,
    CheckBooksQuery,
    ConfirmPaymentCommand,
    GetOrderQuery,
    OrderPolicy,
    OrderStoryQuery,
    OrderView,
    PaymentInput,
    PayOrderCommand,
    RefundOrderCommand,
)
from tradepost.payments.receive_webhook import ReceiveWebhookCommand
from tradepost.shop import Shop
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend
from tradepost_adapters.stripe import StripeWebhooks
from tradepost_adapters.stripe.webhooks import signature

SIGNING_SECRET = "whsec_localstripe_0123456789abcdef"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running_localstripe() as address:
        yield address


class StripeStand(Stand):
    stripe: LocalStripe

    async def seen(self, order_id: str) -> OrderView:
        return await self.shop.get_order(GetOrderQuery(actor=OWNER, order_id=order_id))

    async def reference(self, view: OrderView) -> str:
        """The PaymentIntent of an order, as the buyer's page would know it."""
        story = await self.shop.get_order_story(OrderStoryQuery(actor=OWNER, order_id=view.id))
        (sent,) = [each for each in self.stripe.client.posts("/payment_intents") if self._is(each.body, story)][-1:]
        entries, _ = await self.stripe.entries(SystemClock().now() - timedelta(minutes=5))
        return next(e.reference for e in entries if e.operation_id == sent.body["metadata[operation_id]"])

    def _is(self, body: dict[str, str], story: Any) -> bool:
        return body["metadata[operation_id]"] == story.payments[-1].operations[0].id

    async def kept_by_stripe(self, order_id: str) -> int:
        signs = {"sale": 1, "capture": 1, "refund": -1}
        entries, _ = await self.stripe.entries(SystemClock().now() - timedelta(minutes=5))
        references = {entry.reference for entry in entries if entry.metadata.get("order_id") == order_id}
        return sum(
            signs.get(entry.kind, 0) * entry.amount.amount
            for entry in entries
            if entry.reference in references and entry.amount is not None and hasattr(entry.answer, "reference")
        )

    async def reported(self, event_id: str, kind: str, made: dict[str, Any]) -> None:
        """What Stripe would post to the shop, and what the shop does about it."""
        event = {"id": event_id, "object": "event", "type": kind, "created": 1, "data": {"object": made}}
        body = json.dumps(event).encode()
        headers = {"stripe-signature": signature(SIGNING_SECRET, body, SystemClock().now())}
        command = ReceiveWebhookCommand(gateway="stripe", headers=headers, body=body)
        receipt = await self.shop.receive_webhook(command)
        await self.shop.process_webhook({"gateway": "stripe", "id": receipt.id})

    async def agrees(self, order_id: str) -> OrderView:
        """Stripe's books, the order's and the shop's say the same."""
        view = await self.seen(order_id)
        assert await self.kept_by_stripe(order_id) == view.captured.amount - view.refunded.amount
        assert [check for check in await self.shop.check_books(CheckBooksQuery(actor=OWNER)) if check.wrong] == []
        return view


@pytest.fixture(params=["memory", "sqlite"])
async def stand(request: pytest.FixtureRequest, address: str) -> AsyncIterator[StripeStand]:
    stripe = LocalStripe(address)
    backend: Any = MemoryBackend()
    if request.param == "sqlite":
        backend = await SqlBackend.open(request.getfixturevalue("sqlite_url"))
    shop = Shop(
        backend,
        gateway=stripe.gateway,
        webhooks={"stripe": StripeWebhooks([SIGNING_SECRET])},
        secret=SECRET,
        policy=OrderPolicy(home_country="DE"),
    )
    stand = StripeStand(shop, backend, stripe.gateway, SystemClock())  # type: ignore[arg-type]  # another gateway, and a clock that goes
    stand.stripe = stripe
    await stand.sell("MUG")
    yield stand
    await stripe.close()
    if isinstance(backend, SqlBackend):
        await backend.close()


async def test_a_purchase_and_its_refunds(stand: StripeStand) -> None:
    placed = await stand.shop.place_order(order(("MUG", 2), token=SUCCESS))
    assert (placed.status, placed.captured) == ("placed", placed.total)
    sent = stand.stripe.client.posts("/payment_intents")[-1]
    assert sent.body["metadata[order_id]"] == placed.id
    assert sent.key == sent.body["metadata[operation_id]"]
    part = RefundOrderCommand(actor=OWNER, order_id=placed.id, amount=Money(500, "EUR"))
    assert (await stand.shop.refund_order(part)).status == "succeeded"
    assert (await stand.agrees(placed.id)).payment_status == "partially_refunded"
    rest = await stand.shop.refund_order(RefundOrderCommand(actor=OWNER, order_id=placed.id))
    assert rest.amount == Money(placed.total.amount - 500, "EUR")
    assert (await stand.agrees(placed.id)).payment_status == "refunded"
    keys = [refund.key for refund in stand.stripe.client.posts("/refunds")]
    assert len(set(keys)) == len(keys) == 2


async def test_a_declined_card_and_then_another(stand: StripeStand) -> None:
    with pytest.raises(TradepostError) as caught:
        await stand.shop.place_order(order(("MUG", 1), token=DECLINED))
    assert (caught.value.code, caught.value.data["decline_code"]) == ("payment.declined", "card_declined")
    order_id = caught.value.data["order_id"]
    paid = await stand.shop.pay_order(PayOrderCommand(actor=OWNER, order_id=order_id, token=SUCCESS))
    assert paid.status == "placed"
    await stand.agrees(order_id)


async def test_a_buyer_who_confirms(stand: StripeStand, address: str) -> None:
    token = payment_method(address, CARDS["requires_action"])
    asked = await stand.shop.place_order(order(("MUG", 1), token=token))
    assert asked.status == "pending"
    assert asked.next_action is not None
    assert asked.next_action.url.startswith("https://shop.example/paid?payment_intent=pi_")
    confirm = ConfirmPaymentCommand(actor=OWNER, order_id=asked.id)
    assert (await stand.shop.confirm_payment(confirm)).status == "pending"
    await stand.stripe.confirm(await stand.reference(asked), approve=True)
    assert (await stand.shop.confirm_payment(confirm)).status == "placed"
    await stand.agrees(asked.id)


async def test_a_buyer_who_does_not_confirm(stand: StripeStand, address: str) -> None:
    token = payment_method(address, CARDS["requires_action"])
    asked = await stand.shop.place_order(order(("MUG", 1), token=token))
    reference = await stand.reference(asked)
    await stand.stripe.confirm(reference, approve=False)
    with pytest.raises(TradepostError) as caught:
        await stand.shop.confirm_payment(ConfirmPaymentCommand(actor=OWNER, order_id=asked.id))
    assert caught.value.data["decline_code"] == "authentication_failed"
    assert f"/v1/payment_intents/{reference}/cancel" in [sent.path for sent in stand.stripe.client.posts()]
    assert (await stand.agrees(asked.id)).captured.amount == 0


async def test_what_is_held_is_captured_or_let_go_of(stand: StripeStand) -> None:
    payment = PaymentInput(method="card", token=SUCCESS, capture=False)
    held = [await stand.shop.place_order(order(("MUG", 1), payment=payment)) for _ in range(2)]
    assert [view.payment_status for view in held] == ["authorized", "authorized"]
    await stand.shop.capture_payment(CapturePaymentCommand(actor=OWNER, order_id=held[0].id))
    assert (await stand.agrees(held[0].id)).payment_status == "paid"
    await stand.shop.cancel_order(CancelOrderCommand(actor=OWNER, order_id=held[1].id))
    assert await stand.shop.recover_operations() == 1
    after = await stand.agrees(held[1].id)
    assert (after.status, after.authorized.amount) == ("canceled", 0)
    cancel = stand.stripe.client.posts("/cancel")[-1]
    note = stand.stripe.client.posts(cancel.path.removeprefix("/v1").removesuffix("/cancel"))[-1]
    assert note.body == {"metadata[void_operation_id]": cancel.key}


async def test_of_what_is_held_a_part_is_captured_and_the_rest_let_go(stand: StripeStand) -> None:
    payment = PaymentInput(method="card", token=SUCCESS, capture=False)
    held = await stand.shop.place_order(order(("MUG", 1), payment=payment))
    part = CapturePaymentCommand(actor=OWNER, order_id=held.id, amount=Money(500, "EUR"))
    after = await stand.shop.capture_payment(part)
    assert (after.captured.amount, after.authorized.amount) == (500, 500)
    assert (await stand.agrees(held.id)).captured.amount == 500


async def test_a_refund_on_its_way_ends_when_stripe_reports_it(stand: StripeStand) -> None:
    """localstripe's refunds succeed at once, so Stripe's answers about this one are written by hand."""
    placed = await stand.shop.place_order(order(("MUG", 1), token=SUCCESS))
    client = stand.stripe.client
    made = {"object": "refund", "id": "re_1", "amount": 500, "currency": "eur", "metadata": {}, "status": "pending"}

    def refunds(sent: Sent) -> httpx.Response | None:
        if sent.path != "/v1/refunds":
            return None
        if sent.method == "POST":
            made["metadata"] = {"operation_id": sent.body["metadata[operation_id]"]}
            return answer(made)
        return answer(listed(made))

    client.fault = refunds
    command = RefundOrderCommand(actor=OWNER, order_id=placed.id, amount=Money(500, "EUR"))
    assert (await stand.shop.refund_order(command)).status == "pending"
    assert (await stand.seen(placed.id)).refunded.amount == 0
    await stand.reported("evt_1", "refund.updated", made | {"status": "succeeded"})  # which is not believed
    assert (await stand.seen(placed.id)).refunded.amount == 0
    made["status"] = "succeeded"
    await stand.reported("evt_2", "refund.updated", made)
    assert (await stand.seen(placed.id)).refunded.amount == 500
    made["status"] = "failed"
    await stand.reported("evt_3", "refund.failed", made)
    assert (await stand.seen(placed.id)).refunded.amount == 0
    client.fault = None
    await stand.agrees(placed.id)


async def test_a_dispute_is_recorded_as_stripe_tells_it(stand: StripeStand) -> None:
    """localstripe has none: the dispute is written by hand, in Stripe's shape."""
    placed = await stand.shop.place_order(order(("MUG", 1), token=SUCCESS))
    amount, reference = placed.total.amount, await stand.reference(placed)
    told = dispute("needs_response", withdrawal(1, -amount, fee=1500), payment_intent=reference, amount=amount)
    stand.stripe.client.fault = lambda sent: answer(told) if sent.path == "/v1/disputes/du_1" else None
    await stand.reported("evt_1", "charge.dispute.created", told)
    assert (await stand.seen(placed.id)).disputed == placed.total
    told |= dispute(
        "won", *told["balance_transactions"], withdrawal(2, amount), payment_intent=reference, amount=amount
    )
    for number, kind in enumerate(("funds_reinstated", "updated", "closed"), 2):
        await stand.reported(f"evt_{number}", f"charge.dispute.{kind}", told)
    assert (await stand.agrees(placed.id)).disputed.amount == 0


async def test_what_stripe_signs_and_reports_settles_an_order(stand: StripeStand, address: str) -> None:
    """localstripe signs as Stripe does, with code that is not ours."""
    async with listening() as (url, heard), httpx.AsyncClient(base_url=address) as http:
        await http.post("/_config/webhooks/shop", data={"url": url, "secret": SIGNING_SECRET})
        token = payment_method(address, CARDS["requires_action"])
        asked = await stand.shop.place_order(order(("MUG", 1), token=token))
        await stand.stripe.confirm(await stand.reference(asked), approve=True)
        async with asyncio.timeout(10):
            headers, body = await heard.get()
            while asked.id.encode() not in body:  # of an order before
                headers, body = await heard.get()
    command = ReceiveWebhookCommand(gateway="stripe", headers=headers, body=body)
    receipt = await stand.shop.receive_webhook(command)
    assert not receipt.duplicate
    assert (await stand.shop.receive_webhook(command)).duplicate
    await stand.shop.process_webhook({"gateway": "stripe", "id": receipt.id})
    assert (await stand.agrees(asked.id)).status == "placed"


async def test_a_stolen_key_would_not_be_shown(stand: StripeStand) -> None:
    assert KEY not in repr(vars(stand.stripe.gateway))


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[str, "asyncio.Queue[tuple[dict[str, str], bytes]]"]]:
    """Something that takes what is posted to it: headers in lower case, and the body."""
    heard: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[1:-2]
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head)}
        await heard.put((headers, await reader.readexactly(int(headers["content-length"]))))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", heard

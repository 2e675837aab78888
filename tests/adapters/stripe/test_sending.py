"""What goes to Stripe, under which key, and when it goes again: seen at the SDK's HTTP client."""

import asyncio

import httpx
import pytest
from msgspec import structs
from stripe._api_version import _ApiVersion
from tests.adapters.stripe.scripted import (
    MADE_AT,
    OPERATION_ID,
    Scripted,
    answer,
    authorize,
    failure,
    intent,
    listed,
)
from tests.stripe_stand_in import KEY, PAGE, RecordingClient, Sent

from tradepost.kernel.money import Money
from tradepost.payments.gateway import (
    Approved,
    Capture,
    Declined,
    GatewayOutcomeUnknown,
    Pending,
    Refund,
    Void,
)
from tradepost_adapters.stripe import API_VERSION, StripeGateway
from tradepost_adapters.stripe.breaker import CircuitBreaker

DAY = 24 * 3600
APPROVED = Approved(reference="pi_1")


async def test_a_sale_says_all_it_needs_under_the_operations_id() -> None:
    stripe = Scripted(answer(intent()))
    assert await stripe.gateway.send(authorize()) == APPROVED
    (sent,) = stripe.sent
    assert sent.key == OPERATION_ID
    assert (sent.method, sent.path) == ("POST", "/v1/payment_intents")
    assert sent.body == {
        "amount": "1000",
        "currency": "eur",
        "capture_method": "automatic",
        "allowed_payment_method_types[0]": "card",
        "confirm": "true",
        "return_url": PAGE,
        "payment_method": "pm_card_visa",
        "metadata[order_id]": "order_1",
        "metadata[operation_id]": OPERATION_ID,
    }
    assert sent.headers["stripe-version"] == API_VERSION
    assert sent.headers["authorization"] == f"Bearer {KEY}"


def test_the_pinned_version_is_the_one_the_sdk_was_made_for() -> None:
    """A newer SDK is a decision: read Stripe's changelog, then move both."""
    assert API_VERSION == _ApiVersion.CURRENT


async def test_a_token_of_an_older_form_is_sent_as_a_card() -> None:
    stripe = Scripted(answer(intent("requires_capture")))
    await stripe.gateway.send(authorize(token="tok_visa", capture=False))
    assert stripe.sent[0].body["payment_method_data[card][token]"] == "tok_visa"
    assert stripe.sent[0].body["capture_method"] == "manual"
    assert "payment_method" not in stripe.sent[0].body


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("too late"),
        failure(429, "invalid_request_error", code="rate_limit"),
        failure(409, "idempotency_error", code="idempotency_key_in_use"),
        answer({"error": {"type": "api_error"}}, 503, stripe_should_retry="true"),
    ],
    ids=["refused", "no connection in time", "too many", "key in use", "wanted again"],
)
async def test_what_had_no_effect_is_sent_again_as_it_was(fault: httpx.Response | Exception) -> None:
    stripe = Scripted(fault, fault, answer(intent()))
    assert await stripe.gateway.send(authorize()) == APPROVED
    assert len(stripe.sent) == 3
    assert [sent.raw for sent in stripe.sent] == [stripe.sent[0].raw] * 3
    assert stripe.pauses == [0.25, 0.5]


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ReadTimeout("nothing came"),
        httpx.RemoteProtocolError("gone"),
        httpx.ReadError("gone"),
        failure(500),
        failure(502),
        failure(401, "invalid_request_error"),
        failure(403, "invalid_request_error"),
        answer({"error": {"type": "api_error"}}, 409, stripe_should_retry="false"),
    ],
    ids=["late", "cut off", "read", "500", "502", "bad key", "not allowed", "not wanted again"],
)
async def test_what_may_have_had_an_effect_is_sent_once_and_unknown(fault: httpx.Response | Exception) -> None:
    stripe = Scripted(fault)
    with pytest.raises(GatewayOutcomeUnknown):
        await stripe.gateway.send(authorize())
    assert len(stripe.sent) == 1


async def test_recovery_sends_the_same_request_under_the_same_key() -> None:
    stripe = Scripted(httpx.ReadTimeout("nothing came"), answer(intent()))
    with pytest.raises(GatewayOutcomeUnknown):
        await stripe.gateway.send(authorize())
    assert await stripe.gateway.send(authorize()) == APPROVED
    first, second = stripe.sent
    assert first.raw == second.raw


async def test_tries_end_and_then_nobody_knows() -> None:
    stripe = Scripted(httpx.ConnectError("refused"))
    with pytest.raises(GatewayOutcomeUnknown):
        await stripe.gateway.send(authorize())
    assert len(stripe.sent) == 3


async def test_all_calls_of_a_request_together_end_in_time() -> None:
    class Hanging(RecordingClient):
        async def request_async(self, *_: object, **__: object) -> tuple[bytes, int, dict[str, str]]:
            await asyncio.sleep(60)
            raise AssertionError

    gateway = StripeGateway(KEY, page=PAGE, http_client=Hanging(), timeout_seconds=0.05)
    with pytest.raises(GatewayOutcomeUnknown):
        await asyncio.wait_for(gateway.send(authorize()), 2)


async def test_while_stripe_fails_nobody_waits_for_it_and_one_tries() -> None:
    now = [0.0]
    breaker = CircuitBreaker(failures=3, rest_seconds=10, monotonic=lambda: now[0])
    stripe = Scripted(*[failure(500)] * 4, answer(intent()), breaker=breaker)
    for _ in range(3):
        with pytest.raises(GatewayOutcomeUnknown):
            await stripe.gateway.send(authorize())
    with pytest.raises(GatewayOutcomeUnknown, match="failing"):
        await stripe.gateway.send(authorize())
    assert len(stripe.sent) == 3
    now[0] = 10.0
    with pytest.raises(GatewayOutcomeUnknown, match="status 500"):
        await stripe.gateway.send(authorize())
    with pytest.raises(GatewayOutcomeUnknown, match="failing"):
        await stripe.gateway.send(authorize())
    assert len(stripe.sent) == 4
    now[0] = 20.0
    assert await stripe.gateway.send(authorize()) == APPROVED
    assert await stripe.gateway.send(authorize()) == APPROVED


async def test_declines_do_not_open_the_breaker() -> None:
    breaker = CircuitBreaker(failures=2)
    stripe = Scripted(failure(402, "card_error", code="card_declined"), breaker=breaker)
    for _ in range(5):
        assert isinstance(await stripe.gateway.send(authorize()), Declined)


async def test_a_key_that_stripe_has_forgotten_is_not_sent_again() -> None:
    """It could charge a second time. What was made with it is looked for instead; not finding it proves nothing."""
    stripe = Scripted(answer(listed()), now=MADE_AT + 2 * DAY)
    with pytest.raises(GatewayOutcomeUnknown, match="twice"):
        await stripe.gateway.send(authorize())
    (sent,) = stripe.sent
    assert sent.path == "/v1/payment_intents/search"
    assert sent.query["query"] == f"metadata['operation_id']:'{OPERATION_ID}'"


async def test_what_was_made_with_a_forgotten_key_is_the_answer() -> None:
    stripe = Scripted(answer(listed(intent())), now=MADE_AT + 2 * DAY)
    assert await stripe.gateway.send(authorize()) == APPROVED
    assert [sent.method for sent in stripe.sent] == ["GET"]


async def test_a_refund_with_a_forgotten_key_is_sent_when_stripe_lists_none() -> None:
    made = {"id": "re_1", "object": "refund", "status": "succeeded", "amount": 400, "currency": "eur"}
    stripe = Scripted(answer(listed()), answer(intent()), answer(made), now=MADE_AT + 2 * DAY)
    refund = Refund(operation_id=OPERATION_ID, reference="pi_1", amount=Money(400, "EUR"))
    assert await stripe.gateway.send(refund) == APPROVED
    assert [(sent.method, sent.path) for sent in stripe.sent] == [
        ("GET", "/v1/refunds"),
        ("GET", "/v1/payment_intents/pi_1"),
        ("POST", "/v1/refunds"),
    ]
    assert stripe.sent[-1].key == OPERATION_ID


async def test_a_key_used_with_another_body_is_answered_by_what_it_made() -> None:
    """A later release may write the same request otherwise. That must not look like a decline: the buyer was charged."""
    other = failure(400, "idempotency_error")
    stripe = Scripted(other, answer(listed(intent())))
    assert await stripe.gateway.send(authorize()) == APPROVED
    stripe = Scripted(other, answer(listed(intent(amount=1001))))
    assert await stripe.gateway.send(authorize()) == Declined(
        code="idempotency_mismatch", message="This operation id was used with another request; it needs one of its own."
    )
    stripe = Scripted(other, answer(listed()))
    with pytest.raises(GatewayOutcomeUnknown):
        await stripe.gateway.send(authorize())


async def test_a_capture_carries_its_operation_and_is_sent_once_when_repeated() -> None:
    held = intent("requires_capture", capture_method="manual")
    taken = intent(capture_method="manual", metadata={"operation_id": "op_1", "capture_operation_id": OPERATION_ID})
    stripe = Scripted(answer(held), answer(taken), answer(taken))
    capture = Capture(operation_id=OPERATION_ID, reference="pi_1", amount=Money(1000, "EUR"))
    assert await stripe.gateway.send(capture) == APPROVED
    sent = stripe.sent[1]
    assert (sent.path, sent.key) == ("/v1/payment_intents/pi_1/capture", OPERATION_ID)
    assert sent.body == {"amount_to_capture": "1000", "metadata[capture_operation_id]": OPERATION_ID}
    assert await stripe.gateway.send(capture) == APPROVED
    assert len(stripe.client.posts()) == 1


async def test_a_part_is_captured_only_when_the_rest_may_be_let_go() -> None:
    """Stripe lets go of it with the first capture, so whoever means to capture again has to be told before."""
    held = intent("requires_capture", capture_method="manual")
    stripe = Scripted(answer(held))
    part = Capture(operation_id=OPERATION_ID, reference="pi_1", amount=Money(400, "EUR"))
    refused = await stripe.gateway.send(part)
    assert isinstance(refused, Declined)
    assert refused.code == "capture_not_final"
    assert stripe.client.posts() == []
    assert not stripe.gateway.several_captures
    taken = intent(amount_received=400, metadata={"operation_id": "op_1", "capture_operation_id": OPERATION_ID})
    stripe = Scripted(answer(held), answer(taken), answer(taken))
    final = structs.replace(part, final=True)
    assert await stripe.gateway.send(final) == APPROVED
    assert stripe.sent[-1].body["amount_to_capture"] == "400"
    assert await stripe.gateway.find(OPERATION_ID, request=final) == APPROVED


async def test_a_void_writes_down_whose_it_is_before_it_cancels() -> None:
    held = intent("requires_capture")
    stripe = Scripted(answer(held), answer(intent("canceled")))
    assert await stripe.gateway.send(Void(operation_id=OPERATION_ID, reference="pi_1")) == APPROVED
    note, cancel = stripe.sent
    assert (note.path, note.key) == ("/v1/payment_intents/pi_1", f"{OPERATION_ID}.note")
    assert note.body == {"metadata[void_operation_id]": OPERATION_ID}
    assert (cancel.path, cancel.key) == ("/v1/payment_intents/pi_1/cancel", OPERATION_ID)


async def test_what_a_partial_capture_left_is_let_go_of_already() -> None:
    stripe = Scripted(answer(intent(amount_received=700)))
    assert await stripe.gateway.send(Void(operation_id=OPERATION_ID, reference="pi_1")) == APPROVED
    assert len(stripe.sent) == 1


async def test_a_failed_payment_is_called_off_before_it_is_declined() -> None:
    """The buyer's page has its secret, and could pay with another card after the order was told that this one failed."""
    failed = intent("requires_payment_method", last_payment_error={"code": "card_declined"})
    stripe = Scripted(answer(failed), answer(intent("canceled")))
    found = await stripe.gateway.find(OPERATION_ID, reference="pi_1")
    assert isinstance(found, Declined)
    assert stripe.sent[-1].path == "/v1/payment_intents/pi_1/cancel"


async def test_a_buyer_who_was_faster_than_the_calling_off_has_paid() -> None:
    failed = intent("requires_payment_method", last_payment_error={"code": "card_declined"})
    moved = failure(400, "invalid_request_error", code="payment_intent_unexpected_state")
    stripe = Scripted(answer(failed), moved, answer(intent()))
    assert await stripe.gateway.find(OPERATION_ID, reference="pi_1") == APPROVED


async def test_a_refund_under_way_is_found_once_it_has_ended() -> None:
    made = {"id": "re_1", "object": "refund", "status": "pending", "amount": 400, "currency": "eur"}
    ended = made | {"status": "failed", "metadata": {"operation_id": OPERATION_ID}}
    stripe = Scripted(answer(intent()), answer(made), answer(listed(made | {"id": "re_0"}, ended)))
    refund = Refund(operation_id=OPERATION_ID, reference="pi_1", amount=Money(400, "EUR"))
    assert await stripe.gateway.send(refund) == Pending(reference="pi_1")
    found = await stripe.gateway.find(OPERATION_ID, request=refund)
    assert isinstance(found, Declined)
    assert found.code == "refund_failed"


@pytest.mark.parametrize(
    ("status", "answered"),
    [("pending", Pending), ("requires_action", Pending), ("succeeded", Approved), ("canceled", Declined)],
)
async def test_a_refund_is_answered_as_it_stands(status: str, answered: type) -> None:
    made = {"id": "re_1", "object": "refund", "status": status, "amount": 400, "currency": "eur"}
    refund = Refund(operation_id=OPERATION_ID, reference="pi_1", amount=Money(400, "EUR"))
    assert type(await Scripted(answer(intent()), answer(made)).gateway.send(refund)) is answered
    noted = made | {"metadata": {"operation_id": OPERATION_ID}}
    assert type(await Scripted(answer(listed(noted))).gateway.find(OPERATION_ID, request=refund)) is answered


@pytest.mark.parametrize("status", [None, "something_new"])
async def test_a_refund_in_a_state_nobody_knows_is_unknown(status: str | None) -> None:
    made = {"id": "re_1", "object": "refund", "status": status, "amount": 400, "currency": "eur"}
    refund = Refund(operation_id=OPERATION_ID, reference="pi_1", amount=Money(400, "EUR"))
    with pytest.raises(GatewayOutcomeUnknown):
        await Scripted(answer(intent()), answer(made)).gateway.send(refund)


async def test_of_a_payment_that_stripe_does_not_know_there_are_no_refunds() -> None:
    unknown = failure(400, "invalid_request_error", code="resource_missing", param="payment_intent")
    refund = Refund(operation_id=OPERATION_ID, reference="pi_1", amount=Money(400, "EUR"))
    assert await Scripted(unknown).gateway.find(OPERATION_ID, request=refund) is None


async def test_lists_are_read_to_their_end() -> None:
    def page(sent: Sent) -> httpx.Response:
        others = {"object": "refund", "status": "succeeded", "amount": 1, "currency": "eur"}
        if "starting_after" not in sent.query:
            return answer(listed(others | {"id": "re_1"}, more=True))
        assert sent.query["starting_after"] == "re_1"
        return answer(listed(others | {"id": "re_2", "metadata": {"operation_id": OPERATION_ID}}))

    stripe = Scripted(page)
    refund = Refund(operation_id=OPERATION_ID, reference="pi_1", amount=Money(400, "EUR"))
    assert await stripe.gateway.find(OPERATION_ID, request=refund) == APPROVED

"""Stripe's signatures: over the body as it came, not too old, with either of two secrets."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from stripe import WebhookSignature
from tests.adapters.stripe.scripted import OPERATION_ID, intent

from tradepost.payments.webhooks import Notice, SignatureInvalid
from tradepost_adapters.stripe import StripeWebhooks
from tradepost_adapters.stripe.webhooks import signature

SECRET, NEXT = "whsec_" + "a" * 32, "whsec_" + "b" * 32
NOW = datetime.now(UTC)
BODY = json.dumps(
    {
        "id": "evt_1",
        "object": "event",
        "type": "payment_intent.succeeded",
        "created": 1,
        "data": {"object": intent(metadata={"operation_id": OPERATION_ID, "capture_operation_id": "op_2"})},
    }
).encode()


def headers(value: str) -> dict[str, str]:
    return {"stripe-signature": value}


def test_a_signed_event_names_its_operations() -> None:
    notice = StripeWebhooks([SECRET]).read(headers(signature(SECRET, BODY, NOW)), BODY, NOW)
    assert (notice.id, notice.type) == ("evt_1", "payment_intent.succeeded")
    assert notice.operation_ids == (OPERATION_ID, "op_2")


def test_our_check_and_the_sdks_agree() -> None:
    now = datetime.now(UTC)  # the SDK asks the clock itself, and this file may have been read minutes ago
    assert WebhookSignature.verify_header(BODY.decode(), signature(SECRET, BODY, now), SECRET, 300)


def test_two_secrets_are_good_while_one_is_replaced() -> None:
    reader = StripeWebhooks([NEXT, SECRET])
    for secret in (SECRET, NEXT):
        reader.read(headers(signature(secret, BODY, NOW)), BODY, NOW)
    both = f"{signature(SECRET, BODY, NOW)},{signature(NEXT, BODY, NOW).partition(',')[2]}"
    StripeWebhooks([NEXT]).read(headers(both), BODY, NOW)


@pytest.mark.parametrize("late", [timedelta(seconds=-299), timedelta(), timedelta(seconds=299)])
def test_a_signature_is_good_for_five_minutes(late: timedelta) -> None:
    StripeWebhooks([SECRET]).read(headers(signature(SECRET, BODY, NOW)), BODY, NOW + late)


@pytest.mark.parametrize("late", [timedelta(seconds=-302), timedelta(seconds=302), timedelta(days=1)])
def test_a_stale_signature_is_refused(late: timedelta) -> None:
    with pytest.raises(SignatureInvalid):
        StripeWebhooks([SECRET]).read(headers(signature(SECRET, BODY, NOW)), BODY, NOW + late)


def test_the_body_counts_byte_by_byte() -> None:
    again = json.dumps(json.loads(BODY), indent=2).encode()
    with pytest.raises(SignatureInvalid):
        StripeWebhooks([SECRET]).read(headers(signature(SECRET, BODY, NOW)), again, NOW)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "t=1",
        "v1=00",
        signature(NEXT, BODY, NOW),
        signature(SECRET, BODY, NOW).replace("v1=", "v0="),
        signature(SECRET, BODY, NOW)[:-1],
        signature(SECRET, BODY, NOW).replace("t=", "t=9"),
        "t=١,v1=00",
        "t=1,v1=ä",
        "t=1," + "v1=00," * 2000,
    ],
    ids=[
        "nothing",
        "a time alone",
        "a signature alone",
        "by another secret",
        "by another scheme",
        "cut short",
        "of another time",
        "a digit of another script",
        "a letter",
        "two thousand of them",
    ],
)
def test_anything_else_is_refused(value: str) -> None:
    with pytest.raises(SignatureInvalid):
        StripeWebhooks([SECRET]).read(headers(value), BODY, NOW)


def test_a_signed_body_that_is_no_event_is_refused() -> None:
    for body in (b"", b"[]", b"{}", b"\xff", BODY.replace(b"evt_1", b"\xff")):
        with pytest.raises(SignatureInvalid):
            StripeWebhooks([SECRET]).read(headers(signature(SECRET, body, NOW)), body, NOW)


@pytest.mark.parametrize("kind", ["charge.succeeded", "payment_intent.created", "customer.created"])
def test_an_event_of_another_kind_names_none(kind: str) -> None:
    body = BODY.replace(b"payment_intent.succeeded", kind.encode())
    assert StripeWebhooks([SECRET]).read(headers(signature(SECRET, body, NOW)), body, NOW).operation_ids == ()


def signed(kind: str, made: dict[str, object]) -> Notice:
    body = json.dumps({"id": "evt_1", "object": "event", "type": kind, "created": 1, "data": {"object": made}}).encode()
    return StripeWebhooks([SECRET]).read(headers(signature(SECRET, body, NOW)), body, NOW)


@pytest.mark.parametrize("kind", ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated"])
def test_an_event_about_a_refund_names_its_operation(kind: str) -> None:
    refund = {"id": "re_1", "object": "refund", "status": "failed", "metadata": {"operation_id": OPERATION_ID}}
    assert signed(kind, refund).operation_ids == (OPERATION_ID,)


@pytest.mark.parametrize("what", ["created", "updated", "closed", "funds_withdrawn", "funds_reinstated"])
def test_an_event_about_a_dispute_names_it(what: str) -> None:
    notice = signed(f"charge.dispute.{what}", {"id": "du_1", "object": "dispute", "metadata": {}})
    assert (notice.disputes, notice.operation_ids) == (("du_1",), ())


@pytest.mark.parametrize("kind", ["charge.refunded", "issuing_dispute.created", "charge.dispute.something_new"])
def test_an_event_about_something_else_names_no_dispute(kind: str) -> None:
    assert signed(kind, {"id": "du_1", "object": "dispute"}).disputes == ()


def test_without_a_secret_there_is_nothing_to_check_with() -> None:
    for secrets in ([], [""]):
        with pytest.raises(ValueError, match="secret"):
            StripeWebhooks(secrets)

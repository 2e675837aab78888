"""Stripe's answers, written by hand in its own shapes: for what localstripe does not do."""

import json
from collections.abc import Callable
from typing import Any

import httpx
from tests.stripe_stand_in import KEY, PAGE, RecordingClient, Sent

from tradepost.kernel.money import Money
from tradepost.payments.gateway import Authorize
from tradepost_adapters.stripe import StripeGateway
from tradepost_adapters.stripe.breaker import CircuitBreaker
from tradepost_adapters.stripe.calls import Calls

OPERATION_ID = "op_01k9zm3v6ye2rb7tcn5hdq8w4x"
MADE_AT = 1_763_072_000  # some minutes after the id above


def answer(body: Any, status: int = 200, **headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, content=json.dumps(body), headers={"request-id": "req_1", **sent})


def failure(status: int, kind: str = "api_error", **said: Any) -> httpx.Response:
    return answer({"error": {"type": kind, "message": "No.", **said}}, status)


def intent(status: str = "succeeded", **more: Any) -> dict[str, Any]:
    """A PaymentIntent of 10.00 EUR that pays for `authorize()`."""
    received = 1000 if status == "succeeded" else 0
    return {
        "object": "payment_intent",
        "id": "pi_1",
        "status": status,
        "amount": 1000,
        "currency": "eur",
        "capture_method": "automatic",
        "amount_received": received,
        "client_secret": "pi_1_secret_x",
        "metadata": {"order_id": "order_1", "operation_id": OPERATION_ID},
        **more,
    }


def withdrawal(number: int, amount: int, *, fee: int = 0, currency: str = "eur") -> dict[str, Any]:
    """A line of the balance as it stands in a dispute; above zero it came back."""
    return {
        "object": "balance_transaction",
        "id": f"txn_{number}",
        "amount": amount,
        "fee": fee,
        "net": amount - fee,
        "currency": currency,
        "created": MADE_AT,
        "reporting_category": "dispute" if amount < 0 else "dispute_reversal",
        "source": "du_1",
        "type": "adjustment",
        "exchange_rate": None if currency == "eur" else 1.234,
    }


def dispute(status: str = "needs_response", *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A Dispute of 10.00 EUR with these lines of the balance."""
    return {
        "object": "dispute",
        "id": "du_1",
        "amount": 1000,
        "currency": "eur",
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "created": MADE_AT,
        "reason": "product_not_received",
        "status": status,
        "balance_transactions": list(lines),
        "evidence": {"access_activity_log": None},
        "evidence_details": {"due_by": MADE_AT + 60, "has_evidence": False, "past_due": False, "submission_count": 0},
        "is_charge_refundable": False,
        "metadata": {},
        **more,
    }


def listed(*found: dict[str, Any], more: bool = False) -> dict[str, Any]:
    return {"object": "list", "data": list(found), "has_more": more, "url": "/v1/things"}


def authorize(**more: Any) -> Authorize:
    told: dict[str, Any] = {
        "operation_id": OPERATION_ID,
        "amount": Money(1000, "EUR"),
        "token": "pm_card_visa",
        "capture": True,
        "metadata": {"order_id": "order_1"},
    }
    return Authorize(**told | more)


Step = httpx.Response | Exception | Callable[[Sent], httpx.Response | Exception]


class Scripted:
    """A gateway that meets these steps one after the other, and the last one from then on. It never sleeps."""

    def __init__(self, *steps: Step, breaker: CircuitBreaker | None = None, now: float = MADE_AT) -> None:
        self._steps = list(steps)
        self.pauses: list[float] = []
        self.client = RecordingClient(self._next)
        calls = Calls(breaker or CircuitBreaker(), jitter=lambda: 1.0, sleep=self._slept)
        self.gateway = StripeGateway(KEY, page=PAGE, http_client=self.client, calls=calls, now=lambda: now)

    @property
    def sent(self) -> list[Sent]:
        return self.client.sent

    async def _slept(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def _next(self, sent: Sent) -> httpx.Response | Exception:
        step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        return step if isinstance(step, (httpx.Response, Exception)) else step(sent)

"""Stripe as a payment gateway: an authorization is a PaymentIntent, confirmed as it is created.

The idempotency key of every request that moves money is our operation's id, and the id is in the metadata of what it
made. Stripe forgets keys after 24 hours: what is older is looked up first and never sent blindly.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import stripe
from stripe import RequestOptions
from stripe.params import PaymentIntentCreateParams

from tradepost.kernel.ids import uuid_of
from tradepost.payments.gateway import (
    Approved,
    Authorize,
    BalanceLine,
    Capture,
    GatewayAnswer,
    GatewayDispute,
    GatewayEntry,
    GatewayOutcomeUnknown,
    GatewayRequest,
    Refund,
    Void,
)
from tradepost_adapters.stripe import answers, balance, books, disputes, objects
from tradepost_adapters.stripe.amounts import from_stripe, to_stripe
from tradepost_adapters.stripe.breaker import CircuitBreaker
from tradepost_adapters.stripe.calls import Calls
from tradepost_adapters.stripe.lookups import Lookups
from tradepost_adapters.stripe.objects import CAPTURE, OPERATION, VOID, Intent, intent_of, refund_of
from tradepost_adapters.stripe.screening import refusal

API_VERSION = "2026-10-28.endive"
"""What Stripe's answers look like; the account's own version, which somebody may change, plays no part."""

TIMEOUT_SECONDS = 12.0
"""For one request of ours, all calls and pauses together. Recovery sends two rounds of them, and looks up what stays open,
within one lease of 60 seconds."""

KEYS_LAST_SECONDS = 23 * 3600


class StripeGateway:
    """A `PaymentGateway` on the account of `secret_key`.

    `page` is the page of the shop that buyers are sent back to when they have confirmed at their bank (3-D Secure).
    `address` is for a stand-in of Stripe's in tests.
    """

    def __init__(
        self,
        secret_key: str,
        *,
        page: str,
        address: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        http_client: stripe.HTTPClient | None = None,
        calls: Calls | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._http = http_client or stripe.HTTPXClient(timeout=timeout_seconds * 2 / 3)
        client = stripe.StripeClient(
            secret_key,
            stripe_version=API_VERSION,
            http_client=self._http,
            max_network_retries=0,  # see calls
            base_addresses={} if address is None else {"api": address.rstrip("/")},
        )
        self._stripe = client.v1
        self._page = page
        self._timeout_seconds = timeout_seconds
        self._call = calls or Calls(CircuitBreaker())
        self._at_stripe = Lookups(client, self._call)
        self._now = now

    @property
    def name(self) -> str:
        return "stripe"

    @property
    def several_captures(self) -> bool:
        """Stripe opens that to few accounts, and by card network."""
        return False

    async def send(self, request: GatewayRequest, /) -> GatewayAnswer:
        refused = refusal(request)
        if refused is not None:
            return refused
        async with self._in_time():
            if self._key_is_forgotten(request.operation_id):
                found = await self._look_up(request.operation_id, request, None)
                if found is not None:
                    return found
                if isinstance(request, Authorize):
                    raise GatewayOutcomeUnknown(
                        "Stripe does not find this payment, and no longer knows its key: sending it again could charge twice."
                    )
            try:
                return await self._carry_out(request)
            except stripe.IdempotencyError as error:
                return await self._sent_before(request, error)

    async def find(
        self, operation_id: str, /, *, request: GatewayRequest | None = None, reference: str | None = None
    ) -> GatewayAnswer | None:
        async with self._in_time():
            return await self._look_up(operation_id, request, reference)

    async def entries(
        self, since: datetime, /, *, cursor: str | None = None
    ) -> tuple[tuple[GatewayEntry, ...], str | None]:
        async with self._in_time():
            return await books.page_of(self._at_stripe.events, since, cursor, now=int(self._now()), page=self._page)

    async def dispute(self, reference: str, /) -> GatewayDispute | None:
        async with self._in_time():
            found = await self._at_stripe.dispute(reference)
        return None if found is None else disputes.standing(found)

    async def disputes(
        self, since: datetime, /, *, cursor: str | None = None
    ) -> tuple[tuple[GatewayDispute, ...], str | None]:
        async with self._in_time():
            found, following = await self._at_stripe.disputes(since, cursor)
        return tuple(disputes.standing(each) for each in found), following

    async def balance(
        self, since: datetime, /, *, cursor: str | None = None
    ) -> tuple[tuple[BalanceLine, ...], str | None]:
        async with self._in_time():
            found, following = await self._at_stripe.balance(since, cursor)
        return tuple(balance.line_of(each) for each in found), following

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close_async()  # type: ignore[no-untyped-call]

    async def _carry_out(self, request: GatewayRequest) -> GatewayAnswer:
        match request:
            case Authorize():
                return await self._authorize(request)
            case Capture():
                return await self._capture(request)
            case Void():
                return await self._void(request)
            case Refund():
                return await self._refund(request)

    async def _authorize(self, request: Authorize) -> GatewayAnswer:
        amount = to_stripe(request.amount)
        if amount is None:
            return answers.AMOUNT_INVALID
        params: PaymentIntentCreateParams = {
            "amount": amount,
            "currency": request.amount.currency.lower(),
            "capture_method": "automatic" if request.capture else "manual",
            "allowed_payment_method_types": ["card"],
            "confirm": True,
            "return_url": self._page,
            "metadata": {**request.metadata, OPERATION: request.operation_id},
        }
        if request.token.startswith("tok_"):
            params["payment_method_data"] = {"type": "card", "card": {"token": request.token}}  # type: ignore[typeddict-unknown-key]  # taken, and not in the SDK's types
        else:
            params["payment_method"] = request.token
        try:
            made = await self._call(
                lambda: self._stripe.payment_intents.create_async(params, {"idempotency_key": request.operation_id})
            )
        except stripe.CardError as error:
            return answers.of_card_error(error)
        except stripe.InvalidRequestError as error:
            return answers.of_invalid_request(error, answers.TOKEN_UNKNOWN)
        return await self._stands(intent_of(made))

    async def _capture(self, request: Capture) -> GatewayAnswer:
        intent = await self._at_stripe.intent(request.reference)
        if intent is None:
            return answers.REFERENCE_UNKNOWN
        if _is_done(request, intent):
            return Approved(reference=intent.id)
        amount = to_stripe(request.amount)
        refused = _other_currency(request, intent) or answers.not_held(intent)
        if refused is not None:
            return refused
        if amount is None or amount > intent.amount:
            return answers.OVER_CAPTURE
        if amount < intent.amount and not request.final:
            return answers.NOT_FINAL
        try:
            captured = await self._call(
                lambda: self._stripe.payment_intents.capture_async(
                    intent.id,
                    {"amount_to_capture": amount, "metadata": {**request.metadata, CAPTURE: request.operation_id}},
                    {"idempotency_key": request.operation_id},
                )
            )
        except stripe.CardError as error:
            return answers.of_card_error(error)
        except stripe.InvalidRequestError as error:
            return answers.of_invalid_request(error, answers.REFERENCE_UNKNOWN)
        after = intent_of(captured)
        if after.status == "processing":
            raise GatewayOutcomeUnknown("Stripe has not finished with the capture.")
        return (
            Approved(reference=after.id)
            if after.status == "succeeded"
            else answers.not_held(after) or answers.REQUEST_REFUSED
        )

    async def _void(self, request: Void) -> GatewayAnswer:
        """Canceling takes no metadata, so that it is wanted, and by which operation, is written down before."""
        try:
            noted = await self._call(
                lambda: self._stripe.payment_intents.update_async(
                    request.reference,
                    {"metadata": {**request.metadata, VOID: request.operation_id}},
                    {"idempotency_key": f"{request.operation_id}.note"},
                )
            )
        except stripe.InvalidRequestError as error:
            return answers.of_invalid_request(error, answers.REFERENCE_UNKNOWN)
        settled = _voided(intent_of(noted))
        if settled is not None:
            return settled
        if await self._canceled(request.reference, key=request.operation_id):
            return Approved(reference=request.reference)
        after = await self._at_stripe.intent(request.reference)  # it has moved on since
        return (None if after is None else _voided(after)) or answers.REQUEST_REFUSED

    async def _refund(self, request: Refund) -> GatewayAnswer:
        intent = await self._at_stripe.intent(request.reference)
        if intent is None:
            return answers.REFERENCE_UNKNOWN
        amount, charge = to_stripe(request.amount), intent.latest_charge
        refused = _other_currency(request, intent) or answers.not_taken(intent)
        if refused is not None:
            return refused
        if amount is None or amount > intent.captured:
            return answers.OVER_REFUND
        key = request.operation_id
        if isinstance(charge, objects.Charge) and amount > charge.amount - charge.amount_refunded:
            # Too much, unless what was given back is this very refund.
            return await self._look_up(key, request, None) or answers.OVER_REFUND
        try:
            made = await self._call(
                lambda: self._stripe.refunds.create_async(
                    {
                        "payment_intent": intent.id,
                        "amount": amount,
                        "metadata": {**request.metadata, OPERATION: request.operation_id},
                    },
                    {"idempotency_key": key},
                )
            )
        except stripe.InvalidRequestError as error:
            return answers.of_invalid_request(error, answers.REFERENCE_UNKNOWN)
        return answers.of_refund(refund_of(made), intent.id)

    async def _sent_before(self, request: GatewayRequest, error: stripe.IdempotencyError) -> GatewayAnswer:
        """The key was used for a request that looked different. It may be this one all the same, sent by a release or
        with settings that wrote it otherwise: then what came of it is the answer, and no decline."""
        if isinstance(request, Authorize):
            intent = await self._at_stripe.search(request.operation_id)
            if intent is not None:
                return await self._stands(intent) if _made_by(request, intent) else answers.MISMATCH
        else:
            found = await self._look_up(request.operation_id, request, None)
            if found is not None:
                return found
        raise GatewayOutcomeUnknown("Stripe knows the key of this request with another body.") from error

    async def _look_up(
        self, operation_id: str, request: GatewayRequest | None, reference: str | None
    ) -> GatewayAnswer | None:
        if request is not None and not isinstance(request, Authorize):
            return await self._look_up_following(request)
        intent = await (
            self._at_stripe.search(operation_id) if reference is None else self._at_stripe.intent(reference)
        )
        if intent is None or intent.noted(OPERATION) != operation_id:
            return None
        return await self._stands(intent)

    async def _look_up_following(self, request: Capture | Void | Refund) -> GatewayAnswer | None:
        if isinstance(request, Refund):
            for refund in await self._at_stripe.refunds(request.reference):
                if refund.noted(OPERATION) == request.operation_id:
                    return answers.of_refund(refund, request.reference)
            return None
        intent = await self._at_stripe.intent(request.reference)
        if intent is None or not _is_done(request, intent):
            return None
        return Approved(reference=intent.id)

    async def _stands(self, intent: Intent) -> GatewayAnswer:
        """The answer an authorization stands at. One that failed is canceled first: the buyer's page still has its
        secret, and could pay with another card after we have said that it was declined."""
        if intent.status != "requires_payment_method" or await self._canceled(intent.id):
            return answers.of_intent(intent, self._page)
        after = await self._at_stripe.intent(intent.id)
        if after is None or after.status == "requires_payment_method":
            raise GatewayOutcomeUnknown("Stripe does not let the failed payment be called off.")
        return answers.of_intent(after, self._page)

    async def _canceled(self, reference: str, *, key: str | None = None) -> bool:
        options: RequestOptions = {} if key is None else {"idempotency_key": key}
        try:
            after = await self._call(lambda: self._stripe.payment_intents.cancel_async(reference, {}, options))
        except stripe.InvalidRequestError:
            return False
        return intent_of(after).status == "canceled"

    def _key_is_forgotten(self, operation_id: str) -> bool:
        try:
            made = int(uuid_of(operation_id).replace("-", "")[:12], 16) / 1000
        except ValueError:
            return False
        return self._now() - made > KEYS_LAST_SECONDS

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                yield
        except TimeoutError as error:
            raise GatewayOutcomeUnknown("Stripe did not answer in time.") from error


def _is_done(request: Capture | Void, intent: Intent) -> bool:
    """Whether what was asked for is how it stands, by this very operation."""
    if isinstance(request, Capture):
        return intent.status == "succeeded" and intent.noted(CAPTURE) == request.operation_id
    return intent.status == "canceled" and intent.noted(VOID) == request.operation_id


def _voided(intent: Intent) -> GatewayAnswer | None:
    """What to answer to a void, by how the authorization stands; None when there is something to cancel."""
    if intent.status == "canceled":
        return answers.ALREADY_VOIDED
    if intent.status == "succeeded":  # with a partial capture Stripe has let go of the rest
        return Approved(reference=intent.id) if intent.captured < intent.amount else answers.ALREADY_CAPTURED
    return None


def _other_currency(request: Capture | Refund, intent: Intent) -> GatewayAnswer | None:
    """Neither takes a currency at Stripe, so it is ours to see that they mean the same."""
    same = from_stripe(0, intent.currency).currency == request.amount.currency
    return None if same else answers.CURRENCY_MISMATCH


def _made_by(request: Authorize, intent: Intent) -> bool:
    """Whether the PaymentIntent is what the request asks for."""
    return (
        intent.amount == to_stripe(request.amount)
        and intent.currency == request.amount.currency.lower()
        and (intent.capture_method != "manual") == request.capture
        and {**request.metadata, OPERATION: request.operation_id}.items() <= (intent.metadata or {}).items()
    )

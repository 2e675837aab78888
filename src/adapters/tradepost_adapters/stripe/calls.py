"""One call to Stripe: when it is made again, when it is not made at all, and which failures say nothing.

The SDK's own retries are off: it would repeat after time-outs and 5xx too, which settle nothing and take the time of
whoever waits. What stays open is asked again by recovery, under the same key.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx
import stripe

from tradepost.payments.gateway import GatewayOutcomeUnknown
from tradepost_adapters.stripe.breaker import CircuitBreaker

R = TypeVar("R")
TRIES = 3
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 2.0

_log = logging.getLogger(__name__)


class Calls:
    """Makes calls. Passes on what Stripe said for good (`CardError`, `InvalidRequestError`, `IdempotencyError`).

    Made again, after a pause with full jitter, is what certainly had no effect: no connection, too many requests, another
    request under the same key under way (409), and what Stripe itself wants repeated. Everything else that is no answer
    is `GatewayOutcomeUnknown`.
    """

    def __init__(
        self,
        breaker: CircuitBreaker,
        *,
        jitter: Callable[[], float] = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._breaker = breaker
        self._jitter = jitter
        self._sleep = sleep

    async def __call__(self, call: Callable[[], Awaitable[R]]) -> R:
        for tried in range(1, TRIES + 1):
            if not self._breaker.admits():
                raise GatewayOutcomeUnknown("Stripe has been failing; it is asked again in some seconds.")
            try:
                answer = await call()
            except (stripe.CardError, stripe.InvalidRequestError, stripe.IdempotencyError):
                self._breaker.succeeded()
                raise
            except stripe.StripeError as error:
                self._note(error)
                if tried == TRIES or not _had_no_effect(error):
                    raise _unknown(error) from error
                await self._sleep(self._jitter() * min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (tried - 1)))
            else:
                self._breaker.succeeded()
                return answer
        raise AssertionError("the last try answers or raises")

    def _note(self, error: stripe.StripeError) -> None:
        if isinstance(error, (stripe.AuthenticationError, stripe.PermissionError)):
            _log.error("Stripe does not accept our key: %s", type(error).__name__)
        if isinstance(error, stripe.APIConnectionError) or (error.http_status or 0) >= 500:
            self._breaker.failed()
        else:  # whatever it says, Stripe is there
            self._breaker.succeeded()


def _had_no_effect(error: stripe.StripeError) -> bool:
    if isinstance(error, stripe.APIConnectionError):
        return isinstance(error.__cause__, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
    wish = {str(name).lower(): value for name, value in (error.headers or {}).items()}.get("stripe-should-retry")
    if wish in ("true", "false"):
        return wish == "true"
    return isinstance(error, stripe.RateLimitError) or error.http_status == 409


def _unknown(error: stripe.StripeError) -> GatewayOutcomeUnknown:
    _log.warning(
        "Stripe gave no answer that settles anything: %s, status %s, request %s",
        type(error).__name__,
        error.http_status,
        error.request_id,
    )
    if isinstance(error, stripe.APIConnectionError):
        return GatewayOutcomeUnknown("Stripe could not be reached, or did not answer in time.")
    if isinstance(error, (stripe.AuthenticationError, stripe.PermissionError)):
        return GatewayOutcomeUnknown("Stripe does not accept the key of this shop; see TRADEPOST_STRIPE_SECRET_KEY.")
    return GatewayOutcomeUnknown(f"Stripe answered with status {error.http_status}.")

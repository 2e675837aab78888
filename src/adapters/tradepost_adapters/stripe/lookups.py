"""What is asked of Stripe without changing anything there."""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import stripe
from stripe.params import BalanceTransactionListParams, DisputeListParams, EventListParams, RefundListParams

from tradepost.payments.gateway import GatewayOutcomeUnknown
from tradepost_adapters.stripe import objects
from tradepost_adapters.stripe.books import TYPES, cursor_invalid
from tradepost_adapters.stripe.calls import Calls
from tradepost_adapters.stripe.objects import OPERATION, Intent

PAGE = 100
"""As many as Stripe gives at once."""

_ID = re.compile(r"[A-Za-z0-9_]{1,255}")

T = TypeVar("T")

Listing = Callable[[Any], Awaitable["stripe.ListObject[Any]"]]


class Lookups:
    """Raises `GatewayOutcomeUnknown` for everything that Stripe does not say."""

    def __init__(self, client: stripe.StripeClient, call: Calls) -> None:
        self._stripe = client.v1
        self._call = call

    async def intent(self, reference: str) -> Intent | None:
        found = await self._one(
            lambda: self._stripe.payment_intents.retrieve_async(reference, {"expand": ["latest_charge"]}),
            "Stripe does not say how the payment stands.",
        )
        return None if found is None else objects.intent_of(found)

    async def dispute(self, reference: str) -> objects.Dispute | None:
        if not _ID.fullmatch(reference):
            return None
        found = await self._one(
            lambda: self._stripe.disputes.retrieve_async(reference),
            "Stripe does not say how the dispute stands.",
        )
        return None if found is None else objects.dispute_of(found)

    async def search(self, operation_id: str) -> Intent | None:
        """By metadata. What was made in the last minute may not be found yet."""
        query = f"metadata['{OPERATION}']:'{operation_id}'"
        try:
            found = await self._call(lambda: self._stripe.payment_intents.search_async({"query": query, "limit": 1}))
        except stripe.InvalidRequestError as error:
            raise GatewayOutcomeUnknown("Stripe does not search its payments.") from error
        return objects.intent_of(found.data[0]) if found.data else None

    async def refunds(self, reference: str) -> list[objects.Refund]:
        params: RefundListParams = {"payment_intent": reference}
        return await self._all(self._stripe.refunds.list_async, params, objects.refund_of)

    async def events(self, start: int, end: int) -> list[objects.Event]:
        params: EventListParams = {"types": TYPES, "created": {"gte": start, "lt": end}}
        return await self._all(self._stripe.events.list_async, params, objects.event_of)

    async def disputes(self, since: datetime, cursor: str | None) -> tuple[list[objects.Dispute], str | None]:
        params: DisputeListParams = {"created": {"gte": int(since.timestamp())}}
        return await self._page(self._stripe.disputes.list_async, params, objects.dispute_of, cursor)

    async def balance(self, since: datetime, cursor: str | None) -> tuple[list[objects.BalanceTransaction], str | None]:
        params: BalanceTransactionListParams = {
            "created": {"gte": int(since.timestamp())},
            "expand": ["data.source", "data.source.payment_intent"],
        }
        return await self._page(
            self._stripe.balance_transactions.list_async, params, objects.balance_transaction_of, cursor
        )

    async def _one(self, call: Callable[[], Awaitable[T]], otherwise: str) -> T | None:
        try:
            return await self._call(call)
        except stripe.InvalidRequestError as error:
            if error.http_status == 404:
                return None
            raise GatewayOutcomeUnknown(otherwise) from error

    async def _all(self, listing: Listing, params: Mapping[str, object], read: Callable[[Any], T]) -> list[T]:
        found: list[T] = []
        cursor: str | None = None
        while True:
            page, cursor = await self._page(listing, params, read, cursor)
            found += page
            if cursor is None:
                return found

    async def _page(
        self, listing: Listing, params: Mapping[str, object], read: Callable[[Any], T], cursor: str | None
    ) -> tuple[list[T], str | None]:
        """One page, and the id of its last, which is where the next one begins. Raises `page.invalid`."""
        if cursor is not None and not _ID.fullmatch(cursor):
            raise cursor_invalid()
        asked = {**params, "limit": PAGE, **({} if cursor is None else {"starting_after": cursor})}
        try:
            page = await self._call(lambda: listing(asked))
        except stripe.InvalidRequestError as error:
            if error.param == "starting_after":
                raise cursor_invalid() from error
            if error.http_status == 404 or error.code == "resource_missing":
                return [], None  # there is no payment of which there could be any
            raise GatewayOutcomeUnknown("Stripe does not list what was asked for.") from error
        following = page.data[-1].id if page.has_more and page.data else None
        return [read(each) for each in page.data], following

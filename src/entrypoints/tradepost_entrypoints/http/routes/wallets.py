"""Wallets: what customers have in store credit, and where it came from and went."""

from typing import Annotated
from urllib.parse import urlencode

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Kind
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.kernel.money import Money
from tradepost.wallets import (
    GetWallet,
    GetWalletQuery,
    GiveStoreCredit,
    GiveStoreCreditCommand,
    ListWalletEntries,
    ListWalletEntriesQuery,
    StoreCreditView,
    TransferFunds,
    TransferFundsCommand,
    WalletEntry,
    WalletTransferView,
    WalletView,
)
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import Many, One
from tradepost_entrypoints.http.parameters import PageQuery
from tradepost_entrypoints.http.routes.customers import CustomerId

_TAG = "Wallets"
Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$", description="ISO 4217.")]

_GONE = Refusal(Kind.NOT_FOUND, "customer.not_found", "There is no customer 'cus_01m7y7tsamexgajdq8dqk7k2b9'.")
_NOBODY = Refusal(Kind.NOT_FOUND, "recipient.not_found", "There is no recipient 'cus_01m7y7tsamexgajdq8dqk7k2ba'.")
_SHORT = Refusal(
    Kind.CONFLICT,
    "wallet.insufficient_funds",
    "The store credit does not cover this: there is not enough EUR in the wallet. Use less of it, or pay in some other way.",
    {"currency": "EUR"},
)


@endpoint("GET", "/customers/{customer_id}/wallet", tag=_TAG, errors=(_GONE,))
async def get_wallet(customer_id: CustomerId, actor: Actor, get_wallet: GetWallet) -> One[WalletView]:
    """What you have in store credit, by currency; for staff, what anybody has."""
    view = await get_wallet(GetWalletQuery(actor=actor, customer_id=customer_id))
    entries = {
        f"entries_{balance.currency.lower()}": _entries_of(customer_id, balance.currency) for balance in view.balances
    }
    return One(view, links={"customer": f"/customers/{customer_id}", **entries})


class WalletEntriesQuery(PageQuery, frozen=True, kw_only=True):
    """Of which currency."""

    currency: Currency


@endpoint(
    "GET",
    "/customers/{customer_id}/wallet/entries",
    tag=_TAG,
    errors=(_GONE, Refusal(Kind.INVALID, "currency.unknown", "'XXX' is not an active ISO 4217 currency code.")),
)
async def list_wallet_entries(
    customer_id: CustomerId, query: WalletEntriesQuery, actor: Actor, list_wallet_entries: ListWalletEntries
) -> Many[WalletEntry]:
    """What came in (above zero) and went out (below), the latest first, or with `sort=at` the first."""
    found = ListWalletEntriesQuery(
        actor=actor, customer_id=customer_id, currency=query.currency, page=query.page_request()
    )
    return Many(await list_wallet_entries(found), query)


class StoreCreditBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much, and the reason that the customer reads."""

    amount: Money
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


@endpoint(
    "POST",
    "/customers/{customer_id}/wallet/credits",
    tag=_TAG,
    status=201,
    errors=(_GONE, Refusal(Kind.INVALID, "wallet.credit_invalid", "Nothing was given: see errors.")),
    example={"amount": {"amount": 500, "currency": "EUR"}, "reason": "Sorry for the late parcel"},
)
async def give_store_credit(
    customer_id: CustomerId,
    data: StoreCreditBody,
    actor: Actor,
    key: IdempotencyKey | None,
    give_store_credit: GiveStoreCredit,
) -> One[StoreCreditView]:
    """Give a customer store credit, which the shop pays for. For staff."""
    view = await give_store_credit(
        GiveStoreCreditCommand(
            actor=actor, customer_id=customer_id, amount=data.amount, reason=data.reason, idempotency=key
        )
    )
    return One(view, status=201, location=_entries_of(customer_id, view.amount.currency))


class WalletTransferBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much, to which customer, and a note that they read."""

    to: CustomerId
    amount: Money
    note: Annotated[str, msgspec.Meta(max_length=200)] = ""


@endpoint(
    "POST",
    "/customers/{customer_id}/wallet/transfers",
    tag=_TAG,
    status=201,
    errors=(
        _SHORT,
        _NOBODY,
        _GONE,
        Refusal(Kind.INVALID, "wallet.transfer_invalid", "Nothing was transferred: see errors."),
    ),
    example={
        "to": "cus_01m7y7tsamexgajdq8dqk7k2ba",
        "amount": {"amount": 500, "currency": "EUR"},
        "note": "Happy birthday",
    },
)
async def transfer_funds(
    customer_id: CustomerId,
    data: WalletTransferBody,
    actor: Actor,
    key: IdempotencyKey | None,
    transfer_funds: TransferFunds,
) -> One[WalletTransferView]:
    """Move store credit of yours to another customer: all of it, or nothing. For staff, anybody's. Send an
    Idempotency-Key: without one, a repeat moves it again."""
    view = await transfer_funds(
        TransferFundsCommand(
            actor=actor, customer_id=customer_id, to=data.to, amount=data.amount, note=data.note, idempotency=key
        )
    )
    return One(view, status=201, location=_entries_of(customer_id, view.amount.currency))


def _entries_of(customer_id: str, currency: str) -> str:
    return f"/customers/{customer_id}/wallet/entries?{urlencode({'currency': currency})}"


ROUTES = (get_wallet, list_wallet_entries, give_store_credit, transfer_funds)

"""The ledger: accounts, transfers, balances, and whether it is sound. For those who keep the books."""

from datetime import datetime
from typing import Annotated

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Kind
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.kernel.ids import id_pattern
from tradepost.ledger import (
    AccountFilter,
    AccountType,
    AccountView,
    BalanceView,
    GetAccount,
    GetAccountQuery,
    GetBalance,
    GetBalanceQuery,
    GetTransfer,
    GetTransferQuery,
    LedgerTransferView,
    ListAccounts,
    ListAccountsQuery,
    ListPostings,
    ListPostingsQuery,
    ListTransfers,
    ListTransfersQuery,
    OpenAccount,
    OpenAccountCommand,
    Posting,
    PostingFilter,
    PostingView,
    PostTransfer,
    PostTransferCommand,
    TransferFilter,
    TrialBalance,
    TrialBalanceQuery,
    TrialBalanceView,
    VerificationView,
    VerifyLedgerQuery,
)
from tradepost.ledger.account import CODE_PATTERN
from tradepost.orders import VerifyBooks
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import Many, One
from tradepost_entrypoints.http.parameters import Moment, PageQuery, Query

_TAG = "Ledger"
Code = Annotated[
    str,
    msgspec.Meta(
        pattern=CODE_PATTERN, max_length=100, description="An account: `bank`, or one of a family, `wallet:cus_01k9`."
    ),
]
TransferId = Annotated[str, msgspec.Meta(pattern=id_pattern("transfer"), max_length=40)]
Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$", description="ISO 4217.")]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
At = Annotated[datetime, msgspec.Meta(tz=True, description="Of what happened until then, that moment included.")]

_NO_ACCOUNT = Refusal(Kind.NOT_FOUND, "account.not_found", "There is no account 'bank'.", {"id": "bank"})
_NO_TRANSFER = Refusal(Kind.NOT_FOUND, "transfer.not_found", "There is no transfer 'transfer_01k9'.")
_TAKEN = Refusal(
    Kind.CONFLICT,
    "ledger.account_taken",
    "There is another account 'bank' already, and accounts never change; choose another code.",
    {"code": "bank"},
)
_USED = Refusal(
    Kind.CONFLICT,
    "ledger.reference_taken",
    "Other postings were made under the reference 'rent 2026-03' already (transfer_01k9); look at them, and use another "
    "reference for what is something else.",
    {"reference": "rent 2026-03", "transfer_id": "transfer_01k9"},
)
_SHORT = Refusal(
    Kind.CONFLICT,
    "ledger.insufficient_funds",
    "There is not enough in wallet:cus_01k9; nothing was posted.",
    {"accounts": ["wallet:cus_01k9"]},
)


class AccountsQuery(PageQuery, frozen=True, kw_only=True):
    """Which accounts."""

    family: Annotated[str, msgspec.Meta(max_length=40, description="What comes before the colon.")] | None = None
    type: AccountType | None = None
    currency: Currency | None = None


@endpoint("GET", "/ledger/accounts", tag=_TAG)
async def list_ledger_accounts(
    query: AccountsQuery, actor: Actor, list_ledger_accounts: ListAccounts
) -> Many[AccountView]:
    """The accounts by `code`, each with what is on it; all balances of a page are of the same moment."""
    wanted = AccountFilter(family=query.family, type=query.type, currency=query.currency)
    return Many(
        await list_ledger_accounts(ListAccountsQuery(actor=actor, wanted=wanted, page=query.page_request())), query
    )


class LedgerAccountBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account never changes. Below its `floor`, in minor units, its balance can not go."""

    code: Code
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    type: AccountType
    currency: Currency
    floor: Annotated[int, msgspec.Meta(ge=-(10**15), le=0)] | None = None


@endpoint(
    "POST",
    "/ledger/accounts",
    tag=_TAG,
    status=201,
    errors=(_TAKEN, Refusal(Kind.INVALID, "ledger.account_invalid", "This account can not be opened: see errors.")),
    example={"code": "rent", "name": "Rent", "type": "expense", "currency": "EUR"},
)
async def open_ledger_account(
    data: LedgerAccountBody, actor: Actor, key: IdempotencyKey | None, open_ledger_account: OpenAccount
) -> One[AccountView]:
    """Open an account. One that is there already, just as it is, is answered and nothing happens."""
    view = await open_ledger_account(
        OpenAccountCommand(
            actor=actor,
            code=data.code,
            name=data.name,
            type=data.type,
            currency=data.currency,
            floor=data.floor,
            idempotency=key,
        )
    )
    return One(view, status=201, location=f"/ledger/accounts/{view.code}")


@endpoint("GET", "/ledger/accounts/{code}", tag=_TAG, errors=(_NO_ACCOUNT,))
async def get_ledger_account(code: Code, actor: Actor, get_ledger_account: GetAccount) -> One[AccountView]:
    """One account, with what is on it now."""
    return One(await get_ledger_account(GetAccountQuery(actor=actor, code=code)))


class MomentQuery(Query, frozen=True, kw_only=True):
    """Which moment; all that was ever posted when left out."""

    at: At | None = None


@endpoint("GET", "/ledger/accounts/{code}/balance", tag=_TAG, errors=(_NO_ACCOUNT,))
async def get_ledger_balance(code: Code, query: MomentQuery, actor: Actor, get_balance: GetBalance) -> One[BalanceView]:
    """What is on an account, or was at any moment."""
    return One(await get_balance(GetBalanceQuery(actor=actor, account=code, at=query.at)))


class PostingsQuery(PageQuery, frozen=True, kw_only=True):
    """Which postings."""

    account: Code | None = None
    subject: Annotated[str, msgspec.Meta(max_length=200, description="What they are about: an order's id.")] | None = (
        None
    )
    at_from: Moment | None = None
    at_before: Moment | None = None


@endpoint("GET", "/ledger/postings", tag=_TAG, errors=(_NO_ACCOUNT,))
async def list_ledger_postings(query: PostingsQuery, actor: Actor, list_postings: ListPostings) -> Many[PostingView]:
    """The statement of an account, or what was posted about an order; the latest first, or with `sort=at` the first."""
    wanted = PostingFilter(
        account=query.account, subject=query.subject, at_from=query.at_from, at_before=query.at_before
    )
    return Many(await list_postings(ListPostingsQuery(actor=actor, wanted=wanted, page=query.page_request())), query)


class TransfersQuery(PageQuery, frozen=True, kw_only=True):
    """Which transfers."""

    reference: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    at_from: Moment | None = None
    at_before: Moment | None = None


@endpoint("GET", "/ledger/transfers", tag=_TAG)
async def list_ledger_transfers(
    query: TransfersQuery, actor: Actor, list_transfers: ListTransfers
) -> Many[LedgerTransferView]:
    """The transfers with all their postings; the latest first, or with `sort=at` the first."""
    wanted = TransferFilter(reference=query.reference, at_from=query.at_from, at_before=query.at_before)
    return Many(await list_transfers(ListTransfersQuery(actor=actor, wanted=wanted, page=query.page_request())), query)


class LedgerTransferBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Debits and credits are the same in every currency. Under a `reference` one thing is posted, ever."""

    reference: Text
    postings: Annotated[tuple[Posting, ...], msgspec.Meta(min_length=2, max_length=1_000)]
    description: Annotated[str, msgspec.Meta(max_length=200)] = ""
    at: Annotated[datetime, msgspec.Meta(tz=True, description="When it happened; now, when left out.")] | None = None


@endpoint(
    "POST",
    "/ledger/transfers",
    tag=_TAG,
    status=201,
    errors=(_USED, _SHORT, Refusal(Kind.INVALID, "ledger.transfer_invalid", "Nothing was posted: see errors.")),
    example={
        "reference": "rent 2026-03",
        "postings": [
            {"account": "rent", "side": "debit", "amount": {"amount": 90000, "currency": "EUR"}},
            {"account": "bank", "side": "credit", "amount": {"amount": 90000, "currency": "EUR"}},
        ],
        "description": "Backroom, March",
    },
)
async def post_ledger_transfer(
    data: LedgerTransferBody, actor: Actor, key: IdempotencyKey | None, post_transfer: PostTransfer
) -> One[LedgerTransferView]:
    """Post a transfer: all of it or nothing. The same again under the same reference is answered as it was posted."""
    view = await post_transfer(
        PostTransferCommand(
            actor=actor,
            reference=data.reference,
            postings=data.postings,
            description=data.description,
            at=data.at,
            idempotency=key,
        )
    )
    return One(view, status=201, location=f"/ledger/transfers/{view.id}")


@endpoint("GET", "/ledger/transfers/{transfer_id}", tag=_TAG, errors=(_NO_TRANSFER,))
async def get_ledger_transfer(
    transfer_id: TransferId, actor: Actor, get_transfer: GetTransfer
) -> One[LedgerTransferView]:
    """One transfer, with all its postings."""
    return One(await get_transfer(GetTransferQuery(actor=actor, transfer_id=transfer_id)))


@endpoint("GET", "/ledger/trial-balance", tag=_TAG)
async def get_trial_balance(query: MomentQuery, actor: Actor, trial_balance: TrialBalance) -> One[TrialBalanceView]:
    """What is on all accounts, or was at any moment: a line for each family of accounts, and both sides by currency."""
    return One(await trial_balance(TrialBalanceQuery(actor=actor, at=query.at)))


class VerificationQuery(Query, frozen=True, kw_only=True):
    """What else to verify."""

    head: (
        Annotated[str, msgspec.Meta(pattern="^[0-9]{1,18}:[0-9a-f]{64}$", description="A `BLOCK:HASH` noted earlier.")]
        | None
    ) = None


@endpoint("GET", "/ledger/verification", tag=_TAG)
async def verify_ledger(query: VerificationQuery, actor: Actor, verify_books: VerifyBooks) -> One[VerificationView]:
    """Whether the ledger is sound: sums, floors, snapshots and the hash chain; and whether orders, payments and the ledger
    tell the same. Reads all of it, so it takes a while."""
    return One(await verify_books(VerifyLedgerQuery(actor=actor, head=query.head)))


ROUTES = (
    list_ledger_accounts,
    open_ledger_account,
    get_ledger_account,
    get_ledger_balance,
    list_ledger_postings,
    list_ledger_transfers,
    post_ledger_transfer,
    get_ledger_transfer,
    get_trial_balance,
    verify_ledger,
)

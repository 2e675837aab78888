"""The ledger to look at, in SQL: one query each."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, cast, func, select, union_all

from tradepost.kernel.errors import NotFound
from tradepost.kernel.money import Money
from tradepost.kernel.pages import Page, PageRequest
from tradepost.ledger.account import AccountType
from tradepost.ledger.ports import AccountFilter, PostingFilter, TransferFilter
from tradepost.ledger.transfer import Posting
from tradepost.ledger.views import (
    AccountView,
    BalanceView,
    LedgerTransferView,
    PostingView,
    TrialBalanceLine,
    TrialBalanceView,
)
from tradepost_adapters.sql.connection import Reads, Row
from tradepost_adapters.sql.ledger import ACCOUNT, TRANSFER, account_of, transfer_of
from tradepost_adapters.sql.listing import Listing, begins_with
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.tables.ledger import (
    ledger_accounts,
    ledger_postings,
    ledger_snapshot_runs,
    ledger_snapshots,
    ledger_transfers,
)
from tradepost_adapters.sql.types import UtcDateTime

_covered = select(func.coalesce(func.max(ledger_snapshot_runs.c.position), 0)).scalar_subquery()
_at = bindparam("at", type_=UtcDateTime())
_day = bindparam("day", type_=UtcDateTime())  # on which `at` lies
_late = ledger_postings.c.position > _covered
# What happened by `at` is in the snapshots of the days before, in postings of that day, and in those not yet in snapshots.
_in_time = (
    and_(ledger_snapshots.c.day < _day),
    and_(ledger_postings.c.position <= _covered, ledger_postings.c.at >= _day, ledger_postings.c.at <= _at),
    and_(_late, ledger_postings.c.at <= _at),
)


def _sum(column: ColumnElement[int], *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(select(func.sum(column)).where(*conditions).scalar_subquery(), 0)


def _signed(*, until: bool) -> Any:
    """The sum of an account's postings, as a column beside `ledger_accounts`."""
    of_snapshots = ledger_snapshots.c.account == ledger_accounts.c.code
    of_postings = ledger_postings.c.account == ledger_accounts.c.code
    if not until:
        parts = _sum(ledger_snapshots.c.amount, of_snapshots) + _sum(ledger_postings.c.amount, of_postings, _late)
    else:
        snapshots, day, late = _in_time
        parts = (
            _sum(ledger_snapshots.c.amount, of_snapshots, snapshots)
            + _sum(ledger_postings.c.amount, of_postings, day)
            + _sum(ledger_postings.c.amount, of_postings, late)
        )
    return cast(parts, BigInteger)


def _by_family(*, until: bool) -> Any:
    snapshots = select(ledger_snapshots.c.account, ledger_snapshots.c.amount)
    postings = select(ledger_postings.c.account, ledger_postings.c.amount)
    if until:
        early, day, late = _in_time
        # The day's postings are found by their transfers, which have an index by time.
        of_the_day = select(ledger_transfers.c.id).where(ledger_transfers.c.at >= _day, ledger_transfers.c.at <= _at)
        parts = [
            snapshots.where(early),
            postings.where(day, ledger_postings.c.transfer_id.in_(of_the_day)),
            postings.where(late),
        ]
    else:
        parts = [snapshots, postings.where(_late)]
    moved = union_all(*parts).subquery("moved")
    sums = select(moved.c.account, func.sum(moved.c.amount).label("amount")).group_by(moved.c.account).subquery("sums")
    return (
        select(
            ledger_accounts.c.family,
            ledger_accounts.c.type,
            ledger_accounts.c.currency,
            func.count(),
            cast(func.sum(sums.c.amount), BigInteger),
        )
        .join_from(sums, ledger_accounts, ledger_accounts.c.code == sums.c.account)
        .group_by(ledger_accounts.c.family, ledger_accounts.c.type, ledger_accounts.c.currency)
    )


_of_code = ledger_accounts.c.code == bindparam("code")
_ACCOUNT = Statement(select(*ACCOUNT, _signed(until=False)).where(_of_code), name="ledger_accounts.get")
_ACCOUNT_THEN = Statement(select(*ACCOUNT, _signed(until=True)).where(_of_code), name="ledger_accounts.balance_at")
_TRIAL = Statement(_by_family(until=False), name="ledger.trial_balance")
_TRIAL_THEN = Statement(_by_family(until=True), name="ledger.trial_balance_at")
_TRANSFER = Statement(select(*TRANSFER).where(ledger_transfers.c.id == bindparam("id")), name="ledger_transfers.get")


def _account_view(row: Row) -> AccountView:
    return AccountView.of(account_of(row[:-1]), row[-1])


def _transfer_view(row: Row) -> LedgerTransferView:
    return LedgerTransferView.of(transfer_of(row))


def _posting_view(row: Row) -> PostingView:
    position, transfer_id, reference, at, account, amount, currency, subject, description = row
    posting = Posting.of_signed(account, Money(amount, currency), subject)
    return PostingView(
        position=position,
        transfer_id=transfer_id,
        reference=reference,
        at=at,
        account=account,
        side=posting.side,
        amount=posting.amount,
        subject=subject,
        description=description,
    )


_ACCOUNTS = Listing(
    select(*ACCOUNT, _signed(until=False).label("signed")),
    _account_view,
    name="ledger_accounts",
    key=ledger_accounts.c.code,
    sorts={"code": ledger_accounts.c.code},
    default="code",
    filters={
        "prefix": begins_with(ledger_accounts.c.code, "prefix"),
        "family": ledger_accounts.c.family == bindparam("family"),
        "type": ledger_accounts.c.type == bindparam("type"),
        "currency": ledger_accounts.c.currency == bindparam("currency"),
    },
)
_TRANSFERS = Listing(
    select(*TRANSFER),
    _transfer_view,
    name="ledger_transfers",
    key=ledger_transfers.c.id,
    sorts={"at": ledger_transfers.c.at},
    default="-at",
    filters={
        "reference": ledger_transfers.c.reference == bindparam("reference"),
        "at_from": ledger_transfers.c.at >= bindparam("at_from", type_=UtcDateTime()),
        "at_before": ledger_transfers.c.at < bindparam("at_before", type_=UtcDateTime()),
    },
)
_POSTINGS = Listing(
    select(
        ledger_postings.c.position,
        ledger_postings.c.transfer_id,
        ledger_transfers.c.reference,
        ledger_postings.c.at,
        ledger_postings.c.account,
        ledger_postings.c.amount,
        ledger_postings.c.currency,
        ledger_postings.c.subject,
        ledger_transfers.c.description,
    ).join_from(ledger_postings, ledger_transfers, ledger_transfers.c.id == ledger_postings.c.transfer_id),
    _posting_view,
    name="ledger_postings",
    key=ledger_postings.c.position,
    sorts={"at": ledger_postings.c.at, "position": ledger_postings.c.position},
    default="-at",
    filters={
        "account": ledger_postings.c.account == bindparam("account"),
        "subject": ledger_postings.c.subject == bindparam("subject"),
        "at_from": ledger_postings.c.at >= bindparam("at_from", type_=UtcDateTime()),
        "at_before": ledger_postings.c.at < bindparam("at_before", type_=UtcDateTime()),
    },
)


class SqlLedgerViews:
    """`LedgerViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def account(self, code: str, /) -> AccountView:
        row = await self._reads.one(_ACCOUNT, {"code": code})
        if row is None:
            raise NotFound("account", code)
        return _account_view(row)

    async def accounts(self, wanted: AccountFilter, page: PageRequest, /) -> Page[AccountView]:
        filters = {
            "prefix": wanted.prefix,
            "family": wanted.family,
            "type": None if wanted.type is None else wanted.type.value,
            "currency": wanted.currency,
        }
        return await _ACCOUNTS.page(self._reads, page, filters)

    async def transfer(self, transfer_id: str, /) -> LedgerTransferView:
        row = await self._reads.one(_TRANSFER, {"id": transfer_id})
        if row is None:
            raise NotFound("transfer", transfer_id)
        return _transfer_view(row)

    async def transfers(self, wanted: TransferFilter, page: PageRequest, /) -> Page[LedgerTransferView]:
        filters = {"reference": wanted.reference, "at_from": wanted.at_from, "at_before": wanted.at_before}
        return await _TRANSFERS.page(self._reads, page, filters)

    async def postings(self, wanted: PostingFilter, page: PageRequest, /) -> Page[PostingView]:
        filters = {
            "account": wanted.account,
            "subject": wanted.subject,
            "at_from": wanted.at_from,
            "at_before": wanted.at_before,
        }
        return await _POSTINGS.page(self._reads, page, filters)


class SqlLedgerBalances:
    """`LedgerBalances` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def balance(self, code: str, at: datetime | None, /) -> BalanceView:
        params: dict[str, Any] = {"code": code}
        if at is None:
            row = await self._reads.one(_ACCOUNT, params)
        else:
            row = await self._reads.one(_ACCOUNT_THEN, params | _until(at))
        if row is None:
            raise NotFound("account", code)
        view = _account_view(row)
        return BalanceView(account=code, type=view.type, balance=view.balance, at=at)

    async def trial_balance(self, at: datetime | None, /) -> TrialBalanceView:
        rows = await (self._reads.all(_TRIAL) if at is None else self._reads.all(_TRIAL_THEN, _until(at)))
        lines = (
            TrialBalanceLine.of(family, AccountType(type_), currency, accounts, signed)
            for family, type_, currency, accounts, signed in rows
        )
        return TrialBalanceView.of(lines, at)


def _until(at: datetime) -> dict[str, Any]:
    moment = at.astimezone(UTC)
    into = timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond)
    return {"at": moment, "day": moment - into}

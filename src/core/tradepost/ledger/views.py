"""The ledger as it is shown. Balances are counted as the type of the account does: what it has is above zero."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from tradepost.kernel.money import Money, total
from tradepost.ledger.account import Account, AccountType
from tradepost.ledger.transfer import Posting, Side, Transfer


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """An account and what is on it now."""

    code: str
    name: str
    type: AccountType
    currency: str
    floor: Money | None
    balance: Money
    opened_at: datetime

    @classmethod
    def of(cls, account: Account, signed: int = 0) -> "AccountView":
        """`signed` is the sum of its postings, debits above zero."""
        return cls(
            code=account.code,
            name=account.name,
            type=account.type,
            currency=account.currency,
            floor=None if account.floor is None else Money(account.floor, account.currency),
            balance=Money(signed * account.type.sign, account.currency),
            opened_at=account.opened_at,
        )


class BalanceView(msgspec.Struct, frozen=True, kw_only=True):
    """What was on an account at a moment, that moment included; `at` is None for all that was ever posted."""

    account: str
    type: AccountType
    balance: Money
    at: datetime | None


class LedgerTransferView(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer with all its postings."""

    id: str
    reference: str
    at: datetime
    recorded_at: datetime
    actor: str
    description: str
    postings: tuple[Posting, ...]

    @classmethod
    def of(cls, transfer: Transfer) -> "LedgerTransferView":
        return cls(
            id=transfer.id,
            reference=transfer.reference,
            at=transfer.at,
            recorded_at=transfer.recorded_at,
            actor=transfer.actor,
            description=transfer.description,
            postings=transfer.postings,
        )


class PostingView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a statement. `position` is its place in the whole ledger."""

    position: int
    transfer_id: str
    reference: str
    at: datetime
    account: str
    side: Side
    amount: Money
    subject: str | None
    description: str


class TrialBalanceLine(msgspec.Struct, frozen=True, kw_only=True):
    """A family of accounts of one type and currency, on the side where it stands in all; the other side is zero."""

    family: str
    type: AccountType
    accounts: int
    debit: Money
    credit: Money

    @classmethod
    def of(cls, family: str, type_: AccountType, currency: str, accounts: int, signed: int) -> "TrialBalanceLine":
        return cls(
            family=family,
            type=type_,
            accounts=accounts,
            debit=Money(max(signed, 0), currency),
            credit=Money(max(-signed, 0), currency),
        )


class CurrencyTotal(msgspec.Struct, frozen=True, kw_only=True):
    """Both sides of the trial balance in one currency; they are the same, or the books are broken."""

    debit: Money
    credit: Money
    balanced: bool


class TrialBalanceView(msgspec.Struct, frozen=True, kw_only=True):
    """All families of accounts at a moment; `at` is None for all that was ever posted."""

    at: datetime | None
    lines: tuple[TrialBalanceLine, ...]
    totals: tuple[CurrencyTotal, ...]
    balanced: bool

    @classmethod
    def of(cls, found: Iterable[TrialBalanceLine], at: datetime | None) -> "TrialBalanceView":
        lines = sorted(found, key=lambda line: (_ORDER[line.type], line.family, line.debit.currency))
        totals = []
        for currency in sorted({line.debit.currency for line in lines}):
            debit = total((line.debit for line in lines if line.debit.currency == currency), currency)
            credit = total((line.credit for line in lines if line.credit.currency == currency), currency)
            totals.append(CurrencyTotal(debit=debit, credit=credit, balanced=debit == credit))
        return cls(at=at, lines=tuple(lines), totals=tuple(totals), balanced=all(each.balanced for each in totals))


_ORDER = {type_: place for place, type_ in enumerate(AccountType)}


class LedgerCheck(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: how many things were looked at, how many break it, and which is the first of those."""

    rule: str
    checked: int
    wrong: int
    example: str | None = None


class ChainHead(msgspec.Struct, frozen=True, kw_only=True):
    """The last sealed block. Written down elsewhere it proves later that nothing before it has changed."""

    block: int
    position: int
    hash: str
    sealed_at: datetime


class UnsealedTail(msgspec.Struct, frozen=True, kw_only=True):
    """What the chain does not cover yet."""

    entries: int
    since: datetime | None


class VerificationView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the ledger is as it must be. `broken` are the entries that were tampered with, the first hundred."""

    sound: bool
    checks: tuple[LedgerCheck, ...]
    broken: tuple[str, ...]
    head: ChainHead | None
    unsealed: UnsealedTail

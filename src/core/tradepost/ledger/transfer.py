"""Transfers: amounts that leave some accounts and arrive at others, of which nothing is lost."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from tradepost.kernel.errors import Conflict, Fault, Invalid
from tradepost.kernel.money import Money
from tradepost.ledger.account import MAX_AMOUNT, Account

MAX_TEXT = 200
MAX_POSTINGS = 1_000


class Side(StrEnum):
    """Debit is written left, credit right; what is on one side of a transfer is on the other as well."""

    DEBIT = "debit"
    CREDIT = "credit"


class Posting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """So much on one side of one account. `subject` is what it is about, such as an order's id."""

    account: str
    side: Side
    amount: Money
    subject: str | None = None

    @property
    def signed(self) -> int:
        """Debits above zero, credits below."""
        return self.amount.amount if self.side is Side.DEBIT else -self.amount.amount

    @classmethod
    def of_signed(cls, account: str, amount: Money, subject: str | None) -> "Posting":
        """From what `signed` gives."""
        side = Side.DEBIT if amount.amount > 0 else Side.CREDIT
        return cls(account=account, side=side, amount=amount if amount.amount > 0 else -amount, subject=subject)


def debit(account: str, amount: Money, *, subject: str | None = None) -> Posting:
    return Posting(account=account, side=Side.DEBIT, amount=amount, subject=subject)


def credit(account: str, amount: Money, *, subject: str | None = None) -> Posting:
    return Posting(account=account, side=Side.CREDIT, amount=amount, subject=subject)


class Transfer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Two or more postings that add up to zero in every currency. Posted once and never changed: what was wrong is put
    right by another transfer.

    `reference` says what it is posted for (`capture:pay_01k9…`), and is posted once. `at` is when it happened, which
    for imported history is long before `recorded_at`.
    """

    id: str
    reference: str
    at: datetime
    recorded_at: datetime
    actor: str
    postings: tuple[Posting, ...]
    description: str = ""

    def check(self) -> None:
        """Raises `ledger.transfer_invalid` with every fault that can be seen without the accounts."""
        faults = [*self._faults_of_form(), *_faults_of_postings(self.postings)]
        if faults:
            raise _invalid(faults)

    def _faults_of_form(self) -> Iterable[Fault]:
        if not self.reference or len(self.reference) > MAX_TEXT or not self.reference.isprintable():
            yield Fault("/reference", f"write 1 to {MAX_TEXT} printable characters")
        if len(self.description) > MAX_TEXT or not (self.description.isprintable()):
            yield Fault("/description", f"write at most {MAX_TEXT} printable characters")
        if self.at > self.recorded_at:
            yield Fault("/at", "it can not have happened later than now")
        if not 2 <= len(self.postings) <= MAX_POSTINGS:
            yield Fault("/postings", f"a transfer has 2 to {MAX_POSTINGS:,} postings")

    def check_accounts(self, accounts: Mapping[str, Account]) -> None:
        """Raises `ledger.transfer_invalid` naming every account that is not there or is of another currency."""
        faults = []
        for place, posting in enumerate(self.postings):
            account = accounts.get(posting.account)
            if account is None:
                faults.append(Fault(f"/postings/{place}/account", f"there is no account {posting.account!r}; open it"))
            elif account.currency != posting.amount.currency:
                faults.append(Fault(f"/postings/{place}/amount", f"{account.code} is an account of {account.currency}"))
        if faults:
            raise _invalid(faults)

    def posts_the_same_as(self, other: "Transfer") -> bool:
        """Whether the postings are the same, in whatever order."""
        return Counter(self.postings) == Counter(other.postings)

    def changes(self, accounts: Mapping[str, Account]) -> dict[str, int]:
        """By how much the balances of accounts with a floor change, by code, in order of it."""
        changes: Counter[str] = Counter()
        for posting in self.postings:
            account = accounts[posting.account]
            if account.floor is not None:
                changes[account.code] += posting.signed * account.type.sign
        return dict(sorted(changes.items()))


def _faults_of_postings(postings: Iterable[Posting]) -> Iterable[Fault]:
    sums: Counter[str] = Counter()
    for place, posting in enumerate(postings):
        sums[posting.amount.currency] += posting.signed
        if not 1 <= posting.amount.amount <= MAX_AMOUNT:
            yield Fault(f"/postings/{place}/amount", f"write 1 to {MAX_AMOUNT:,} minor units, and on which side")
        if posting.subject is not None and not (0 < len(posting.subject) <= MAX_TEXT and posting.subject.isprintable()):
            yield Fault(f"/postings/{place}/subject", f"write 1 to {MAX_TEXT} printable characters, or leave it out")
    for currency, difference in sorted(sums.items()):
        if difference:
            more = "debits" if difference > 0 else "credits"
            yield Fault("/postings", f"there are {abs(difference)} minor units more {more} of {currency}", "unbalanced")


def _invalid(faults: Iterable[Fault]) -> Invalid:
    return Invalid("ledger.transfer_invalid", "Nothing was posted: see errors.", *faults)


class ReferenceTaken(Conflict):
    """Something else was posted under this reference."""

    def __init__(self, reference: str, transfer_id: str) -> None:
        super().__init__(
            "ledger.reference_taken",
            f"Other postings were made under the reference {reference!r} already ({transfer_id}); look at them, and use "
            "another reference for what is something else.",
            {"reference": reference, "transfer_id": transfer_id},
        )


class InsufficientFunds(Conflict):
    """Accounts would go below their floors. Nothing was posted."""

    def __init__(self, codes: Iterable[str]) -> None:
        short = sorted(codes)
        super().__init__(
            "ledger.insufficient_funds",
            f"There is not enough in {', '.join(short)}; nothing was posted.",
            {"accounts": short},
        )

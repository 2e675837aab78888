"""Accounts: where amounts are kept, and on which side they grow."""

import re
from datetime import datetime
from enum import StrEnum

import msgspec

from tradepost.kernel.errors import Conflict, Fault, Invalid
from tradepost.kernel.money import is_currency

MAX_NAME = 100
MAX_AMOUNT = 10**15
"""In minor units, of one posting and of a floor: sums of very many of them still fit what databases count with."""
CODE_PATTERN = "^[a-z0-9][a-z0-9_.-]{0,39}(:[A-Za-z0-9_.-]{1,58})?$"
_CODE = re.compile(CODE_PATTERN.removeprefix("^").removesuffix("$"))


class AccountType(StrEnum):
    """The five kinds of accounts. Debits make assets and expenses grow, credits the other three."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    REVENUE = "revenue"
    EXPENSE = "expense"

    @property
    def sign(self) -> int:
        """1 where debits make the balance grow, -1 where credits do."""
        return 1 if self in (AccountType.ASSET, AccountType.EXPENSE) else -1


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account of one currency. It is opened once and never changes.

    `code` is what postings name it by: a family (`bank`, `wallet`) and possibly, after a colon, which one of it
    (`wallet:cus_01k9…`); the trial balance has a line for each family. Below `floor` (minor units, 0 or less, of the
    balance as its type counts it) it can not go; without one it can be anything.
    """

    code: str
    name: str
    type: AccountType
    currency: str
    floor: int | None = None
    opened_at: datetime

    @property
    def family(self) -> str:
        return self.code.partition(":")[0]

    @classmethod
    def open(
        cls,
        *,
        code: str,
        name: str,
        type: AccountType,  # noqa: A002 - it is called so
        currency: str,
        floor: int | None,
        at: datetime,
    ) -> "Account":
        """Raises `ledger.account_invalid` with every fault."""
        faults = []
        if not _CODE.fullmatch(code):
            faults.append(Fault("/code", "write a family in lower case (wallet) and, after a colon, which one of it"))
        if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
            faults.append(Fault("/name", f"write 1 to {MAX_NAME} printable characters"))
        if not is_currency(currency):
            faults.append(Fault("/currency", f"{currency!r} is not an active ISO 4217 code, such as EUR"))
        if floor is not None and not -MAX_AMOUNT <= floor <= 0:
            faults.append(Fault("/floor", "an account starts at 0, so its floor is 0 or lower"))
        if faults:
            raise Invalid("ledger.account_invalid", "This account can not be opened: see errors.", *faults)
        return cls(code=code, name=name, type=type, currency=currency, floor=floor, opened_at=at)

    def is_as(self, other: "Account") -> bool:
        """Whether it is the same account, whenever it was opened."""
        return self == msgspec.structs.replace(other, opened_at=self.opened_at)


class AccountTaken(Conflict):
    """There is an account with this code, and it is another one."""

    def __init__(self, code: str) -> None:
        super().__init__(
            "ledger.account_taken",
            f"There is another account {code!r} already, and accounts never change; choose another code.",
            {"code": code},
        )

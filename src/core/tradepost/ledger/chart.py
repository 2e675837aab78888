"""The accounts a shop posts to. Whoever first posts to one opens it; a ledger that is used alone has none of them."""

from datetime import datetime

import msgspec

from tradepost.kernel.errors import Fault, Invalid
from tradepost.ledger.account import Account, AccountType


class Family(msgspec.Struct, frozen=True):
    """Accounts of one kind: one a currency, or one for each of something and currency."""

    code: str
    name: str
    type: AccountType
    floor: int | None = None

    def of(self, currency: str, which: str | None = None) -> str:
        """The code of an account, such as `revenue:EUR` or `clearing:stripe.EUR`."""
        return f"{self.code}:{currency}" if which is None else f"{self.code}:{which}.{currency}"


RECEIVABLE = Family("receivable", "Owed by buyers", AccountType.ASSET)
CLEARING = Family("clearing", "Collected, at whoever takes the money", AccountType.ASSET)
BANK = Family("bank", "Paid out to the bank", AccountType.ASSET)
TAX_PAYABLE = Family("tax_payable", "Tax to be handed over", AccountType.LIABILITY)
WALLET = Family("wallet", "Store credit of a customer", AccountType.LIABILITY, floor=0)
REVENUE = Family("revenue", "Goods sold, before tax", AccountType.REVENUE)
SHIPPING = Family("shipping", "Shipping sold, before tax", AccountType.REVENUE)
RETURNS = Family("returns", "Sales taken back, before tax", AccountType.EXPENSE)
FEES = Family("fees", "Kept by whoever takes the money", AccountType.EXPENSE)
DISPUTES = Family("disputes", "Taken by buyers' banks", AccountType.EXPENSE)
STORE_CREDIT = Family("store_credit", "Store credit given away", AccountType.EXPENSE)

_FAMILIES = {
    family.code: family
    for family in (
        RECEIVABLE,
        CLEARING,
        BANK,
        TAX_PAYABLE,
        WALLET,
        REVENUE,
        SHIPPING,
        RETURNS,
        FEES,
        DISPUTES,
        STORE_CREDIT,
    )
}

_REFERENCES = ("placed:order_", "canceled:order_", "capture:pay_", "refund:re_", "refund_failed:re_", "dispute:dp_")
"""What the shop posts about orders begins so. Which it is going to be can be told before: had somebody used it, that order
could never be captured or canceled."""


def check(opened: Account) -> None:
    """Raises `ledger.account_invalid` for an account of the shop's families that is not as the shop needs it: nobody could
    buy in its currency any more."""
    family = _FAMILIES.get(opened.family)
    ours = opened.code.endswith((f":{opened.currency}", f".{opened.currency}"))
    if family is not None and ours and (opened.type, opened.floor) != (family.type, family.floor):
        needed = family.type.value if family.floor is None else f"{family.type.value}, with a floor of {family.floor}"
        raise Invalid(
            "ledger.account_invalid",
            "This account can not be opened: see errors.",
            Fault("/code", f"the shop itself posts to {opened.code!r}, and needs it as {needed}; choose another code"),
        )


def reference_faults(reference: str) -> list[Fault]:
    """What is wrong with a reference that is not the shop's own."""
    if not reference.startswith(_REFERENCES):
        return []
    return [Fault("/reference", "the shop itself posts under references that begin so; choose another one")]


def account(code: str, currency: str, *, at: datetime) -> Account:
    """The account of the chart that goes by the code. Raises `KeyError` for a family that is not in the chart."""
    family = _FAMILIES[code.partition(":")[0]]
    return Account.open(code=code, name=family.name, type=family.type, currency=currency, floor=family.floor, at=at)

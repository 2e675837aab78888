"""The accounts a shop posts to. Whoever first posts to one opens it; a ledger that is used alone has none of them."""

from datetime import datetime

import msgspec

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


def account(code: str, currency: str, *, at: datetime) -> Account:
    """The account of the chart that goes by the code. Raises `KeyError` for a family that is not in the chart."""
    family = _FAMILIES[code.partition(":")[0]]
    return Account.open(code=code, name=family.name, type=family.type, currency=currency, floor=family.floor, at=at)

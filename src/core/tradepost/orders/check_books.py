"""Whether stock, orders, payments and operations agree with each other. They always should; this is how to be sure."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff


class Finding(msgspec.Struct, frozen=True):
    """How many things were looked at, how many were wrong, and which is the first of those."""

    checked: int
    wrong: int
    example: str | None = None

    @classmethod
    def of(cls, verdicts: Iterable[tuple[str, bool]]) -> "Finding":
        """From what each thing is called and whether it is right."""
        checked, wrong = 0, []
        for name, right in verdicts:
            checked += 1
            if not right:
                wrong.append(name)
        return cls(checked, len(wrong), min(wrong, default=None))


class Books(Protocol):
    """The books to look at, outside any transaction: one query each, so that each sees one moment.

    Every method counts the things its rule speaks of. Open means: neither canceled, expired nor completed.
    """

    async def stock_moved(self) -> Finding:
        """By location and SKU: `on_hand` and `reserved` of the level are the sums of its movements."""
        ...

    async def stock_reserved(self) -> Finding:
        """By SKU: what is reserved at all locations is what open orders have not sent yet of tracked lines."""
        ...

    async def stock_positive(self) -> Finding:
        """By level: `0 <= reserved <= on_hand`."""
        ...

    async def orders_add_up(self) -> Finding:
        """By order: its subtotal is its lines' totals; its total is the lines with tax, and shipping with tax."""
        ...

    async def orders_paid(self) -> Finding:
        """By order: `authorized`, `captured` and `refunded` are the sums of its payments'."""
        ...

    async def orders_covered(self) -> Finding:
        """By order that is placed or completed: free, authorized in full at some time, or with a manual or external payment."""
        ...

    async def orders_settled(self) -> Finding:
        """By order that is canceled or expired: what each of its payments captured is refunded, on its way back, or taken by
        a dispute."""
        ...

    async def money_positive(self) -> Finding:
        """By order and payment: `0 <= refunded <= captured <= authorized`."""
        ...

    async def payments_refunded(self) -> Finding:
        """By payment: `refunded` is the sum of its refunds that succeeded, `refunding` of those that are pending."""
        ...

    async def payments_operated(self) -> Finding:
        """By payment with a gateway: captured only after an authorization that succeeded; `capturing` and `refunding`
        exactly while such an operation is open."""
        ...

    async def operations_settled(self) -> Finding:
        """By operation: of its payment's order, and with a time of settlement exactly when it has ended."""
        ...

    async def disputes_add_up(self) -> Finding:
        """By order and payment: `disputed` of a payment is what its disputes have withdrawn in its currency, of an order what
        its payments' have."""
        ...

    async def ledger_receivable(self) -> Finding:
        """By order: what was posted about it to `receivable` is what the buyer owes. That is the total without what was
        captured; without a sale that stands it is what was refunded without what was captured."""
        ...

    async def ledger_tax(self) -> Finding:
        """By order: what was posted about it to `tax_payable` is its tax without that of refunds, while the sale stands."""
        ...

    async def ledger_money(self) -> Finding:
        """By order: what was posted about it to `clearing`, `wallet` and `fees` is what was captured without what was
        refunded or taken by disputes."""
        ...


class CheckView(msgspec.Struct, frozen=True, kw_only=True):
    """One check: what should be true, of how many things that was asked, and for how many it is not."""

    name: str
    rule: str
    checked: int
    wrong: int
    example: str | None

    @property
    def passed(self) -> bool:
        return not self.wrong


async def checks_of(books: Books, *, of_stock: bool = True) -> tuple[CheckView, ...]:
    """Make every check, one after the other; without those of stock, of money alone."""
    checks: tuple[tuple[str, str, Callable[[], Awaitable[Finding]]], ...] = (
        ("stock.moved", "Levels are the sums of their movements", books.stock_moved),
        ("stock.reserved", "Reserved is what open orders wait for", books.stock_reserved),
        ("stock.positive", "No level is below zero or oversold", books.stock_positive),
        ("orders.add_up", "Totals are the sums of lines, shipping and tax", books.orders_add_up),
        ("orders.paid", "Money of orders is the money of their payments", books.orders_paid),
        ("orders.covered", "No order is placed without cover", books.orders_covered),
        ("orders.settled", "No money is kept for an order that ended", books.orders_settled),
        ("money.positive", "No more is refunded than captured, captured than authorized", books.money_positive),
        ("payments.refunded", "Refunded is the sum of refunds", books.payments_refunded),
        ("payments.operated", "Money moved by operations that say so", books.payments_operated),
        ("operations.settled", "Operations have ended exactly when settled", books.operations_settled),
        ("disputes.add_up", "Disputed is what disputes have withdrawn", books.disputes_add_up),
        ("ledger.receivable", "The ledger knows what each order is owed", books.ledger_receivable),
        ("ledger.tax", "The ledger knows what tax of each order is due", books.ledger_tax),
        ("ledger.money", "The ledger knows where each order's money is", books.ledger_money),
    )
    views = []
    for name, rule, look in checks:
        if of_stock or not name.startswith("stock."):
            found = await look()
            view = CheckView(name=name, rule=rule, checked=found.checked, wrong=found.wrong, example=found.example)
            views.append(view)
    return tuple(views)


class CheckBooksQuery(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor


class CheckBooks:
    """Makes every check and says what came of each. Needs `orders:read` and `stock:read`.

    A shop may go on selling meanwhile: each check sees one moment, and every transaction leaves all of them true.
    """

    access = staff(Permission.ORDERS_READ, Permission.STOCK_READ)

    def __init__(self, books: Books) -> None:
        self._books = books

    async def __call__(self, query: CheckBooksQuery) -> tuple[CheckView, ...]:
        self.access.check(query.actor)
        return await checks_of(self._books)

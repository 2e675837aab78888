"""The shop's balance at the gateway: a line for everything that moved it, what the gateway keeps of each, and payouts."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import msgspec

from tradepost.kernel.errors import Invalid
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.payments.gateway import BalanceKind, BalanceLine
from tradepost_adapters.simulated_gateway.store import Shelf, Store

PAGE_SIZE = 100
DISPUTE_FEE = 1500
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_LINES = Shelf("balance", BalanceLine)
_TARIFF = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,4})?)%(?:[+ ]([0-9]{1,9}))?|([0-9]{1,9})")
_MILLIONTHS = 1_000_000


class Tariff(msgspec.Struct, frozen=True):
    """What the gateway keeps: of each charge `millionths` of the amount and `fixed` minor units, and `dispute` for each dispute."""

    millionths: int = 0
    fixed: int = 0
    dispute: int = DISPUTE_FEE

    @classmethod
    def parse(cls, text: str, *, dispute: int = DISPUTE_FEE) -> "Tariff":
        """Of `1.4%+25`, `1.4%` or `25`; a space stands for the plus, which it becomes in a URL. Raises ValueError."""
        found = _TARIFF.fullmatch(text)
        if found is None:
            raise ValueError("expected a fee such as 1.4%+25, 1.4% or 25")
        whole, _, part = (found[1] or "0").partition(".")
        return cls(int(whole) * 10_000 + int(part.ljust(4, "0")), int(found[2] or found[3] or 0), dispute)

    def of_charge(self, amount: int) -> int:
        """Rounded half up to a whole minor unit."""
        return (2 * amount * self.millionths + _MILLIONTHS) // (2 * _MILLIONTHS) + self.fixed


class Balance:
    """Writes the lines, and reads them. Everything happens inside the store's transaction."""

    def __init__(self, store: Store, tariff: Tariff, ids: TypeIds, now: Callable[[], datetime]) -> None:
        self._store = store
        self._tariff = tariff
        self._ids = ids
        self._now = now

    def charged(self, amount: Money, reference: str, operation_id: str) -> None:
        self.write(
            BalanceKind.CHARGE,
            amount,
            fee=self._tariff.of_charge(amount.amount),
            reference=reference,
            operation_id=operation_id,
        )

    def disputed(self, amount: Money, dispute: str) -> None:
        self.write(BalanceKind.DISPUTE, -amount, fee=self._tariff.dispute, reference=dispute)

    def write(
        self,
        kind: BalanceKind,
        amount: Money,
        *,
        fee: int = 0,
        reference: str | None = None,
        operation_id: str | None = None,
    ) -> BalanceLine:
        """Put down one line as it is."""
        line = BalanceLine(
            id=self._ids.new("line"),
            kind=kind,
            amount=amount,
            fee=fee,
            at=self._now(),
            reference=reference,
            operation_id=operation_id,
        )
        self._store.put(_LINES, line.id, line, line.at)
        return line

    def pay_out(self) -> tuple[BalanceLine, ...]:
        """Send all there is, above zero, to the shop's bank: a line for each currency."""
        left: Counter[str] = Counter()
        for line in self._all():
            left[line.amount.currency] += line.amount.amount - line.fee
        return tuple(
            self.write(BalanceKind.PAYOUT, Money(-amount, currency), reference=self._ids.new("payout"))
            for currency, amount in sorted(left.items())
            if amount > 0
        )

    def fail_payout(self, reference: str) -> BalanceLine:
        """The bank did not take a payout: it comes back, once. Raises `payout.invalid`."""
        lines = [line for line in self._all() if line.reference == reference]
        if [line.kind for line in lines] != [BalanceKind.PAYOUT]:
            raise Invalid("payout.invalid", "There is no payout under this reference that could fail.")
        return self.write(BalanceKind.PAYOUT_FAILED, -lines[0].amount, reference=reference)

    def page(self, since: datetime, after: int | None) -> tuple[list[BalanceLine], int | None]:
        return self._store.shelf(_LINES, since, after, PAGE_SIZE)

    def _all(self) -> Iterator[BalanceLine]:
        after: int | None = None
        while True:
            lines, after = self.page(_BEGINNING, after)
            yield from lines
            if after is None:
                return

"""Finds for each line of a gateway's balance the posting it should be in the ledger as. Knows neither pages nor stores."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from tradepost.kernel.money import Money
from tradepost.payments.balance import PAYOUTS, kept_of, moved_by, reference_of
from tradepost.payments.gateway import BalanceKind, BalanceLine
from tradepost.payments.reconciliation import (
    Concern,
    Matter,
    Movement,
    ReconciliationItem,
    ReconciliationTotal,
    Tally,
)

EDGE = timedelta(hours=1)
"""So near to the ends of a period a posting's line may lie beyond it: clocks differ, and answers take their time."""

_MATTERS = {
    BalanceKind.CHARGE: Matter.CHARGE,
    BalanceKind.REFUND: Matter.REFUND,
    BalanceKind.REFUND_FAILED: Matter.REFUND,
    BalanceKind.DISPUTE: Matter.DISPUTE,
    BalanceKind.DISPUTE_REVERSED: Matter.DISPUTE,
}
_WHATS = {BalanceKind.PAYOUT: "payout", BalanceKind.PAYOUT_FAILED: "payout", BalanceKind.OTHER: "other"}


class Claim(msgspec.Struct, frozen=True, gc=False):
    """What a line says should be in the ledger. `transfer` is the reference where there is only one it can have."""

    line: BalanceLine
    matter: Matter
    amount: Money
    transfer: str | None = None


def claims_of(gateway: str, line: BalanceLine) -> Iterator[Claim]:
    """A line may say two things: what it is about, and that the gateway has kept a fee."""
    matter = _MATTERS.get(line.kind)
    if matter is not None:
        yield Claim(line, matter, line.amount)
    elif line.kind is not BalanceKind.FEE:
        what = _WHATS[line.kind]
        yield Claim(line, Matter(what), line.amount, reference_of(what, gateway, line))
    kept = kept_of(line)
    if kept:
        yield Claim(line, Matter.FEE, -kept, reference_of("fee", gateway, line))


class _Sums:
    """Counts and adds up by what it is called."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._amounts: defaultdict[str, int] = defaultdict(int)

    def add(self, name: str, amount: Money, count: int = 1) -> None:
        self._counts[name] += count
        self._amounts[name] += amount.amount

    def tally(self, name: str, currency: str) -> Tally:
        return Tally(count=self._counts[name], amount=Money(self._amounts[name], currency))


class Comparison:
    """The comparison so far. Keeps the references of what was matched and the ids of the lines, about 300 bytes a line,
    and whatever is open; nothing of our history beyond that."""

    def __init__(self, gateway: str, most: int) -> None:
        self._gateway = gateway
        self._most = most
        self._seen: set[str] = set()
        self._taken: set[str] = set()
        self._left: list[tuple[Claim, Concern | None]] = []
        self._candidates: dict[str, dict[str, Movement]] = defaultdict(dict)
        self._sums: defaultdict[str, _Sums] = defaultdict(_Sums)
        self.items: dict[str, list[ReconciliationItem]] = {
            name: [] for name in ("missing_here", "missing_there", "different", "at_the_edge")
        }
        self.repeated = 0
        self.first: datetime | None = None
        self.last: datetime | None = None
        self.payouts = False
        self.activity = False

    def news(self, lines: Iterable[BalanceLine]) -> list[BalanceLine]:
        """Those that were not there before."""
        fresh = []
        for line in lines:
            if line.id in self._seen:
                self.repeated += 1
                continue
            self._seen.add(line.id)
            fresh.append(line)
            self._sums[line.amount.currency].add("theirs", moved_by(line))
            self.first = line.at if self.first is None else min(self.first, line.at)
            self.last = line.at if self.last is None else max(self.last, line.at)
            if line.kind in PAYOUTS:
                self.payouts = True
            else:
                self.activity = True
        return fresh

    @property
    def lines(self) -> int:
        return len(self._seen)

    def take(self, claims: Sequence[Claim], concerns: Mapping[str, Concern], movements: Iterable[Movement]) -> None:
        """Match what agrees to the cent. What does not waits for the end: lines of one payment may come in any order."""
        by_transfer: dict[str, Movement] = {}
        by_payment: defaultdict[str, dict[str, Movement]] = defaultdict(dict)
        for movement in movements:
            by_transfer[movement.transfer] = movement
            if movement.payment_id is not None:
                by_payment[movement.payment_id][movement.transfer] = movement
        for claim in claims:
            if claim.transfer is not None:
                self._take_exactly(claim, by_transfer.get(claim.transfer))
                continue
            concern = concern_of(claim.line, concerns)
            there = {} if concern is None else by_payment[concern.payment_id]
            if not self._take_alike(claim, there.values()):
                self._left.append((claim, concern))
                if concern is not None:
                    self._candidates[concern.payment_id].update(there)

    def _take_exactly(self, claim: Claim, movement: Movement | None) -> None:
        if movement is None:
            self._open("missing_here", (claim,), None)
        elif movement.amount == claim.amount:
            self._matched((claim,), (movement,))
        else:
            self._differ((claim,), (movement,), movement.order_id)

    def _take_alike(self, claim: Claim, movements: Iterable[Movement]) -> bool:
        for movement in movements:
            same = movement.amount == claim.amount and movement.matter is claim.matter
            if same and movement.transfer not in self._taken:
                self._matched((claim,), (movement,))
                return True
        return False

    def settle(self) -> None:
        """Once all lines are there: what several lines or postings of one payment say together may agree all the same."""
        groups: defaultdict[tuple[str, Matter], list[Claim]] = defaultdict(list)
        orders: dict[str, str] = {}
        for claim, concern in self._left:
            if concern is None:
                groups[claim.line.reference or claim.line.id, claim.matter].append(claim)
            else:
                orders[concern.payment_id] = concern.order_id
                groups[concern.payment_id, claim.matter].append(claim)
        for (payment_id, matter), claims in groups.items():
            movements = [
                each
                for each in self._candidates.get(payment_id, {}).values()
                if each.matter is matter and each.transfer not in self._taken
            ]
            theirs = _added(claims)
            if not theirs:  # such as a refund and its coming back, of which we learned at once
                self._matched(claims, ())
            elif theirs == _added(movements):
                self._matched(claims, movements)
            elif movements:
                self._differ(claims, movements, orders.get(payment_id))
            else:
                for claim in claims:
                    self._open("missing_here", (claim,), orders.get(payment_id))
        self._left.clear()
        self._candidates.clear()

    def check(self, movements: Iterable[Movement], begin: datetime, end: datetime) -> None:
        """Ours of the period, after `settle`: those that no line was found for."""
        for movement in movements:
            compared = self.payouts if movement.matter is Matter.PAYOUT else self.activity
            self._sums[movement.amount.currency].add("ours", movement.amount)
            if not compared or movement.transfer in self._taken:
                continue
            began = movement.began_at or movement.at
            inside = begin + EDGE <= began and movement.at < end - EDGE
            self._put("missing_there" if inside else "at_the_edge", movement.amount, _item((), (movement,), None))

    def totals(self, clearing: Mapping[str, Money]) -> tuple[ReconciliationTotal, ...]:
        """By currency, with what the ledger says is at the gateway."""
        found = []
        for currency in sorted(self._sums.keys() | clearing.keys()):
            sums = self._sums[currency]
            tallies = {name: sums.tally(name, currency) for name in _TALLIES}
            found.append(
                ReconciliationTotal(currency=currency, clearing=clearing.get(currency, Money(0, currency)), **tallies)
            )
        return tuple(found)

    def _matched(self, claims: Sequence[Claim], movements: Sequence[Movement]) -> None:
        for claim in claims:
            self._sums[claim.amount.currency].add("matched", claim.amount)
        self._taken.update([movement.transfer for movement in movements])

    def _differ(self, claims: Sequence[Claim], movements: Sequence[Movement], order_id: str | None) -> None:
        self._taken.update([movement.transfer for movement in movements])
        item = _item(claims, movements, order_id)
        for currency, amount in _less(_added(claims), _added(movements)).items():
            self._sums[currency].add("different", Money(amount, currency))
        self._list("different", item)

    def _open(self, name: str, claims: Sequence[Claim], order_id: str | None) -> None:
        self._put(name, claims[0].amount, _item(claims, (), order_id))

    def _put(self, name: str, amount: Money, item: ReconciliationItem) -> None:
        self._sums[amount.currency].add(name, amount)
        self._list(name, item)

    def _list(self, name: str, item: ReconciliationItem) -> None:
        if len(self.items[name]) < self._most:
            self.items[name].append(item)


_TALLIES = ("theirs", "ours", "matched", "missing_here", "missing_there", "different", "at_the_edge")


def keys_of(lines: Iterable[BalanceLine]) -> set[str]:
    """By what may be found what the lines are about."""
    return {key for line in lines for key in (line.reference, line.operation_id) if key}


def concern_of(line: BalanceLine, concerns: Mapping[str, Concern]) -> Concern | None:
    """By our own id, which can not be mistaken, or by the gateway's."""
    return concerns.get(line.operation_id or "") or concerns.get(line.reference or "")


def _added(parts: Iterable[Claim | Movement]) -> dict[str, int]:
    """By currency, without those that come to nothing."""
    sums: defaultdict[str, int] = defaultdict(int)
    for part in parts:
        sums[part.amount.currency] += part.amount.amount
    return {currency: amount for currency, amount in sums.items() if amount}


def _less(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return {code: left.get(code, 0) - right.get(code, 0) for code in sorted(left.keys() | right.keys())}


def _item(claims: Sequence[Claim], movements: Sequence[Movement], order_id: str | None) -> ReconciliationItem:
    return ReconciliationItem(
        matter=claims[0].matter if claims else movements[0].matter,
        lines=tuple(claim.line.id for claim in claims),
        theirs=_sum([claim.amount for claim in claims]),
        transfers=tuple(movement.transfer for movement in movements),
        ours=_sum([movement.amount for movement in movements]),
        at=claims[0].line.at if claims else movements[0].at,
        reference=claims[0].line.reference if claims else None,
        order_id=order_id or (movements[0].order_id if movements else None),
    )


def _sum(amounts: Sequence[Money]) -> Money | None:
    """Of one currency, which is that of the first: a payment has one, and a gateway that changes money tells one."""
    if not amounts:
        return None
    currency = amounts[0].currency
    return Money(sum(each.amount for each in amounts if each.currency == currency), currency)

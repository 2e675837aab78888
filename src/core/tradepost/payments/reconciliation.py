"""A gateway's balance and the ledger, side by side: what of the one there is in the other."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO, Protocol

import msgspec

from tradepost.kernel.money import Money
from tradepost.kernel.pages import Page
from tradepost.payments.gateway import BalanceLine


class Matter(StrEnum):
    """What money moved for. `other` is what nothing of ours asked for, or what was posted by hand."""

    CHARGE = "charge"
    REFUND = "refund"
    DISPUTE = "dispute"
    FEE = "fee"
    PAYOUT = "payout"
    OTHER = "other"


class Movement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A posting that moved our balance at a gateway; above zero it came in. `transfer` is the reference it is posted
    under, and `payment_id` is ours, of what was captured, refunded or disputed.

    What happened is posted when we learn of it, `at`. It can not have happened before `began_at`, where that is known.
    """

    transfer: str
    amount: Money
    at: datetime
    order_id: str | None = None
    payment_id: str | None = None
    began_at: datetime | None = None

    @property
    def matter(self) -> Matter:
        return _MATTERS.get(self.transfer.partition(":")[0], Matter.OTHER)


class Concern(msgspec.Struct, frozen=True, kw_only=True):
    """The payment and the order that something is about."""

    payment_id: str
    order_id: str


class SettledMoney(Protocol):
    """What the ledger says of our balances at gateways, outside any transaction: one query each."""

    async def concerns(self, gateway: str, keys: Collection[str], /) -> Mapping[str, Concern]:
        """What each of the keys is about: the gateway's own references of payments and disputes, and ids of our
        operations. Those that are not known are not there."""
        ...

    async def of(
        self, gateway: str, /, *, payments: Collection[str], transfers: Collection[str]
    ) -> tuple[Movement, ...]:
        """All that was ever captured, refunded and disputed of payments of ours, and what was posted under these
        references. `began_at` is None."""
        ...

    async def between(
        self, account: str, begin: datetime, end: datetime, /, *, cursor: str | None, most: int
    ) -> Page[Movement]:
        """What was posted to an account from `begin` on and before `end`, oldest first. `payment_id` is None; `began_at`
        is when what brought it was asked for, or the dispute was opened."""
        ...

    async def first_payment(self, gateway: str, /) -> datetime | None:
        """When the first payment through the gateway was made."""
        ...


class BalanceReportReader(Protocol):
    """Reads the files in which a gateway reports its balance."""

    def __call__(self, file: BinaryIO, /) -> Iterator[BalanceLine]:
        """Line by line. Raises `report.invalid` at the first thing that is wrong."""
        ...


class ReconciliationItem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that does not agree: the gateway's lines and their sum, our postings and theirs. None: there is none.

    `reference` is the gateway's, of what it is about; `order_id` is ours.
    """

    matter: Matter
    lines: tuple[str, ...]
    theirs: Money | None
    transfers: tuple[str, ...]
    ours: Money | None
    at: datetime
    reference: str | None = None
    order_id: str | None = None


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How many there are, and what they come to."""

    count: int
    amount: Money


class ReconciliationTotal(msgspec.Struct, frozen=True, kw_only=True):
    """A currency. `theirs` is what the gateway's lines of the period add up to, fees taken off, and `ours` what was posted
    in it; `different` what the gateway has more. `clearing` is what the ledger says is at the gateway at the period's end.

    A line with a fee counts twice in `matched` and `missing_here`: for what it is about, and for the fee.
    """

    currency: str
    theirs: Tally
    ours: Tally
    matched: Tally
    missing_here: Tally
    missing_there: Tally
    different: Tally
    at_the_edge: Tally
    clearing: Money


class ReconciliationView(msgspec.Struct, frozen=True, kw_only=True):
    """What was compared, and what came of it. Of each list there are the first `most` items; the totals count all.

    `source` is where the gateway's lines are from: `gateway` or `report`. `payouts` and `activity` (all else) say whether
    those were compared: a report may hold one without the other. `outside` lines are of another time, and `repeated` ones
    were there already. `at_the_edge` are postings so near to the ends of the period that their lines may lie beyond.
    """

    gateway: str
    source: str
    at_from: datetime | None
    at_before: datetime | None
    activity: bool
    payouts: bool
    lines: int
    outside: int
    repeated: int
    agreed: bool
    totals: tuple[ReconciliationTotal, ...]
    missing_here: tuple[ReconciliationItem, ...]
    missing_there: tuple[ReconciliationItem, ...]
    different: tuple[ReconciliationItem, ...]
    at_the_edge: tuple[ReconciliationItem, ...]


_MATTERS = {
    "capture": Matter.CHARGE,
    "refund": Matter.REFUND,
    "refund_failed": Matter.REFUND,
    "dispute": Matter.DISPUTE,
    "fee": Matter.FEE,
    "payout": Matter.PAYOUT,
}

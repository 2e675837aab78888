"""What the lines of a gateway's balance mean in the ledger, as far as nothing of ours asked for them: fees and payouts.

Charges, refunds and disputes are posted with the order they are about, when the gateway says so; its lines of them are
compared with that, and posted by nobody a second time.
"""

from datetime import datetime
from typing import Protocol

from tradepost.kernel.money import Money
from tradepost.ledger.bookkeeping import Booking
from tradepost.ledger.chart import BANK, CLEARING, FEES
from tradepost.ledger.transfer import Posting
from tradepost.payments.gateway import BalanceKind, BalanceLine

PAYOUTS = frozenset({BalanceKind.PAYOUT, BalanceKind.PAYOUT_FAILED})
DISPUTED = frozenset({BalanceKind.DISPUTE, BalanceKind.DISPUTE_REVERSED})


def kept_of(line: BalanceLine) -> Money:
    """What the gateway has kept by this line; below zero: given back."""
    more = -line.amount.amount if line.kind is BalanceKind.FEE else 0
    return Money(line.fee + more, line.amount.currency)


def moved_by(line: BalanceLine) -> Money:
    """By how much the line changes our balance, in all."""
    return Money(line.amount.amount - line.fee, line.amount.currency)


def reference_of(what: str, gateway: str, line: BalanceLine) -> str:
    """Under what a part of the line is posted: `fee:stripe:txn_1`."""
    return f"{what}:{gateway}:{line.id}"


def bookings_of(gateway: str, line: BalanceLine, order_id: str | None, *, by: str, at: datetime) -> tuple[Booking, ...]:
    """What is to be posted for the line. A fee is an expense, about the order where it is of one of ours; what was paid
    out is at the bank, and what failed to be is not."""
    currency = line.amount.currency
    booked = [_booking("fee", FEES.of(currency, gateway), kept_of(line), gateway, line, order_id, by, at)]
    if line.kind in PAYOUTS:
        booked.append(_booking("payout", BANK.of(currency, gateway), -line.amount, gateway, line, None, by, at))
    return tuple(each for each in booked if each.postings)


def _booking(
    what: str, account: str, amount: Money, gateway: str, line: BalanceLine, subject: str | None, by: str, at: datetime
) -> Booking:
    """From the gateway to the account. A gateway's clock may be ahead of ours: nothing is posted for a time to come."""
    postings = (
        Posting.of_signed(account, amount, subject),
        Posting.of_signed(CLEARING.of(amount.currency, gateway), -amount, subject),
    )
    return Booking.of(reference_of(what, gateway, line), postings, actor=by, at=min(line.at, at), recorded_at=at)


class GatewayBalances(Protocol):
    """How far each gateway's balance was read, inside a transaction."""

    async def read_to(self, gateway: str, /) -> datetime | None: ...

    async def has_read(self, gateway: str, to: datetime, /) -> None:
        """It was read until then. Somebody who read further has not read less by it."""
        ...


class HasGatewayBalances(Protocol):
    @property
    def gateway_balances(self) -> GatewayBalances: ...

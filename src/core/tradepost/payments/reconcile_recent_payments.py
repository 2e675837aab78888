"""Compare the last days of every gateway's balance with the ledger, and say so when they do not agree."""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec

from tradepost.kernel.access import system
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import the_shop_itself
from tradepost.kernel.errors import TradepostError
from tradepost.payments.reconcile_payments import ReconcilePayments, ReconcilePaymentsQuery
from tradepost.payments.reconciliation import SettledMoney

PERIOD = timedelta(days=7)
SETTLING = timedelta(hours=1)
"""What is younger is left for the next time: it may still be on its way into the books."""

_TYPED = "%Y-%m-%dT%H:%M:%S"  # as the command line takes it

_log = logging.getLogger(__name__)


class OpenItems(msgspec.Struct, frozen=True, kw_only=True):
    """How many do not agree, in one currency."""

    currency: str
    missing_here: int
    missing_there: int
    different: int


class ReconciliationSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one gateway; `open` names the currencies in which something does not agree."""

    gateway: str
    at_from: datetime
    at_before: datetime
    lines: int
    agreed: bool
    open: tuple[OpenItems, ...]


class ReconcileRecentPayments:
    """Looks and changes nothing: what is open is logged as a warning, and what came of it is the result. A gateway
    through which nobody has paid yet is not asked, and one that does not answer holds back no other."""

    access = the_shop_itself()

    def __init__(
        self, gateways: Collection[str], reconcile: ReconcilePayments, settled: SettledMoney, clock: Clock
    ) -> None:
        self._gateways = gateways
        self._reconcile = reconcile
        self._settled = settled
        self._clock = clock

    async def __call__(self) -> tuple[ReconciliationSummary, ...]:
        """Raises what a gateway that did not answer raised, after the others were compared."""
        before = self._clock.now().replace(microsecond=0) - SETTLING
        found, failed = [], None
        for gateway in self._gateways:
            try:
                if await self._settled.first_payment(gateway) is not None:
                    found.append(await self._compare(gateway, before - PERIOD, before))
            except TradepostError as error:
                failed = error
        if failed is not None:
            raise failed
        return tuple(found)

    async def _compare(self, gateway: str, begin: datetime, end: datetime) -> ReconciliationSummary:
        view = await self._reconcile(
            ReconcilePaymentsQuery(
                actor=system("reconciliation"), gateway=gateway, at_from=begin, at_before=end, most=0
            )
        )
        counted = (
            OpenItems(
                currency=total.currency,
                missing_here=total.missing_here.count,
                missing_there=total.missing_there.count,
                different=total.different.count,
            )
            for total in view.totals
        )
        open_ = tuple(each for each in counted if each.missing_here or each.missing_there or each.different)
        for each in open_:
            _log.warning(
                "The balance at %s and the books do not agree in %s: %d missing here, %d missing there, %d different."
                " See: tradepost payments reconcile --gateway %s --from %s --until %s",
                gateway,
                each.currency,
                each.missing_here,
                each.missing_there,
                each.different,
                gateway,
                begin.strftime(_TYPED),
                end.strftime(_TYPED),
            )
        return ReconciliationSummary(
            gateway=gateway, at_from=begin, at_before=end, lines=view.lines, agreed=view.agreed, open=open_
        )

"""Compare a gateway's balance with the ledger."""

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import islice

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import Conflict, Fault, Invalid
from tradepost.kernel.money import Money
from tradepost.kernel.pages import MAX_LIMIT, PageRequest
from tradepost.ledger.chart import CLEARING
from tradepost.ledger.ports import AccountFilter, LedgerBalances, LedgerViews
from tradepost.payments.comparison import Comparison, claims_of, keys_of
from tradepost.payments.gateway import BalanceLine, PaymentGateway
from tradepost.payments.reconciliation import ReconciliationView, SettledMoney

AT_ONCE = 500
_MOMENT = timedelta(microseconds=1)


class ReconcilePaymentsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """From `at_from` on and before `at_before`. Without them the period is what a report spans; a gateway is asked from
    some time on, until now. `gateway` is the one that is configured, unless said. Of what does not agree the first `most`
    of each kind are listed. A period longer than `longest` is refused."""

    actor: Actor
    gateway: str | None = None
    at_from: datetime | None = None
    at_before: datetime | None = None
    most: int = 1_000
    longest: timedelta | None = None


class ReconcilePayments:
    """Looks for every line in the ledger, by what the line is about and whenever we learned of it; and for every posting
    of the period in the lines. A page of either at a time, with two queries for a page of theirs and one for one of ours,
    and keeps of them no more than what was found.
    """

    access = staff(Permission.PAYMENTS_READ, Permission.LEDGER_READ)

    def __init__(
        self,
        gateways: Mapping[str, PaymentGateway],
        settled: SettledMoney,
        accounts: LedgerViews,
        balances: LedgerBalances,
        clock: Clock,
    ) -> None:
        self._gateways = gateways
        self._settled = settled
        self._accounts = accounts
        self._balances = balances
        self._clock = clock

    async def __call__(
        self, query: ReconcilePaymentsQuery, report: Iterable[BalanceLine] | None = None
    ) -> ReconciliationView:
        """With the lines of `report`, or else those the gateway itself tells.

        Raises `reconciliation.period_invalid`, `payment.gateway_missing` and `GatewayOutcomeUnknown`.
        """
        self.access.check(query.actor)
        _check_period(query, self._clock.now(), asked=report is None)
        name = query.gateway or next(iter(self._gateways))
        compared = Comparison(name, query.most)
        outside = 0
        async for page in self._told(name, query.at_from) if report is None else _in_pages(report):
            lines = [line for line in page if _is_when(line.at, query)]
            outside += len(page) - len(lines)
            await self._take(compared, name, compared.news(lines))
        compared.settle()
        if report is None:
            compared.activity = compared.payouts = True
        at_from, at_before = query.at_from or compared.first, query.at_before or self._end(compared, report)
        clearing = await self._check(compared, name, at_from, at_before)
        totals = compared.totals(clearing)
        return ReconciliationView(
            gateway=name,
            source="gateway" if report is None else "report",
            at_from=at_from,
            at_before=at_before,
            activity=compared.activity,
            payouts=compared.payouts,
            lines=compared.lines,
            outside=outside,
            repeated=compared.repeated,
            agreed=not any(
                total.missing_here.count or total.missing_there.count or total.different.count for total in totals
            ),
            totals=totals,
            **{kind: tuple(items) for kind, items in compared.items.items()},
        )

    def _end(self, compared: Comparison, report: Iterable[BalanceLine] | None) -> datetime | None:
        if report is None:
            return self._clock.now()
        return None if compared.last is None else compared.last + _MOMENT

    async def _told(self, name: str, since: datetime | None) -> AsyncIterator[tuple[BalanceLine, ...]]:
        gateway = self._gateways.get(name)
        if gateway is None or since is None:
            raise Conflict(
                "payment.gateway_missing", f"{name!r} is not configured; configure it, or give a report of its balance."
            )
        cursor = None
        while True:
            lines, cursor = await gateway.balance(since, cursor=cursor)
            yield lines
            if cursor is None:
                return

    async def _take(self, compared: Comparison, gateway: str, lines: list[BalanceLine]) -> None:
        if not lines:
            return
        claims = [claim for line in lines for claim in claims_of(gateway, line)]
        concerns = await self._settled.concerns(gateway, keys_of(lines))
        movements = await self._settled.of(
            gateway,
            payments={concern.payment_id for concern in concerns.values()},
            transfers={claim.transfer for claim in claims if claim.transfer is not None},
        )
        compared.take(claims, concerns, movements)

    async def _check(
        self, compared: Comparison, gateway: str, begin: datetime | None, end: datetime | None
    ) -> dict[str, Money]:
        """Look for ours in theirs; gives what is at the gateway at the end, by currency."""
        clearing = {}
        for account in await self._clearing(gateway):
            view = await self._balances.balance(account, None if end is None else end - _MOMENT)
            clearing[view.balance.currency] = view.balance
            cursor = None
            while begin is not None and end is not None:
                page = await self._settled.between(account, begin, end, cursor=cursor, most=AT_ONCE)
                compared.check(page.items, begin, min(end, self._clock.now()))
                cursor = page.next_cursor
                if cursor is None:
                    break
        return clearing

    async def _clearing(self, gateway: str) -> list[str]:
        """The accounts of what is at the gateway, one a currency."""
        codes: list[str] = []
        cursor = None
        while True:
            wanted = AccountFilter(prefix=f"{CLEARING.code}:{gateway}.")
            page = await self._accounts.accounts(wanted, PageRequest(limit=MAX_LIMIT, cursor=cursor))
            codes += [account.code for account in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return codes


def _check_period(query: ReconcilePaymentsQuery, now: datetime, *, asked: bool) -> None:
    faults, begin, end = [], query.at_from, query.at_before or now
    if asked and begin is None:
        faults.append(Fault("/at_from", "say from when on; a gateway is not asked for all it ever did"))
    if begin is not None and end <= begin:
        faults.append(Fault("/at_before", "it has to be later than at_from"))
    if begin is not None and query.longest is not None and end - begin > query.longest:
        faults.append(Fault("/at_from", f"at most {query.longest.days} days at once; more is for the command line"))
    if faults:
        raise Invalid("reconciliation.period_invalid", "There is no such period: see errors.", *faults)


def _is_when(at: datetime, query: ReconcilePaymentsQuery) -> bool:
    after = query.at_from is None or query.at_from <= at
    return after and (query.at_before is None or at < query.at_before)


async def _in_pages(report: Iterable[BalanceLine]) -> AsyncIterator[tuple[BalanceLine, ...]]:
    lines = iter(report)
    while page := tuple(islice(lines, AT_ONCE)):
        yield page

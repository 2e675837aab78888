"""A shop on every backend whose gateway keeps fees, pays out and tells of disputes, by the shop's own clock."""

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import Any

import pytest
from tests.shop.conftest import NOW, OWNER, SECRET, Stand

from tradepost.kernel.clock import ManualClock
from tradepost.kernel.pages import PageRequest
from tradepost.ledger import ListAccountsQuery, ListPostingsQuery, PostingFilter, PostingView
from tradepost.orders import OrderPolicy, OrderStoryQuery, OrderView
from tradepost.payments.gateway import BalanceLine
from tradepost.payments.reconcile_payments import ReconcilePaymentsQuery
from tradepost.payments.reconciliation import ReconciliationView
from tradepost.shop import Shop
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.simulated_gateway import SimulatedGateway, open_gateway

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
_URL = "simulated://memory?slow_seconds=0.01&timeout_seconds=0.05&fee=1.4%25+25&dispute_fee=1500"


class Till(Stand):
    """The shop under test, what its books say, and the part of the gateway."""

    async def lines(self) -> tuple[BalanceLine, ...]:
        """All there ever was at the gateway."""
        found, cursor = await self.gateway.balance(NOW - 365 * DAY)
        assert cursor is None
        return found

    async def at_the_gateway(self) -> int:
        return sum(line.amount.amount - line.fee for line in await self.lines())

    async def balances(self) -> dict[str, int]:
        """What is on every account that is not at nothing."""
        page = await self.shop.list_ledger_accounts(ListAccountsQuery(actor=OWNER, page=PageRequest(limit=100)))
        return {account.code: account.balance.amount for account in page.items if account.balance}

    async def postings(self, account: str) -> tuple[PostingView, ...]:
        query = ListPostingsQuery(
            actor=OWNER, wanted=PostingFilter(account=account), page=PageRequest(limit=100, sort="position")
        )
        return (await self.shop.list_postings(query)).items

    async def reference(self, order: OrderView) -> str:
        """What the gateway calls the order's payment."""
        story = await self.shop.get_order_story(OrderStoryQuery(actor=OWNER, order_id=order.id))
        reference = story.payments[0].reference
        assert reference is not None
        return reference

    async def reconcile(self, report: Iterable[BalanceLine] | None = None, **query: Any) -> ReconciliationView:
        """With all of the last year, unless said otherwise, as it is a day later."""
        if report is None:
            query.setdefault("at_from", NOW - 365 * DAY)
        asked = ReconcilePaymentsQuery(actor=OWNER, gateway=query.pop("gateway", "simulated"), **query)
        return await self.shop.reconcile_payments(asked, report)


def summed_up(view: ReconciliationView) -> dict[str, tuple[int, int]]:
    """How many there are of what, and what they come to, in the one currency there is."""
    (total,) = view.totals
    names = ("matched", "missing_here", "missing_there", "different", "at_the_edge")
    tallies = {name: getattr(total, name) for name in names}
    return {name: (tally.count, tally.amount.amount) for name, tally in tallies.items() if tally.count}


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def till(request: pytest.FixtureRequest) -> AsyncIterator[Till]:
    clock = ManualClock(NOW)
    gateway = open_gateway(_URL, clock=clock)
    assert isinstance(gateway, SimulatedGateway)
    backend: Any
    if request.param == "memory":
        backend = MemoryBackend()
    else:
        from tradepost_adapters.sql.backend import SqlBackend

        backend = await SqlBackend.open(request.getfixturevalue(f"{request.param}_url"))
    shop = Shop(backend, gateway=gateway, secret=SECRET, policy=OrderPolicy(home_country="DE"), clock=clock)
    yield Till(shop, backend, gateway, clock)
    if request.param != "memory":
        await backend.close()
    await gateway.close()

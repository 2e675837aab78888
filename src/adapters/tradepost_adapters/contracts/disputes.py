"""What every store of disputes keeps to: one of a reference, told as it was written down, in pages of any order."""

# ruff: noqa: S101 - a suite asserts

from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from tradepost.kernel.errors import Invalid, NotFound
from tradepost.kernel.money import Money
from tradepost.kernel.pages import PageRequest
from tradepost.kernel.transactions import StaleVersion, Transactions
from tradepost.orders.order import Order, OrderStatus
from tradepost.orders.ports import OrderTx
from tradepost.payments.dispute import Dispute
from tradepost.payments.gateway import DisputeStatus
from tradepost.payments.payment import Method, Payment
from tradepost.payments.ports import DisputeFilter, DisputeViews, HasDisputes
from tradepost.payments.views import DisputeView

_AT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
_DAY = timedelta(days=1)


class DisputesTx(OrderTx, HasDisputes, Protocol):
    """What writing down disputes touches."""


class DisputesAdapter(Protocol):
    """A store under test."""

    @property
    def transactions(self) -> Transactions[DisputesTx]: ...

    @property
    def dispute_views(self) -> DisputeViews: ...


def dispute(number: int, *, order: int = 1, gateway: str = "stripe", respond: int | None = 9) -> Dispute:
    """The `number`th, of the day of that number, with so many days to respond."""
    opened = _AT + number * _DAY
    return Dispute(
        id=f"dp_{number}",
        payment_id=f"pay_{order}",
        order_id=f"order_{order}",
        gateway=gateway,
        reference=f"dp_at_{gateway}_{number}",
        amount=Money(1000 + number, "EUR"),
        reason="fraudulent",
        status=DisputeStatus.NEEDS_RESPONSE if respond is not None else DisputeStatus.UNDER_REVIEW,
        opened_at=opened,
        recorded_at=opened + _DAY,
        withdrawn=1000,
        respond_by=None if respond is None else opened + respond * _DAY,
    )


async def _orders(adapter: DisputesAdapter, *numbers: int) -> None:
    async def work(tx: DisputesTx) -> None:
        for number in numbers:
            nothing, total = Money(0, "EUR"), Money(5000, "EUR")
            await tx.orders.add(
                Order(
                    id=f"order_{number}",
                    number=number,
                    currency="EUR",
                    status=OrderStatus.PLACED,
                    lines=(),
                    shipping=None,
                    subtotal=total,
                    shipping_total=nothing,
                    tax=nothing,
                    total=total,
                    created_at=_AT,
                    placed_at=_AT,
                )
            )
            await tx.payments.add(
                Payment(
                    id=f"pay_{number}", order_id=f"order_{number}", method=Method.CARD, amount=total, created_at=_AT
                )
            )

    await adapter.transactions.run(work)


async def _add(adapter: DisputesAdapter, *made: Dispute) -> None:
    async def work(tx: DisputesTx) -> None:
        for each in made:
            await tx.disputes.add(each)

    await adapter.transactions.run(work)


async def _ids(adapter: DisputesAdapter, page: PageRequest | None = None, **wanted: str) -> list[str]:
    chosen = DisputeFilter(**wanted)  # type: ignore[arg-type]
    return [each.id for each in (await adapter.dispute_views.list(chosen, page or PageRequest())).items]


class DisputesContract:
    """Subclass it with a fixture `adapter`."""

    async def test_a_dispute_is_told_as_it_was_written_down(self, adapter: DisputesAdapter) -> None:
        await _orders(adapter, 1)
        await _add(adapter, dispute(1))
        told = await adapter.dispute_views.get("dp_1")
        assert told == DisputeView.of(dispute(1))
        assert (told.amount, told.withdrawn) == (Money(1001, "EUR"), Money(1000, "EUR"))
        with pytest.raises(NotFound, match=r"dispute\.not_found"):
            await adapter.dispute_views.get("dp_2")

    async def test_what_became_of_it_is_told_next_time(self, adapter: DisputesAdapter) -> None:
        await _orders(adapter, 1)
        await _add(adapter, dispute(1))

        async def work(tx: DisputesTx) -> None:
            found = await tx.disputes.by_reference("stripe", "dp_at_stripe_1")
            assert found is not None
            found.status, found.withdrawn, found.settled_at, found.respond_by = DisputeStatus.WON, 0, _AT, None
            await tx.disputes.save(found)
            assert await tx.disputes.by_reference("simulated", "dp_at_stripe_1") is None

        await adapter.transactions.run(work)
        told = await adapter.dispute_views.get("dp_1")
        assert (told.status, told.withdrawn.amount, told.settled_at, told.respond_by) == ("won", 0, _AT, None)

    async def test_a_reference_of_a_gateway_is_written_down_once(self, adapter: DisputesAdapter) -> None:
        await _orders(adapter, 1)
        await _add(adapter, dispute(1), dispute(2, gateway="simulated"))
        again = dispute(3)
        again.reference = "dp_at_stripe_1"
        with pytest.raises(StaleVersion):
            await _add(adapter, again)
        assert await _ids(adapter) == ["dp_2", "dp_1"]

    async def test_a_list_shows_those_that_are_asked_for(self, adapter: DisputesAdapter) -> None:
        await _orders(adapter, 1, 2)
        await _add(adapter, dispute(1), dispute(2, order=2, respond=None), dispute(3, gateway="simulated"))
        assert await _ids(adapter) == ["dp_3", "dp_2", "dp_1"]
        assert await _ids(adapter, status=DisputeStatus.NEEDS_RESPONSE) == ["dp_3", "dp_1"]
        assert await _ids(adapter, gateway="stripe", status=DisputeStatus.NEEDS_RESPONSE) == ["dp_1"]
        assert await _ids(adapter, order_id="order_2") == ["dp_2"]
        assert await _ids(adapter, order_id="order_3") == []

    async def test_an_order_tells_its_disputes_oldest_first(self, adapter: DisputesAdapter) -> None:
        await _orders(adapter, 1, 2)
        early = dispute(2)
        early.opened_at = _AT
        await _add(adapter, dispute(1), early, dispute(3, order=2))
        assert [each.id for each in await adapter.dispute_views.of_order("order_1")] == ["dp_2", "dp_1"]
        assert await adapter.dispute_views.of_order("order_3") == ()

    async def test_what_has_to_be_answered_first_comes_first_and_what_has_no_end_last(
        self, adapter: DisputesAdapter
    ) -> None:
        await _orders(adapter, 1)
        made = [dispute(1), dispute(2, respond=2), dispute(3, respond=None), dispute(4, respond=None)]
        await _add(adapter, *made)
        assert await _ids(adapter, PageRequest(sort="respond_by")) == ["dp_2", "dp_1", "dp_3", "dp_4"]
        assert await _ids(adapter, PageRequest(sort="-respond_by")) == ["dp_4", "dp_3", "dp_1", "dp_2"]
        assert await _ids(adapter, PageRequest(sort="opened_at")) == ["dp_1", "dp_2", "dp_3", "dp_4"]

    @pytest.mark.parametrize("sort", ["opened_at", "-opened_at", "respond_by", "-respond_by"])
    async def test_pages_follow_each_other_without_gap_or_overlap(self, adapter: DisputesAdapter, sort: str) -> None:
        await _orders(adapter, 1)
        await _add(adapter, *[dispute(number, respond=None if number % 2 else 30 - number) for number in range(1, 8)])
        whole = await _ids(adapter, PageRequest(sort=sort))
        seen: list[str] = []
        cursor: str | None = None
        for _ in range(4):
            page = await adapter.dispute_views.list(DisputeFilter(), PageRequest(limit=2, sort=sort, cursor=cursor))
            seen += [each.id for each in page.items]
            cursor = page.next_cursor
        assert (seen, cursor) == (whole, None)
        numbered = await adapter.dispute_views.list(DisputeFilter(), PageRequest(limit=2, sort=sort, page=2))
        assert ([each.id for each in numbered.items], numbered.total) == (whole[2:4], 7)

    async def test_a_page_that_can_not_be_is_refused(self, adapter: DisputesAdapter) -> None:
        for page in (PageRequest(sort="amount"), PageRequest(cursor="nonsense")):
            with pytest.raises(Invalid, match=r"page\.invalid"):
                await adapter.dispute_views.list(DisputeFilter(), page)

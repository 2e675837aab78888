"""What a `PaymentGateway` keeps to about money beyond one charge: captures in parts, refunds on their way, disputes, balance."""

# ruff: noqa: S101 - a suite asserts

from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from tradepost.kernel.money import Money
from tradepost.payments.gateway import (
    Approved,
    BalanceKind,
    Declined,
    DisputeStatus,
    GatewayDispute,
    Pending,
)
from tradepost_adapters.contracts.gateways import (
    DeclaredLacks,
    Desk,
    GatewayAdapter,
    GatewayTokens,
    approved,
    bank_of,
)


@pytest.mark.asyncio
class GatewayCapturesContract(DeclaredLacks):
    """Several captures where the gateway says so, and one that lets go of the rest everywhere."""

    TOKENS: ClassVar[GatewayTokens]

    async def test_several_captures_are_taken_where_the_gateway_says_so(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        if not desk.gateway.several_captures:
            pytest.skip("declared: this gateway captures an authorization once")
        reference = await desk.authorized(self.TOKENS.success)
        for amount in (300, 700):
            approved(await desk.gateway.send(desk.capture(reference, amount, final=False)))
        assert isinstance(await desk.gateway.send(desk.capture(reference, 1, final=False)), Declined)
        assert await desk.kept() == 1000

    async def test_a_capture_that_is_not_final_is_declined_where_there_is_only_one(
        self, adapter: GatewayAdapter
    ) -> None:
        desk = Desk(adapter)
        if desk.gateway.several_captures:
            pytest.skip("declared: this gateway captures in several parts")
        reference = await desk.authorized(self.TOKENS.success)
        answer = await desk.gateway.send(desk.capture(reference, 300, final=False))
        assert isinstance(answer, Declined)
        assert answer.code == "capture_not_final"
        assert await desk.kept() == 0
        approved(await desk.gateway.send(desk.capture(reference, 300, final=True)))
        assert await desk.kept() == 300

    async def test_a_final_capture_lets_go_of_the_rest(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        reference = await desk.authorized(self.TOKENS.success)
        approved(await desk.gateway.send(desk.capture(reference, 600, final=True)))
        for final in (True, False):
            assert isinstance(await desk.gateway.send(desk.capture(reference, 1, final=final)), Declined)
        assert await desk.kept() == 600
        assert isinstance(await desk.gateway.send(desk.refund(reference, 601)), Declined)
        approved(await desk.gateway.send(desk.refund(reference, 600)))
        assert await desk.kept() == 0

    async def test_a_final_capture_of_all_there_is_has_one_effect(self, adapter: GatewayAdapter) -> None:
        self.needs("keys")
        desk = Desk(adapter)
        reference = await desk.authorized(self.TOKENS.success)
        request = desk.capture(reference, 1000, final=True)
        first = await desk.gateway.send(request)
        assert first == Approved(reference=reference)
        assert await desk.gateway.send(request) == first
        assert await desk.kept() == 1000


@pytest.mark.asyncio
class GatewayBankContract(DeclaredLacks):
    """Refunds that a bank has to carry out, disputes, and a balance that adds up."""

    TOKENS: ClassVar[GatewayTokens]

    @pytest.mark.parametrize("succeeded", [True, False])
    async def test_a_refund_on_its_way_ends_as_find_tells(self, adapter: GatewayAdapter, succeeded: bool) -> None:
        desk, bank = Desk(adapter), bank_of(adapter, "settle_refund")
        reference = await desk.authorized(self.TOKENS.named("refund_pending"), capture=True)
        refund = desk.refund(reference, 400)
        assert await desk.gateway.send(refund) == Pending(reference=reference)
        assert await desk.gateway.find(refund.operation_id, request=refund) == Pending(reference=reference)
        assert isinstance(await desk.gateway.send(desk.refund(reference, 601)), Declined)
        await bank.settle_refund(refund.operation_id, succeeded=succeeded)
        found = await desk.gateway.find(refund.operation_id, request=refund)
        assert isinstance(found, Approved if succeeded else Declined)
        assert await desk.kept() == (600 if succeeded else 1000)
        again = desk.refund(reference, 601)
        assert isinstance(await desk.gateway.send(again), Declined if succeeded else Pending)

    async def test_a_refund_that_had_succeeded_may_fail_after_all(self, adapter: GatewayAdapter) -> None:
        desk, bank = Desk(adapter), bank_of(adapter, "settle_refund")
        reference = await desk.authorized(self.TOKENS.success, capture=True)
        refund = desk.refund(reference, 400)
        approved(await desk.gateway.send(refund))
        await bank.settle_refund(refund.operation_id, succeeded=False)
        assert isinstance(await desk.gateway.find(refund.operation_id, request=refund), Declined)
        assert await desk.kept() == 1000

    @pytest.mark.parametrize("won", [True, False])
    async def test_a_dispute_is_told_from_its_opening_to_its_end(self, adapter: GatewayAdapter, won: bool) -> None:
        desk, bank = Desk(adapter), bank_of(adapter, "open_dispute", "close_dispute")
        before = datetime.now(UTC) - timedelta(seconds=2)
        reference = await desk.authorized(self.TOKENS.success, capture=True)
        id_ = await bank.open_dispute(reference)
        opened = await desk.gateway.dispute(id_)
        assert opened is not None
        assert (opened.reference, opened.payment_reference) == (id_, reference)
        assert (opened.amount, opened.withdrawn) == (Money(1000, "EUR"), 1000)
        assert opened.status is DisputeStatus.NEEDS_RESPONSE
        assert before <= opened.opened_at <= datetime.now(UTC) + timedelta(seconds=2)
        assert await self._listed(desk, before, id_) == opened
        await bank.close_dispute(id_, won=won)
        closed = await desk.gateway.dispute(id_)
        assert closed is not None
        assert closed.status is (DisputeStatus.WON if won else DisputeStatus.LOST)
        assert closed.withdrawn == (0 if won else 1000)
        assert await self._listed(desk, before, id_) == closed
        lines = await desk.balance(id_)
        assert sum(line.amount.amount for line in lines) == -closed.withdrawn
        kinds = {BalanceKind.DISPUTE} | ({BalanceKind.DISPUTE_REVERSED} if won else set())
        assert {line.kind for line in lines} == kinds

    async def test_what_is_disputed_can_not_be_refunded(self, adapter: GatewayAdapter) -> None:
        desk, bank = Desk(adapter), bank_of(adapter, "open_dispute")
        reference = await desk.authorized(self.TOKENS.success, capture=True)
        await bank.open_dispute(reference)
        answer = await desk.gateway.send(desk.refund(reference, 1000))
        assert isinstance(answer, Declined)
        assert await desk.kept() == 1000

    async def test_a_dispute_that_nobody_opened_is_not_known(self, adapter: GatewayAdapter) -> None:
        bank_of(adapter, "open_dispute")
        assert await adapter.gateway.dispute("dp_that_nobody_ever_opened") is None

    async def test_the_balance_has_a_line_for_each_charge_and_each_refund(self, adapter: GatewayAdapter) -> None:
        self.needs("balance")
        desk = Desk(adapter)
        sale, hold = desk.authorize(self.TOKENS.success, capture=True), desk.authorize(self.TOKENS.success)
        first, second = [approved(await desk.gateway.send(request)) for request in (sale, hold)]
        capture, refund = desk.capture(second, 700, final=True), desk.refund(first, 300)
        for request in (capture, refund):
            approved(await desk.gateway.send(request))
        assert isinstance(await desk.gateway.send(desk.refund(first, 701)), Declined)
        lines = await desk.balance(first, second)
        assert {(line.kind, line.amount, line.operation_id, line.reference) for line in lines} == {
            (BalanceKind.CHARGE, Money(1000, "EUR"), sale.operation_id, first),
            (BalanceKind.CHARGE, Money(700, "EUR"), capture.operation_id, second),
            (BalanceKind.REFUND, Money(-300, "EUR"), refund.operation_id, first),
        }
        assert len({line.id for line in lines}) == len(lines) == 3
        assert sum(line.amount.amount for line in lines) == await desk.kept()
        later, _ = await desk.gateway.balance(max(line.at for line in lines) + timedelta(seconds=1))
        assert not {line.id for line in lines} & {line.id for line in later}

    async def test_what_could_not_be_given_back_comes_back_into_the_balance(self, adapter: GatewayAdapter) -> None:
        self.needs("balance")
        desk, bank = Desk(adapter), bank_of(adapter, "settle_refund")
        reference = await desk.authorized(self.TOKENS.success, capture=True)
        refund = desk.refund(reference, 400)
        approved(await desk.gateway.send(refund))
        await bank.settle_refund(refund.operation_id, succeeded=False)
        lines = await desk.balance(reference)
        assert sorted((line.kind.value, line.amount.amount) for line in lines) == [
            ("charge", 1000),
            ("refund", -400),
            ("refund_failed", 400),
        ]
        assert sum(line.amount.amount for line in lines) == await desk.kept() == 1000

    async def _listed(self, desk: Desk, since: datetime, reference: str) -> GatewayDispute | None:
        cursor: str | None = None
        while True:
            page, cursor = await desk.gateway.disputes(since, cursor=cursor)
            found = [dispute for dispute in page if dispute.reference == reference]
            if found or cursor is None:
                return found[0] if found else None

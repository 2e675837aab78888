"""What every adapter of `PaymentGateway` keeps to: one request, one effect, and books that tell it."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import msgspec
import pytest

from tradepost.kernel.money import Money
from tradepost.payments.gateway import Approved, Authorize, Declined
from tradepost_adapters.contracts.gateway_failures import GatewayActionContract, GatewayFailureContract
from tradepost_adapters.contracts.gateway_money import GatewayBankContract, GatewayCapturesContract
from tradepost_adapters.contracts.gateways import DeclaredLacks, Desk, GatewayAdapter, GatewayTokens, approved, sort_of


@pytest.mark.asyncio
class GatewayIdempotencyContract(DeclaredLacks):
    """The same request has one effect and one answer."""

    TOKENS: ClassVar[GatewayTokens]

    async def test_the_same_request_again_gets_the_same_answer_and_has_no_second_effect(
        self, adapter: GatewayAdapter
    ) -> None:
        self.needs("keys")
        desk = Desk(adapter)
        request = desk.authorize(self.TOKENS.success, capture=True)
        first = await desk.gateway.send(request)
        assert await desk.gateway.send(request) == first
        assert await desk.gateway.find(request.operation_id) == first
        assert await desk.kinds() == ["sale"]
        assert await desk.kept() == 1000

    async def test_a_decline_is_answered_again(self, adapter: GatewayAdapter) -> None:
        self.needs("search")
        desk = Desk(adapter)
        request = desk.authorize(self.TOKENS.declined, capture=True)
        first = await desk.gateway.send(request)
        assert isinstance(first, Declined)
        assert first.code
        assert first.message
        assert await desk.gateway.send(request) == first
        assert await desk.gateway.find(request.operation_id) == first
        assert await desk.kept() == 0

    async def test_a_used_operation_id_with_another_body_is_declined_and_the_first_one_stands(
        self, adapter: GatewayAdapter
    ) -> None:
        self.needs("keys")
        desk = Desk(adapter)
        request = desk.authorize(self.TOKENS.success, capture=True)
        first = await desk.gateway.send(request)
        others = (
            msgspec.structs.replace(request, amount=Money(1001, "EUR")),
            msgspec.structs.replace(request, capture=False),
            msgspec.structs.replace(request, metadata={"order_id": "another"}),
            msgspec.structs.replace(desk.refund(approved(first), 1000), operation_id=request.operation_id),
        )
        for other in others:
            answer = await desk.gateway.send(other)
            assert isinstance(answer, Declined)
            assert answer.code == "idempotency_mismatch"
        assert await desk.gateway.send(request) == first
        assert await desk.kept() == 1000

    async def test_metadata_in_another_order_is_the_same_request(self, adapter: GatewayAdapter) -> None:
        self.needs("keys")
        desk = Desk(adapter)
        request = desk.authorize(self.TOKENS.success)
        one = msgspec.structs.replace(request, metadata={"a": "1", "b": "2"})
        other = msgspec.structs.replace(request, metadata={"b": "2", "a": "1"})
        assert await desk.gateway.send(one) == await desk.gateway.send(other)

    async def test_fifty_at_once_have_one_effect(self, adapter: GatewayAdapter) -> None:
        self.needs("keys")
        desk = Desk(adapter)
        request = desk.authorize(self.TOKENS.success, capture=True)
        answers = await asyncio.gather(*(desk.gateway.send(request) for _ in range(50)))
        assert len({approved(answer) for answer in answers}) == 1
        refund = desk.refund(approved(answers[0]), 400)
        answers = await asyncio.gather(*(desk.gateway.send(refund) for _ in range(50)))
        assert {approved(answer) for answer in answers} == {approved(answers[0])}
        assert await desk.kinds() == ["sale", "refund"]
        assert await desk.kept() == 600

    async def test_two_operations_that_look_alike_are_two_effects(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        references = {await desk.authorized(self.TOKENS.success, capture=True) for _ in range(2)}
        assert len(references) == 2
        assert await desk.kept() == 2000


@pytest.mark.asyncio
class GatewayRulesContract(DeclaredLacks):
    """The gateway minds its own rules, whatever it is asked."""

    TOKENS: ClassVar[GatewayTokens]

    async def test_an_authorization_takes_no_money_until_it_is_captured(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        reference = await desk.authorized(self.TOKENS.success)
        assert await desk.kept() == 0
        assert approved(await desk.gateway.send(desk.capture(reference, 1000))) == reference
        assert await desk.kept() == 1000

    async def test_no_more_is_captured_than_was_authorized(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        reference = await desk.authorized(self.TOKENS.success)
        assert isinstance(await desk.gateway.send(desk.capture(reference, 1001)), Declined)
        answers = await asyncio.gather(*(desk.gateway.send(desk.capture(reference, 1000)) for _ in range(10)))
        assert Counter(map(sort_of, answers)) == {Approved: 1, Declined: 9}
        assert await desk.kept() == 1000

    async def test_no_more_is_refunded_than_was_captured(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        reference = await desk.authorized(self.TOKENS.success)
        assert isinstance(await desk.gateway.send(desk.refund(reference, 1)), Declined)
        approved(await desk.gateway.send(desk.capture(reference, 1000)))
        for amount in (300, 300, 300):
            approved(await desk.gateway.send(desk.refund(reference, amount)))
        assert isinstance(await desk.gateway.send(desk.refund(reference, 300)), Declined)
        assert await desk.kept() == 100
        approved(await desk.gateway.send(desk.refund(reference, 100)))
        assert isinstance(await desk.gateway.send(desk.refund(reference, 1)), Declined)
        assert await desk.kept() == 0

    async def test_of_refunds_at_once_no_more_succeed_than_was_captured(self, adapter: GatewayAdapter) -> None:
        self.needs("refund_limit")
        desk = Desk(adapter)
        reference = await desk.authorized(self.TOKENS.success, capture=True)
        answers = await asyncio.gather(*(desk.gateway.send(desk.refund(reference, 300)) for _ in range(10)))
        assert Counter(map(sort_of, answers)) == {Approved: 3, Declined: 7}
        assert await desk.kept() == 100

    async def test_what_is_voided_can_not_be_captured_or_voided_again(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        reference = await desk.authorized(self.TOKENS.success)
        assert approved(await desk.gateway.send(desk.void(reference))) == reference
        assert isinstance(await desk.gateway.send(desk.capture(reference, 1)), Declined)
        assert isinstance(await desk.gateway.send(desk.void(reference)), Declined)
        assert await desk.kept() == 0

    async def test_what_is_captured_whole_can_not_be_voided(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        sale = await desk.authorized(self.TOKENS.success, capture=True)
        captured = await desk.authorized(self.TOKENS.success)
        approved(await desk.gateway.send(desk.capture(captured, 1000)))
        for reference in (sale, captured):
            assert isinstance(await desk.gateway.send(desk.void(reference)), Declined)
        assert await desk.kept() == 2000

    async def test_of_a_capture_and_a_void_at_once_one_wins(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        references = [await desk.authorized(self.TOKENS.success) for _ in range(10)]
        pairs = await asyncio.gather(
            *(
                asyncio.gather(
                    desk.gateway.send(desk.void(reference)), desk.gateway.send(desk.capture(reference, 1000))
                )
                for reference in references
            )
        )
        for pair in pairs:
            assert Counter(map(sort_of, pair)) == {Approved: 1, Declined: 1}
        assert await desk.kept() == 1000 * sum(isinstance(capture, Approved) for _, capture in pairs)

    async def test_another_currency_is_declined(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        reference = await desk.authorized(self.TOKENS.success)
        assert isinstance(await desk.gateway.send(desk.capture(reference, 500, "USD")), Declined)
        approved(await desk.gateway.send(desk.capture(reference, 1000)))
        assert isinstance(await desk.gateway.send(desk.refund(reference, 500, "USD")), Declined)
        assert await desk.kept() == 1000

    async def test_an_unknown_reference_is_declined(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        unknown = "auth_01k9zm3v6ye2rb7tcn5hdq8w4x"
        for request in (desk.capture(unknown, 1), desk.void(unknown), desk.refund(unknown, 1)):
            assert isinstance(await desk.gateway.send(request), Declined)

    async def test_an_unknown_token_is_declined(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        request = desk.authorize("tok_that_nobody_ever_gave_out", capture=True)
        assert isinstance(await desk.gateway.send(request), Declined)
        assert await desk.kept() == 0

    @pytest.mark.parametrize("amount", [0, -1, -1000])
    async def test_only_an_amount_above_zero_is_taken_or_given_back(self, adapter: GatewayAdapter, amount: int) -> None:
        desk = Desk(adapter)
        reference = await desk.authorized(self.TOKENS.success)
        approved(await desk.gateway.send(desk.capture(reference, 500)))
        for request in (
            desk.authorize(self.TOKENS.success, amount, capture=True),
            desk.capture(reference, amount),
            desk.refund(reference, amount),
        ):
            assert isinstance(await desk.gateway.send(request), Declined)
        assert await desk.kept() == 500

    @pytest.mark.parametrize(("amount", "currency"), [(500, "JPY"), (12340, "KWD"), (99_999_999, "USD")])
    async def test_amounts_are_minor_units_of_any_currency(
        self, adapter: GatewayAdapter, amount: int, currency: str
    ) -> None:
        desk = Desk(adapter)
        approved(await desk.gateway.send(desk.authorize(self.TOKENS.success, amount, currency, capture=True)))
        (entry,) = await desk.entries()
        assert entry.amount == Money(amount, currency)

    @pytest.mark.parametrize(
        "number",
        ["4242424242424242", "4242 4242 4242 4242", "3782-822463-10005", "tok_5555555555554444", "4222222222222"],
    )
    async def test_a_card_number_is_refused_and_kept_nowhere(self, adapter: GatewayAdapter, number: str) -> None:
        desk = Desk(adapter)
        request = desk.authorize(number, capture=True)
        answer = await desk.gateway.send(request)
        assert isinstance(answer, Declined)
        assert number not in answer.message
        assert await desk.entries() == []
        if "search" not in self.LACKS:
            assert await desk.gateway.find(request.operation_id) is None


@pytest.mark.asyncio
class GatewayBooksContract(DeclaredLacks):
    """The books tell everything, oldest first."""

    TOKENS: ClassVar[GatewayTokens]
    SEVERAL_PAGES: ClassVar[int] = 120
    """How many entries do not fit on one page."""

    async def test_an_entry_says_what_when_how_much_and_for_which_operation(self, adapter: GatewayAdapter) -> None:
        self.needs("books")
        desk = Desk(adapter)
        before = datetime.now(UTC) - timedelta(seconds=2)
        authorize = desk.authorize(self.TOKENS.success)
        reference = approved(await desk.gateway.send(authorize))
        capture = desk.capture(reference, 700)
        refund = desk.refund(reference, 200)
        void = desk.void(reference)
        sale = desk.authorize(self.TOKENS.success, 5, capture=True)
        declined = desk.authorize(self.TOKENS.declined, 6)
        requests = (capture, refund, void, sale, declined)
        answers = [await desk.gateway.send(request) for request in requests]
        entries = await desk.entries()
        assert [(entry.operation_id, entry.kind, entry.amount) for entry in entries] == [
            (authorize.operation_id, "authorize", Money(1000, "EUR")),
            (capture.operation_id, "capture", Money(700, "EUR")),
            (refund.operation_id, "refund", Money(200, "EUR")),
            (void.operation_id, "void", None),
            (sale.operation_id, "sale", Money(5, "EUR")),
            (declined.operation_id, "authorize", Money(6, "EUR")),
        ]
        assert [entry.answer for entry in entries[1:]] == answers
        assert {entry.reference for entry in entries[:4]} == {reference}
        assert entries[0].metadata == desk.metadata
        times = [entry.at for entry in entries]
        assert times == sorted(times)
        assert before <= times[0]
        assert times[-1] <= datetime.now(UTC) + timedelta(seconds=2)

    async def test_pages_hold_every_entry_once_in_order(self, adapter: GatewayAdapter) -> None:
        self.needs("books")
        desk = Desk(adapter)
        requests = [desk.authorize(self.TOKENS.success, number + 1) for number in range(self.SEVERAL_PAGES)]
        await asyncio.gather(*(desk.gateway.send(request) for request in requests))
        since = min(entry.at for entry in await desk.entries())
        first, cursor = await desk.gateway.entries(since)
        assert cursor is not None
        late = desk.authorize(self.TOKENS.success)
        await desk.gateway.send(late)
        seen = [*first]
        while cursor is not None:
            page, cursor = await desk.gateway.entries(since, cursor=cursor)
            assert page
            seen += page
        ours = {request.operation_id for request in (*requests, late)}
        counted = Counter(entry.operation_id for entry in seen if entry.operation_id in ours)
        assert counted == dict.fromkeys(ours, 1)
        assert [entry.at for entry in seen] == sorted(entry.at for entry in seen)
        assert seen[0].at >= since

    async def test_entries_since_leave_out_what_is_older(self, adapter: GatewayAdapter) -> None:
        self.needs("books")
        desk = Desk(adapter)
        await desk.authorized(self.TOKENS.success)
        (entry,) = await desk.entries()
        later, _ = await desk.gateway.entries(entry.at + timedelta(seconds=1))
        assert entry.operation_id not in {found.operation_id for found in later}

    async def test_an_operation_that_was_never_sent_is_not_known(self, adapter: GatewayAdapter) -> None:
        self.needs("search")
        assert await adapter.gateway.find(Desk(adapter).operation_id()) is None

    async def test_a_client_that_goes_away_leaves_a_request_that_can_be_sent_again(
        self, adapter: GatewayAdapter
    ) -> None:
        self.needs("keys")
        desk = Desk(adapter)
        requests = [desk.authorize(self.TOKENS.success, capture=True) for _ in range(20)]

        async def hang_up(request: Authorize, turns: int) -> None:
            sending = asyncio.ensure_future(desk.gateway.send(request))
            for _ in range(turns):
                await asyncio.sleep(0)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

        await asyncio.gather(*(hang_up(request, turns) for turns, request in enumerate(requests)))
        for request in requests:
            approved(await desk.gateway.send(request))
        assert await desk.kept() == 20 * 1000


class PaymentGatewayContract(
    GatewayIdempotencyContract,
    GatewayRulesContract,
    GatewayBooksContract,
    GatewayActionContract,
    GatewayFailureContract,
    GatewayCapturesContract,
    GatewayBankContract,
):
    """Bind it with a fixture `adapter` that gives a `GatewayAdapter`, and declare `TOKENS`."""

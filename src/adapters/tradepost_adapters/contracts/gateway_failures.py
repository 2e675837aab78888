"""What a `PaymentGateway` keeps to when the buyer has to act, and when answers are lost."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from typing import ClassVar

import pytest

from tradepost.payments.gateway import (
    ActionRequired,
    Approved,
    Authorize,
    Declined,
    GatewayAnswer,
    GatewayOutcomeUnknown,
    GatewayRequest,
)
from tradepost_adapters.contracts.gateways import DeclaredLacks, Desk, GatewayAdapter, GatewayTokens, approved


@pytest.mark.asyncio
class GatewayActionContract(DeclaredLacks):
    """The buyer decides, and `find` and the books tell."""

    TOKENS: ClassVar[GatewayTokens]

    async def _asked(
        self, desk: Desk, name: str = "requires_action", *, capture: bool
    ) -> tuple[Authorize, ActionRequired]:
        request = desk.authorize(self.TOKENS.named(name), capture=capture)
        answer = await desk.gateway.send(request)
        assert isinstance(answer, ActionRequired)
        assert answer.url.startswith("http")
        assert await self._found(desk, request, answer) == answer
        return request, answer

    async def _found(self, desk: Desk, request: Authorize, asked: ActionRequired) -> GatewayAnswer | None:
        """What `find` says, asked as whoever sent the request asks."""
        return await desk.gateway.find(request.operation_id, request=request, reference=asked.reference)

    async def test_nothing_is_taken_before_the_buyer_has_approved(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        request, asked = await self._asked(desk, capture=True)
        assert isinstance(await desk.gateway.send(desk.capture(asked.reference, 1000)), Declined)
        assert isinstance(await desk.gateway.send(desk.refund(asked.reference, 1)), Declined)
        assert await desk.kept() == 0
        await desk.confirm(asked.reference, approve=True)
        assert await self._found(desk, request, asked) == Approved(reference=asked.reference)
        assert await desk.kept() == 1000

    async def test_an_authorization_the_buyer_approved_can_be_captured(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        _, asked = await self._asked(desk, capture=False)
        await desk.confirm(asked.reference, approve=True)
        assert await desk.kept() == 0
        approved(await desk.gateway.send(desk.capture(asked.reference, 1000)))
        assert await desk.kept() == 1000

    async def test_what_the_buyer_declined_is_declined(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        request, asked = await self._asked(desk, capture=True)
        await desk.confirm(asked.reference, approve=False)
        assert isinstance(await self._found(desk, request, asked), Declined)
        assert isinstance(await desk.gateway.send(desk.capture(asked.reference, 1)), Declined)
        assert await desk.kept() == 0

    async def test_the_bank_may_decline_what_the_buyer_approved(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        request, asked = await self._asked(desk, "requires_action_declined", capture=True)
        await desk.confirm(asked.reference, approve=True)
        assert isinstance(await self._found(desk, request, asked), Declined)
        assert await desk.kept() == 0

    async def test_the_buyer_decides_once(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        request, asked = await self._asked(desk, capture=True)
        await asyncio.gather(*(desk.confirm(asked.reference, approve=True) for _ in range(10)))
        await desk.confirm(asked.reference, approve=False)
        assert isinstance(await self._found(desk, request, asked), Approved)
        assert await desk.kept() == 1000

    async def test_what_was_voided_can_not_be_approved_anymore(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        request, asked = await self._asked(desk, capture=True)
        approved(await desk.gateway.send(desk.void(asked.reference)))
        assert isinstance(await self._found(desk, request, asked), Declined)
        await desk.confirm(asked.reference, approve=True)
        assert isinstance(await self._found(desk, request, asked), Declined)
        assert await desk.kept() == 0

    async def test_sending_again_after_the_buyers_decision_has_no_second_effect(self, adapter: GatewayAdapter) -> None:
        self.needs("keys")
        desk = Desk(adapter)
        request = desk.authorize(self.TOKENS.named("requires_action"), capture=True)
        asked = await desk.gateway.send(request)
        assert isinstance(asked, ActionRequired)
        await desk.confirm(asked.reference, approve=True)
        assert await desk.gateway.send(request) in (asked, Approved(reference=asked.reference))
        assert await desk.kept() == 1000

    async def test_reading_on_in_the_books_meets_a_decision_taken_since(self, adapter: GatewayAdapter) -> None:
        self.needs("books")
        desk = Desk(adapter)
        request, asked = await self._asked(desk, capture=True)
        await desk.authorized(self.TOKENS.success)
        last = (await desk.entries())[-1].at
        await desk.confirm(asked.reference, approve=True)
        later, _ = await desk.gateway.entries(last)
        assert [entry.answer for entry in later if entry.operation_id == request.operation_id] == [
            Approved(reference=asked.reference)
        ]
        assert [entry.operation_id for entry in await desk.entries()].count(request.operation_id) == 1


@pytest.mark.asyncio
class GatewayFailureContract(DeclaredLacks):
    """No answer settles nothing; the same request again does."""

    TOKENS: ClassVar[GatewayTokens]

    async def _unanswered(self, desk: Desk, request: GatewayRequest) -> None:
        with pytest.raises(GatewayOutcomeUnknown):
            await desk.gateway.send(request)

    @pytest.mark.parametrize("name", ["error_after", "timeout"])
    async def test_an_answer_lost_after_the_charge_is_given_when_asked_again(
        self, adapter: GatewayAdapter, name: str
    ) -> None:
        desk = Desk(adapter)
        request = desk.authorize(self.TOKENS.named(name), capture=True)
        await self._unanswered(desk, request)
        assert await desk.kept() == 1000
        found = await desk.gateway.find(request.operation_id)
        assert isinstance(found, Approved)
        assert await desk.gateway.send(request) == found
        assert await desk.kinds() == ["sale"]

    async def test_an_error_before_the_charge_takes_nothing_until_asked_again(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        request = desk.authorize(self.TOKENS.named("error_before"), capture=True)
        await self._unanswered(desk, request)
        assert await desk.gateway.find(request.operation_id) is None
        assert await desk.kept() == 0
        approved(await desk.gateway.send(request))
        assert await desk.kept() == 1000

    async def test_a_slow_answer_is_an_answer(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        approved(await desk.gateway.send(desk.authorize(self.TOKENS.named("slow"), capture=True)))
        assert await desk.kept() == 1000

    async def test_what_is_never_answered_can_be_found_in_the_books(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        request = desk.authorize(self.TOKENS.named("silent"), capture=True)
        for _ in range(3):
            await self._unanswered(desk, request)
        approved_entry = (await desk.entries())[0]
        assert approved_entry.operation_id == request.operation_id
        assert await desk.gateway.find(request.operation_id) == approved_entry.answer
        assert await desk.kept() == 1000

    async def test_what_never_happens_is_never_in_the_books(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        request = desk.authorize(self.TOKENS.named("dead"), capture=True)
        for _ in range(3):
            await self._unanswered(desk, request)
        assert await desk.gateway.find(request.operation_id) is None
        assert await desk.entries() == []

    async def test_of_fifty_at_once_with_a_lost_answer_one_takes_effect(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        request = desk.authorize(self.TOKENS.named("error_after"), capture=True)
        sent = [desk.gateway.send(request) for _ in range(50)]
        answers = await asyncio.gather(*sent, return_exceptions=True)
        assert {type(answer) for answer in answers} <= {Approved, GatewayOutcomeUnknown}
        approved(await desk.gateway.send(request))
        assert await desk.kept() == 1000

    async def test_insufficient_funds_are_declined(self, adapter: GatewayAdapter) -> None:
        desk = Desk(adapter)
        request = desk.authorize(self.TOKENS.named("insufficient_funds"), capture=True)
        answer = await desk.gateway.send(request)
        assert isinstance(answer, Declined)
        assert answer.code == "insufficient_funds"

    @pytest.mark.parametrize("kind", ["capture", "void", "refund"])
    async def test_what_follows_an_authorization_may_lose_its_answer(self, adapter: GatewayAdapter, kind: str) -> None:
        desk = Desk(adapter)
        request = await self._following(desk, kind, f"{kind}_error_after")
        before = await desk.kept()
        await self._unanswered(desk, request)
        after = await desk.kept()
        assert after == {"capture": 1000, "void": 0, "refund": before - 400}[kind]
        approved(await desk.gateway.send(request))
        assert await desk.kept() == after
        assert (await desk.kinds()).count(kind) == 1

    @pytest.mark.parametrize("kind", ["capture", "void", "refund"])
    async def test_what_follows_an_authorization_may_be_declined(self, adapter: GatewayAdapter, kind: str) -> None:
        desk = Desk(adapter)
        request = await self._following(desk, kind, f"{kind}_declined")
        before = await desk.kept()
        first = await desk.gateway.send(request)
        assert isinstance(first, Declined)
        assert await desk.gateway.send(request) == first
        assert await desk.kept() == before

    async def _following(self, desk: Desk, kind: str, name: str) -> GatewayRequest:
        reference = await desk.authorized(self.TOKENS.named(name), capture=kind == "refund")
        if kind == "capture":
            return desk.capture(reference, 1000)
        return desk.void(reference) if kind == "void" else desk.refund(reference, 400)

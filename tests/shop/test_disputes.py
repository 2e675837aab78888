"""What the shop writes down of disputes, whenever and by whom it is told."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.shop.conftest import NOW, OWNER, Stand, order
from tests.shop.paid import agreed, pay, posted, refused, story

from tradepost.kernel.errors import TradepostError
from tradepost.kernel.money import Money
from tradepost.orders import CancelOrderCommand, CheckBooksQuery
from tradepost.orders.record_dispute import RecordDispute
from tradepost.orders.settlement import settle
from tradepost.payments.gateway import Approved, Declined, DisputeStatus, GatewayDispute, Refund


def told(reference: str | None, withdrawn: int, status: DisputeStatus = DisputeStatus.NEEDS_RESPONSE) -> GatewayDispute:
    assert reference is not None
    return GatewayDispute(
        reference="dp_theirs",
        payment_reference=reference,
        amount=Money(1000, "EUR"),
        withdrawn=withdrawn,
        reason="fraudulent",
        status=status,
        respond_by=NOW + timedelta(days=7),
        opened_at=NOW,
    )


class Asked:
    """A gateway that answers with what it was told to, after what happens meanwhile."""

    def __init__(self, *answers: GatewayDispute) -> None:
        self.answers = list(answers)
        self.meanwhile: Callable[[], Awaitable[Any]] | None = None

    async def dispute(self, reference: str, /) -> GatewayDispute | None:
        answer = self.answers.pop(0)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return answer


def recording(stand: Stand, gateway: Any) -> RecordDispute:
    return RecordDispute(stand.backend.transactions, {"simulated": gateway}, stand.clock, stand.ids)


async def bought(stand: Stand) -> tuple[str, str | None]:
    await stand.sell("MUG")
    view = await stand.shop.place_order(order(("MUG", 1)))
    return view.id, (await story(stand, view.id)).payments[0].reference


async def test_an_answer_that_has_become_old_on_its_way_changes_nothing(stand: Stand) -> None:
    order_id, reference = await bought(stand)
    opened, won = told(reference, 1000), told(reference, 0, DisputeStatus.WON)
    await recording(stand, Asked(opened))("simulated", "dp_theirs")
    slow, quick = Asked(opened, won), Asked(won)
    slow.meanwhile = lambda: recording(stand, quick)("simulated", "dp_theirs")
    await recording(stand, slow)("simulated", "dp_theirs")
    (dispute,) = (await story(stand, order_id)).disputes
    assert (dispute.status, dispute.withdrawn) == (DisputeStatus.WON, Money(0, "EUR"))
    assert await posted(stand, order_id) == {"clearing": 1000, "revenue": -1000}
    await agreed(stand)


async def test_the_first_word_of_a_dispute_may_be_old_as_well(stand: Stand) -> None:
    order_id, reference = await bought(stand)
    opened, won = told(reference, 1000), told(reference, 0, DisputeStatus.WON)
    slow, quick = Asked(opened, won), Asked(won)
    slow.meanwhile = lambda: recording(stand, quick)("simulated", "dp_theirs")
    await recording(stand, slow)("simulated", "dp_theirs")
    (dispute,) = (await story(stand, order_id)).disputes
    assert dispute.status is DisputeStatus.WON


async def test_a_page_of_disputes_is_a_hint_and_the_gateway_is_asked(stand: Stand) -> None:
    order_id, reference = await bought(stand)
    opened, won = told(reference, 1000), told(reference, 0, DisputeStatus.WON)
    assert await recording(stand, Asked(won)).record("simulated", opened)
    (dispute,) = (await story(stand, order_id)).disputes
    assert dispute.status is DisputeStatus.WON
    nobody_is_asked = recording(stand, Asked())
    assert await nobody_is_asked.record("simulated", won) is False
    elsewhere = msgspec.structs.replace(opened, payment_reference="somebody else's", reference="dp_other")
    assert await nobody_is_asked.record("simulated", elsewhere) is None


async def test_a_dispute_at_a_gateway_that_is_gone_is_refused_in_words(stand: Stand) -> None:
    error = await refused(recording(stand, Asked())("acme", "dp_theirs"))
    assert error.code == "payment.gateway_missing"


async def test_a_dispute_in_another_currency_moves_no_money_that_nobody_can_count(stand: Stand) -> None:
    order_id, reference = await bought(stand)
    yen = msgspec.structs.replace(told(reference, 160000), amount=Money(160000, "JPY"))
    await recording(stand, Asked(yen))("simulated", "dp_theirs")
    (dispute,) = (await story(stand, order_id)).disputes
    assert dispute.withdrawn == Money(160000, "JPY")
    assert await posted(stand, order_id) == {"clearing": 1000, "revenue": -1000}
    await agreed(stand)


async def test_money_kept_for_an_ended_order_is_seen_whatever_a_dispute_took_of_another_payment(stand: Stand) -> None:
    await stand.sell("MUG")
    with pytest.raises(TradepostError) as declined:
        await stand.shop.place_order(order(("MUG", 1), token="tok_declined"))
    order_id = declined.value.data["order_id"]
    await pay(stand, order_id, OWNER, 600)
    await pay(stand, order_id, OWNER, 400)
    await stand.shop.cancel_order(CancelOrderCommand(actor=OWNER, order_id=order_id))
    large = next(each for each in (await story(stand, order_id)).payments if each.amount.amount == 600)

    async def answer(tx: Any) -> None:
        for payment in await tx.payments.of_order(order_id):
            for operation in await tx.operations.of_payment(payment.id):
                if isinstance(operation.request, Refund):
                    kept = payment.amount.amount == 400
                    said = Declined(code="x", message="x") if kept else Approved(reference=payment.reference)
                    await settle(tx, operation.id, said, at=NOW, new_id=stand.ids.new)

    await stand.backend.transactions.run(answer)
    await recording(stand, Asked(told(large.reference, 600)))("simulated", "dp_theirs")
    checks = await stand.shop.check_books(CheckBooksQuery(actor=OWNER))
    assert [check.name for check in checks if not check.passed] == ["orders.settled"]

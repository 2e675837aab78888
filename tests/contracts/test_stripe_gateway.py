"""The contract of `PaymentGateway`, held against Stripe's adapter on localstripe: what localstripe can not do is declared.

Keys, the books and the search are shown in tests/adapters/stripe, at the SDK's HTTP client.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from tests.stripe_stand_in import CARDS, DECLINED, SUCCESS, LocalStripe, payment_method, running_localstripe

from tradepost.payments.gateway import BalanceKind
from tradepost_adapters.contracts.gateways import Desk, GatewayTokens, approved
from tradepost_adapters.contracts.payment_gateway import PaymentGatewayContract


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running_localstripe() as address:
        yield address


class TestStripeOnLocalstripe(PaymentGatewayContract):
    TOKENS = GatewayTokens(success=SUCCESS, declined=DECLINED)
    LACKS = {  # noqa: RUF012 - a constant of the suite
        "keys": "localstripe ignores idempotency keys",
        "search": "localstripe has no search",
        "books": "localstripe's list of events knows neither several types nor refunds",
        "refund_limit": "localstripe refunds more than was captured; one after the other, the adapter itself refuses",
        "balance": "localstripe's balance asks for no times, and has a partial capture as all that was held and a refund",
    }

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def tokens(cls, address: str) -> None:
        """Payment methods belong to the server they were made at."""
        made = {name: payment_method(address, number) for name, number in CARDS.items()}
        cls.TOKENS = GatewayTokens(success=SUCCESS, declined=DECLINED, **made)

    @pytest.fixture
    async def adapter(self, address: str) -> AsyncIterator[LocalStripe]:
        stand_in = LocalStripe(address)
        yield stand_in
        await stand_in.close()

    async def test_the_balance_that_localstripe_writes_is_read(self, adapter: LocalStripe) -> None:
        """With code that is not ours: a line for the charge, and one for the refund."""
        desk = Desk(adapter)
        sale = desk.authorize(SUCCESS, capture=True)
        reference = approved(await desk.gateway.send(sale))
        refund = desk.refund(reference, 400)
        approved(await desk.gateway.send(refund))
        lines, _ = await desk.gateway.balance(datetime.now(UTC) - timedelta(minutes=5))
        assert [
            (line.kind, line.amount.amount, line.operation_id) for line in lines if line.reference == reference
        ] == [
            (BalanceKind.CHARGE, 1000, sale.operation_id),
            (BalanceKind.REFUND, -400, refund.operation_id),
        ]

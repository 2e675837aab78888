"""The contract of `PaymentGateway`, held against Stripe's adapter on localstripe: what localstripe can not do is declared.

Keys, the books and the search are shown in tests/adapters/stripe, at the SDK's HTTP client.
"""

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.stripe_stand_in import CARDS, DECLINED, SUCCESS, LocalStripe, payment_method, running_localstripe

from tradepost_adapters.contracts.gateways import GatewayTokens
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

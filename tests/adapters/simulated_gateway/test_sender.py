"""Events over HTTP: each until it is taken, in order, as often as the script says."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.adapters.simulated_gateway.requests import sale
from tests.gateways import running_gateway

from tradepost.kernel.clock import ManualClock
from tradepost.kernel.errors import TradepostError
from tradepost.payments.gateway import Approved
from tradepost.payments.webhooks import Notice
from tradepost_adapters.simulated_gateway import SimulatedGateway, SimulatedWebhooks, open_gateway
from tradepost_adapters.simulated_gateway.sender import EventSender

SECRET = "s" * 32


class Shop:
    """Takes events at an address, and answers each with the next of `statuses`, then with 200."""

    def __init__(self) -> None:
        self.url = ""
        self.statuses: list[int] = []
        self.heard: list[Notice] = []
        self.changed = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                headers = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in head.split("\r\n"))
                }
                body = await reader.readexactly(int(headers["content-length"]))
                assert head.startswith("POST /hooks?shop=1 HTTP/1.1")
                status = self.statuses.pop(0) if self.statuses else 200
                if status == 200:
                    self.heard.append(SimulatedWebhooks([SECRET]).read(headers, body, datetime.now(UTC)))
                    self.changed.set()
                writer.write(b"HTTP/1.1 %d x\r\ncontent-length: 0\r\n\r\n" % status)
        writer.close()

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not done():
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    shop = Shop()
    server = await asyncio.start_server(shop.serve, "127.0.0.1", 0)
    shop.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks?shop=1"
    yield shop
    server.close()


def gateway_with(clock: ManualClock | None = None, faults: str = "") -> SimulatedGateway:
    gateway = open_gateway(f"simulated://memory?events=yes&faults={faults}", clock=clock)
    assert isinstance(gateway, SimulatedGateway)
    return gateway


async def test_events_arrive_in_order_and_as_often_as_scripted(shop: Shop) -> None:
    gateway = gateway_with(faults="event.2:duplicated")
    requests = [sale() for _ in range(3)]
    for request in requests:
        await gateway.send(request)
    sender = EventSender(gateway, shop.url, SECRET)
    assert await sender.deliver() == 4
    first, second, third = ((request.operation_id,) for request in requests)
    assert [notice.operation_ids for notice in shop.heard] == [first, second, second, third]
    assert await sender.deliver() == 0


async def test_what_is_not_taken_comes_again_and_keeps_nobody_waiting(shop: Shop) -> None:
    clock = ManualClock()
    gateway = gateway_with(clock)
    for _ in range(2):
        await gateway.send(sale())
    sender = EventSender(gateway, shop.url, SECRET)
    shop.statuses = [500, 200]
    assert await sender.deliver() == 1
    assert await sender.deliver() == 0
    clock.advance(timedelta(seconds=1))
    assert await sender.deliver() == 1
    assert len({notice.id for notice in shop.heard}) == 2


async def test_nobody_there_is_no_end_of_it() -> None:
    clock = ManualClock()
    gateway = gateway_with(clock)
    await gateway.send(sale())
    sender = EventSender(gateway, "http://127.0.0.1:1/", SECRET)
    assert await sender.deliver() == 0
    clock.advance(timedelta(seconds=1))
    assert len(await gateway.due_events()) == 1


async def test_it_delivers_while_it_runs(shop: Shop) -> None:
    gateway = gateway_with()
    async with EventSender(gateway, shop.url, SECRET).running():
        await gateway.send(sale())
        await shop.until(lambda: len(shop.heard) == 1)
        await gateway.send(sale())
        await shop.until(lambda: len(shop.heard) == 2)


@pytest.mark.parametrize(
    "url", ["", "shop", "ftp://shop/", "http://", "http://sh\N{LATIN SMALL LETTER O WITH STROKE}p/"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(TradepostError) as raised:
        EventSender(gateway_with(), url, SECRET)
    assert raised.value.code == "webhooks.url_invalid"


@pytest.mark.slow
async def test_a_process_of_its_own_tells_the_shop_and_goes_on_after_it_was_killed(shop: Shop, tmp_path: Path) -> None:
    options = ("--webhooks-to", shop.url, "--webhook-secret", SECRET, "--fee", "1.4%+25")
    with running_gateway(tmp_path / "book.db", options=options) as server:
        gateway = open_gateway(server.url)
        assert not isinstance(gateway, SimulatedGateway)
        shop.statuses = [503]
        sold = await gateway.send(sale("tok_disputed"))
        assert isinstance(sold, Approved)
        server.kill()
        server.start()
        await shop.until(lambda: len(shop.heard) >= 2)
        named = {(notice.type, len(notice.operation_ids), len(notice.disputes)) for notice in shop.heard}
        assert named == {("payment.captured", 1, 0), ("dispute.opened", 0, 1)}
        dispute = next(notice.disputes[0] for notice in shop.heard if notice.disputes)
        assert (await gateway.respond(dispute)).payment_reference == sold.reference
        await gateway.script("event.1:duplicated")
        await gateway.close_dispute(dispute, won=True)
        await shop.until(lambda: [notice.type for notice in shop.heard].count("dispute.closed") == 2)
        (payout,) = await gateway.pay_out() or (None,)
        assert payout is None  # the dispute cost more than there was
        await gateway.close()


@pytest.mark.slow
async def test_what_happens_at_the_bank_can_be_asked_for_over_http(tmp_path: Path) -> None:
    with running_gateway(tmp_path / "book.db", options=("--faults", "authorize.2:late", "--capture-once")) as server:
        gateway = open_gateway(f"{server.url}?several_captures=no")
        assert not isinstance(gateway, SimulatedGateway)
        assert not gateway.several_captures
        assert isinstance(await gateway.send(sale()), Approved)
        late = sale()
        with pytest.raises(TradepostError):
            await gateway.send(late)
        assert await gateway.release() == (late.operation_id,)
        (payout,) = await gateway.pay_out()
        assert payout.amount.amount == -2000
        assert payout.reference
        assert (await gateway.fail_payout(payout.reference)).amount.amount == 2000
        for refused in (gateway.script("nonsense"), gateway.fail_payout("payout_1"), gateway.open_dispute("auth_1")):
            with pytest.raises(TradepostError) as raised:
                await refused
            assert raised.value.code in ("faults.invalid", "payout.invalid", "authorization.not_found")
        await gateway.close()

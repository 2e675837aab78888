"""Killing the gateway, and running several on one book."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.gateways import running_gateway

from tradepost.kernel.money import Money
from tradepost.payments.gateway import (
    Approved,
    Authorize,
    GatewayAnswer,
    GatewayEntry,
    GatewayOutcomeUnknown,
    PaymentGateway,
    Refund,
)
from tradepost_adapters.simulated_gateway import Book, open_gateway
from tradepost_adapters.simulated_gateway.operations import Delivery

_ALWAYS = datetime(2020, 1, 1, tzinfo=UTC)


def a_sale(number: int, token: str = "tok_success") -> Authorize:
    return Authorize(
        operation_id=f"op_{number}", amount=Money(100 + number, "EUR"), token=token, capture=True, metadata={"a": "b"}
    )


async def all_entries(gateway: PaymentGateway) -> list[GatewayEntry]:
    entries, cursor = await gateway.entries(_ALWAYS)
    found = [*entries]
    while cursor is not None:
        entries, cursor = await gateway.entries(_ALWAYS, cursor=cursor)
        found += entries
    return found


@pytest.mark.slow
async def test_killed_after_the_commit_and_before_the_answer_it_charges_once(tmp_path: Path) -> None:
    with running_gateway(tmp_path / "book.db") as server:
        gateway = open_gateway(server.url)
        sending = asyncio.ensure_future(gateway.send(a_sale(1, "tok_timeout")))
        while await gateway.find("op_1") is None:  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.01)
        assert not sending.done()
        server.kill()
        with pytest.raises(GatewayOutcomeUnknown):
            await sending
        with pytest.raises(GatewayOutcomeUnknown):
            await gateway.send(a_sale(1, "tok_timeout"))
        server.start()
        answer = await gateway.send(a_sale(1, "tok_timeout"))
        assert isinstance(answer, Approved)
        (entry,) = await all_entries(gateway)
        assert (entry.answer, entry.amount, entry.metadata) == (answer, Money(101, "EUR"), {"a": "b"})
        await gateway.close()


@pytest.mark.slow
async def test_killed_under_load_it_forgets_no_answer_and_charges_nobody_twice(tmp_path: Path) -> None:
    with running_gateway(tmp_path / "book.db") as server:
        gateway = open_gateway(server.url)
        requests = [a_sale(number) for number in range(300)]
        acknowledged: dict[str, GatewayAnswer] = {}

        async def send(request: Authorize) -> None:
            try:
                acknowledged[request.operation_id] = await gateway.send(request)
            except GatewayOutcomeUnknown:
                return

        for round_ in range(3):
            sending = [asyncio.ensure_future(send(request)) for request in requests[: 100 * (round_ + 1)]]
            enough = len(acknowledged) + 30
            while len(acknowledged) < enough and not all(task.done() for task in sending):  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            server.kill()
            await asyncio.gather(*sending)
            server.start()
        answers = {request.operation_id: await gateway.send(request) for request in requests}
        assert acknowledged.items() <= answers.items()
        entries = await all_entries(gateway)
        assert {entry.operation_id: entry.answer for entry in entries} == answers
        assert len(entries) == 300
        assert sum(entry.amount.amount for entry in entries if entry.amount) == sum(r.amount.amount for r in requests)
        await gateway.close()


@pytest.mark.slow
async def test_several_processes_on_one_book_have_one_effect_a_request(tmp_path: Path) -> None:
    book = tmp_path / "book.db"
    with running_gateway(book) as one, running_gateway(book) as other:
        gateways = [open_gateway(one.url), open_gateway(other.url), open_gateway(f"simulated:///{book}")]
        requests = [a_sale(number) for number in range(100)]
        answers = await asyncio.gather(
            *(asyncio.gather(*(gateway.send(request) for request in requests)) for gateway in gateways)
        )
        assert answers[0] == answers[1] == answers[2]
        sale = answers[0][0]
        assert isinstance(sale, Approved)
        refunds = [
            Refund(operation_id=f"op_refund_{number}", reference=sale.reference, amount=Money(30, "EUR"))
            for number in range(30)
        ]
        refunded = await asyncio.gather(
            *(gateway.send(refund) for number, refund in enumerate(refunds) for gateway in [gateways[number % 3]])
        )
        assert [type(answer) for answer in refunded].count(Approved) == 3  # 90 of 100
        books = [await all_entries(gateway) for gateway in gateways]
        assert books[0] == books[1] == books[2]
        assert len(books[0]) == 130
        times = [entry.at for entry in books[0]]
        assert times == sorted(times)
        for gateway in gateways:
            await gateway.close()


@pytest.mark.slow
async def test_a_decision_on_the_page_of_one_process_is_found_by_another(tmp_path: Path) -> None:
    book = tmp_path / "book.db"
    with running_gateway(book) as server:
        shop, page = open_gateway(f"simulated:///{book}?action_url={server.url}"), open_gateway(server.url)
        asked = await shop.send(a_sale(1, "tok_requires_action"))
        await page.confirm(asked.reference, approve=True)  # type: ignore[union-attr]
        assert isinstance(await shop.find("op_1"), Approved)
        await shop.close()
        await page.close()


def test_two_on_one_book_see_each_others_script_and_times(tmp_path: Path) -> None:
    one, other = (Book.at(tmp_path / "book.db") for _ in range(2))
    assert one.send(a_sale(1)).delivery is Delivery.PROMPT
    other.script("authorize.2:error_after")
    assert one.send(a_sale(2)).delivery is Delivery.PROMPT
    assert other.send(a_sale(3, "tok_disputed")).delivery is Delivery.LOST
    assert one.send(a_sale(4)).delivery is Delivery.PROMPT
    (dispute,), _ = one.disputes(_ALWAYS)
    one.close_dispute(dispute.reference, won=True)
    assert [line.at for line in other.balance(_ALWAYS)[0]] == sorted(line.at for line in one.balance(_ALWAYS)[0])
    assert len(one.balance(_ALWAYS)[0]) == 6
    for book in (one, other):
        book.close()

"""The gateway's HTTP face: the buyer's page, bad input, and what is never written anywhere."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from tests.gateways import GatewayProcess, running_gateway

from tradepost.kernel.money import Money
from tradepost.payments.gateway import ActionRequired, Approved, Authorize, Declined, Void
from tradepost_adapters.simulated_gateway import open_gateway

_CARD = "4242424242424242"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    with running_gateway(tmp_path_factory.mktemp("gateway") / "book.db") as running:
        yield running


async def ask(server: GatewayProcess, operation_id: str, token: str = "tok_requires_action") -> ActionRequired:
    gateway = open_gateway(server.url)
    request = Authorize(operation_id=operation_id, amount=Money(1999, "EUR"), token=token, capture=True)
    answer = await gateway.send(request)
    await gateway.close()
    assert isinstance(answer, ActionRequired)
    return answer


@pytest.mark.parametrize(("choice", "outcome"), [("true", Approved), ("false", Declined)])
async def test_the_buyer_approves_or_declines_on_the_page(
    server: GatewayProcess, choice: str, outcome: type[object]
) -> None:
    asked = await ask(server, f"op_{choice}")
    async with httpx.AsyncClient() as browser:
        page = await browser.get(asked.url)
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert "19.99 EUR" in page.text
        assert "Approve" in page.text
        decided = await browser.post(asked.url, data={"approve": choice})
        assert decided.status_code in (200, 201)
        assert "<button" not in decided.text
        assert "<button" not in (await browser.get(asked.url)).text
    gateway = open_gateway(server.url)
    assert isinstance(await gateway.find(f"op_{choice}"), outcome)
    await gateway.close()


async def test_the_page_of_a_voided_payment_says_so(server: GatewayProcess) -> None:
    asked = await ask(server, "op_called_off")
    gateway = open_gateway(server.url)
    await gateway.send(Void(operation_id="op_void", reference=asked.reference))
    await gateway.close()
    async with httpx.AsyncClient() as browser:
        page = await browser.post(asked.url, data={"approve": "true"})
    assert "called this payment off" in page.text


async def test_a_link_that_leads_nowhere_is_a_page_with_404(server: GatewayProcess) -> None:
    async with httpx.AsyncClient(base_url=server.url) as browser:
        for page in (await browser.get("/actions/nope"), await browser.post("/actions/nope", data={"approve": "true"})):
            assert page.status_code == 404
            assert "no payment under this link" in page.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 60_000,
        b"\xff\xfe",
        b'{"kind": "steal"}',
        b'{"kind": "void", "operation_id": 7, "reference": "a"}',
        b'{"kind": "void", "operation_id": "op_half", "reference": "\\ud800"}',
        b'{"kind": "capture", "operation_id": "op", "reference": "a", "amount": {"amount": 1e40, "currency": "EUR"}}',
    ],
    ids=["empty", "cut off", "deep", "not UTF-8", "unknown kind", "wrong type", "half a character", "huge"],
)
async def test_a_malformed_request_is_refused_without_repeating_it(server: GatewayProcess, body: bytes) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        answer = await client.post("/operations", content=body)
    assert answer.status_code == 400
    assert answer.json()["code"] == "request.malformed"


async def test_a_huge_body_is_refused(server: GatewayProcess) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        answer = await client.post("/operations", content=b" " * 1_000_000)
    assert answer.status_code == 413


async def test_entries_want_a_time_with_a_zone_and_a_cursor_they_gave_out(server: GatewayProcess) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        statuses = [
            (await client.get("/entries", params=params)).status_code
            for params in (
                {},
                {"since": "yesterday"},
                {"since": "2026-01-01T00:00:00"},
                {"since": "2026-01-01T00:00:00Z", "cursor": "-1"},
                {"since": "2026-01-01T00:00:00Z", "cursor": "x" * 50},
                {"since": "2026-01-01T00:00:00Z"},
            )
        ]
    assert statuses == [400, 400, 422, 422, 422, 200]


def everything_in(directory: Path) -> bytes:
    return b"".join(file.read_bytes() for file in directory.iterdir())


@pytest.mark.slow
async def test_a_card_number_is_in_no_log_and_in_no_file(tmp_path: Path) -> None:
    with running_gateway(tmp_path / "book.db") as running:
        gateway = open_gateway(running.url)
        request = Authorize(operation_id="op_1", amount=Money(100, "EUR"), token=_CARD, capture=True)
        others = (
            msgspec.structs.replace(request, token=f" {_CARD[:4]}-{_CARD[4:]} "),
            msgspec.structs.replace(request, token="tok_success", metadata={"note": _CARD}),
            msgspec.structs.replace(request, token="tok_success", metadata={_CARD: "note"}),
            msgspec.structs.replace(request, token="tok_success", operation_id=_CARD),
            Void(operation_id="op_2", reference=_CARD),
        )
        for sent in (request, *others):
            answer = await gateway.send(sent)
            assert isinstance(answer, Declined)
            assert answer.code == "card_number_refused"
            assert _CARD not in repr(answer)
        with pytest.raises(Exception, match="no authorization under this reference") as raised:
            await gateway.confirm(_CARD, approve=True)
        assert _CARD not in str(raised.value)
        async with httpx.AsyncClient(base_url=running.url) as client:
            malformed = await client.post("/operations", content=f'{{"kind": "authorize", "token": "{_CARD}"}}')
            assert _CARD not in malformed.text
            assert _CARD not in (await client.get(f"/actions/{_CARD}")).text
        await gateway.close()
        said = running.stop()
        assert _CARD not in said.decode()
        assert _CARD[4:].encode() not in everything_in(tmp_path)

"""The ledger over HTTP, on the whole service."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.entrypoints.http.shop import Person, Stand, send

from tradepost.kernel.access import Role

RENT = {
    "reference": "rent 2026-03",
    "postings": [
        {"account": "rent", "side": "debit", "amount": {"amount": 90000, "currency": "EUR"}, "subject": "lease_1"},
        {"account": "wallet:ada", "side": "debit", "amount": {"amount": 100, "currency": "EUR"}},
        {"account": "bank", "side": "credit", "amount": {"amount": 90100, "currency": "EUR"}},
    ],
}


@pytest.fixture
def stand() -> Stand:
    return Stand.open()


@pytest.fixture
async def http(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    async with stand.client() as client:
        yield client


@pytest.fixture
async def owner(stand: Stand, http: httpx.AsyncClient) -> Person:
    owner = await stand.person(Role.OWNER)
    for code, type_, floor in (("bank", "asset", None), ("rent", "expense", None), ("wallet:ada", "liability", 0)):
        body = {"code": code, "name": code, "type": type_, "currency": "EUR", "floor": floor}
        opened = await send(http, "POST", "/ledger/accounts", owner, json=body)
        assert opened.status_code == 201
        assert (await send(http, "GET", opened.headers["location"], owner)).json()["data"] == opened.json()["data"]
    return owner


def posting(account: str, side: str, amount: int) -> dict[str, Any]:
    return {"account": account, "side": side, "amount": {"amount": amount, "currency": "EUR"}}


async def load(http: httpx.AsyncClient, owner: Person, cents: int) -> httpx.Response:
    postings = [posting("bank", "debit", cents), posting("wallet:ada", "credit", cents)]
    return await send(
        http, "POST", "/ledger/transfers", owner, json={"reference": f"load {cents}", "postings": postings}
    )


async def test_what_was_posted_is_found_where_the_answer_says_and_in_every_view(
    http: httpx.AsyncClient, owner: Person
) -> None:
    await load(http, owner, 500)
    posted = await send(http, "POST", "/ledger/transfers", owner, json=RENT)
    assert posted.status_code == 201
    said = posted.json()["data"]
    assert (await send(http, "GET", posted.headers["location"], owner)).json()["data"] == said
    again = await send(http, "POST", "/ledger/transfers", owner, json=RENT)
    assert again.json()["data"] == said

    async def shown(path: str) -> Any:
        return (await send(http, "GET", path, owner)).json()["data"]

    assert (await shown("/ledger/accounts/wallet:ada/balance"))["balance"] == {"amount": 400, "currency": "EUR"}
    assert (await shown("/ledger/accounts/bank/balance?at=2026-01-01T00:00:00Z"))["balance"]["amount"] == 0
    assert [each["reference"] for each in await shown("/ledger/postings?account=bank&sort=at")] == [
        "load 500",
        "rent 2026-03",
    ]
    assert [each["account"] for each in await shown("/ledger/postings?subject=lease_1")] == ["rent"]
    assert [each["reference"] for each in await shown("/ledger/transfers?reference=rent%202026-03")] == ["rent 2026-03"]
    assert [(each["code"], each["balance"]["amount"]) for each in await shown("/ledger/accounts?family=wallet")] == [
        ("wallet:ada", 400)
    ]
    assert (await shown("/ledger/trial-balance"))["balanced"] is True
    verified = await shown("/ledger/verification")
    assert (verified["sound"], verified["unsealed"]["entries"]) == (True, 5)


async def test_refusals_name_what_is_wrong(http: httpx.AsyncClient, owner: Person) -> None:
    short = await send(http, "POST", "/ledger/transfers", owner, json=RENT)
    assert (short.status_code, short.json()["code"]) == (409, "ledger.insufficient_funds")
    await load(http, owner, 100)
    await send(http, "POST", "/ledger/transfers", owner, json=RENT)
    other = {**RENT, "postings": [posting("rent", "debit", 1), posting("bank", "credit", 1)]}
    taken = await send(http, "POST", "/ledger/transfers", owner, json=other)
    assert (taken.status_code, taken.json()["code"]) == (409, "ledger.reference_taken")
    unbalanced = {"reference": "x", "postings": [posting("rent", "debit", 2), posting("bank", "credit", 1)]}
    refused = await send(http, "POST", "/ledger/transfers", owner, json=unbalanced)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/postings")
    for path in ("accounts/bank/balance?at", "postings?at_from", "transfers?at_before", "trial-balance?at"):
        naive = await send(http, "GET", f"/ledger/{path}=2026-01-01T00:00:00", owner)
        assert naive.status_code == 400, path
    assert (await send(http, "GET", "/ledger/accounts/nowhere/balance", owner)).status_code == 404

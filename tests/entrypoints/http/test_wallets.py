"""Wallets over HTTP, on the whole service."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.entrypoints.http.shop import Person, Stand, send

from tradepost.kernel.access import Role


@pytest.fixture
def stand() -> Stand:
    return Stand.open()


@pytest.fixture
async def http(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    async with stand.client() as client:
        yield client


def euros(cents: int) -> dict[str, Any]:
    return {"amount": cents, "currency": "EUR"}


async def give(stand: Stand, http: httpx.AsyncClient, to: Person, cents: int) -> httpx.Response:
    body = {"amount": euros(cents), "reason": "Sorry for the late parcel"}
    return await send(http, "POST", f"{wallet(to)}/credits", await stand.person(Role.MANAGER), json=body)


def wallet(person: Person) -> str:
    return f"/customers/{person.customer_id}/wallet"


async def test_what_was_given_is_in_the_wallet_and_in_its_statement(stand: Stand, http: httpx.AsyncClient) -> None:
    ada = await stand.person()
    assert (await send(http, "GET", wallet(ada), ada)).json()["data"]["balances"] == []
    given = await give(stand, http, ada, 500)
    assert given.status_code == 201
    shown = (await send(http, "GET", wallet(ada), ada)).json()
    assert shown["data"] == {"customer_id": ada.customer_id, "balances": [euros(500)]}
    for place in (given.headers["location"], shown["links"]["entries_eur"]):
        entries = (await send(http, "GET", place, ada)).json()["data"]
        assert [(entry["amount"], entry["description"]) for entry in entries] == [
            (euros(500), "Sorry for the late parcel")
        ]
        assert set(entries[0]) == {"transfer_id", "at", "amount", "reference", "subject", "description"}


async def test_a_repeat_with_the_same_key_moves_nothing(stand: Stand, http: httpx.AsyncClient) -> None:
    ada, bob = await stand.person(), await stand.person()
    await give(stand, http, ada, 500)
    body = {"to": bob.customer_id, "amount": euros(500), "note": "Happy birthday"}
    headers = {"idempotency-key": "birthday"}
    answers = [await send(http, "POST", f"{wallet(ada)}/transfers", ada, json=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["data"] == answers[1].json()["data"]
    assert (await send(http, "GET", wallet(bob), bob)).json()["data"]["balances"] == [euros(500)]
    assert (await send(http, "GET", answers[0].headers["location"], ada)).json()["data"][0]["amount"] == euros(-500)


async def test_refusals_say_what_is_wrong(stand: Stand, http: httpx.AsyncClient) -> None:
    ada, bob = await stand.person(), await stand.person()
    await give(stand, http, ada, 500)
    nobody = "cus_01m7y7tsamexgajdq8dqk7k2b9"
    for to, cents, status, code in (
        (bob.customer_id, 501, 409, "wallet.insufficient_funds"),
        (nobody, 501, 409, "wallet.insufficient_funds"),
        (nobody, 500, 404, "recipient.not_found"),
        (bob.customer_id, 0, 422, "wallet.transfer_invalid"),
        (ada.customer_id, 1, 422, "wallet.transfer_invalid"),
    ):
        body = {"to": to, "amount": euros(cents)}
        answer = await send(http, "POST", f"{wallet(ada)}/transfers", ada, json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    unknown = await send(http, "GET", f"{wallet(ada)}/entries?currency=XXX", ada)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "currency.unknown")
    assert (await give(stand, http, ada, 0)).json()["code"] == "wallet.credit_invalid"

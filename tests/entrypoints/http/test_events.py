"""What was told and what could not be taken, over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.entrypoints.http.shop import NOW, Person, Stand, send

from tradepost.catalog import CreateProductCommand
from tradepost.kernel.access import Role, operator
from tradepost.kernel.events import Message
from tradepost.messaging.parking import Parked
from tradepost_entrypoints.worker.background import tell_and_work


@pytest.fixture
def stand() -> Stand:
    return Stand.open()


@pytest.fixture
async def http(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    async with stand.client() as client:
        yield client


@pytest.fixture
async def owner(stand: Stand) -> Person:
    return await stand.person(Role.OWNER)


async def told(stand: Stand, count: int) -> list[str]:
    """So many products were created, and everybody knows."""
    ids = []
    for place in range(count):
        command = CreateProductCommand(actor=operator(), title=f"Mug {place}")
        ids.append((await stand.shop.create_product(command)).id)
    await tell_and_work(stand.container)
    return ids


async def test_pages_of_events_follow_each_other_to_the_end(
    stand: Stand, http: httpx.AsyncClient, owner: Person
) -> None:
    ids = await told(stand, 5)
    path, seen = "/events?types=tradepost.product.*&limit=2", []
    while path:
        answer = (await send(http, "GET", path, owner)).json()
        seen += [event["data"]["product_id"] for event in answer["data"]]
        path = answer["links"].get("next", "")
    assert seen == ids
    after = (await send(http, "GET", f"/events?after={answer['data'][-1]['number'] - 1}", owner)).json()["data"]
    assert [event["data"]["product_id"] for event in after] == ids[-1:]


async def test_events_about_users_are_not_shown(stand: Stand, http: httpx.AsyncClient, owner: Person) -> None:
    await told(stand, 1)
    answer = (await send(http, "GET", "/events?limit=100", owner)).json()
    assert answer["data"]
    assert not [event for event in answer["data"] if event["type"].startswith("tradepost.user.")]
    assert (await send(http, "GET", f"/events/{owner.id}.1.0", owner)).status_code == 404


@pytest.mark.parametrize("query", ["sort=-number", "page=1", "types=tradepost.user.*", "cursor=x"])
async def test_what_the_log_can_not_give_is_refused(http: httpx.AsyncClient, owner: Person, query: str) -> None:
    assert (await send(http, "GET", f"/events?{query}", owner)).status_code == 422


async def test_a_dead_letter_is_shown_and_given_again(stand: Stand, http: httpx.AsyncClient, owner: Person) -> None:
    message = Message(
        id="prod_1.1.0",
        type="tradepost.product.created.v1",
        aggregate_id="prod_1",
        sequence=1000,
        payload=b'{"product_id":"prod_1"}',
        occurred_at=NOW,
    )
    dead = Parked(consumer="picky", message=message, parked_at=NOW, retry_at=None, failures=15, error="No shelf.")

    async def work(tx: Any) -> None:
        await tx.parking.park([dead])

    await stand.backend.transactions.run(work)
    (listed,) = (await send(http, "GET", "/dead-letters?consumer=picky", owner)).json()["data"]
    shown = (await send(http, "GET", "/dead-letters/picky/prod_1.1.0", owner)).json()["data"]
    assert listed == shown
    assert (shown["error"], shown["payload"]) == ("No shelf.", {"product_id": "prod_1"})
    assert (await send(http, "POST", "/dead-letters/redrive", owner, json={})).status_code == 422
    body = {"event_ids": ["prod_1.1.0"]}
    done = await send(http, "POST", "/dead-letters/redrive", owner, json=body)
    assert done.json()["data"] == {"redriven": 1}
    assert (await send(http, "POST", "/dead-letters/redrive", owner, json=body)).status_code == 409
    assert (await send(http, "GET", "/dead-letters", owner)).json()["data"] == []

"""Every route, asked with every credential that is not good enough: the rest of the matrix of `test_access.py`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.entrypoints.http.shop import Person, Stand, send
from tests.entrypoints.http.test_access import (
    ANYBODY,
    BY_NAME,
    MANAGER,
    OK,
    OWNER,
    ROWS,
    SIGNED_IN,
    SUPPORT,
    Scene,
)

from tradepost.kernel.access import Actor, Role, operator
from tradepost.users import DeleteUserCommand, SuspendUserCommand
from tradepost.users.create_api_key import CreateApiKeyCommand

_BEARER = "Bearer {}"
_FOR_STAFF = (SUPPORT, MANAGER, OWNER)


async def _expired(stand: Stand, person: Person) -> str:
    tokens = stand.container.shop().access_tokens
    now = datetime.now(UTC)
    grant = await tokens.verify(person.token, now)
    return await tokens.issue(grant, now - timedelta(seconds=tokens.lifetime_seconds + 1))


async def _signed_out(stand: Stand, person: Person) -> str:
    async with stand.client() as http:
        left = await send(http, "POST", "/auth/logout", person)
    assert left.is_success, left.text
    return person.token


async def _suspended(stand: Stand, person: Person) -> str:
    await stand.shop.suspend_user(SuspendUserCommand(actor=operator(), user_id=person.id))
    return person.token


async def _deleted(stand: Stand, person: Person) -> str:
    await stand.shop.delete_user(DeleteUserCommand(actor=operator(), user_id=person.id))
    return person.token


async def _forged(stand: Stand, person: Person) -> str:
    head, body, signature = person.token.split(".")
    return f"{head}.{body}.{signature[::-1]}"


async def _unknown_key(stand: Stand, person: Person) -> str:
    return "tp_live_01m7y7tsamexgajdq8dqk7k2b9_" + "x" * 43


NOT_GOOD: dict[str, Callable[[Stand, Person], Awaitable[str]]] = {
    "an expired token": _expired,
    "a token of a session that was ended": _signed_out,
    "a token of a user who is suspended": _suspended,
    "a token of a user who is deleted": _deleted,
    "a token with another signature": _forged,
    "a key there never was": _unknown_key,
}


@pytest.fixture(scope="module")
def stand() -> Stand:
    stand = Stand.open()
    asyncio.run(stand.sell("MUG", stock=10_000))
    return stand


@pytest.fixture
async def http(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    async with stand.client() as client:
        yield client


async def ask(scene: Scene, name: str, path: str, body: Any, token: str) -> httpx.Response:
    headers = {"authorization": _BEARER.format(token), "origin": "http://shop.test"}
    options = {} if body is None else {"json": body}
    return await send(scene.http, BY_NAME[name].method, path, headers=headers, **options)


@pytest.mark.parametrize("name", sorted(ROWS))
async def test_no_route_takes_a_credential_that_is_not_good(stand: Stand, http: httpx.AsyncClient, name: str) -> None:
    """Not even those that take none: whoever shows one wants to be somebody. Probes look at none."""
    answers = {}
    for kind, spoil in NOT_GOOD.items():
        scene = Scene(stand, http, staff=await stand.person(Role.OWNER), theirs=await stand.person())
        path, body = await ROWS[name].ask(scene)
        who = await stand.person(Role.OWNER) if ROWS[name].statuses in _FOR_STAFF else scene.theirs
        answer = await ask(scene, name, path, body, await spoil(stand, who))
        answers[kind] = OK if answer.is_success else answer.status_code
        if answers[kind] == 401:
            assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answers == dict.fromkeys(NOT_GOOD, OK if BY_NAME[name].probe else 401)


KEY_MAY = {
    "claim_cart": 401,  # a machine buys nothing, so it has no cart to put another into
    "get_session": 409,  # nor did it sign in
    "sign_out": 409,
    "list_orders_of_customer": 403,  # refused before it is looked whether they exist
    "list_orders_of_user": 403,
}
"""What a machine whose key has another scope is answered, where the kind of route does not say it."""


@pytest.mark.parametrize("name", sorted(ROWS))
async def test_a_key_without_the_scope_is_let_into_nothing_that_is_not_for_anybody(
    stand: Stand, http: httpx.AsyncClient, name: str
) -> None:
    owner = await stand.person(Role.OWNER)
    maker = Actor(id=owner.id, role=Role.OWNER)
    command = CreateApiKeyCommand(actor=maker, name="Other things", scopes=("jobs:read",))
    key = await stand.shop.create_api_key(command)
    scene = Scene(stand, http, staff=owner, theirs=await stand.person())
    path, body = await ROWS[name].ask(scene)
    answer = await ask(scene, name, path, body, key.api_key)
    statuses = ROWS[name].statuses
    expected = 403 if statuses in _FOR_STAFF else OK if statuses == ANYBODY else 404
    if statuses == SIGNED_IN:
        expected = 403
    assert (OK if answer.is_success else answer.status_code) == KEY_MAY.get(name, expected), answer.text

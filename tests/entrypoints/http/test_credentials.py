"""Every route, asked with every credential that is not good enough: the rest of the matrix of `test_access.py`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.entrypoints.http.scenes import ANYBODY, MANAGER, OK, OWNER, SIGNED_IN, SUPPORT, Scene
from tests.entrypoints.http.shop import PASSWORD, Person, Stand, send
from tests.entrypoints.http.test_access import BY_NAME, ROWS

from tradepost.kernel.access import Actor, Role, operator
from tradepost.users import DeleteUserCommand, SuspendUserCommand
from tradepost.users.create_api_key import CreateApiKeyCommand

Headers = dict[str, str]
_ORIGIN = {"origin": "http://shop.test"}  # as a page of the shop's own has it
_FOR_STAFF = (SUPPORT, MANAGER, OWNER)


async def _token(stand: Stand, person: Person) -> Headers:
    return {"authorization": f"Bearer {person.token}"}


async def _cookie(stand: Stand, person: Person) -> Headers:
    """What a browser sends that has signed in."""
    async with stand.client() as http:
        body = {"email": person.email, "password": PASSWORD}
        answer = await send(http, "POST", "/auth/session", json=body, headers=_ORIGIN)
    cookie = answer.headers["set-cookie"].partition(";")[0]
    return {"cookie": cookie, "x-csrf-token": answer.json()["data"]["csrf_token"]}


async def _expire(stand: Stand, person: Person, shown: Headers) -> Headers:
    tokens = stand.container.shop().access_tokens
    now = datetime.now(UTC)
    grant = await tokens.verify(person.token, now)
    old = await tokens.issue(grant, now - timedelta(seconds=tokens.lifetime_seconds + 1))
    return {"authorization": f"Bearer {old}"}


async def _sign_out(stand: Stand, person: Person, shown: Headers) -> Headers:
    async with stand.client() as http:
        await send(http, "POST", "/auth/logout", headers={**shown, **_ORIGIN})
    return shown


async def _suspend(stand: Stand, person: Person, shown: Headers) -> Headers:
    await stand.shop.suspend_user(SuspendUserCommand(actor=operator(), user_id=person.id))
    return shown


async def _delete(stand: Stand, person: Person, shown: Headers) -> Headers:
    await stand.shop.delete_user(DeleteUserCommand(actor=operator(), user_id=person.id))
    return shown


async def _forge(stand: Stand, person: Person, shown: Headers) -> Headers:
    head, body, signature = person.token.split(".")
    return {"authorization": f"Bearer {head}.{body}.{signature[::-1]}"}


async def _make_up(stand: Stand, person: Person, shown: Headers) -> Headers:
    return {"authorization": f"Bearer tp_live_01m7y7tsamexgajdq8dqk7k2b9_{'x' * 43}"}


Show = Callable[[Stand, Person], Awaitable[Headers]]
Spoil = Callable[[Stand, Person, Headers], Awaitable[Headers]]
NOT_GOOD: dict[str, tuple[Show, Spoil]] = {
    "an expired token": (_token, _expire),
    "a token of a session that was ended": (_token, _sign_out),
    "a token of a user who is suspended": (_token, _suspend),
    "a token of a user who is deleted": (_token, _delete),
    "a token with another signature": (_token, _forge),
    "a key there never was": (_token, _make_up),
    "a cookie of a session that was ended": (_cookie, _sign_out),
    "a cookie of a user who is suspended": (_cookie, _suspend),
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


async def ask(scene: Scene, name: str, path: str, body: Any, shown: Headers) -> httpx.Response:
    options = {} if body is None else {"json": body}
    return await send(scene.http, BY_NAME[name].method, path, headers={**shown, **_ORIGIN}, **options)


def answer_to_all(name: str) -> int | None:
    """Where it makes no difference who asks: the routes of a protocol that finds that out by itself, and probes."""
    same = set(ROWS[name].statuses)
    return same.pop() if len(same) == 1 and (BY_NAME[name].probe or same != {OK}) else None


@pytest.mark.parametrize("name", sorted(ROWS))
async def test_no_route_takes_a_credential_that_is_not_good(stand: Stand, http: httpx.AsyncClient, name: str) -> None:
    """Not even those that take none: whoever shows one wants to be somebody. Where one signs in anew, the cookie a
    browser still has is not looked at."""
    answers, expected = {}, {}
    for kind, (show, spoil) in NOT_GOOD.items():
        if show is _cookie and not BY_NAME[name].cookies:
            continue
        scene = Scene(stand, http, staff=await stand.person(Role.OWNER), theirs=await stand.person())
        who = await stand.person(Role.OWNER) if ROWS[name].statuses in _FOR_STAFF else scene.theirs
        shown = await show(stand, who)
        path, body = await ROWS[name].ask(scene)
        answer = await ask(scene, name, path, body, await spoil(stand, who, shown))
        answers[kind] = OK if answer.is_success else answer.status_code
        expected[kind] = answer_to_all(name) if BY_NAME[name].probe or BY_NAME[name].failure else 401
    assert answers == expected


KEY_MAY = {
    "claim_cart": 401,  # a machine buys nothing, so it has no cart to put another into
    "get_session": 409,  # nor did it sign in
    "sign_out": 409,
    "step_up": 409,
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
    answer = await ask(scene, name, path, body, {"authorization": f"Bearer {key.api_key}"})
    statuses = ROWS[name].statuses
    expected = 403 if statuses in _FOR_STAFF else OK if statuses == ANYBODY else 404
    if statuses == SIGNED_IN:
        expected = 403
    expected = answer_to_all(name) or expected
    assert (OK if answer.is_success else answer.status_code) == KEY_MAY.get(name, expected), answer.text

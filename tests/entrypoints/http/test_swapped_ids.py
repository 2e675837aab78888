"""Two customers, and every id of one put where the other asks: nothing is shown, and nothing changes."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from tests.entrypoints.http.dumps import dump
from tests.entrypoints.http.scenes import Scene
from tests.entrypoints.http.shop import Person, Stand, send
from tests.entrypoints.http.test_access import BY_NAME, ROWS

from tradepost.kernel.access import Role
from tradepost_entrypoints.http.endpoint import Endpoint

PRIVATE = {name: row for name, row in ROWS.items() if row.statuses[2] == 404 and BY_NAME[name].path_names}
"""What belongs to somebody: another customer may not know that it is there."""


@pytest.fixture(scope="module")
def stand() -> Stand:
    stand = Stand.open()
    asyncio.run(stand.sell("MUG", stock=10_000))
    return stand


@pytest.fixture
async def http(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    async with stand.client() as client:
        yield client


def swapped(declared: Endpoint, mine: str, theirs: str) -> Iterator[str]:
    """My path with every choice of their ids in the place of mine."""
    (path, mark, query), foreign = mine.partition("?"), theirs.partition("?")[0].split("/")
    own = path.split("/")
    template = declared.path.removeprefix("/api/v1").split("/")
    places = [place for place, part in enumerate(template) if part.startswith("{") and part.endswith("_id}")]
    for choice in itertools.product((False, True), repeat=len(places)):
        if any(choice):
            parts = list(own)
            for place, swap in zip(places, choice, strict=True):
                parts[place] = foreign[place] if swap else own[place]
            yield "/".join(parts) + mark + query


def test_everything_that_belongs_to_somebody_is_asked_here() -> None:
    """A route whose path names somebody's thing is for its owner, or for staff, or for one's own account alone."""
    people = {"user_id", "customer_id", "cart_id", "order_id", "address_id", "session_id", "identity_id"}
    named = {name for name, row in ROWS.items() if people & set(BY_NAME[name].path_names)}
    missing = {name: ROWS[name].statuses for name in named - set(PRIVATE) if ROWS[name].statuses[1] != 403}
    assert missing == {}


@pytest.mark.parametrize("name", sorted(PRIVATE))
async def test_ids_of_another_customer_show_and_change_nothing(
    stand: Stand, http: httpx.AsyncClient, name: str
) -> None:
    row, declared = PRIVATE[name], BY_NAME[name]
    owner, me, they = await stand.person(Role.OWNER), await stand.person(), await stand.person()
    mine, body = await row.ask(Scene(stand, http, staff=owner, theirs=me))
    theirs, _ = await row.ask(Scene(stand, http, staff=owner, theirs=they))
    before = dump(stand)
    for path in swapped(declared, mine, theirs):
        answer = await ask(http, declared, path, me, body)
        assert answer.status_code == 404, (path, answer.text)
        assert they.email not in answer.text
        assert changes(before, dump(stand)) == []


@pytest.mark.parametrize("name", sorted(name for name, row in PRIVATE.items() if row.statuses[0] == 404))
async def test_a_token_of_ones_own_opens_nothing_of_anybody_else(
    stand: Stand, http: httpx.AsyncClient, name: str
) -> None:
    """A guest's token is for the one cart or order it came with."""
    row, declared = PRIVATE[name], BY_NAME[name]
    owner, they = await stand.person(Role.OWNER), await stand.person()
    path, body = await row.ask(Scene(stand, http, staff=owner, theirs=they))
    cart = (await http.post("/api/v1/carts", json={"currency": "EUR"})).json()["data"]
    lines = [{"sku": "MUG", "quantity": 1}]
    order = {"lines": lines, "currency": "EUR", "payment": {"method": "manual"}}
    placed = (await http.post("/api/v1/orders", json=order)).json()["data"]
    before = dump(stand)
    for header, token in (("x-cart-token", cart["token"]), ("x-order-token", placed["token"])):
        for who in (None, await stand.person()):
            before = dump(stand)
            answer = await ask(http, declared, path, who, body, **{header: token})
            assert answer.status_code == 404, answer.text
            assert changes(before, dump(stand)) == []


@pytest.mark.parametrize(
    ("path", "status"),
    [("/orders?customer_id={customer}", 404), ("/security-events?user_id={user}", 404), ("/customers", 403)],
)
async def test_a_filter_shows_nothing_of_another_customer(
    stand: Stand, http: httpx.AsyncClient, path: str, status: int
) -> None:
    me, they = await stand.person(), await stand.person()
    answer = await send(http, "GET", path.format(customer=they.customer_id, user=they.id), me)
    assert (answer.status_code, they.email in answer.text) == (status, False)


async def ask(
    http: httpx.AsyncClient, declared: Endpoint, path: str, who: Person | None, body: object, **headers: str
) -> httpx.Response:
    options = {} if body is None else {"json": body}
    return await send(http, declared.method, path, who, headers=headers, **options)


def changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The tables that are not as they were."""
    return [name for name in after if before.get(name, "[]") != after[name]]

"""Who is refused, and that nobody is let in because something went wrong; what is read, and that it changes nothing."""

import io
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.entrypoints.http import toy
from tests.entrypoints.http.dumps import dump
from tests.entrypoints.http.scenes import Scene
from tests.entrypoints.http.shop import PASSWORD, Stand, send
from tests.entrypoints.http.test_access import BY_NAME, ROWS

from tradepost.kernel.access import Actor, Role
from tradepost.users.security_log import SecurityEventKind
from tradepost_adapters.memory.users import MemoryUserViews
from tradepost_entrypoints.http.app import create_app
from tradepost_entrypoints.http.call import Call
from tradepost_entrypoints.http.routes import ROUTES
from tradepost_entrypoints.logs import EventLog
from tradepost_entrypoints.service import Service


@pytest.fixture
def stand() -> Stand:
    return Stand.open()


@pytest.fixture
async def http(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    async with stand.client() as client:
        yield client


def kept(stand: Stand) -> dict[str, str]:
    """What is kept in tables that are not empty."""
    return {name: rows for name, rows in dump(stand).items() if rows != "[]"}


READ = sorted(declared.name for declared in ROUTES if declared.method == "GET" and declared.name in ROWS)


@pytest.mark.parametrize("name", READ)
async def test_what_is_asked_by_get_changes_nothing(stand: Stand, http: httpx.AsyncClient, name: str) -> None:
    await stand.sell("MUG")
    owner, theirs = await stand.person(Role.OWNER), await stand.person()
    await send(http, "GET", "/stock/locations", owner)  # in memory, the first one is there once somebody looks
    await stand.backend.event_log.last()  # and so is the count of what was told
    path, _ = await ROWS[name].ask(Scene(stand, http, staff=owner, theirs=theirs))
    before = kept(stand)
    for method in ("GET", "HEAD", "OPTIONS"):
        assert (await send(http, method, path, owner)).is_success
    assert kept(stand) == before
    assert BY_NAME[name].body is None


async def test_whoever_is_refused_is_in_the_log_with_what_they_wanted_and_why(stand: Stand) -> None:
    stream = io.BytesIO()
    app = create_app(Service(stand.container), log=EventLog(stream))
    ada = await stand.person()
    async with toy.client(app) as http:
        await send(http, "GET", "/users", ada)
        await send(http, "PUT", f"/users/{ada.id}/role", ada, json={"role": "owner"})
        await send(http, "GET", "/users")
        await send(http, "GET", "/users/me", headers={"authorization": "Bearer nonsense"})
        await send(http, "POST", "/auth/login", json={"email": ada.email, "password": "wrong"})
        await send(http, "POST", "/auth/login", json={"email": ada.email, "password": 5})
        await send(http, "POST", "/auth/session", json={"email": ada.email, "password": PASSWORD})
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["actor"], line["method"], line["route"], line["status"], line["code"]) for line in lines] == [
        (ada.id, "GET", "/api/v1/users", 403, "auth.forbidden"),
        (ada.id, "PUT", "/api/v1/users/{user_id}/role", 403, "auth.forbidden"),
        ("guest", "GET", "/api/v1/users", 401, "auth.required"),
        ("guest", "GET", "/api/v1/users/{user_id}", 401, "auth.invalid"),
        ("guest", "POST", "/api/v1/auth/login", 401, "auth.failed"),
        ("guest", "POST", "/api/v1/auth/login", 400, "request.invalid"),
        ("guest", "POST", "/api/v1/auth/session", 403, "auth.csrf"),
    ]
    for line in lines:
        assert {"timestamp", "request_id", "client", "level"} <= set(line)
        assert line["timestamp"].endswith("Z")
        assert ada.email not in json.dumps(line)


async def test_each_sign_in_is_in_the_trail_with_what_it_was_proved_by(stand: Stand, http: httpx.AsyncClient) -> None:
    ada, owner = await stand.person(), await stand.person(Role.OWNER)
    await send(http, "POST", "/auth/login", json={"email": ada.email, "password": "wrong"})
    await send(http, "POST", "/auth/login", json={"email": "nobody@example.com", "password": "wrong"})
    await send(http, "POST", "/auth/login", json={"email": ada.email, "password": PASSWORD})
    listed = (await send(http, "GET", "/security-events?sort=at&limit=100", owner)).json()["data"]
    about = [(each["user_id"], each["kind"], each["data"]) for each in listed if each["kind"].startswith("sign_in.")]
    assert about[-3:] == [
        (ada.id, SecurityEventKind.SIGN_IN_FAILED, {"reason": "password"}),
        (None, SecurityEventKind.SIGN_IN_FAILED, {"reason": "password"}),
        (ada.id, SecurityEventKind.SIGN_IN_SUCCEEDED, {"session": "token", "by": "password"}),
    ]
    assert all(each["client"]["address"] == "127.0.0.1" for each in listed if each["kind"] == "sign_in.failed")


class Broken(Service):
    """A service in which nobody can be known: what tells it has a bug."""

    async def authenticate(self, call: Call, /) -> Actor:
        raise RuntimeError("a bug")


async def test_while_nobody_can_be_known_nobody_is_let_in(stand: Stand) -> None:
    owner = await stand.person(Role.OWNER)
    app = create_app(Broken(stand.container))
    async with toy.client(app) as http:
        before = kept(stand)
        for method, path, body in (
            ("GET", "/users", None),
            ("GET", "/products", None),
            ("POST", "/roles", {"name": "clerk"}),
            ("DELETE", f"/users/{owner.id}", None),
        ):
            answer = await send(http, method, path, owner, json=body)
            assert (answer.status_code, answer.json()["code"]) == (500, "internal")
            assert "a bug" not in answer.text
        assert kept(stand) == before


async def test_while_accounts_can_not_be_looked_up_no_password_is_right(
    stand: Stand, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await stand.person()

    async def away(self: Any, email: str) -> None:
        raise OSError("no database")

    monkeypatch.setattr(MemoryUserViews, "credentials", away)
    for way in ("/auth/login", "/auth/session"):
        body = {"email": ada.email, "password": PASSWORD}
        answer = await send(http, "POST", way, json=body, headers={"origin": "http://shop.test"})
        assert answer.status_code == 500
        assert "set-cookie" not in answer.headers
        assert "token" not in answer.text


async def test_a_new_shop_has_no_accounts(stand: Stand, http: httpx.AsyncClient) -> None:
    assert kept(stand) == {}
    for email in ("root", "admin", "admin@example.com", "sa", "tradepost@localhost"):
        for password in ("admin", "password", "tradepost", "root"):
            answer = await send(http, "POST", "/auth/login", json={"email": email, "password": password})
            assert answer.status_code in (401, 429)


_ASKED = {"password", "old_password", "new_password", "code", "recovery_code", "challenge", "token", "refresh_token"}


def test_nobody_is_asked_for_hints_or_questions() -> None:
    """Whatever one signs in with, or gets in with otherwise, is one of these."""
    bodies = {
        field
        for declared in ROUTES
        if declared.body is not None and "/auth/" in declared.path
        for field in declared.body[0].__struct_fields__
    }
    assert bodies - _ASKED == {"email", "login_secret", "state", "iss", "redirect_uri", "link"}


async def test_nobody_learns_from_their_trail_where_staff_were(stand: Stand, http: httpx.AsyncClient) -> None:
    ada, owner = await stand.person(), await stand.person(Role.OWNER)
    staff = {"user-agent": "Back office/1"}
    await send(http, "POST", "/auth/login", json={"email": ada.email, "password": "wrong"})
    for step in ("suspend", "restore"):
        assert (await send(http, "POST", f"/users/{ada.id}/{step}", owner, headers=staff)).status_code == 200
    answer = await send(http, "POST", "/auth/login", json={"email": ada.email, "password": PASSWORD})
    bearer = {"authorization": f"Bearer {answer.json()['data']['access_token']}"}
    trail = f"/users/{ada.id}/security-events?limit=100"
    mine = {each["kind"]: each for each in (await send(http, "GET", trail, headers=bearer)).json()["data"]}
    theirs = {each["kind"]: each for each in (await send(http, "GET", trail, owner)).json()["data"]}
    for kind in ("user.suspended", "user.restored"):
        assert mine[kind]["actor_id"] == owner.id
        assert (mine[kind]["client"], mine[kind]["session_id"]) == ({"address": None, "user_agent": None}, None)
        assert theirs[kind]["client"]["user_agent"] == "Back office/1"
    assert mine["sign_in.failed"]["client"]["address"] == "127.0.0.1"  # whoever tried their password
    assert mine["sign_in.succeeded"]["session_id"] is not None


@pytest.mark.parametrize(
    ("name", "values", "status"),
    [
        ("authorization", ("Bearer {ada}", "Bearer {owner}"), 400),
        ("authorization", ("Bearer {owner}", "Bearer {ada}"), 400),
        ("host", ("shop.test", "evil.test"), 400),
        ("origin", ("http://shop.test", "http://evil.test"), 400),
        ("x-csrf-token", ("a", "b"), 400),
        ("content-type", ("application/json", "text/plain"), 400),
        ("idempotency-key", ("k" * 20, "l" * 20), 400),
        ("x-forwarded-for", ("192.0.2.1", "192.0.2.2"), 200),
        ("accept", ("application/json", "text/html"), 200),
    ],
)
async def test_a_head_that_says_a_thing_twice_is_refused(
    stand: Stand, name: str, values: tuple[str, str], status: int
) -> None:
    ada, owner = await stand.person(), await stand.person(Role.OWNER)
    fields = [(name, value.format(ada=ada.token, owner=owner.token)) for value in values]
    fields += [] if name == "authorization" else [("authorization", f"Bearer {ada.token}")]
    async with stand.client() as http:
        answer = await http.get("/api/v1/users/me", headers=fields)
    assert answer.status_code == status
    assert status == 200 or answer.json()["code"] == "request.malformed"
    assert answer.headers["x-content-type-options"] == "nosniff"

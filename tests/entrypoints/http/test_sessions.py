"""Tokens, cookies and what ends them, over HTTP on the whole service."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.entrypoints.http.shop import PASSWORD, Person, Stand, send

from tradepost.kernel.access import Role, operator
from tradepost.users import EndSessionsCommand

OURS = {"origin": "http://shop.test"}
NEW_PASSWORD = "a longer stretch of pasture"


@pytest.fixture
def stand() -> Stand:
    return Stand.open()


@pytest.fixture
async def http(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    async with stand.client() as client:
        yield client


class Browser:
    """Keeps the session cookie as a browser would over https, and shows the CSRF token."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self.cookie: str | None = None
        self.csrf: str | None = None

    async def sign_in(self, person: Person, **headers: str) -> httpx.Response:
        body = {"email": person.email, "password": PASSWORD}
        answer = await self.send("POST", "/auth/session", json=body, headers={**OURS, **headers})
        if answer.is_success:
            self.csrf = answer.json()["data"]["csrf_token"]
        return answer

    async def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = dict(options.pop("headers", {}))
        if self.cookie is not None:
            headers["cookie"] = f"theme=dark; __Host-tradepost={self.cookie}; other=1"
        answer = await send(self._http, method, path, headers=headers, **options)
        self._http.cookies.clear()  # httpx has a jar of its own
        set_cookie = answer.headers.get("set-cookie")
        if set_cookie is not None:
            value, *attributes = set_cookie.split("; ")
            assert attributes[:4] == ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"]
            name, _, secret = value.partition("=")
            assert name == "__Host-tradepost"
            self.cookie = None if "Max-Age=0" in attributes else secret
        return answer

    async def change(self, method: str, path: str, **options: Any) -> httpx.Response:
        """As a page of ours would."""
        assert self.csrf is not None
        return await self.send(method, path, headers={**OURS, "x-csrf-token": self.csrf}, **options)


@pytest.fixture
def browser(http: httpx.AsyncClient) -> Browser:
    return Browser(http)


async def tokens_of(http: httpx.AsyncClient, person: Person) -> Any:
    answer = await send(http, "POST", "/auth/login", json={"email": person.email, "password": PASSWORD})
    return answer.json()["data"]


async def refresh(http: httpx.AsyncClient, token: str) -> httpx.Response:
    return await send(http, "POST", "/auth/refresh", json={"refresh_token": token})


async def test_tokens_are_refreshed_and_a_used_refresh_token_ends_the_session(
    stand: Stand, http: httpx.AsyncClient
) -> None:
    first = await tokens_of(http, await stand.person())
    assert (first["expires_in"], first["refresh_expires_in"]) == (900, 604800)
    answer = await refresh(http, first["refresh_token"])
    second = answer.json()["data"]
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert second["session_id"] == first["session_id"]
    bearer = {"authorization": f"Bearer {second['access_token']}"}
    assert (await send(http, "GET", "/users/me", headers=bearer)).status_code == 200
    again = await refresh(http, first["refresh_token"])
    assert (again.status_code, again.json()["code"]) == (401, "auth.refresh_invalid")
    assert (await send(http, "GET", "/users/me", headers=bearer)).json()["code"] == "auth.invalid"
    assert (await refresh(http, second["refresh_token"])).status_code == 401


async def test_of_fifty_who_refresh_at_once_at_most_one_gets_through(stand: Stand, http: httpx.AsyncClient) -> None:
    tokens = await tokens_of(http, await stand.person())
    answers = await asyncio.gather(*[refresh(http, tokens["refresh_token"]) for _ in range(50)])
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(401)) == (1, 49)


async def test_signing_out_ends_the_session_at_once(stand: Stand, http: httpx.AsyncClient) -> None:
    ada = await stand.person()
    tokens = await tokens_of(http, ada)
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    signed_out = await send(http, "POST", "/auth/logout", headers=bearer)
    assert (signed_out.status_code, signed_out.content) == (204, b"")
    assert (await send(http, "GET", "/users/me", headers=bearer)).status_code == 401
    assert (await refresh(http, tokens["refresh_token"])).status_code == 401
    assert (await send(http, "GET", "/users/me", ada)).status_code == 200
    assert (await send(http, "POST", "/auth/logout")).json()["code"] == "auth.required"


async def test_a_browser_signs_in_by_a_cookie_no_script_can_read(stand: Stand, browser: Browser) -> None:
    ada = await stand.person()
    answer = await browser.sign_in(ada)
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert browser.cookie is not None
    assert len(browser.cookie) == 43
    assert browser.cookie not in answer.text
    me = await browser.send("GET", "/users/me")
    assert me.json()["data"]["id"] == ada.id
    current = (await browser.send("GET", "/auth/session")).json()["data"]
    assert current["csrf_token"] == browser.csrf
    assert (current["session"]["kind"], current["session"]["current"]) == ("cookie", True)
    assert current["session"]["address"] == "127.0.0.1"


async def test_what_changes_something_needs_our_origin_and_the_sessions_token(stand: Stand, browser: Browser) -> None:
    await browser.sign_in(await stand.person())
    assert browser.csrf is not None
    token = {"x-csrf-token": browser.csrf}
    elsewhere: list[dict[str, str]] = [
        {},
        OURS,
        token,
        {**OURS, "x-csrf-token": ""},
        {**OURS, "x-csrf-token": "A" * 32},
        {**token, "origin": "null"},
        {**token, "origin": "http://evil.test"},
        {**token, "origin": "https://shop.test"},
        {**token, "origin": "http://shop.test.evil.test"},
        {**token, "origin": "http://shop.test:8080"},
        {**token, "sec-fetch-site": "cross-site"},
        {**token, "sec-fetch-site": "same-site"},
        {**token, "sec-fetch-site": "none"},
        {**token, "sec-fetch-site": "cross-site", "origin": "http://evil.test"},
    ]
    for headers in elsewhere:
        answer = await browser.send("PATCH", "/users/me", json={"name": "Mallory"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.csrf"), headers
    for method, path in (("POST", "/orders"), ("DELETE", "/users/me"), ("PUT", "/users/me/role")):
        assert (await browser.send(method, path, json={})).json()["code"] == "auth.csrf"
    assert (await browser.send("GET", "/users/me")).json()["data"]["name"] == "Ada"
    assert (await browser.send("HEAD", "/users/me")).status_code == 200
    for headers in ({**OURS, **token}, {**token, "sec-fetch-site": "same-origin"}):
        answer = await browser.send("PATCH", "/users/me", json={"name": "Ada King"}, headers=headers)
        assert answer.status_code == 200


async def test_the_token_of_another_session_is_no_good(stand: Stand, http: httpx.AsyncClient) -> None:
    ada, bob = Browser(http), Browser(http)
    await ada.sign_in(await stand.person())
    await bob.sign_in(await stand.person())
    ada.csrf = bob.csrf
    assert (await ada.change("PATCH", "/users/me", json={"name": "Bob"})).json()["code"] == "auth.csrf"


async def test_another_page_can_not_sign_a_browser_in(stand: Stand, browser: Browser) -> None:
    ada = await stand.person()
    for headers in ({"origin": "http://evil.test"}, {"origin": "null", "sec-fetch-site": "cross-site"}):
        answer = await browser.sign_in(ada, **headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.csrf")
        assert browser.cookie is None


async def test_signing_in_again_gives_the_browser_another_session_and_ends_the_one_before(
    stand: Stand, browser: Browser, http: httpx.AsyncClient
) -> None:
    ada = await stand.person()
    await browser.sign_in(ada)
    before = browser.cookie
    assert (await browser.sign_in(ada)).status_code == 201
    assert browser.cookie not in (None, before)
    old = Browser(http)
    old.cookie = before
    assert (await old.send("GET", "/users/me")).json()["code"] == "auth.session_ended"


async def test_a_cookie_that_is_over_is_refused_and_taken_away(stand: Stand, browser: Browser) -> None:
    await stand.sell("MUG")
    ada = await stand.person()
    await browser.sign_in(ada)
    await stand.shop.end_sessions(EndSessionsCommand(actor=operator(), user_id=ada.id))
    for path in ("/users/me", "/products"):
        browser.cookie = browser.cookie or "whatever"
        answer = await browser.send("GET", path)
        assert (answer.status_code, answer.json()["code"]) == (401, "auth.session_ended")
        assert browser.cookie is None
    assert (await browser.send("GET", "/products")).status_code == 200
    browser.cookie = "stale"
    assert (await browser.sign_in(ada)).status_code == 201


async def test_an_authorization_header_beside_the_cookie_wins(
    stand: Stand, browser: Browser, http: httpx.AsyncClient
) -> None:
    ada, bob = await stand.person(), await stand.person()
    await browser.sign_in(ada)
    as_bob = await browser.send("PATCH", "/users/me", json={"name": "Bob"}, headers=bob.headers)
    assert (as_bob.status_code, as_bob.json()["data"]["id"]) == (200, bob.id)
    bad = await browser.send("GET", "/users/me", headers={"authorization": "Bearer nonsense"})
    assert (bad.status_code, bad.json()["code"]) == (401, "auth.invalid")
    assert browser.cookie is not None


async def test_signing_out_takes_the_cookie_away(stand: Stand, browser: Browser) -> None:
    await browser.sign_in(await stand.person())
    assert (await browser.send("POST", "/auth/logout")).json()["code"] == "auth.csrf"
    secret = browser.cookie
    assert (await browser.change("POST", "/auth/logout")).status_code == 204
    assert browser.cookie is None
    browser.cookie = secret
    assert (await browser.send("GET", "/users/me")).status_code == 401


async def test_a_new_password_gives_the_browser_a_new_cookie_and_ends_other_sessions(
    stand: Stand, browser: Browser, http: httpx.AsyncClient
) -> None:
    ada = await stand.person()
    await browser.sign_in(ada)
    before = browser.cookie
    body = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert (await browser.change("POST", "/users/me/password", json=body)).status_code == 204
    assert browser.cookie not in (None, before)
    assert (await browser.change("PATCH", "/users/me", json={"name": "Ada King"})).status_code == 200
    assert (await send(http, "GET", "/users/me", ada)).status_code == 401


async def test_sessions_are_listed_and_ended_one_by_one_and_together(
    stand: Stand, browser: Browser, http: httpx.AsyncClient
) -> None:
    ada, bob = await stand.person(), await stand.person()
    await browser.sign_in(ada, **{"user-agent": "Browser/1"})
    tokens = await tokens_of(http, ada)
    listed = (await browser.send("GET", "/users/me/sessions?limit=2")).json()
    assert len(listed["data"]) == 2
    assert listed["pagination"]["has_more"] is True
    every = (await browser.send("GET", "/users/me/sessions")).json()["data"]
    assert [(session["kind"], session["user_agent"]) for session in every if session["current"]] == [
        ("cookie", "Browser/1")
    ]
    assert all("hash" not in name and "secret" not in name for session in every for name in session)
    there = f"/users/me/sessions/{tokens['session_id']}"
    assert (await send(http, "DELETE", there, bob)).status_code == 404
    for _ in range(2):
        assert (await browser.change("DELETE", there)).status_code == 204
    assert (await refresh(http, tokens["refresh_token"])).status_code == 401
    assert (await browser.change("DELETE", "/users/me/sessions")).status_code == 204
    (left,) = (await browser.send("GET", "/users/me/sessions")).json()["data"]
    assert left["current"] is True
    assert (await send(http, "GET", "/users/me", ada)).status_code == 401


async def test_a_suspended_user_is_out_until_restored(stand: Stand, browser: Browser, http: httpx.AsyncClient) -> None:
    ada, owner = await stand.person(), await stand.person(Role.OWNER)
    await browser.sign_in(ada)
    suspended = await send(http, "POST", f"/users/{ada.id}/suspend", owner)
    assert (suspended.status_code, suspended.json()["data"]["status"]) == (200, "suspended")
    assert (await send(http, "GET", "/users/me", ada)).json()["code"] == "auth.invalid"
    assert (await browser.send("GET", "/users/me")).json()["code"] == "auth.session_ended"
    login = {"email": ada.email, "password": PASSWORD}
    refused = await send(http, "POST", "/auth/login", json=login)
    assert (refused.status_code, refused.json()["code"]) == (403, "user.suspended")
    wrong = await send(http, "POST", "/auth/login", json={**login, "password": "wrong"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "auth.failed")
    assert (await send(http, "POST", f"/users/{owner.id}/suspend", owner)).json()["code"] == "user.last_owner"
    restored = await send(http, "POST", f"/users/{ada.id}/restore", owner)
    assert restored.json()["data"]["status"] == "active"
    assert (await send(http, "GET", "/users/me", ada)).status_code == 401
    assert (await send(http, "POST", "/auth/login", json=login)).status_code == 200


async def test_another_role_holds_from_the_next_request_on(stand: Stand, http: httpx.AsyncClient) -> None:
    ada, owner = await stand.person(), await stand.person(Role.OWNER)
    assert (await send(http, "GET", "/users", ada)).status_code == 403
    await send(http, "PUT", f"/users/{ada.id}/role", owner, json={"role": "manager"})
    assert (await send(http, "GET", "/users", ada)).status_code == 200
    await send(http, "PUT", f"/users/{ada.id}/role", owner, json={"role": "customer"})
    assert (await send(http, "GET", "/users", ada)).status_code == 403

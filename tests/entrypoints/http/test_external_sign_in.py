"""Signing in with an account elsewhere, against an OpenID Connect provider that nobody here wrote."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import oidc_provider_mock
import pytest
from tests.entrypoints.http.shop import PASSWORD, Person, Stand, send

from tradepost.kernel.access import Role

BACK = "https://shop.example/back"


@dataclass
class Provider:
    """The provider, with a hand that signs people in there."""

    url: str

    async def visit(self, authorization_url: str, sub: str) -> dict[str, str]:
        """What it sends somebody back with who is `sub` there."""
        async with httpx.AsyncClient() as browser:
            answer = await browser.post(authorization_url, data={"sub": sub})
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["location"])
        assert f"{back.scheme}://{back.netloc}{back.path}" == BACK
        return {name: values[0] for name, values in parse_qs(back.query).items()}


@dataclass
class Scene:
    provider: Provider
    stand: Stand
    http: httpx.AsyncClient

    async def begin(self, person: Person | None = None, **body: Any) -> dict[str, Any]:
        answer = await send(self.http, "POST", "/auth/external/mock", person, json={"redirect_uri": BACK, **body})
        assert answer.status_code == 201, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    async def answer(self, sub: str, person: Person | None = None, **body: Any) -> dict[str, str]:
        """All the way to the provider and back."""
        begun = await self.begin(person, **body)
        back = await self.provider.visit(begun["authorization_url"], sub)
        return {"code": back["code"], "state": back["state"], "login_secret": begun["login_secret"]}

    async def sign_in(self, sub: str) -> httpx.Response:
        return await send(self.http, "POST", "/auth/login/external", json=await self.answer(sub))

    async def me(self, signed_in: httpx.Response) -> dict[str, Any]:
        token = signed_in.json()["data"]["access_token"]
        answer = await send(self.http, "GET", "/users/me", headers={"authorization": f"Bearer {token}"})
        data: dict[str, Any] = answer.json()["data"]
        return data


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    people = [
        oidc_provider_mock.User(
            sub=sub, claims={"email": email, "email_verified": verified, "name": "Grace Hopper"} if email else {}
        )
        for sub, email, verified in (
            ("grace", "grace@example.com", True),
            ("unverified", "unverified@example.com", False),
            ("nameless", None, False),
            ("twin", "twin@example.com", True),
            ("many", "many@example.com", True),
            ("second", "second@example.com", True),
            ("third", "third@example.com", True),
        )
    ]
    with oidc_provider_mock.run_server_in_thread(user_claims=people, require_nonce=True) as server:
        yield Provider(f"http://localhost:{server.server_port}")


@pytest.fixture
async def scene(provider: Provider) -> AsyncIterator[Scene]:
    declared = {"mock": {"issuer": provider.url, "client_id": "tradepost", "client_secret": "a secret of the mock"}}
    stand = Stand.open(
        TRADEPOST_IDENTITY_PROVIDERS=msgspec.json.encode(declared).decode(),
        TRADEPOST_IDENTITY_REDIRECTS=BACK,
        TRADEPOST_RATE_LIMIT_CREDENTIALS="off",
    )
    async with stand.client() as http:
        yield Scene(provider, stand, http)
    for one in stand.container.identity_providers().values():
        await one.close()


async def test_who_comes_for_the_first_time_gets_an_account_and_the_same_one_ever_after(scene: Scene) -> None:
    first = await scene.sign_in("grace")
    assert first.status_code == 200, first.text
    assert first.headers["cache-control"] == "no-store"
    me = await scene.me(first)
    assert (me["email"], me["name"], me["role"]) == ("grace@example.com", "Grace Hopper", "customer")
    assert me["email_verified_at"] is not None
    again = await scene.me(await scene.sign_in("grace"))
    assert again["id"] == me["id"]


async def test_an_address_the_provider_has_not_verified_is_proved_by_a_link(scene: Scene) -> None:
    me = await scene.me(await scene.sign_in("unverified"))
    assert me["email_verified_at"] is None
    assert await scene.stand.link("unverified@example.com")


async def test_an_account_with_the_same_address_is_not_taken_over(scene: Scene) -> None:
    body = {"email": "twin@example.com", "name": "Twin", "password": PASSWORD}
    assert (await send(scene.http, "POST", "/users", json=body)).status_code == 201
    refused = await scene.sign_in("twin")
    assert (refused.status_code, refused.json()["code"]) == (409, "identity.email_taken")


async def test_an_account_without_an_address_has_to_be_linked(scene: Scene) -> None:
    refused = await scene.sign_in("nameless")
    assert (refused.status_code, refused.json()["code"]) == (422, "identity.email_missing")
    ada = await scene.stand.person()
    linked = await _link(scene, "nameless", ada)
    assert linked.status_code == 201, linked.text
    assert (await scene.me(await scene.sign_in("nameless")))["id"] == ada.id


async def test_an_account_elsewhere_belongs_to_one_account_here(scene: Scene) -> None:
    ada, bo = await scene.stand.person(), await scene.stand.person()
    assert (await _link(scene, "second", ada)).status_code == 201
    assert (await _link(scene, "second", ada)).status_code == 201, "a repeat changes nothing"
    refused = await _link(scene, "second", bo)
    assert (refused.status_code, refused.json()["code"]) == (409, "identity.taken")


async def test_an_attempt_to_sign_in_links_nothing_and_the_other_way_round(scene: Scene) -> None:
    ada, bo = await scene.stand.person(), await scene.stand.person()
    to_sign_in = await scene.answer("third")
    refused = await send(scene.http, "POST", "/users/me/identities", ada, json=to_sign_in)
    assert (refused.status_code, refused.json()["code"]) == (401, "identity.refused")
    to_link = await scene.answer("third", ada, link=True)
    assert (await send(scene.http, "POST", "/auth/login/external", json=to_link)).status_code == 401
    for_ada = await scene.answer("third", ada, link=True)
    assert (await send(scene.http, "POST", "/users/me/identities", bo, json=for_ada)).status_code == 401


async def test_a_guest_links_nothing(scene: Scene) -> None:
    answer = await send(scene.http, "POST", "/auth/external/mock", json={"redirect_uri": BACK, "link": True})
    assert answer.status_code == 401


async def test_the_last_way_into_an_account_stays(scene: Scene) -> None:
    signed_in = await scene.sign_in("grace")
    headers = {"authorization": f"Bearer {signed_in.json()['data']['access_token']}"}
    (only,) = (await send(scene.http, "GET", "/users/me/identities", headers=headers)).json()["data"]
    assert only["issuer"] == scene.provider.url
    assert "subject" not in only
    path = f"/users/me/identities/{only['id']}"
    refused = await send(scene.http, "DELETE", path, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "identity.last")


async def test_a_linked_account_can_be_unlinked_where_there_is_a_password(scene: Scene) -> None:
    ada = await scene.stand.person()
    linked = (await _link(scene, "grace", ada)).json()["data"]
    path = f"/users/me/identities/{linked['id']}"
    assert (await send(scene.http, "DELETE", path, ada)).status_code == 204
    assert (await send(scene.http, "DELETE", path, ada)).status_code == 404


async def test_an_answer_is_good_once_also_of_twenty_at_the_same_moment(scene: Scene) -> None:
    answer = await scene.answer("many")
    tries = (send(scene.http, "POST", "/auth/login/external", json=answer) for _ in range(20))
    statuses = sorted(each.status_code for each in await asyncio.gather(*tries))
    assert statuses == [200, *[401] * 19]


@pytest.mark.parametrize("changed", ["code", "state", "login_secret"])
async def test_an_answer_with_anything_changed_is_refused(scene: Scene, changed: str) -> None:
    answer = await scene.answer("grace")
    answer[changed] = answer[changed][:-1] + ("0" if answer[changed][-1] != "0" else "1")
    refused = await send(scene.http, "POST", "/auth/login/external", json=answer)
    assert (refused.status_code, refused.json()["code"]) == (401, "identity.refused")


async def test_somebody_elses_answer_is_refused_without_their_secret(scene: Scene) -> None:
    theirs, ours = await scene.answer("grace"), await scene.begin()
    forged = {**theirs, "login_secret": ours["login_secret"]}
    assert (await send(scene.http, "POST", "/auth/login/external", json=forged)).status_code == 401


async def test_an_answer_that_names_another_issuer_is_refused(scene: Scene) -> None:
    answer = await scene.answer("grace") | {"iss": "https://other.example"}
    assert (await send(scene.http, "POST", "/auth/login/external", json=answer)).status_code == 401


async def test_the_request_asks_by_code_with_pkce_and_a_nonce(scene: Scene) -> None:
    begun = await scene.begin()
    query = parse_qs(urlsplit(begun["authorization_url"]).query)
    assert query["response_type"] == ["code"]
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == [BACK]
    assert {"nonce", "state", "code_challenge"} <= set(query)
    assert begun["login_secret"] not in begun["authorization_url"]


async def test_people_are_sent_back_to_pages_on_the_list_alone(scene: Scene) -> None:
    for elsewhere in ("https://evil.example/back", BACK + "/more", BACK + "?a=b"):
        answer = await send(scene.http, "POST", "/auth/external/mock", json={"redirect_uri": elsewhere})
        assert (answer.status_code, answer.json()["code"]) == (422, "identity.redirect_not_allowed")


async def test_a_provider_that_is_not_declared_is_not_there(scene: Scene) -> None:
    answer = await send(scene.http, "POST", "/auth/external/acme", json={"redirect_uri": BACK})
    assert (answer.status_code, answer.json()["code"]) == (404, "identity_provider.not_found")


async def test_a_suspended_user_does_not_get_in_this_way_either(scene: Scene) -> None:
    me = await scene.me(await scene.sign_in("grace"))
    owner = await scene.stand.person(Role.OWNER)
    assert (await send(scene.http, "POST", f"/users/{me['id']}/suspend", owner)).is_success
    refused = await scene.sign_in("grace")
    assert (refused.status_code, refused.json()["code"]) == (403, "user.suspended")


async def test_a_browser_gets_its_session_in_a_cookie(scene: Scene) -> None:
    answer = await send(
        scene.http,
        "POST",
        "/auth/session/external",
        json=await scene.answer("grace"),
        headers={"sec-fetch-site": "same-origin"},
    )
    assert answer.status_code == 201, answer.text
    assert answer.headers["set-cookie"].startswith("__Host-")
    assert "access_token" not in answer.text


async def test_a_provider_that_is_away_is_unavailable() -> None:
    declared = {"mock": {"issuer": "http://localhost:1", "client_id": "a", "client_secret": "b"}}
    stand = Stand.open(
        TRADEPOST_IDENTITY_PROVIDERS=msgspec.json.encode(declared).decode(), TRADEPOST_IDENTITY_REDIRECTS=BACK
    )
    async with stand.client() as http:
        answer = await send(http, "POST", "/auth/external/mock", json={"redirect_uri": BACK})
    assert (answer.status_code, answer.json()["code"]) == (503, "identity_provider.unavailable")
    await stand.container.identity_providers()["mock"].close()


async def _link(scene: Scene, sub: str, person: Person) -> httpx.Response:
    answer = await scene.answer(sub, person, link=True)
    return await send(scene.http, "POST", "/users/me/identities", person, json=answer)

"""Links that come by mail, over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pyotp
import pytest
from tests.entrypoints.http.shop import PASSWORD, Person, Stand, send

NEW = "a longer stretch of pasture"


@pytest.fixture
def stand() -> Stand:
    return Stand.open()


@pytest.fixture
async def http(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    async with stand.client() as client:
        yield client


async def post(http: httpx.AsyncClient, path: str, person: Person | None = None, **body: Any) -> httpx.Response:
    return await send(http, "POST", path, person, json=body)


async def signs_in(http: httpx.AsyncClient, email: str, password: str) -> bool:
    return (await post(http, "/auth/login", email=email, password=password)).status_code == 200


async def test_an_address_is_proved_by_the_link_in_the_mail(stand: Stand, http: httpx.AsyncClient) -> None:
    person = await stand.person()
    assert (await send(http, "GET", "/users/me", person)).json()["data"]["email_verified_at"] is None
    token = await stand.link(person.email)
    assert (await post(http, "/auth/email-verifications", token=token)).status_code == 204
    assert (await send(http, "GET", "/users/me", person)).json()["data"]["email_verified_at"] is not None
    again = await post(http, "/auth/email-verifications", token=token)
    assert (again.status_code, again.json()["code"]) == (422, "link.invalid")
    assert token not in again.text


async def test_another_address_is_pending_until_it_is_proved(stand: Stand, http: httpx.AsyncClient) -> None:
    person = await stand.person()
    await stand.mails()
    changed = (await send(http, "PATCH", "/users/me", person, json={"email": "new@example.com"})).json()["data"]
    assert (changed["email"], changed["pending_email"]) == (person.email, "new@example.com")
    assert (await send(http, "POST", "/users/me/email-verification", person)).status_code == 204  # once more
    token = await stand.link("new@example.com")
    assert (await post(http, "/auth/email-verifications", token=token)).status_code == 204
    assert await signs_in(http, "new@example.com", PASSWORD)
    assert not await signs_in(http, person.email, PASSWORD)


async def test_a_forgotten_password_is_replaced(stand: Stand, http: httpx.AsyncClient) -> None:
    person = await stand.person()
    await stand.mails()
    assert (await post(http, "/auth/password-reset-requests", email=person.email)).status_code == 204
    token = await stand.link(person.email)
    answer = await post(http, "/auth/password-resets", token=token, new_password=NEW)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "set-cookie" not in answer.headers  # nobody is signed in by it
    assert (await send(http, "GET", "/users/me", person)).status_code == 401  # and who was is no more
    assert await signs_in(http, person.email, NEW)
    assert not await signs_in(http, person.email, PASSWORD)


async def test_the_answer_is_the_same_for_an_address_nobody_has(stand: Stand, http: httpx.AsyncClient) -> None:
    person = await stand.person()
    answers = []
    for email in (person.email, "nobody@example.com", "no address"):
        answer = await post(http, "/auth/password-reset-requests", email=email)
        kept = {
            name: value for name, value in answer.headers.items() if not name.startswith(("x-request", "ratelimit"))
        }
        answers.append((answer.status_code, answer.content, kept))
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/auth/email-verifications", {"token": "x" * 121}),
        ("/auth/email-verifications", {"token": ""}),
        ("/auth/password-resets", {"token": "x", "new_password": "short"}),
        ("/auth/password-resets", {"token": "x", "new_password": NEW, "user_id": "user_1"}),
        ("/auth/password-reset-requests", {"email": "x" * 321}),
        ("/auth/password-reset-requests", {"email": "a@b.c", "locale": "de"}),
    ],
)
async def test_what_does_not_fit_is_refused_before_it_is_looked_at(
    http: httpx.AsyncClient, path: str, body: dict[str, str]
) -> None:
    assert (await post(http, path, **body)).status_code == 400


async def test_of_fifty_who_send_a_token_at_the_same_moment_one_is_let_in(
    stand: Stand, http: httpx.AsyncClient
) -> None:
    person = await stand.person()
    verify = await stand.link(person.email)
    await post(http, "/auth/password-reset-requests", email=person.email)
    reset = await stand.link(person.email)
    for path, body in (
        ("/auth/email-verifications", {"token": verify}),
        ("/auth/password-resets", {"token": reset, "new_password": NEW}),
    ):
        answers = await asyncio.gather(*[post(http, path, **body) for _ in range(50)])
        assert [answer.status_code for answer in answers].count(204) == 1
        assert {answer.status_code for answer in answers} <= {204, 422, 503}  # too many passwords at once
    assert await signs_in(http, person.email, NEW)


async def test_a_token_in_the_address_is_not_taken(stand: Stand, http: httpx.AsyncClient) -> None:
    """Where it would end in logs: of proxies, of browsers."""
    person = await stand.person()
    token = await stand.link(person.email)
    answer = await send(http, "POST", f"/auth/email-verifications?token={token}", json={"token": token})
    assert answer.status_code == 400
    assert (await send(http, "GET", f"/auth/email-verifications?token={token}")).status_code == 405


async def test_a_new_password_does_not_stand_in_for_the_second_factor(stand: Stand, http: httpx.AsyncClient) -> None:
    person = await stand.person()
    begun = await post(http, "/users/me/second-factor/totp", person, password=PASSWORD)
    app = pyotp.TOTP(begun.json()["data"]["secret"])
    confirmed = await post(http, "/users/me/second-factor/totp/confirmation", person, code=app.now())
    codes = confirmed.json()["data"]["codes"]
    await stand.mails()
    await post(http, "/auth/password-reset-requests", email=person.email)
    token = await stand.link(person.email)
    assert (await post(http, "/auth/password-resets", token=token, new_password=NEW)).status_code == 204
    first = await post(http, "/auth/login", email=person.email, password=NEW)
    assert "access_token" not in first.text
    challenge = first.json()["data"]["challenge"] if "data" in first.json() else first.json()["challenge"]
    second = await post(http, "/auth/login/second-factor", challenge=challenge, recovery_code=codes[0])
    assert second.json()["data"]["access_token"]
    assert (await send(http, "GET", "/users/me/second-factor", person)).status_code == 401  # its session has ended

"""Signing in in two steps and proving again who one is, over HTTP."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pyotp
import pytest
import segno
from tests.entrypoints.http.second_steps import begin, challenge, enroll, second_step, soon
from tests.entrypoints.http.shop import PASSWORD, Person, Stand, send

from tradepost.kernel.access import Role
from tradepost.users import BearerToken
from tradepost.users.opaque import hash_of, new_secret
from tradepost.users.second_factor import CHALLENGE, Challenge
from tradepost_adapters.sql.backend import SqlBackend

AT_ONCE = 50
NEW_PASSWORD = "a longer stretch of pasture"
UNLIMITED = {f"TRADEPOST_RATE_LIMIT_{name}": "off" for name in ("ADDRESS", "USER", "CREDENTIALS")}


@pytest.fixture
def stand() -> Stand:
    return Stand.open(**UNLIMITED)


@pytest.fixture
async def http(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    async with stand.client() as client:
        yield client


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def stands(request: pytest.FixtureRequest) -> AsyncIterator[Stand]:
    """The service over every database."""
    if request.param == "memory":
        yield Stand.open(**UNLIMITED)
        return
    backend: Any = await SqlBackend.open(request.getfixturevalue(f"{request.param}_url"))
    yield Stand._over(backend, UNLIMITED)
    await backend.close()


async def grow_old(stand: Stand, person: Person) -> None:
    """Their session was begun half an hour ago, and has proved nothing since."""
    actor = await stand.shop.identify(BearerToken(person.token))
    assert actor.session is not None
    session_id, mfa, before = actor.session.id, actor.session.mfa, datetime.now(UTC) - timedelta(minutes=30)

    async def work(tx: Any) -> None:
        user = await tx.users.get(person.id)
        await tx.sessions.authenticated(session_id, before, mfa=mfa, session_version=user.session_version)

    await stand.backend.transactions.run(work)


async def waiting(stand: Stand, person: Person) -> list[str]:
    """Sign-ins of theirs that wait for the second step: more than may be begun from one place in so short a time."""
    secrets = [new_secret() for _ in range(AT_ONCE)]
    now = datetime.now(UTC)

    async def work(tx: Any) -> None:
        user = await tx.users.get(person.id)
        for secret in secrets:
            kept = Challenge(
                hash=hash_of(secret),
                user_id=user.id,
                session_version=user.session_version,
                created_at=now,
                expires_at=now + CHALLENGE,
            )
            await tx.sign_in_challenges.add(kept)

    await stand.backend.transactions.run(work)
    return secrets


async def test_somebody_signs_in_in_two_steps(stand: Stand, http: httpx.AsyncClient) -> None:
    ada = await stand.person()
    app, codes = await enroll(http, ada)
    assert len(set(codes)) == 10
    asked = await send(http, "POST", "/auth/login", json={"email": ada.email, "password": PASSWORD})
    assert asked.status_code == 202
    assert asked.headers["cache-control"] == "no-store"
    assert set(asked.json()["data"]) == {"status", "challenge", "expires_in"}
    body = {"challenge": asked.json()["data"]["challenge"], "code": soon(app)}
    wrong = await send(http, "POST", "/auth/login/second-factor", json={**body, "code": "000000"})
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["tries_left"]) == (401, "auth.code_wrong", 4)
    signed_in = await send(http, "POST", "/auth/login/second-factor", json=body)
    assert (signed_in.status_code, signed_in.json()["data"]["status"]) == (200, "signed_in")
    headers = {"authorization": f"Bearer {signed_in.json()['data']['access_token']}"}
    session = (await send(http, "GET", "/auth/session", headers=headers)).json()["data"]["session"]
    assert session["mfa"] is True
    again = await send(http, "POST", "/auth/login/second-factor", json=body)
    assert (again.status_code, again.json()["code"]) == (401, "auth.challenge_ended")
    state = (await send(http, "GET", "/users/me/second-factor", headers=headers)).json()["data"]
    assert (state["enabled"], state["recovery_codes_left"]) == (True, 10)


async def test_a_challenge_is_no_token_and_a_token_no_challenge(stand: Stand, http: httpx.AsyncClient) -> None:
    ada = await stand.person()
    app, _ = await enroll(http, ada)
    asked = await challenge(http, ada)
    for path in ("/users/me", "/auth/session"):
        shown = await send(http, "GET", path, headers={"authorization": f"Bearer {asked}"})
        assert (shown.status_code, shown.json()["code"]) == (401, "auth.invalid")
    refreshed = await send(http, "POST", "/auth/refresh", json={"refresh_token": asked})
    assert refreshed.status_code == 401
    body = {"challenge": ada.token[:256], "code": soon(app)}
    assert (await send(http, "POST", "/auth/login/second-factor", json=body)).status_code == 401


async def test_the_qr_code_is_drawn_here_and_says_the_uri(stand: Stand, http: httpx.AsyncClient) -> None:
    ada = await stand.person()
    setup = await send(http, "POST", "/users/me/second-factor/totp", ada, json={})
    assert setup.headers["cache-control"] == "no-store"
    data = setup.json()["data"]
    assert data["qr_svg"].startswith("<svg ")
    drawn = segno.make(data["uri"], error="m", micro=False).svg_inline(scale=4, border=4, dark="#000", light="#fff")
    assert data["qr_svg"] == drawn
    app = pyotp.parse_uri(data["uri"])
    assert (app.secret, app.name, app.issuer) == (data["secret"], ada.email, "Tradepost")
    assert not re.search(r"https?://(?!www\.w3\.org)", data["qr_svg"])


async def test_of_fifty_who_send_one_code_at_once_one_is_signed_in(stands: Stand) -> None:
    async with stands.client() as http:
        ada = await stands.person()
        app, codes = await enroll(http, ada)
        for proof in ({"code": soon(app)}, {"recovery_code": codes[0]}):
            challenges = await waiting(stands, ada)
            answers = await asyncio.gather(
                *[
                    send(http, "POST", "/auth/login/second-factor", json={"challenge": each, **proof})
                    for each in challenges
                ]
            )
            statuses = sorted(answer.status_code for answer in answers)
            assert statuses.count(200) == 1
            assert set(statuses) <= {200, 401, 429}
            paused = [answer for answer in answers if answer.status_code == 429]
            assert all(int(answer.headers["retry-after"]) >= 1 for answer in paused)


async def test_of_fifty_who_send_one_challenge_at_once_one_is_signed_in(stands: Stand) -> None:
    async with stands.client() as http:
        body = await second_step(http, await stands.person())
        answers = await asyncio.gather(
            *[send(http, "POST", "/auth/login/second-factor", json=body) for _ in range(AT_ONCE)]
        )
        assert sorted(answer.status_code for answer in answers) == [200] + [401] * (AT_ONCE - 1)


async def test_what_is_sensitive_takes_a_fresh_session(stand: Stand, http: httpx.AsyncClient) -> None:
    """One of each kind: how one signs in oneself, and what lets others in."""
    owner, bob = await stand.person(Role.OWNER), await stand.person()
    await stand.person(Role.OWNER)  # so that an owner is left
    sensitive: list[tuple[str, str, Any]] = [
        ("PATCH", "/users/me", {"email": "somebody@example.com"}),
        ("POST", "/users/me/password", {"old_password": PASSWORD, "new_password": NEW_PASSWORD}),
        ("POST", "/users/me/second-factor/totp", {}),
        ("POST", "/users/me/second-factor/recovery-codes", None),
        ("DELETE", "/users/me/second-factor", None),
        ("PUT", f"/users/{bob.id}/role", {"role": "support"}),
        ("PATCH", f"/users/{bob.id}", {"name": "Bob"}),
        ("POST", f"/users/{bob.id}/suspend", None),
        ("POST", f"/users/{bob.id}/second-factor/reset", None),
        ("POST", "/roles", {"name": "packer", "permissions": ["orders:read"]}),
        ("POST", "/api-keys", {"name": "Warehouse", "scopes": ["orders:read"]}),
        ("DELETE", "/users/me", None),
    ]
    await grow_old(stand, owner)
    for method, path, body in sensitive:
        options = {} if body is None else {"json": body}
        answer = await send(http, method, path, owner, **options)
        assert (answer.status_code, answer.json()["code"]) == (401, "auth.step_up_required"), (method, path)
        assert answer.headers["www-authenticate"] == (
            'Bearer realm="tradepost", error="insufficient_user_authentication", max_age=600'
        )
        assert answer.json()["max_age"] == 600
    for method, path, body in (("PATCH", "/users/me", {"name": "Ada King"}), ("GET", "/users", None)):
        options = {} if body is None else {"json": body}
        assert (await send(http, method, path, owner, **options)).status_code == 200

    proved = await send(http, "POST", "/auth/step-up", owner, json={"password": PASSWORD})
    assert proved.status_code == 200
    assert proved.headers["cache-control"] == "no-store"
    until = datetime.fromisoformat(proved.json()["data"]["fresh_until"])
    assert timedelta(minutes=9) < until - datetime.now(UTC) <= timedelta(minutes=10)
    for method, path, body in sensitive:
        options = {} if body is None else {"json": body}
        answer = await send(http, method, path, owner, **options)
        # a conflict where there is no second factor to do it with
        assert answer.is_success or answer.json()["code"] == "second_factor.not_enabled", (method, path, answer.text)


async def test_a_large_refund_takes_a_fresh_session_and_a_small_one_does_not() -> None:
    stand = Stand.open(TRADEPOST_STEP_UP_REFUNDS="EUR:5000", **UNLIMITED)
    async with stand.client() as http:
        await stand.sell("MUG", price=1000)
        ada, support = await stand.person(), await stand.person(Role.SUPPORT)
        body = {"lines": [{"sku": "MUG", "quantity": 9}], "currency": "EUR"}
        placed = await send(
            http, "POST", "/orders", ada, json={**body, "payment": {"method": "card", "token": "tok_success"}}
        )
        here = f"/orders/{placed.json()['data']['id']}/refunds"
        await grow_old(stand, support)
        small = await send(http, "POST", here, support, json={"amount": {"amount": 4999, "currency": "EUR"}})
        assert small.status_code in (200, 201), small.text
        large = await send(http, "POST", here, support, json={"amount": {"amount": 4001, "currency": "EUR"}})
        assert (large.status_code, large.json()["code"]) == (401, "auth.step_up_required")
        assert (await send(http, "POST", "/auth/step-up", support, json={"password": PASSWORD})).status_code == 200
        large = await send(http, "POST", here, support, json={"amount": {"amount": 4001, "currency": "EUR"}})
        assert large.status_code in (200, 201), large.text


async def test_machines_are_not_asked_to_prove_themselves(stand: Stand, http: httpx.AsyncClient) -> None:
    owner, bob = await stand.person(Role.OWNER), await stand.person()
    made = await send(http, "POST", "/api-keys", owner, json={"name": "HR", "scopes": ["users:write", "users:read"]})
    await grow_old(stand, owner)
    headers = {"authorization": f"Bearer {made.json()['data']['api_key']}"}
    suspended = await send(http, "POST", f"/users/{bob.id}/suspend", headers=headers)
    assert suspended.is_success, suspended.text
    step_up = await send(http, "POST", "/auth/step-up", headers=headers, json={"password": PASSWORD})
    assert (step_up.status_code, step_up.json()["code"]) == (409, "auth.no_session")


async def test_with_a_second_factor_the_password_alone_proves_nothing(stand: Stand, http: httpx.AsyncClient) -> None:
    ada = await stand.person()
    app, codes = await enroll(http, ada)
    await grow_old(stand, ada)
    alone = await send(http, "POST", "/auth/step-up", ada, json={"password": PASSWORD})
    assert (alone.status_code, alone.json()["code"]) == (422, "second_factor.code_needed")
    wrong = await send(http, "POST", "/auth/step-up", ada, json={"password": "wrong", "code": soon(app)})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "user.password_wrong")
    both = {"password": PASSWORD, "code": soon(app), "recovery_code": codes[0]}
    assert (await send(http, "POST", "/auth/step-up", ada, json=both)).json()["code"] == "second_factor.invalid"
    assert (await send(http, "DELETE", "/users/me/second-factor", ada)).status_code == 401
    proof = {"password": PASSWORD, "code": soon(app)}
    assert (await send(http, "POST", "/auth/step-up", ada, json=proof)).status_code == 200
    assert (await send(http, "DELETE", "/users/me/second-factor", ada)).status_code == 204
    signed_in = await send(http, "POST", "/auth/login", json={"email": ada.email, "password": PASSWORD})
    assert signed_in.status_code == 200


async def test_a_reset_password_does_not_get_around_the_second_factor(stand: Stand, http: httpx.AsyncClient) -> None:
    ada = await stand.person()
    app, codes = await enroll(http, ada)
    begun = await challenge(http, ada)
    await stand.mails()
    asked = await send(http, "POST", "/auth/password-reset-requests", json={"email": ada.email})
    assert asked.is_success
    (mail,) = await stand.mails()
    token = re.search(r"token=(\S+)", mail.text)
    assert token is not None
    reset = await send(http, "POST", "/auth/password-resets", json={"token": token[1], "new_password": NEW_PASSWORD})
    assert reset.is_success, reset.text
    assert (await send(http, "GET", "/users/me", ada)).status_code == 401
    login = await send(http, "POST", "/auth/login", json={"email": ada.email, "password": NEW_PASSWORD})
    assert (login.status_code, login.json()["data"]["status"]) == (202, "mfa_required")
    body = {"challenge": login.json()["data"]["challenge"], "recovery_code": codes[0]}
    before = {"challenge": begun, "code": soon(app)}
    assert (await send(http, "POST", "/auth/login/second-factor", json=before)).status_code == 401
    assert (await send(http, "POST", "/auth/login/second-factor", json=body)).status_code == 200


async def test_a_browser_signs_in_in_two_steps_and_gets_a_new_cookie_when_it_proves_itself(
    stand: Stand, http: httpx.AsyncClient
) -> None:
    ada = await stand.person()
    app, codes = await enroll(http, ada)
    page = {"origin": "http://shop.test"}
    asked = await send(http, "POST", "/auth/session", json={"email": ada.email, "password": PASSWORD}, headers=page)
    assert (asked.status_code, asked.json()["data"]["status"]) == (202, "mfa_required")
    assert "set-cookie" not in asked.headers
    body = {"challenge": asked.json()["data"]["challenge"], "recovery_code": codes[0]}
    elsewhere = await send(
        http, "POST", "/auth/session/second-factor", json=body, headers={"origin": "http://evil.test"}
    )
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "auth.csrf")
    begun = await send(http, "POST", "/auth/session/second-factor", json=body, headers=page)
    assert (begun.status_code, begun.json()["data"]["status"]) == (201, "signed_in")
    http.cookies.clear()
    cookie = {"cookie": begun.headers["set-cookie"].partition(";")[0]}
    ours = {**page, **cookie, "x-csrf-token": begun.json()["data"]["csrf_token"]}
    proof = {"password": PASSWORD, "code": soon(app)}
    proved = await send(http, "POST", "/auth/step-up", json=proof, headers=ours)
    assert proved.status_code == 200, proved.text
    http.cookies.clear()
    newer = {"cookie": proved.headers["set-cookie"].partition(";")[0]}
    assert newer != cookie
    assert (await send(http, "GET", "/users/me", headers=newer)).status_code == 200
    http.cookies.clear()
    assert (await send(http, "GET", "/users/me", headers=cookie)).status_code == 401


async def test_a_letter_tells_of_a_second_factor_that_comes_or_goes(stand: Stand, http: httpx.AsyncClient) -> None:
    ada, owner = await stand.person(), await stand.person(Role.OWNER)
    await stand.mails()
    subjects = []
    for method, path, person in (
        ("DELETE", "/users/me/second-factor", ada),
        ("POST", f"/users/{ada.id}/second-factor/reset", owner),
    ):
        _, codes = await enroll(http, ada)
        assert (await send(http, method, path, person)).status_code == 204
        mails = await stand.mails()
        subjects += [mail.subject for mail in mails]
        assert {mail.to for mail in mails} == {ada.email}
        assert not any(code in mail.text for mail in mails for code in codes)
    on, off = "Two-step sign-in at Tradepost is on", "Two-step sign-in at Tradepost is off"
    assert subjects == [on, off, on, off]
    assert "Tradepost has turned off" in mails[-1].text


async def test_staff_who_need_a_second_factor_can_only_set_one_up() -> None:
    stand = Stand.open(TRADEPOST_REQUIRE_MFA_FOR_STAFF="true", **UNLIMITED)
    async with stand.client() as http:
        owner, customer = await stand.person(Role.OWNER), await stand.person()
        refused = await send(http, "GET", "/users", owner)
        assert (refused.status_code, refused.json()["code"]) == (403, "auth.mfa_enrollment_required")
        assert (await send(http, "GET", "/users/me", owner)).status_code == 200
        await enroll(http, owner)
        assert (await send(http, "GET", "/users", owner)).status_code == 200
        assert (await send(http, "GET", "/users/me/orders", customer)).status_code == 200


async def test_codes_and_challenges_show_in_no_refusal(stand: Stand, http: httpx.AsyncClient) -> None:
    ada = await stand.person()
    app = await begin(http, ada)
    await send(http, "POST", "/users/me/second-factor/totp/confirmation", ada, json={"code": app.now()})
    asked = await challenge(http, ada)
    for body in (
        {"challenge": asked, "code": "314159"},
        {"challenge": asked, "recovery_code": "AAAA-BBBB-CCCC-DDDD-EEEE-FFFF"},
        {"challenge": asked, "code": "314159", "recovery_code": "AAAA-BBBB-CCCC-DDDD-EEEE-FFFF"},
        {"challenge": asked, "code": "31415926535897932384626"},
        {"challenge": asked, "code": 314159},
    ):
        answer = await send(http, "POST", "/auth/login/second-factor", json=body)
        assert answer.status_code in (400, 401, 422)
        assert not any(secret in answer.text for secret in (asked, "314159", "AAAA-BBBB"))

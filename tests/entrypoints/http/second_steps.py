"""People with a second factor, and what they ask for, for tests over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pyotp
from tests.entrypoints.http.shop import PASSWORD, Person, send


async def begin(http: httpx.AsyncClient, person: Person) -> pyotp.TOTP:
    """Their authenticator app, which has scanned the QR code."""
    here = f"/users/{person.id}/second-factor/totp"
    setup = await send(http, "POST", here, person, json={"password": PASSWORD})
    assert setup.status_code == 200, setup.text
    app = pyotp.parse_uri(setup.json()["data"]["uri"])
    assert isinstance(app, pyotp.TOTP)
    return app


async def enroll(http: httpx.AsyncClient, person: Person, now: datetime | None = None) -> tuple[pyotp.TOTP, list[str]]:
    """Their authenticator app, confirmed, and the recovery codes. Their session goes on."""
    app = await begin(http, person)
    here = f"/users/{person.id}/second-factor/totp/confirmation"
    codes = await send(http, "POST", here, person, json={"code": app.at(now or datetime.now(UTC))})
    assert codes.status_code == 200, codes.text
    return app, codes.json()["data"]["codes"]


async def challenge(http: httpx.AsyncClient, person: Person) -> str:
    """What signing in answers to the right password."""
    body = {"email": person.email, "password": PASSWORD}
    asked = await send(http, "POST", "/auth/login", json=body)
    assert (asked.status_code, asked.json()["data"]["status"]) == (202, "mfa_required"), asked.text
    return str(asked.json()["data"]["challenge"])


async def second_step(http: httpx.AsyncClient, person: Person) -> dict[str, Any]:
    """The body of a second step that succeeds."""
    _, codes = await enroll(http, person)
    return {"challenge": await challenge(http, person), "recovery_code": codes[0]}


def soon(app: pyotp.TOTP) -> str:
    """The app's next code: good now already, and not used yet."""
    return str(app.at(datetime.now(UTC) + timedelta(seconds=30)))

"""An account elsewhere counts as one factor, however somebody has signed in there."""

from datetime import UTC, datetime

import pyotp
from tests.entrypoints.http.shop import PASSWORD, send
from tests.entrypoints.http.test_external_sign_in import Scene, provider, scene

__all__ = ["provider", "scene"]  # fixtures


async def test_a_second_factor_is_asked_for_whoever_has_proved_the_first(scene: Scene) -> None:
    ada = await scene.stand.person()
    answer = await scene.answer("third", ada, link=True)
    assert (await send(scene.http, "POST", "/users/me/identities", ada, json=answer)).status_code == 201
    begun = await send(scene.http, "POST", "/users/me/second-factor/totp", ada, json={"password": PASSWORD})
    app = pyotp.parse_uri(begun.json()["data"]["uri"])
    assert isinstance(app, pyotp.TOTP)
    here = "/users/me/second-factor/totp/confirmation"
    assert (await send(scene.http, "POST", here, ada, json={"code": app.now()})).status_code == 200
    asked = await scene.sign_in("third")
    assert (asked.status_code, asked.json()["data"]["status"]) == (202, "mfa_required")
    assert "access_token" not in asked.text
    code = app.at(datetime.now(UTC), 1)
    body = {"challenge": asked.json()["data"]["challenge"], "code": code}
    signed_in = await send(scene.http, "POST", "/auth/login/second-factor", json=body)
    assert signed_in.status_code == 200, signed_in.text
    assert (await scene.me(signed_in))["id"] == ada.id

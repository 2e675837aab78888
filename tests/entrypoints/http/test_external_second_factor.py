"""An account elsewhere counts as one factor, however somebody has signed in there."""

from tests.entrypoints.http.second_steps import enroll
from tests.entrypoints.http.shop import send
from tests.entrypoints.http.test_external_sign_in import Scene, provider, scene

__all__ = ["provider", "scene"]  # fixtures


async def test_a_second_factor_is_asked_for_whoever_has_proved_the_first(scene: Scene) -> None:
    ada = await scene.stand.person()
    answer = await scene.answer("third", ada, link=True)
    assert (await send(scene.http, "POST", "/users/me/identities", ada, json=answer)).status_code == 201
    _, codes = await enroll(scene.http, ada)
    asked = await scene.sign_in("third")
    assert (asked.status_code, asked.json()["data"]["status"]) == (202, "mfa_required")
    assert "access_token" not in asked.text
    body = {"challenge": asked.json()["data"]["challenge"], "recovery_code": codes[0]}
    signed_in = await send(scene.http, "POST", "/auth/login/second-factor", json=body)
    assert signed_in.status_code == 200, signed_in.text
    assert (await scene.me(signed_in))["id"] == ada.id

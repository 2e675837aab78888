"""Forged and borrowed tokens over HTTP: 401 each, whoever signed them, and nothing about why."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwe
from joserfc.jwk import OctKey, OKPKey
from tests.adapters.jose import forging
from tests.entrypoints.http.shop import Person, Stand, send

from tradepost.kernel.access import Role, operator
from tradepost.users.rotate_signing_key import RotateSigningKeyCommand
from tradepost.users.tokens import Grant


@dataclass
class Forger:
    """Somebody who has seen an owner's token and, where that helps, even the key that signs."""

    http: httpx.AsyncClient
    stand: Stand
    owner: Person
    private: bytes

    @property
    def parts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return forging.parts(self.owner.token)

    def signed(self, header: Any, claims: Any) -> str:
        return forging.by_ed25519(header, claims, self.private)

    async def refused(self, token: str) -> bool:
        answer = await self.http.get("/api/v1/users/me", headers={"authorization": f"Bearer {token}"})
        if answer.status_code == 200:
            return False
        assert (answer.status_code, answer.json()["code"]) == (401, "auth.invalid"), answer.text
        assert answer.headers["www-authenticate"] == 'Bearer realm="tradepost", error="invalid_token"'
        assert answer.json()["detail"] == "The access token is not valid or has expired; sign in again."
        return True


@pytest.fixture
async def forger() -> AsyncIterator[Forger]:
    stand = Stand.open()
    async with stand.client() as http:
        owner = await stand.person(Role.OWNER)
        _, private = await stand.shop._key_ring.signing(datetime.now(UTC))
        yield Forger(http, stand, owner, private)


async def test_what_is_signed_by_hand_just_as_it_is_issued_is_taken(forger: Forger) -> None:
    assert not await forger.refused(forger.signed(*forger.parts))


async def test_no_other_header_is_taken_however_well_it_is_signed(forger: Forger) -> None:
    header, claims = forger.parts
    for change in forging.HEADERS:
        assert await forger.refused(forger.signed({**header, **change}, claims)), change


async def test_no_other_claims_are_taken_however_well_they_are_signed(forger: Forger) -> None:
    header, claims = forger.parts
    now = int(datetime.now(UTC).timestamp())
    for change in (*forging.CLAIMS, {"nbf": now + 3600}, {"exp": now - 1}, {"exp": 0}, {"sid": "sess_none"}):
        assert await forger.refused(forger.signed(header, {**claims, **change})), change


async def test_no_other_key_or_algorithm_signs(forger: Forger) -> None:
    header, claims = forger.parts
    published = (await forger.http.get("/.well-known/jwks.json")).json()["keys"][0]
    public = OKPKey.import_key(published)
    assert await forger.refused(forging.unsigned({**header, "alg": "none"}, claims))
    assert await forger.refused(forging.unsigned(header, claims))
    for secret in (published["x"].encode(), json.dumps(published).encode(), public.as_pem(), public.as_der(), b""):
        assert await forger.refused(forging.by_hmac({**header, "alg": "HS256"}, claims, secret))
    assert await forger.refused(forging.by_rsa({**header, "alg": "RS256"}, claims))
    own = OKPKey.generate_key("Ed25519")
    private = own.as_dict(private=True)["d"]
    raw = forging.base64.urlsafe_b64decode(str(private) + "=")
    assert await forger.refused(forging.by_ed25519(header, claims, raw))
    assert await forger.refused(forging.by_ed25519({**header, "jwk": own.as_dict(private=False)}, claims, raw))


async def test_nothing_written_twice_too_long_or_encrypted_is_taken(forger: Forger) -> None:
    header, claims = forger.parts
    text = json.dumps(claims, separators=(",", ":"))
    assert await forger.refused(forger.signed(header, text.replace('"sub":', '"sub":"user_x","sub":').encode()))
    assert await forger.refused(forger.signed(header, {**claims, "pad": "x" * 5_000}))
    assert await forger.refused(f"{forger.owner.token}.{forger.owner.token}")
    sealed = jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM", "kid": header["kid"]}, text, OctKey.generate_key(256))
    assert await forger.refused(sealed)


async def test_a_token_is_refused_once_its_time_its_session_or_its_user_is_over(forger: Forger) -> None:
    _, claims = forger.parts
    grant = Grant(subject=claims["sub"], session_id=claims["sid"], session_version=claims["ver"])
    past = datetime.now(UTC) - timedelta(hours=1)
    assert await forger.refused(await forger.stand.shop.access_tokens.issue(grant, past))
    another = Grant(subject="user_another", session_id=claims["sid"], session_version=claims["ver"])
    assert await forger.refused(await forger.stand.shop.access_tokens.issue(another, datetime.now(UTC)))
    assert not await forger.refused(forger.owner.token)
    answer = await send(forger.http, "DELETE", f"/users/me/sessions/{claims['sid']}", forger.owner)
    assert answer.status_code == 204
    assert await forger.refused(forger.owner.token)


async def test_a_leaked_key_is_worth_nothing_from_the_next_request_on(forger: Forger) -> None:
    """In every process: this one has the old keys in its memory, and reads the new ones because the database says so."""
    elsewhere = Stand.beside(forger.stand)
    assert not await forger.refused(forger.owner.token)
    await elsewhere.shop.rotate_signing_key(RotateSigningKeyCommand(actor=operator(), leaked=True))
    assert await forger.refused(forger.owner.token)
    assert await forger.refused(forger.signed(*forger.parts))


async def test_the_published_keys_verify_tokens_and_may_be_kept_for_minutes(forger: Forger) -> None:
    answer = await forger.http.get("/.well-known/jwks.json")
    assert answer.headers["cache-control"] == "public, max-age=300"
    (key,) = answer.json()["keys"]
    assert key == {"kty": "OKP", "crv": "Ed25519", "x": key["x"], "kid": key["kid"], "use": "sig", "alg": "EdDSA"}
    header, _ = forger.parts
    assert key["kid"] == header["kid"]
    told, _, signature = forger.owner.token.rpartition(".")
    public = OKPKey.import_key(key).get_op_key("verify")
    public.verify(forging.base64.urlsafe_b64decode(signature + "=="), told.encode())  # raises if not

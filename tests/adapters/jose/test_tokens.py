"""What a forger tries with a JWT, signed with the very key where that helps."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tradepost.kernel.access import Role
from tradepost.users.tokens import Grant, InvalidToken
from tradepost_adapters.jose import JwtTokens

SECRET = b"one secret of at least 32 bytes!"
KEY = hmac.digest(SECRET, b"tradepost access tokens", hashlib.sha256)
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GRANT = Grant(user_id="user_1", role=Role.CUSTOMER, customer_id="cus_1", session_version=1)


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims, _ = token.split(".")
    return tuple(json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, claims))  # type: ignore[return-value]


def signed(header: Any, claims: Any, digest: str = "sha256") -> str:
    def encoded(value: Any) -> str:
        text = value if isinstance(value, bytes) else json.dumps(value).encode()
        return base64.urlsafe_b64encode(text).decode().rstrip("=")

    told = f"{encoded(header)}.{encoded(claims)}"
    return f"{told}.{encoded(hmac.digest(KEY, told.encode(), digest))}"


@pytest.fixture
def tokens() -> JwtTokens:
    return JwtTokens(SECRET)


def test_a_token_signed_by_hand_as_it_should_be_is_good(tokens: JwtTokens) -> None:
    header, claims = parts(tokens.issue(GRANT, NOW))
    assert header == {"alg": "HS256", "typ": "at+jwt", "kid": header["kid"]}
    assert tokens.verify(signed(header, claims), NOW) == GRANT


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "none"},
        {"alg": "HS512"},
        {"alg": "RS256"},
        {"typ": "JWT"},
        {"typ": None},
        {"kid": "../../../dev/null"},
        {"kid": ""},
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jku": "https://example.com/keys"},
        {"x5u": "https://example.com/key"},
    ],
)
def test_another_header_is_refused_however_well_it_is_signed(tokens: JwtTokens, change: dict[str, Any]) -> None:
    header, claims = parts(tokens.issue(GRANT, NOW))
    with pytest.raises(InvalidToken):
        tokens.verify(signed({**header, **change}, claims), NOW)


def test_a_token_without_signature_or_by_another_digest_is_refused(tokens: JwtTokens) -> None:
    header, claims = parts(tokens.issue(GRANT, NOW))
    unsigned = signed({**header, "alg": "none"}, claims).rpartition(".")[0] + "."
    for token in (unsigned, signed(header, claims, "sha512"), tokens.issue(GRANT, NOW).rpartition(".")[0] + "."):
        with pytest.raises(InvalidToken):
            tokens.verify(token, NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "somebody"},
        {"aud": "another"},
        {"aud": ["tradepost"]},
        {"role": "emperor"},
        {"sub": 1},
        {"ver": "1"},
        {"exp": "never"},
        {"exp": None},
    ],
)
def test_other_claims_are_refused_however_well_they_are_signed(tokens: JwtTokens, change: dict[str, Any]) -> None:
    header, claims = parts(tokens.issue(GRANT, NOW))
    with pytest.raises(InvalidToken):
        tokens.verify(signed(header, {**claims, **change}), NOW)


@pytest.mark.parametrize("claims", [b"", b"null", b"[]", b"\xff", b"[" * 1500, b'{"sub":"user_1"}'])
def test_a_signed_body_that_is_no_claims_is_refused(tokens: JwtTokens, claims: bytes) -> None:
    header, _ = parts(tokens.issue(GRANT, NOW))
    with pytest.raises(InvalidToken):
        tokens.verify(signed(header, claims), NOW)


def test_tokens_live_as_long_as_they_are_told_to() -> None:
    tokens = JwtTokens(SECRET, lifetime=timedelta(seconds=5))
    token = tokens.issue(GRANT, NOW)
    assert tokens.verify(token, NOW + timedelta(seconds=4)) == GRANT
    with pytest.raises(InvalidToken):
        tokens.verify(token, NOW + timedelta(seconds=5))


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        JwtTokens(b"short")


def test_the_key_is_not_the_secret() -> None:
    with pytest.raises(InvalidToken):
        JwtTokens(KEY).verify(JwtTokens(SECRET).issue(GRANT, NOW), NOW)

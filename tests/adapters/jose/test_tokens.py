"""What a forger tries with a JWT, signed with the very key where that helps."""

import json
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import OKPKey
from tests.adapters.jose import forging

from tradepost.users.tokens import Claims, Grant, InvalidToken
from tradepost_adapters.jose import JwtSigner

GRANT = Grant(subject="user_1", session_id="sess_1", session_version=1)
CLAIMS = Claims(grant=GRANT, issued_at=1_000, expires_at=2_000)
KEY = "sig_1"
SIGNER = JwtSigner()
PAIR = SIGNER.new_pair()
TOKEN = SIGNER.sign(CLAIMS, KEY, PAIR.private)
HEADER, BODY = forging.parts(TOKEN)


def refused(token: str) -> bool:
    """By the whole way a token goes: the key is looked up by what it says."""
    try:
        return SIGNER.key_id(token) != KEY or bool(SIGNER.read(token, KEY, PAIR.public) is None)
    except InvalidToken:
        return True


def signed(header: Any, body: Any) -> str:
    return forging.by_ed25519(header, body, PAIR.private)


def test_a_token_signed_by_hand_as_it_should_be_is_good() -> None:
    assert HEADER == {"alg": "EdDSA", "typ": "at+jwt", "kid": KEY}
    assert set(BODY) == {"iss", "aud", "sub", "client_id", "iat", "exp", "jti", "sid", "ver"}
    assert SIGNER.read(signed(HEADER, BODY), KEY, PAIR.public) == CLAIMS


@pytest.mark.parametrize("change", forging.HEADERS, ids=json.dumps)
def test_another_header_is_refused_however_well_it_is_signed(change: dict[str, Any]) -> None:
    assert refused(signed({**HEADER, **change}, BODY))


@pytest.mark.parametrize("missing", ["alg", "typ", "kid"])
def test_a_header_that_lacks_something_is_refused(missing: str) -> None:
    assert refused(signed({name: value for name, value in HEADER.items() if name != missing}, BODY))


@pytest.mark.parametrize("change", forging.CLAIMS, ids=json.dumps)
def test_other_claims_are_refused_however_well_they_are_signed(change: dict[str, Any]) -> None:
    assert refused(signed(HEADER, {**BODY, **change}))


def test_nothing_but_the_private_key_signs() -> None:
    public = PAIR.public.encode()
    pem = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": PAIR.public}).as_pem()
    for header in (HEADER, {**HEADER, "alg": "HS256"}, {**HEADER, "alg": "RS256"}, {**HEADER, "alg": "none"}):
        assert refused(forging.unsigned(header, BODY))
        assert refused(forging.by_rsa(header, BODY))
        assert refused(forging.by_ed25519(header, BODY, SIGNER.new_pair().private))
        for secret in (public, pem, b"", b"secret"):
            assert refused(forging.by_hmac(header, BODY, secret))


def test_an_encrypted_token_is_refused() -> None:
    key = OKPKey.generate_key("X25519")
    made = jwe.encrypt_compact({"alg": "ECDH-ES", "enc": "A256GCM", "kid": KEY, "typ": "at+jwt"}, json.dumps(BODY), key)
    assert refused(made)
    assert refused(f"{TOKEN}..")


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(BODY, separators=(",", ":")).replace('"sub":', '"sub":"user_2","sub":').encode(),
        json.dumps(BODY, separators=(",", ":")).replace('"ver":1', '"ver":1,"ver":1').encode(),
        json.dumps(BODY).encode(),
        b"",
        b"null",
        b"[]",
        b"\xff",
        b"[" * 1500,
        b'{"sub":"user_1"}',
    ],
)
def test_a_signed_body_that_is_not_written_as_ours_is_refused(body: bytes) -> None:
    assert refused(signed(HEADER, body))


def test_a_header_that_says_a_thing_twice_is_refused() -> None:
    text = json.dumps(HEADER, separators=(",", ":"))
    for twice in (text.replace('{"alg"', '{"alg":"none","alg"'), text.replace('"kid"', '"kid":"sig_2","kid"')):
        assert refused(signed(twice.encode(), BODY))


def test_a_huge_token_is_refused_before_it_is_read() -> None:
    assert refused(signed(HEADER, {**BODY, "pad": "x" * 10_000}))
    assert refused("." * 1_000_000)


def test_a_token_has_no_second_spelling() -> None:
    assert refused(TOKEN + "=")
    assert refused(TOKEN.replace(".", "=."))
    last = TOKEN[-1]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert all(refused(TOKEN[:-1] + other) for other in alphabet if other != last)


def test_a_machines_token_names_it_and_its_scope() -> None:
    grant = Grant(subject="key_1", session_id="sess_1", session_version=1, scope=("orders:read", "stock:read"))
    _, body = forging.parts(SIGNER.sign(Claims(grant=grant, issued_at=1, expires_at=2), KEY, PAIR.private))
    assert (body["sub"], body["client_id"], body["scope"]) == ("key_1", "key_1", "orders:read stock:read")


def test_an_audience_and_an_issuer_of_ones_own_tell_services_apart() -> None:
    for other in (JwtSigner(issuer="https://other.example"), JwtSigner(audience="other")):
        with pytest.raises(InvalidToken):
            SIGNER.read(other.sign(CLAIMS, KEY, PAIR.private), KEY, PAIR.public)

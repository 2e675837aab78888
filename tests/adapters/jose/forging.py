"""Tokens as a forger makes them, signed with whatever key they could get hold of."""

import base64
import hashlib
import hmac
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256


def encoded(value: Any) -> str:
    """A part of a token: bytes as they are, anything else as JSON."""
    text = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=="))


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims, _ = token.split(".")
    return decoded(header), decoded(claims)


def by_ed25519(header: Any, claims: Any, private: bytes) -> str:
    told = f"{encoded(header)}.{encoded(claims)}"
    return f"{told}.{encoded(Ed25519PrivateKey.from_private_bytes(private).sign(told.encode()))}"


def by_hmac(header: Any, claims: Any, secret: bytes) -> str:
    told = f"{encoded(header)}.{encoded(claims)}"
    return f"{told}.{encoded(hmac.digest(secret, told.encode(), hashlib.sha256))}"


def by_rsa(header: Any, claims: Any) -> str:
    told = f"{encoded(header)}.{encoded(claims)}"
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return f"{told}.{encoded(key.sign(told.encode(), padding.PKCS1v15(), SHA256()))}"


def unsigned(header: Any, claims: Any) -> str:
    return f"{encoded(header)}.{encoded(claims)}."


HEADERS: list[dict[str, Any]] = [
    {"alg": "none"},
    {"alg": "HS256"},
    {"alg": "RS256"},
    {"alg": "ES256"},
    {"alg": "Ed25519"},
    {"alg": "eddsa"},
    {"alg": None},
    {"typ": "JWT"},
    {"typ": "AT+JWT"},
    {"typ": None},
    {"kid": "../../../dev/null"},
    {"kid": "../../../../proc/self/environ"},
    {"kid": "' OR 1=1 --"},
    {"kid": ""},
    {"kid": None},
    {"kid": ["sig"]},
    {"crit": ["exp"]},
    {"crit": []},
    {"b64": False},
    {"b64": False, "crit": ["b64"]},
    {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}},
    {"jku": "https://example.com/keys"},
    {"x5u": "https://example.com/key"},
    {"x5c": ["MIIB"]},
    {"cty": "JWT"},
    {"zip": "DEF"},
]
"""What a forger changes about a header."""

CLAIMS: list[dict[str, Any]] = [
    {"iss": "somebody"},
    {"aud": "another"},
    {"aud": ["tradepost"]},
    {"aud": None},
    {"sub": 1},
    {"ver": "1"},
    {"ver": True},
    {"sid": None},
    {"exp": "never"},
    {"exp": None},
    {"exp": 1e400},
    {"nbf": 99_999_999_999},
    {"nbf": 0},
    {"role": "owner"},
    {"admin": True},
]
"""What somebody changes about claims who could sign: what is not as it is issued here is refused all the same."""

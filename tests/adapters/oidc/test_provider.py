"""What a provider's answer could be talked into, against a provider that says what it is told to."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, Key, OctKey, RSAKey

from tradepost.kernel.transactions import Unavailable
from tradepost.users.identity_provider import AuthorizationRequest, IdentityRefused
from tradepost_adapters.oidc import OidcProvider

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOW = int(AT.timestamp())
SECRET = "what the provider knows this shop by"
REQUEST = AuthorizationRequest(state="s", nonce="n", verifier="v" * 43, redirect_uri="https://shop.example/back")


_KEY = RSAKey.generate_key(2048, {"kid": "one"})  # making one takes longer than all the rest


class Liar:
    """A provider whose documents and tokens can be anything."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.key: Key = _KEY
        self.published: list[Key] = [self.key]
        self.claims: dict[str, Any] = {}
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "one"}
        self.metadata: dict[str, Any] = {}
        self.token: Callable[[], tuple[int, Any]] = lambda: (200, {"id_token": self.signed(), "access_token": "a"})
        self.asked: list[str] = []
        self.form: dict[str, list[str]] = {}

    def signed(self) -> str:
        whole = {"iss": self.url, "aud": "tradepost", "sub": "7", "iat": NOW, "exp": NOW + 300, "nonce": "n"}
        claims = {name: value for name, value in {**whole, **self.claims}.items() if value is not None}
        registry = jws.JWSRegistry(algorithms=[self.header["alg"]], strict_check_header=False)
        return jws.serialize_compact(self.header, msgspec.json.encode(claims), self.key, registry=registry)

    def answer(self, path: str) -> tuple[int, Any]:
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            said = {name: f"{self.url}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
            return 200, {"issuer": self.url, **said, **self.metadata}
        if path == "/jwks_uri":
            return 200, {"keys": [key.as_dict(private=False) for key in self.published]}
        return self.token()


@pytest.fixture
def liar() -> Iterator[Liar]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content = found.answer(self.path)
            body = content if isinstance(content, bytes) else msgspec.json.encode(content)
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            found.form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Liar(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
async def provider(liar: Liar) -> AsyncIterator[OidcProvider]:
    provider = OidcProvider(liar.url, client_id="tradepost", client_secret=SECRET)
    yield provider
    await provider.close()


async def test_a_good_answer_says_who_it_is(liar: Liar, provider: OidcProvider) -> None:
    liar.claims = {"email": "ada@example.com", "email_verified": True, "name": "Ada"}
    found = await provider.identity("code", REQUEST, AT)
    assert (found.issuer, found.subject, found.email, found.email_verified) == (liar.url, "7", "ada@example.com", True)
    assert liar.form["code_verifier"] == [REQUEST.verifier]
    assert "client_secret" not in liar.form, "it goes in the header"


@pytest.mark.parametrize(
    ("said", "verified"), [(True, True), ("true", True), (False, False), ("false", False), (None, False)]
)
async def test_an_address_is_verified_when_the_provider_says_so(
    liar: Liar, provider: OidcProvider, said: object, verified: bool
) -> None:
    liar.claims = {"email": "ada@example.com", "email_verified": said}
    assert (await provider.identity("code", REQUEST, AT)).email_verified is verified


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another client"},
        {"aud": ["another client"]},
        {"aud": None},
        {"aud": ["tradepost", "another"], "azp": "another"},
        {"sub": None},
        {"sub": ""},
        {"nonce": "of another attempt"},
        {"nonce": None},
        {"exp": NOW - 120},
        {"exp": None},
        {"iat": NOW + 600},
        {"nbf": NOW + 600},
        {"at_hash": "not that of the access token"},
        {"email": 7},
    ],
    ids=lambda claims: "-".join(f"{name}={value}" for name, value in claims.items()),
)
async def test_a_token_that_is_not_for_this_attempt_is_refused(
    liar: Liar, provider: OidcProvider, claims: dict[str, Any]
) -> None:
    liar.claims = claims
    with pytest.raises(IdentityRefused):
        await provider.identity("code", REQUEST, AT)


async def test_a_token_signed_with_the_clients_secret_is_refused(liar: Liar, provider: OidcProvider) -> None:
    liar.header, liar.key = {"alg": "HS256", "kid": "one"}, OctKey.import_key(SECRET)
    with pytest.raises(IdentityRefused):
        await provider.identity("code", REQUEST, AT)


async def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(liar: Liar, provider: OidcProvider) -> None:
    public = liar.published[0].as_pem(private=False)  # type: ignore[attr-defined]
    liar.header = {"alg": "HS256", "kid": "one"}
    liar.key = OctKey.import_key(msgspec.json.encode(public.decode()))
    with pytest.raises(IdentityRefused):
        await provider.identity("code", REQUEST, AT)


async def test_a_token_without_a_signature_is_refused(liar: Liar, provider: OidcProvider) -> None:
    head, body = (liar.signed().split(".")[place] for place in (0, 1))
    for header in (head, "eyJhbGciOiJub25lIiwia2lkIjoib25lIn0"):  # {"alg":"none","kid":"one"}
        liar.token = lambda header=header: (200, {"id_token": f"{header}.{body}.", "access_token": "a"})  # type: ignore[misc]
        with pytest.raises(IdentityRefused):
            await provider.identity("code", REQUEST, AT)


async def test_a_key_that_came_later_is_looked_for_and_one_that_never_was_is_refused(
    liar: Liar, provider: OidcProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradepost_adapters.oidc.provider._KEYS_ARE_FRESH", 0.0)
    await provider.identity("code", REQUEST, AT)
    liar.key = ECKey.generate_key("P-256", {"kid": "two"})
    liar.header = {"alg": "ES256", "kid": "two"}
    with pytest.raises(IdentityRefused):
        await provider.identity("code", REQUEST, AT)
    liar.published.append(liar.key)
    assert (await provider.identity("code", REQUEST, AT)).subject == "7"


async def test_unknown_keys_are_not_looked_for_over_and_over(liar: Liar, provider: OidcProvider) -> None:
    await provider.identity("code", REQUEST, AT)
    liar.header = {"alg": "RS256", "kid": "unknown"}
    for _ in range(3):
        with pytest.raises(IdentityRefused):
            await provider.identity("code", REQUEST, AT)
    assert liar.asked.count("/jwks_uri") == 1
    assert liar.asked.count("/.well-known/openid-configuration") == 1


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
    ],
)
async def test_a_provider_that_says_it_is_another_is_not_asked(
    liar: Liar, provider: OidcProvider, metadata: dict[str, Any]
) -> None:
    liar.metadata = metadata
    with pytest.raises(Unavailable):
        await provider.authorization_url(REQUEST)


async def test_an_answer_of_a_provider_that_always_names_itself_has_to_name_it(
    liar: Liar, provider: OidcProvider
) -> None:
    liar.metadata = {"authorization_response_iss_parameter_supported": True}
    with pytest.raises(IdentityRefused):
        await provider.identity("code", REQUEST, AT)
    assert liar.form == {}, "the code goes nowhere"
    assert (await provider.identity("code", REQUEST, AT, iss=liar.url)).subject == "7"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((400, {"error": "invalid_grant"}), IdentityRefused),
        ((200, {"access_token": "a"}), IdentityRefused),
        ((200, {"id_token": "no token", "access_token": "a"}), IdentityRefused),
        ((200, {"id_token": 7, "access_token": "a"}), IdentityRefused),
        ((500, b"<html>"), Unavailable),
        ((200, b"<html>"), Unavailable),
    ],
)
async def test_an_answer_that_is_none_is_refused_or_unavailable(
    liar: Liar, provider: OidcProvider, answer: tuple[int, Any], error: type[Exception]
) -> None:
    liar.token = lambda: answer
    with pytest.raises(error):
        await provider.identity("code", REQUEST, AT)


def test_an_issuer_without_tls_is_refused() -> None:
    with pytest.raises(ValueError, match="https"):
        OidcProvider("http://login.example", client_id="a", client_secret="b")

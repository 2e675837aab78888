"""What stands between the network and the routes: limits, networks of staff, other origins, https, the size of heads."""

import io
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar
from tests.entrypoints.http.toy import ROUTES, application, client

from tradepost.kernel.access import Actor, Permission, Role, SessionFacts
from tradepost.kernel.rate_limits import Hit, Limit, RateLimiterUnavailable, Usage
from tradepost_adapters.memory.rate_limiter import MemoryRateLimiter
from tradepost_entrypoints.http.call import Call
from tradepost_entrypoints.http.cors import Cors
from tradepost_entrypoints.http.edge import Edge
from tradepost_entrypoints.http.endpoint import endpoint
from tradepost_entrypoints.http.envelope import Nothing, One
from tradepost_entrypoints.http.guard import Guard, RateLimits
from tradepost_entrypoints.http.heads import MAX_BYTES, MAX_FIELDS, MAX_TARGET
from tradepost_entrypoints.http.middleware import Metrics
from tradepost_entrypoints.http.networks import Networks
from tradepost_entrypoints.http.proxies import Proxies
from tradepost_entrypoints.http.routes import ROUTES as SERVED
from tradepost_entrypoints.http.routes.users import TAKEN
from tradepost_entrypoints.logs import EventLog

THING = "/api/v1/things/thing_1"
GOOD = {"authorization": "Bearer good"}
OURS = Proxies(["127.0.0.0/8"])  # the test client is the proxy


def limit(name: str, quota: int) -> Limit:
    return Limit(name=name, quota=quota, window=timedelta(minutes=1))


LIMITS = RateLimits(address=limit("address", 3), user=limit("user", 5), credentials=limit("credentials", 2))


@endpoint("POST", "/logins", tag="Things", status=204, limit="credentials")
async def log_in() -> Nothing:
    """Try a password."""
    return Nothing()


def limited(**options: Any) -> Litestar:
    limiter = MemoryRateLimiter(now=lambda: 30.0)
    edge = Edge(**{"limits": LIMITS, "limiter": limiter, "proxies": OURS, **options})
    return application(edge=edge, endpoints=(*ROUTES, log_in))


def origin(address: str, scheme: str = "http") -> dict[str, str]:
    return {"x-forwarded-for": address, "x-forwarded-proto": scheme}


async def test_every_answer_says_how_the_limits_stand() -> None:
    async with client(limited()) as http:
        answer = await http.get(THING)
        assert answer.headers["ratelimit-policy"] == '"address";q=3;w=60'
        assert answer.headers["ratelimit"] == '"address";r=2;t=91'
        assert (await http.get(THING, headers=GOOD)).headers["ratelimit"] == '"user";r=4;t=91'
        answer = await http.post("/api/v1/logins", headers=GOOD)
        assert answer.headers["ratelimit-policy"] == '"user";q=5;w=60, "credentials";q=2;w=60'
        assert answer.headers["ratelimit"] == '"user";r=3;t=91, "credentials";r=1;t=91'
        assert (await http.get("/api/v1/things/nothing")).headers["ratelimit"] == '"address";r=1;t=91', "refusals too"


async def test_who_asks_too_often_is_told_when_to_come_back() -> None:
    async with client(limited()) as http:
        assert [(await http.get(THING)).status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = await http.get(THING)
        text = (await http.get("/metrics")).text
    problem = refused.json()
    assert refused.headers["content-type"] == "application/problem+json"
    assert (problem["code"], problem["status"]) == ("rate.limited", 429)
    assert problem["violated-policies"] == ["address"]
    assert int(refused.headers["retry-after"]) == problem["retry_after"] >= 30
    assert refused.headers["ratelimit"].startswith('"address";r=0;t=')
    assert 'tradepost_http_rate_limited_total{limit="address"} 2.0' in text


async def test_addresses_are_counted_apart_and_a_household_together() -> None:
    async with client(limited()) as http:
        for address in ("203.0.113.1", "203.0.113.2", "2001:db8:1:2::1"):
            assert [(await http.get(THING, headers=origin(address))).status_code for _ in range(3)] == [200] * 3
        assert (await http.get(THING, headers=origin("203.0.113.1"))).status_code == 429
        assert (await http.get(THING, headers=origin("2001:db8:1:2:ffff::9"))).status_code == 429
        assert (await http.get(THING, headers=origin("2001:db8:1:3::1"))).status_code == 200


async def test_a_user_is_counted_wherever_they_are_and_whoever_else_is_there() -> None:
    async with client(limited()) as http:
        for _ in range(3):
            await http.get(THING)
        assert (await http.get(THING)).status_code == 429
        answers = [await http.get(THING, headers={**GOOD, **origin(f"203.0.113.{n}")}) for n in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]


async def test_credentials_are_limited_by_address_more_strictly_and_whoever_asks() -> None:
    async with client(limited()) as http:
        answers = [await http.post("/api/v1/logins", headers=headers) for headers in ({}, GOOD, {})]
        assert [answer.status_code for answer in answers] == [204, 204, 429]
        assert answers[2].json()["violated-policies"] == ["credentials"]
        assert (await http.post("/api/v1/logins", headers=origin("203.0.113.9"))).status_code == 204
        assert (await http.get(THING, headers=GOOD)).status_code == 200, "nobody is locked out of the rest"


async def test_trying_out_tokens_counts_for_the_address() -> None:
    async with client(limited()) as http:
        tried = [await http.get(THING, headers={"authorization": f"Bearer {n}"}) for n in range(4)]
        assert [answer.status_code for answer in tried] == [401, 401, 401, 429]
        assert (await http.get(THING, headers=GOOD)).status_code == 200


async def test_probes_are_not_counted() -> None:
    async with client(limited()) as http:
        for path in ("/live", "/ready", "/health", "/metrics", "/api/docs") * 2:
            answer = await http.get(path)
            assert (answer.status_code, "ratelimit" in answer.headers) == (200, False)


async def test_without_limits_nothing_is_counted_and_nothing_said() -> None:
    async with client(limited(limits=RateLimits())) as http:
        assert "ratelimit" not in (await http.get(THING)).headers


class Away:
    """A limiter that does not answer."""

    async def hit(self, hits: Sequence[Hit], /) -> Sequence[Usage]:
        raise RateLimiterUnavailable


async def test_while_the_limiter_is_away_the_process_counts_for_itself() -> None:
    async with client(limited(limiter=Away(), spare=MemoryRateLimiter())) as http:
        assert [(await http.post("/api/v1/logins")).status_code for _ in range(3)] == [204, 204, 429]
        assert "tradepost_http_counted_alone_total 3.0" in (await http.get("/metrics")).text
    async with client(limited(limiter=Away(), spare=None)) as http:
        assert (await http.get(THING)).json()["code"] == "rate_limiter.unavailable"


def actor(**facts: Any) -> Actor:
    return Actor(**{"id": "user_1", **facts})


KEY = SessionFacts(id="key_1", kind="key", fresh=True, mfa=False)


@pytest.mark.parametrize(
    ("who", "staff"),
    [
        (actor(id="guest"), False),
        (actor(role=Role.CUSTOMER), False),
        (actor(role="vip", permissions=frozenset()), False),
        (actor(role=Role.SUPPORT), True),
        (actor(role=Role.OWNER), True),
        (actor(role="packer", permissions=frozenset({Permission.STOCK_READ})), True),
        (actor(id="key_1", permissions=frozenset({Permission.ORDERS_READ}), session=KEY), True),
        (actor(id="key_1", permissions=frozenset(), session=KEY), False),
    ],
)
async def test_staff_and_keys_with_scopes_come_from_their_networks_alone(who: Actor, staff: bool) -> None:
    from tests.entrypoints.http.toy import Services

    class As(Services):
        async def authenticate(self, *_: Any) -> Actor:
            return who

    edge = Edge(proxies=OURS, staff_networks=Networks(["10.0.0.0/8"]))
    async with client(application(As(), edge=edge)) as http:
        inside = await http.get(THING, headers={**GOOD, **origin("10.1.2.3")})
        outside = [
            await http.get(THING, headers={**GOOD, **headers})
            for headers in (origin("203.0.113.7"), origin("unknown"), {})
        ]
    assert inside.status_code == 200
    assert {answer.status_code for answer in outside} == {403 if staff else 200}
    if staff:
        assert outside[0].json()["code"] == "auth.address_not_allowed"
        assert "203.0.113.7" not in outside[0].text


async def test_machines_have_a_limit_of_their_own() -> None:
    guard = Guard(
        RateLimits(user=limit("user", 1), key=limit("key", 2)),
        MemoryRateLimiter(),
        staff_networks=Networks(),
        metrics=Metrics(),
    )
    assert [hit.limit.name for hit in guard._hits(actor(id="key_1", session=KEY), None, "ordinary")] == ["key"]
    assert [hit.limit.name for hit in guard._hits(actor(role=Role.OWNER), None, "ordinary")] == ["user"]


PAGE = "https://shop.example.com"


def open_to(*origins: str, credentials: bool = False) -> Litestar:
    return application(edge=Edge(cors=Cors(origins, credentials=credentials, headers=["X-Cart-Token"])))


def asks(origin: str) -> dict[str, str]:
    return {"origin": origin, "access-control-request-method": "PATCH", "access-control-request-headers": "if-match"}


async def test_other_origins_are_not_let_in_unless_they_are_listed() -> None:
    for app in (application(), open_to("https://other.example.com")):
        async with client(app) as http:
            for answer in (
                await http.get(THING, headers={"origin": PAGE}),
                await http.options(THING, headers=asks(PAGE)),
            ):
                assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_a_page_of_a_listed_origin_may_ask_and_read() -> None:
    async with client(open_to(PAGE)) as http:
        asked = await http.options(THING, headers={**asks(PAGE), "authorization": "Bearer nonsense"})
        assert asked.status_code == 204, "before anybody asks who it is"
        assert asked.headers["access-control-allow-origin"] == PAGE
        assert "PATCH" in asked.headers["access-control-allow-methods"]
        assert {"Authorization", "Idempotency-Key", "If-Match", "X-Cart-Token", "X-CSRF-Token"} <= set(
            asked.headers["access-control-allow-headers"].split(", ")
        )
        for path in (THING, "/api/v1/errors/conflict", "/nope"):
            answer = await http.get(path, headers={"origin": PAGE})
            assert answer.headers["access-control-allow-origin"] == PAGE
            assert "RateLimit" in answer.headers["access-control-expose-headers"]
            assert "access-control-allow-credentials" not in answer.headers


async def test_answers_depend_on_the_origin_and_say_so() -> None:
    async with client(open_to(PAGE)) as http:
        for headers in ({}, {"origin": PAGE}, {"origin": "https://evil.example.com"}):
            assert (await http.get(THING, headers=headers)).headers["vary"] == "Origin"


@pytest.mark.parametrize(
    "given",
    [
        "https://evil.example.com",
        "https://shop.example.com.evil.com",
        "http://shop.example.com",
        PAGE + ":444",
        "null",
        "*",
        "",
    ],
)
async def test_only_the_exact_origin_is_meant(given: str) -> None:
    async with client(open_to(PAGE, credentials=True)) as http:
        for answer in (
            await http.get(THING, headers={"origin": given}),
            await http.options(THING, headers=asks(given)),
        ):
            assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_cookies_are_asked_for_by_setting_and_never_for_everybody() -> None:
    async with client(open_to(PAGE, credentials=True)) as http:
        answer = await http.get(THING, headers={"origin": PAGE})
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-allow-origin"] == PAGE


async def test_https_is_insisted_on_when_the_request_came_by_it() -> None:
    async with client(limited()) as http:
        by_https = await http.get(THING, headers=origin("203.0.113.7", "https"))
        assert by_https.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
        assert "strict-transport-security" not in (await http.get(THING)).headers
    async with client(application()) as http:
        claimed = await http.get(THING, headers=origin("203.0.113.7", "https"))
        assert "strict-transport-security" not in claimed.headers, "a stranger says so"


async def test_heads_that_are_too_large_are_refused(client: httpx.AsyncClient) -> None:
    for headers in ({f"x-{n}": "1" for n in range(MAX_FIELDS + 1)}, {"x-long": "a" * (MAX_BYTES + 1)}):
        answer = await client.get(THING, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (431, "request.headers_too_large")
    answer = await client.get(f"{THING}?q={'a' * MAX_TARGET}")
    assert (answer.status_code, answer.json()["code"]) == (414, "request.target_too_long")
    assert (await client.get(THING, headers={"x-long": "a" * (MAX_BYTES - 1000)})).status_code == 200


@pytest.mark.parametrize(("shown", "address"), [("truncated", "203.0.113.0"), ("full", "203.0.113.7"), ("none", None)])
async def test_the_log_shows_of_an_address_what_the_settings_say(shown: Any, address: str | None) -> None:
    stream = io.BytesIO()
    async with client(application(edge=Edge(proxies=OURS, log_address=shown), log=EventLog(stream))) as http:
        await http.get(THING, headers=origin("203.0.113.7"))
    assert json.loads(stream.getvalue())["client"] == address


def test_routes_that_take_credentials_are_limited_as_such() -> None:
    """Whoever adds one is reminded here: all that takes a password, and whatever anybody may try under /auth."""
    takes = {
        declared.name: declared.limit
        for declared in SERVED
        if declared.body is not None
        and (declared.path.startswith("/api/v1/auth/") or _PASSWORDS & set(declared.body[0].__struct_fields__))
    }
    assert {"sign_in", "register_user", "change_password"} <= set(takes)
    assert sorted(name for name, limit in takes.items() if limit != "credentials") == []
    # What is answered by `user.email_taken` tells who has an account: no faster in a session than by registering.
    tells = {declared.name: declared.limit for declared in SERVED if TAKEN in declared.errors}
    assert {"register_user", "update_profile"} <= set(tells)
    assert set(tells.values()) == {"credentials"}


_PASSWORDS = {"password", "old_password", "new_password", "refresh_token"}


class Told(msgspec.Struct, frozen=True):
    """What a guest is shown once."""

    id: str
    token: str | None


async def test_an_answer_with_a_guests_token_in_it_is_kept_by_nobody() -> None:
    call = Call({"method": "GET", "path": "/x"}, "r1", {})
    kept = [dict(One(Told("cart_1", token)).respond(call).headers)[b"cache-control"] for token in ("t0ken", None)]
    assert kept == [b"no-store", b"private, no-cache"]

"""Whom a request came from, when proxies stand in between."""

import time
from typing import Any

import pytest

from tradepost.users.network import address_of, network_of
from tradepost_entrypoints.http.networks import Networks, truncated
from tradepost_entrypoints.http.proxies import Proxies, ProxyHeader

OURS = ("10.0.0.0/8", "2001:db8:ffff::/48")


def origin(
    peer: str | None, *headers: tuple[str, str], header: ProxyHeader = "x-forwarded", ours: tuple[str, ...] = OURS
) -> tuple[str | None, str]:
    scope: dict[str, Any] = {
        "client": peer and (peer, 1234),
        "scheme": "http",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
    }
    return Proxies(ours, header).origin(scope)


def xff(*values: str) -> list[tuple[str, str]]:
    return [("X-Forwarded-For", value) for value in values]


def test_without_trusted_networks_no_header_is_believed() -> None:
    told = [*xff("203.0.113.7"), ("X-Forwarded-Proto", "https"), ("Forwarded", "for=203.0.113.7;proto=https")]
    assert origin("10.0.0.1", *told, ours=()) == ("10.0.0.1", "http")
    assert origin("127.0.0.1", *told, ours=()) == ("127.0.0.1", "http")


def test_a_stranger_is_not_believed() -> None:
    assert origin("198.51.100.1", *xff("203.0.113.7"), ("X-Forwarded-Proto", "https")) == ("198.51.100.1", "http")


@pytest.mark.parametrize(
    ("told", "client"),
    [
        (["203.0.113.7"], "203.0.113.7"),
        (["1.1.1.1, 203.0.113.7"], "203.0.113.7"),
        (["1.1.1.1", "203.0.113.7"], "203.0.113.7"),
        (["127.0.0.1, 203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        (["203.0.113.7", "10.0.0.3,10.0.0.2"], "203.0.113.7"),
        (["203.0.113.7:50123"], "203.0.113.7"),
        (["[2001:db8::7]:443"], "2001:db8::7"),
        (["2001:db8::7"], "2001:db8::7"),
        (["::ffff:203.0.113.7"], "203.0.113.7"),
        (["203.0.113.7, ::ffff:10.0.0.2"], "203.0.113.7"),
        (["203.0.113.7, 2001:db8:ffff::1"], "203.0.113.7"),
        (["10.0.0.9"], "10.0.0.9"),  # somebody inside
        (["10.0.0.9, 10.0.0.2"], "10.0.0.9"),
    ],
)
def test_the_first_address_from_the_right_that_is_not_ours_is_the_client(told: list[str], client: str) -> None:
    assert origin("10.0.0.1", *xff(*told))[0] == client


@pytest.mark.parametrize(
    "told", ["unknown", "", " ", "203.0.113.7, unknown", "<script>", "10.0.0.999", "x" * 9000, "[::1"]
)
def test_what_can_not_be_read_makes_nobody_pass_for_the_proxy_inside(told: str) -> None:
    client, _ = origin("10.0.0.1", *xff(told))
    assert client in ((None, "::1") if told == "[::1" else (None, "10.0.0.1") if not told else (None,))


def test_a_proxy_that_asks_for_itself_is_itself() -> None:
    assert origin("10.0.0.1") == ("10.0.0.1", "http")
    assert origin(None) == (None, "http")


def test_no_more_hops_are_looked_at_than_an_honest_way_has() -> None:
    assert origin("10.0.0.1", *xff(", ".join(["203.0.113.7"] + ["10.0.0.2"] * 40)))[0] == "10.0.0.2"


@pytest.mark.parametrize(
    ("addresses", "schemes", "scheme"),
    [
        ("203.0.113.7", "https", "https"),
        ("203.0.113.7, 10.0.0.2", "https", "https"),
        ("203.0.113.7, 10.0.0.2", "https, http", "https"),
        ("1.1.1.1, 203.0.113.7, 10.0.0.2", "https, http, https", "http"),
        ("203.0.113.7", "https, http", "http"),  # the client wrote the first
        ("203.0.113.7", "javascript", "http"),
        ("203.0.113.7", "", "http"),
    ],
)
def test_the_scheme_is_that_of_the_clients_hop(addresses: str, schemes: str, scheme: str) -> None:
    assert origin("10.0.0.1", *xff(addresses), ("X-Forwarded-Proto", schemes))[1] == scheme


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (["for=203.0.113.7"], ("203.0.113.7", "http")),
        (["for=203.0.113.7;proto=https;by=10.0.0.1"], ("203.0.113.7", "https")),
        (["For=1.1.1.1;Proto=http, FOR=203.0.113.7; proto=HTTPS"], ("203.0.113.7", "https")),
        (["for=203.0.113.7;proto=https, for=10.0.0.2;proto=http"], ("203.0.113.7", "https")),
        (['for="[2001:db8:cafe::17]:4711";proto=https'], ("2001:db8:cafe::17", "https")),
        (['for="203.0.113.7:80"', "for=10.0.0.2"], ("203.0.113.7", "http")),
        (['for=1.1.1.1;host="a,b;c\\"d", for=203.0.113.7'], ("203.0.113.7", "http")),
        (["for=_hidden"], (None, "http")),
        (["for=unknown;proto=https"], (None, "https")),
        (["proto=https"], (None, "https")),
        (['for="10.0.0.9, for=203.0.113.7'], (None, "http")),  # a quote that does not end
        (["nonsense"], (None, "http")),
    ],
)
def test_forwarded_is_read_as_rfc_7239_has_it(told: list[str], found: tuple[str | None, str]) -> None:
    assert origin("10.0.0.1", *(("Forwarded", value) for value in told), header="forwarded") == found


def test_only_the_header_our_proxies_write_is_believed() -> None:
    both = (*xff("203.0.113.7"), ("Forwarded", "for=1.1.1.1"), ("X-Forwarded-Proto", "https"))
    assert origin("10.0.0.1", *both) == ("203.0.113.7", "https")
    assert origin("10.0.0.1", *both, header="forwarded") == ("1.1.1.1", "http")


@pytest.mark.parametrize("told", ["," * 300_000, '"' * 300_000, ',"' * 150_000, ";=" * 150_000, "a=" + '"\\' * 150_000])
def test_a_hostile_header_takes_little_time(told: str) -> None:
    begun = time.process_time()
    origin("10.0.0.1", ("Forwarded", told), ("X-Forwarded-For", told), header="forwarded")
    origin("10.0.0.1", ("Forwarded", told), ("X-Forwarded-For", told))
    assert time.process_time() - begun < 5


def test_callers_are_counted_by_address_and_by_the_network_of_a_household() -> None:
    assert network_of("203.0.113.7") == network_of("::ffff:203.0.113.7") == "203.0.113.7"
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert (network_of(None), network_of("testclient")) == (None, None)


def test_a_truncated_address_tells_no_household_from_its_neighbors() -> None:
    assert [truncated(one) for one in ("203.0.113.7", "2001:db8:1:2:3::4", "::ffff:203.0.113.7", "junk")] == [
        "203.0.113.0",
        "2001:db8:1::",
        "203.0.113.0",
        "unknown",
    ]


def test_networks_say_who_is_inside() -> None:
    inside = Networks(["10.0.0.0/8", "2001:db8::1"])
    assert [
        one in inside for one in ("10.2.3.4", "::ffff:10.2.3.4", "2001:db8::1", "2001:db8::2", "11.0.0.1", "x")
    ] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    assert "10.0.0.1" not in Networks()
    with pytest.raises(ValueError, match="host bits"):
        Networks(["10.0.0.1/8"])
    assert str(address_of("fe80::1%eth0")) == "fe80::1"

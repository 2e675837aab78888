"""Who asks, and over what, when proxies stand in between.

A header that says whom a request came from is believed only when the proxy that sent it is one of ours, and only the
one header that our proxies write: what a client puts into the other is passed on by many of them.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from tradepost.users.network import address_of
from tradepost_entrypoints.http.networks import Networks

ProxyHeader = Literal["x-forwarded", "forwarded"]
# Possessive, so that no header takes more than linear time. A quote that does not end takes the rest with it.
_QUOTED = r'"(?:[^"\\]|\\.)*+"?'
_ELEMENT = re.compile(rf'(?:[^,"]++|{_QUOTED})++')
_PART = re.compile(rf'(?:[^;"]++|{_QUOTED})++')
_PAIR = re.compile(r'\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]++)=("(?:[^"\\]|\\.)*+"|[^\s";,]*+)\s*')
_ESCAPED = re.compile(r"\\(.)")
_SCHEMES = frozenset({"http", "https"})
_MOST = 32  # hops looked at; no honest way is longer


class Proxies:
    """The networks our own proxies are in, and whether they write `X-Forwarded-For` and `-Proto`, or `Forwarded`
    (RFC 7239). Without networks nothing is believed."""

    def __init__(self, networks: Iterable[str] = (), header: ProxyHeader = "x-forwarded") -> None:
        self._ours = Networks(networks)
        self._hops = _forwarded if header == "forwarded" else _x_forwarded

    def origin(self, scope: Mapping[str, Any]) -> tuple[str | None, str]:
        """The client's address (None: nobody knows), and the scheme it used.

        Read from the right, where our own proxies write: the first address that is not one of ours. Where there is
        something that can not be read, or hides, nobody knows: taking the proxy's own address would let a client
        pass for somebody inside.
        """
        client, scheme = scope.get("client"), str(scope.get("scheme", "http"))
        address: str | None = client[0] if client else None
        if address is None or address not in self._ours:
            return address, scheme
        for told, told_scheme in self._hops(scope["headers"])[: -_MOST - 1 : -1]:
            scheme = told_scheme or scheme
            address = _bare(told)
            if address is None or address not in self._ours:
                break
        return address, scheme


Hops = list[tuple[str, str | None]]
"""(address, scheme) as each proxy wrote them, the nearest last."""


def _line(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    """A header that may come in several lines, as the one list it is."""
    return ",".join(value.decode("latin-1") for key, value in headers if key == name)


def _x_forwarded(headers: Iterable[tuple[bytes, bytes]]) -> Hops:
    """The schemes are a list of their own. With fewer of them than addresses, as most proxies have it, the last one is
    that of every hop: the proxy next to us wrote it, or let it stand."""
    said = _line(headers, b"x-forwarded-for")
    if not said:
        return []
    addresses = said.split(",")
    schemes = [_scheme(one) for one in _line(headers, b"x-forwarded-proto").split(",")]
    if len(schemes) != len(addresses):
        schemes = [schemes[-1]] * len(addresses)
    return list(zip(addresses, schemes, strict=True))


def _forwarded(headers: Iterable[tuple[bytes, bytes]]) -> Hops:
    """RFC 7239, section 4. A hop that can not be read has no address."""
    return [_hop(element) for element in _ELEMENT.findall(_line(headers, b"forwarded"))]


def _hop(element: str) -> tuple[str, str | None]:
    pairs = {}
    for part in _PART.findall(element):
        match = _PAIR.fullmatch(part)
        if match is None:
            return "", None
        value = match[2]
        pairs[match[1].lower()] = _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value
    return pairs.get("for", ""), _scheme(pairs.get("proto", ""))


def _scheme(said: str) -> str | None:
    said = said.strip().lower()
    return said if said in _SCHEMES else None


def _bare(told: str) -> str | None:
    """The address in `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]:443`; None when there is none."""
    told = told.strip()
    if told.startswith("["):
        told = told[1:].partition("]")[0]
    elif told.count(":") == 1:
        told = told.partition(":")[0]
    address = address_of(told) if len(told) <= 64 else None
    return None if address is None else str(address)

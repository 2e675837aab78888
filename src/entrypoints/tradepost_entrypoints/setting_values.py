"""The values settings have, and how they are written in a variable."""

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from ipaddress import ip_network
from typing import Annotated, Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

import msgspec

MIN_SECRET = 32
_INTEGER = re.compile(r"[0-9]{1,9}")
_DURATION = re.compile(r"([0-9]{1,9})\s*(s|m|h|d)?")
_RATE = re.compile(r"([1-9][0-9]{0,8})/(.+)")
# As browsers send it: no path, no default port, and never `null` or `*`.
_ORIGIN = re.compile(r"https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
# Without TLS, only on this very machine.
_REDIS = re.compile(r"rediss?://([^\s@/]*@)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?(/[0-9]{0,5})?(\?\S*)?")
_ISSUER = re.compile(r"(https://[^\s?#/]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?)(/[^\s?#]*)?")
_APP = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:/[^\s#]*")  # RFC 8252, section 7.1
_PROVIDER = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_AMOUNT = re.compile(r"[A-Z]{3}:[1-9][0-9]{0,14}")
_STRIPE_KEY = re.compile(r"(sk|rk)_(live|test)_[A-Za-z0-9_]{6,255}")
_WEBHOOK_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=_-]{16,255}")
_SIMULATED_SECRET = re.compile(r"[A-Za-z0-9+/=_-]{16,255}")
_FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_URI = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]{0,255}")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Secret:
    """A text that does not show itself in logs, tracebacks and reprs. `reveal()` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret([hidden])"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and secrets.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)


class Rate(msgspec.Struct, frozen=True):
    """So many in so long: `300/1m`. None at all is no limit: `off`."""

    quota: int
    window: timedelta = timedelta(minutes=1)


OFF = Rate(0)

Url = Annotated[str, msgspec.Meta(extra={"file": True})]  # may hold a password, so it may come from a file as well
Many = tuple[str, ...]
"""A list, with commas: `a,b`; `none` when it is empty."""


def bare(annotation: Any) -> Any:
    """The type without what is said about it."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation


def written(value: Any) -> str:
    """A value as it is written in a variable: what `parse` reads."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        size, unit = next(
            (size, unit) for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")) if seconds % size == 0
        )
        return f"{seconds // size}{unit}"
    if isinstance(value, Secret):
        return "[hidden]" if value.reveal() else ""
    if isinstance(value, Rate):
        return f"{value.quota}/{written(value.window)}" if value.quota else "off"
    if isinstance(value, tuple):
        return ",".join(value) or "none"
    return str(value)


def parse(kind: Any, text: str) -> Any:
    """Text to the type of a setting. Raises ValueError with what was expected."""
    read = _READERS.get(kind)
    if read is not None:
        return read(text)
    if get_origin(kind) is Literal and text not in get_args(kind):
        raise ValueError(f"expected one of {', '.join(get_args(kind))}")
    return text


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError("expected a whole number")
    return int(text)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("expected true or false")
    return text == "true"


def _duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if match is None or int(match[1]) == 0:
        raise ValueError("expected seconds or a duration such as 90s, 15m, 1h or 7d")
    return timedelta(**{_UNITS[match[2] or "s"]: int(match[1])})


def _rate(text: str) -> Rate:
    if text == "off":
        return OFF
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError("expected so many in so long, such as 300/1m, or off")
    return Rate(int(match[1]), _duration(match[2]))


def _many(text: str) -> Many:
    return () if text == "none" else tuple(part.strip() for part in text.split(","))


_READERS: Mapping[Any, Callable[[str], Any]] = {
    Secret: Secret,
    int: _integer,
    bool: _flag,
    timedelta: _duration,
    Rate: _rate,
    Many: _many,
}


def check_secret(value: Secret) -> None:
    if len(value.reveal()) < MIN_SECRET:
        raise ValueError(f"expected at least {MIN_SECRET} characters")


def check_gateway(address: str) -> None:
    if address.startswith("stripe:") and address != "stripe:":
        raise ValueError("expected nothing after stripe: (the key has a setting of its own)")


def check_broker(address: str) -> None:
    """Raises ValueError, which quotes nothing of it: it may hold a password."""
    if address.startswith("process:") and address != "process:":
        raise ValueError("expected nothing after process:")
    if address.startswith(("redis://", "rediss://")) and not _REDIS.fullmatch(address):
        raise ValueError("expected an address such as redis://:password@host:6379/0")


def check_stripe_key(value: Secret) -> None:
    """Raises ValueError, which quotes nothing of it."""
    if not _STRIPE_KEY.fullmatch(value.reveal()):
        raise ValueError("expected a secret or restricted key of Stripe's, which begins with sk_live_, sk_test_ or rk_")


def webhook_secrets(value: Secret) -> tuple[str, ...]:
    """One, or two while one is being replaced. Raises ValueError, which quotes nothing of them."""
    secrets = _listed(value)
    if not all(_WEBHOOK_SECRET.fullmatch(secret) for secret in secrets):
        raise ValueError("expected signing secrets of Stripe's webhooks, which begin with whsec_, with a comma between")
    return secrets


def simulated_secrets(value: Secret) -> tuple[str, ...]:
    """The same for the simulated gateway, which leaves it to you what they look like."""
    secrets = _listed(value)
    if not all(_SIMULATED_SECRET.fullmatch(secret) for secret in secrets):
        raise ValueError("expected secrets of at least 16 letters, digits and +/=_-, with a comma between")
    return secrets


def _listed(value: Secret) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.reveal().split(",")) if value.reveal() else ()


def check_return_page(address: str) -> None:
    """Raises ValueError for what no bank can send a buyer back to. Empty is fine."""
    if address and not (address.startswith(("https://", "http://")) and urlsplit(address).hostname):
        raise ValueError("expected the address of a page, such as https://shop.example.com/paid")
    check_page(address)


class DeclaredProvider(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An OpenID Connect provider, and what it knows this shop as."""

    issuer: str
    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"DeclaredProvider({self.issuer})"


def declared_providers(value: Secret) -> dict[str, DeclaredProvider]:
    """By name. Raises ValueError, which quotes nothing of it."""
    text = value.reveal()
    declared = msgspec.json.decode(text, type=dict[str, DeclaredProvider]) if text else {}
    for name, provider in declared.items():
        if not _PROVIDER.fullmatch(name):
            raise ValueError("expected names of lower-case letters, digits and hyphens, such as google")
        if not _ISSUER.fullmatch(provider.issuer):
            raise ValueError(f"expected the issuer of {name} to be an https:// address")
    return declared


def check_redirects(pages: Many) -> None:
    """Raises ValueError for what no provider may send people back to."""
    for page in pages:
        if not _ISSUER.fullmatch(page) and not _APP.fullmatch(page):
            raise ValueError(
                f"expected https:// pages, or addresses of apps such as com.acme.app:/back; {page!r} is none"
            )


def check_page(address: str) -> None:
    if not address.isprintable() or set(address) & set("?# "):
        raise ValueError("expected an address without a query or a fragment: the links add theirs")


def check_issuer(address: str) -> None:
    """Raises ValueError for what names no issuer of tokens (RFC 8414, section 2): plain http is for this machine."""
    parts = urlsplit(address)
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError("expected https: secrets and tokens travel there")
    if parts.query or parts.fragment or parts.path or not parts.hostname or not address.isprintable():
        raise ValueError("expected an address without a path, a query or a fragment, such as https://api.example.com")


def check_amounts(amounts: Many) -> None:
    """Raises ValueError for what is no currency with minor units, or names one twice."""
    for amount in amounts:
        if not _AMOUNT.fullmatch(amount):
            raise ValueError(f"expected currencies with minor units (cents), such as EUR:50000; {amount!r} is none")
    if len({amount[:3] for amount in amounts}) < len(amounts):
        raise ValueError("expected each currency once")


def check_networks(networks: Many) -> None:
    """Raises ValueError for what is no network."""
    for network in networks:
        try:
            ip_network(network)
        except ValueError as error:
            raise ValueError(f"expected networks such as 10.0.0.0/8 or 2001:db8::/48; {error}") from error


def check_functions(names: Many) -> None:
    """Raises ValueError for what names no function."""
    for name in names:
        if not _FUNCTION.fullmatch(name):
            raise ValueError(f"expected a module and a function, such as my_shop.consumers:make, not {name!r}")


def check_proxies(networks: Many) -> None:
    """Raises ValueError for what is no network, and for the one of everybody."""
    check_networks(networks)
    if any(ip_network(network).prefixlen == 0 for network in networks):
        raise ValueError("expected the networks of your own proxies; whoever is trusted can claim to be anybody")


def check_event_source(source: str) -> None:
    """Raises ValueError for what is no URI reference (RFC 3986), as CloudEvents has it. Empty is fine."""
    if not _URI.fullmatch(source):
        raise ValueError("expected a URI, such as https://shop.example.com or urn:shop:berlin")


def check_webhook_networks(networks: Many) -> None:
    """Raises ValueError for what is no network, and for the one of everything: it would allow what asks for it."""
    check_networks(networks)
    if any(ip_network(network).prefixlen == 0 for network in networks):
        raise ValueError("expected the networks of your own receivers, such as 127.0.0.0/8, and not all there are")


def check_origins(origins: Many) -> None:
    """Raises ValueError for what no browser sends as an origin."""
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(
                f"expected origins as browsers send them, such as https://shop.example.com; {origin!r} is none"
            )

"""Where a URL leads. Read once, strictly, by one grammar: what is checked is what is called, and no second parser can
understand a URL otherwise than the first."""

import re

import msgspec

from tradepost_adapters.webhook_sender.addresses import Address, AddressRules, parsed

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_AUTHORITY = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # a last label a resolver reads as (part of) an IPv4 address
_TARGET = re.compile(r"[!-~]*")
_HTTPS, _HTTP = 443, 80
_FIRST_FREE_PORT = 1024
_SERVICES = frozenset(
    map(
        int,
        # mail, file, directory, message and telephone services above 1024, which browsers refuse too (WHATWG Fetch, 2.9)
        "1719 1720 1723 2049 3659 4045 4190 5060 5061 6000 6566 6665 6666 6667 6668 6669 6679 6697 10080 "
        # databases, caches, brokers and the management of machines
        "1433 1521 2181 2375 2376 2379 2380 3306 3389 4222 5432 5672 5900 5985 5986 6379 6443 8500 9042 9092 9200 9300 "
        "10250 10255 11211 15672 27017".split(),
    )
)
"""Above 1024 anything else may be a web server, and often is."""


class UrlRefused(ValueError):
    """Nothing is sent there; the message says why, as the rest of a sentence."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where to connect to and what to ask for. `address` when the host is one, not a name."""

    tls: bool
    host: str
    """In lower-case ASCII, an IPv6 address without brackets: what the certificate has to be for."""
    port: int
    path: str
    address: Address | None = None

    @property
    def authority(self) -> str:
        """What the `Host` header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (_HTTPS if self.tls else _HTTP) else f"{host}:{self.port}"


def target_of(url: str, rules: AddressRules) -> Target:
    """Read a URL. Raises `UrlRefused`."""
    match = _URL.fullmatch(url)
    if match is None:
        raise UrlRefused("it is no absolute URL")
    scheme, authority, path, query, fragment = match.groups()
    if scheme.lower() not in ("https", "http") or (scheme.lower() == "http" and not rules.allow_some):
        raise UrlRefused("it does not begin with https://")
    if "@" in authority:
        raise UrlRefused("it has a user or password in it; the signature shows who sends")
    if fragment is not None:
        raise UrlRefused("it has a fragment, which is never sent")
    if not _TARGET.fullmatch(path + (query or "")) or "\\" in path:
        raise UrlRefused(
            "its path or query has blanks, backslashes, control characters or others that are not percent-encoded"
        )
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise UrlRefused("its host or port can not be read")
    tls = scheme.lower() == "https"
    host, address = _host(parts[1])
    if address is not None and not rules.permits(address):
        raise UrlRefused("its host is an address that is not on the public internet")
    if address is not None and not tls and not rules.allows(address):
        raise UrlRefused("it does not begin with https://")
    return Target(
        tls=tls, host=host, port=_port(parts[2], tls=tls), path=(path or "/") + (query or ""), address=address
    )


def _host(text: str) -> tuple[str, Address | None]:
    if text.startswith("["):
        address = parsed(text[1:-1])
        if address is None or address.version != 6:
            raise UrlRefused("its host is no IPv6 address")
        return str(address), address
    name = text.lower() if text.isascii() else _ascii(text)
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        address = parsed(name)
        if address is None:
            raise UrlRefused("its host is a number, but no IPv4 address in its usual spelling")
        return name, address
    if len(name) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise UrlRefused("its host is no name of the DNS")
    return name, None


def _ascii(name: str) -> str:
    """A name in other letters as the DNS has it (IDNA 2008, mapped by UTS 46). Look-alike digits and dots become plain
    ones here, before anybody asks whether it is an address."""
    import idna  # its tables take a while to load, and few names need them

    try:
        return idna.encode(name, uts46=True, std3_rules=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise UrlRefused("its host is no name of the DNS") from error


def _port(text: str | None, *, tls: bool) -> int:
    if text is None:
        return _HTTPS if tls else _HTTP
    port = int(text)
    if port != (_HTTPS if tls else _HTTP) and not (_FIRST_FREE_PORT <= port <= 65535 and port not in _SERVICES):
        raise UrlRefused(f"its port {port} is one of another kind of service")
    return port

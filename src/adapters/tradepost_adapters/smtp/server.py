"""Which mail server, and how it is spoken to: read from a URL."""

import ssl
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PORTS = {"tls": 465, "starttls": 587, "none": 25}
_OPTIONS = frozenset({"tls", "ca", "timeout"})


class SmtpServer(msgspec.Struct, frozen=True, kw_only=True):
    """A mail server that takes mail from us.

    `smtps://user:password@host` speaks TLS from the start (port 465); `smtp://…` begins in the clear and insists on
    STARTTLS (port 587): a server that does not offer it gets nothing. `?tls=none` does without (port 25), for a server
    on the same machine or one that wants no password. `?ca=FILE` trusts the certificates in a file instead of the system's;
    `?timeout=SECONDS` is how long one mail may take altogether (30).
    """

    host: str
    port: int
    tls: Literal["tls", "starttls", "none"]
    username: str | None = None
    password: str | None = None
    ca: str | None = None
    timeout: float = 30.0

    def __repr__(self) -> str:
        return f"SmtpServer({self.host}:{self.port}, tls={self.tls})"

    @classmethod
    def parse(cls, url: str) -> "SmtpServer":
        """Raises ValueError, without repeating the URL: it may hold a password."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/"):
            raise ValueError("expected smtp://user:password@host:port or smtps://…")
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        if unknown := options.keys() - _OPTIONS:
            raise ValueError(
                f"{', '.join(sorted(unknown))} is no option of a mail server; there are tls, ca and timeout"
            )
        if "tls" in options and (options["tls"] != "none" or parts.scheme == "smtps"):
            raise ValueError("tls can only be none, with smtp://; use smtps:// for TLS from the start")
        tls = "tls" if parts.scheme == "smtps" else "none" if "tls" in options else "starttls"
        if tls == "none" and parts.password and parts.hostname not in _LOOPBACK:
            raise ValueError("a password is never sent in the clear to another machine; leave out tls=none")
        if bool(parts.username) != bool(parts.password):
            raise ValueError("a user and a password come together")
        return cls(
            host=parts.hostname,
            port=parts.port or _PORTS[tls],
            tls=tls,  # type: ignore[arg-type] # one of the three
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            ca=options.get("ca"),
            timeout=_seconds(options.get("timeout", "30")),
        )

    def context(self) -> ssl.SSLContext | None:
        """What the server's certificate is checked by. Raises OSError when the file can not be read."""
        return None if self.tls == "none" else ssl.create_default_context(cafile=self.ca)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 100:  # the job that sends it is given two minutes
        raise ValueError("timeout is a number of seconds, at most 100")
    return seconds

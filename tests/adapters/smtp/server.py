"""A real SMTP server (aiosmtpd) in the test's own process, which behaves as it is told."""

import asyncio
import ssl
import time
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Behavior:
    """`answers` to RCPT and DATA, in place of taking the mail: one for each mail that comes, then it takes them all.

    `hang` keeps a client waiting for the answer to DATA, `hang_up` ends the connection there; both have taken the mail.
    """

    def __init__(self) -> None:
        self.sender: list[str] = []
        self.recipient: list[str] = []
        self.content: list[str] = []
        self.hang = 0.0
        self.hang_up = False


class MailServer:
    """`with MailServer() as server`: listens at `server.url`, and has `received` what it took."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        account: tuple[str, str] | None = None,
        utf8: bool = True,
    ) -> None:
        self.received: list[Envelope] = []
        self.seen_commands: list[str] = []
        self.behavior = Behavior()
        self._account = account
        options: dict[str, Any] = {"tls_context": starttls, "require_starttls": starttls is not None}
        if account is not None:
            # over TLS alone where there is TLS, as real servers have it
            options |= {"authenticator": self._authenticate, "auth_required": True}
            options |= {"auth_require_tls": starttls is not None}
        self._secure = tls is not None
        self._starttls = starttls is not None
        self._controller = Controller(
            self, hostname="127.0.0.1", port=_free_port(), ssl_context=tls, enable_SMTPUTF8=utf8, **options
        )

    @property
    def port(self) -> int:
        return int(self._controller.port)

    @property
    def url(self) -> str:
        """Without TLS: as a server on the same machine is spoken to."""
        return f"smtp://127.0.0.1:{self.port}?tls=none"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self._account, handled=False)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.seen_commands.append("MAIL")
        if self.behavior.sender:
            return self.behavior.sender.pop(0)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.behavior.recipient:
            return self.behavior.recipient.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.behavior.content:
            return self.behavior.content.pop(0)
        self.received.append(envelope)
        if self.behavior.hang:
            await asyncio.sleep(self.behavior.hang)
        if self.behavior.hang_up:
            assert server.transport is not None
            server.transport.abort()
        return "250 OK"


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Any, seconds: float = 5.0) -> None:
    """Until it holds; the server lives on a thread of its own."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)

"""Secrets that have to be read again, so that a hash does not do: sealed before they are stored."""

from typing import Protocol

from tradepost.kernel.errors import Kind, TradepostError


class SecretBox(Protocol):
    """Seals secrets for storing and opens them again. Quick, and without waiting: usable inside a transaction.

    `purpose` says what the secret is and whose (`totp:user_…`, `signing key:…`). It is not hidden, but one sealed for
    another purpose does not open, so what is copied from row to row is good for nothing.
    """

    def seal(self, secret: bytes, purpose: str, /) -> str:
        """The secret as text that tells nothing of it. Sealing it again gives another text."""
        ...

    def open(self, sealed: str, purpose: str, /) -> bytes:
        """Raises `SecretUnreadable`."""
        ...


class SecretUnreadable(TradepostError):
    """It was sealed under another secret of the server, for another purpose, or altered since."""

    def __init__(self) -> None:
        super().__init__(
            Kind.UNAVAILABLE,
            "secret.unreadable",
            "A stored secret can not be read: the server's secret is not the one it was sealed under. "
            "Put the old one back, or have the stored secret made anew.",
        )

"""Secrets in a dictionary."""

from collections.abc import Mapping

from tradepost.kernel.secret_stores import SecretUnreadable


class MemorySecretStore:
    """`SecretStore` for tests and for programs that have their secrets already."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = dict(secrets)

    def read(self, name: str, /) -> str:
        try:
            return self._secrets[name]
        except KeyError:
            raise SecretUnreadable("there is none by that name") from None

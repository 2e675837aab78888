"""Settings that name a secret in a store instead of being one: `aws-secretsmanager://name`, `…://name#key` in JSON."""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache

from tradepost.kernel.secret_stores import SecretStore, SecretUnreadable

_NAMED = re.compile(r"([a-z][a-z0-9-]*)://([^#]+)(?:#(.+))?", re.DOTALL)


class StoredSecrets:
    """Reads each secret once, from stores that are opened when first needed."""

    def __init__(self, stores: Mapping[str, Callable[[], SecretStore]]) -> None:
        self._stores = stores
        self._open = cache(self._opened)
        self._read = cache(self._found)

    def resolve(self, text: str) -> str:
        """The secret that a text names; any other text as it is. Raises `SecretUnreadable`."""
        named = _NAMED.fullmatch(text)
        if named is None or named[1] not in self._stores:
            return text
        store, name, key = named.groups()
        secret = self._read(store, name)
        if key is not None:
            secret = _member(secret, name, key)
        if not secret.strip():
            raise SecretUnreadable(f"{name!r} is empty")
        return secret.strip()

    def _opened(self, store: str) -> SecretStore:
        try:
            return self._stores[store]()
        except ModuleNotFoundError as error:
            raise SecretUnreadable(f"{store} needs the module {error.name}; see the extras of tradepost") from error

    def _found(self, store: str, name: str) -> str:
        opened = self._open(store)
        try:
            return opened.read(name)
        except SecretUnreadable as error:
            raise SecretUnreadable(f"{name!r} in {store}: {error}") from None


def _member(secret: str, name: str, key: str) -> str:
    try:
        members = json.loads(secret)
    except ValueError:  # whose message would show what it read
        raise SecretUnreadable(f"{name!r} is no JSON, so it has no {key!r}") from None
    value = members.get(key) if isinstance(members, dict) else None
    if not isinstance(value, str):
        raise SecretUnreadable(f"{name!r} has no text {key!r}")
    return value

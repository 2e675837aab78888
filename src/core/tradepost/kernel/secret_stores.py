"""Secrets that are kept somewhere else than in the environment."""

from typing import Protocol


class SecretStore(Protocol):
    """Gives secrets by name. Asked when a process starts, before any loop runs, hence not async."""

    def read(self, name: str, /) -> str:
        """The secret. Raises `SecretUnreadable` when there is none by that name, or none to be had."""
        ...


class SecretUnreadable(Exception):
    """The secret can not be read. Says why in few words, and never what any secret is."""

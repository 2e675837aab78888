"""How a command gets at the shop: the settings it reads, and the use cases, called by whoever sits at the terminal."""

import getpass
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from tradepost.kernel.access import Actor, operator
from tradepost.kernel.errors import Invalid

if TYPE_CHECKING:
    from tradepost.shop import Shop
    from tradepost_entrypoints.container import Container
    from tradepost_entrypoints.settings import Settings

T = TypeVar("T")

env_file: ContextVar[Path] = ContextVar("env_file", default=Path(".env"))
"""Where settings are read from besides the environment: `tradepost --env-file FILE …`."""

declared_uses: ContextVar[frozenset[str] | None] = ContextVar("declared_uses", default=None)
"""What the command that runs has declared to use; None where no command runs."""


def settings(environment: Mapping[str, str] | None = None, *, secrets: bool = False, dev: bool = False) -> "Settings":
    """The settings of this command, from its environment unless another is given. Without `secrets`, those that sign
    something may be missing: a look at the orders signs nothing. Raises `settings.invalid` naming every mistake."""
    from tradepost_entrypoints.settings import load

    path = env_file.get()
    if path != Path(".env") and not path.exists():
        raise Invalid("settings.invalid", f"There is no settings file {path}.")
    return load(environment, env_file=path, dev=dev or not secrets)


def caller() -> Actor:
    """The person at the command line, by the name the system knows them by: the history says who did it."""
    try:
        return operator(getpass.getuser())
    except (KeyError, OSError):  # a container may run as a user without a name
        return operator()


class _Declared:
    """As much of a shop as a command has declared to use."""

    def __init__(self, whole: object, uses: frozenset[str]) -> None:
        self._whole = whole
        self._uses = uses

    def __getattr__(self, name: str) -> Any:
        if name not in self._uses:
            raise TypeError(f"This command has not declared that it uses {name}: add it to its `uses`.")
        return getattr(self._whole, name)


def _as_declared(whole: T) -> T:
    uses = declared_uses.get()
    return whole if uses is None else cast(T, _Declared(whole, uses))


@asynccontextmanager
async def machinery(*, secrets: bool = False) -> "AsyncIterator[Container]":
    """Everything there is, opened: for doing what a worker does. `secrets` is for commands that sign or seal."""
    from tradepost_entrypoints.container import Container, opened

    made = Container(settings=settings(secrets=secrets))
    async with opened(made):
        yield made


@asynccontextmanager
async def container() -> "AsyncIterator[Container]":
    """The container, opened, with the use cases the command has declared."""
    async with machinery() as opened:
        yield _as_declared(opened)


@asynccontextmanager
async def shop(*, secrets: bool = False) -> "AsyncIterator[Shop]":
    """The shop, opened, with the use cases the command has declared."""
    async with machinery(secrets=secrets) as opened:
        yield _as_declared(opened.shop())

"""How a command gets at the shop: the settings it reads, and the use cases, called by whoever sits at the terminal."""

import getpass
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from tradepost.kernel.access import Actor, operator
from tradepost.kernel.errors import Fault, Invalid

if TYPE_CHECKING:
    from tradepost.shop import Shop
    from tradepost_entrypoints.container import Container
    from tradepost_entrypoints.settings import Settings

env_file: ContextVar[Path] = ContextVar("env_file", default=Path(".env"))
"""Where settings are read from besides the environment: `tradepost --env-file FILE …`."""


def settings(environment: Mapping[str, str] | None = None, *, secrets: bool = False, dev: bool = False) -> "Settings":
    """The settings of this command, from its environment unless another is given. Without `secrets`, those that sign
    something may be missing: a look at the orders signs nothing. Raises `settings.invalid` naming every mistake."""
    from tradepost_entrypoints.settings import SettingsError, load

    path = env_file.get()
    if path != Path(".env") and not path.exists():
        raise Invalid("settings.invalid", f"There is no settings file {path}.")
    try:
        return load(environment, env_file=path, dev=dev or not secrets)
    except SettingsError as error:
        faults = [Fault("", mistake) for mistake in error.mistakes]
        raise Invalid("settings.invalid", "The settings can not be used as they are.", *faults) from error


def caller() -> Actor:
    """The person at the command line, by the name the system knows them by: the history says who did it."""
    try:
        return operator(getpass.getuser())
    except (KeyError, OSError):  # a container may run as a user without a name
        return operator()


@asynccontextmanager
async def container() -> "AsyncIterator[Container]":
    """The container, opened."""
    from tradepost_entrypoints.container import Container, opened

    made = Container(settings=settings())
    async with opened(made):
        yield made


@asynccontextmanager
async def shop() -> "AsyncIterator[Shop]":
    """The shop, opened."""
    async with container() as opened:
        yield opened.shop()

"""The shop that the settings of this process name, for one command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tradepost.kernel.errors import Fault, Invalid

if TYPE_CHECKING:  # importing it takes longer than most commands do
    from tradepost.shop import Shop


@asynccontextmanager
async def opened_shop() -> "AsyncIterator[Shop]":
    """The shop, connected. Raises `settings.invalid` with every mistake, and what opening the database raises."""
    from tradepost_entrypoints.container import Container, opened
    from tradepost_entrypoints.settings import SettingsError, load

    try:
        settings = load()
    except SettingsError as error:
        faults = [Fault("settings", mistake) for mistake in error.mistakes]
        raise Invalid("settings.invalid", "The settings can not be used.", *faults) from error
    async with opened(Container(settings=settings)) as shop:
        yield shop

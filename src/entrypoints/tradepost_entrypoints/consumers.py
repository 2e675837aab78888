"""Who is told of what: the shop's own consumers, and yours."""

import importlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from tradepost.catalog.reading import EVENTS as CATALOG_EVENTS
from tradepost.kernel.clock import Clock
from tradepost.kernel.errors import Invalid
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.messaging.consumers import AtLeastOnce, Consumer, Consumers, OnceInEffect
from tradepost.orders.order_letters import events_of
from tradepost.shop import Shop
from tradepost.users.account_letters import EVENTS as ACCOUNT_EVENTS


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """What your consumers are made from. `transactions` are what `OnceInEffect` and `AtLeastOnce` take; what a handler is
    given is a `tradepost_adapters.sql.transaction.SqlTransaction`."""

    shop: Shop
    transactions: Transactions[Any]
    clock: Clock
    ids: TypeIds


Factory = Callable[[Host], Iterable[Consumer]]
"""What TRADEPOST_CONSUMERS names: it makes consumers of yours."""


def all_consumers(host: Host, named: Sequence[str], order_letters: Sequence[str]) -> Consumers:
    """Those of the shop, and those that the functions make that are named (`my_shop.consumers:make`). `order_letters` are
    those that are sent."""
    own: list[Consumer] = [consumer for make in factories(named) for consumer in make(host)]
    try:
        return Consumers(*_of_the_shop(host, order_letters), *own)
    except ValueError as error:
        raise _unusable(str(error)) from error


def factories(named: Sequence[str]) -> list[Factory]:
    """The functions that are named. Raises `settings.invalid` when there is no such one; what goes wrong within a module
    of yours is raised as it is."""
    return [_factory(name) for name in named]


def _of_the_shop(host: Host, order_letters: Sequence[str]) -> tuple[Consumer, ...]:
    shop, transactions, clock = host.shop, host.transactions, host.clock
    return (
        AtLeastOnce("catalog-cache", CATALOG_EVENTS, shop.catalog_reading.forget, transactions, clock),
        OnceInEffect("account-mail", ACCOUNT_EVENTS, shop.post_account_letters, transactions, clock),
        shop.queue_webhooks,
        OnceInEffect("order-mail", events_of(order_letters), shop.post_order_letters, transactions, clock),
    )


def _factory(name: str) -> Factory:
    module, _, function = name.partition(":")
    try:
        found: Any = getattr(importlib.import_module(module), function, None)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        hint = "install it, or name its folder in PYTHONPATH"
        raise _unusable(f"there is no module {module!r}; {hint}.") from error
    if not callable(found):
        raise _unusable(f"{module} has no function {function!r}.")
    factory: Factory = found
    return factory


def _unusable(why: str) -> Invalid:
    return Invalid("settings.invalid", f"TRADEPOST_CONSUMERS: {why}")

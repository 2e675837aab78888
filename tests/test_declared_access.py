"""Every use case, route and command says who may use it, and only there."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Protocol, get_type_hints

import pytest
import typer

import tradepost
from tradepost.kernel.declared import Access, Who, the_shop_itself
from tradepost.shop import Shop
from tradepost_entrypoints.cli.app import app
from tradepost_entrypoints.cli.group import Group
from tradepost_entrypoints.cli.shop import declared_uses
from tradepost_entrypoints.container import Container
from tradepost_entrypoints.http.endpoint import Endpoint
from tradepost_entrypoints.http.routes import ROUTES

_SOMEWHERE_ELSE = re.compile(r"Permission\.[A-Z]|\.actor\.(require|require_own_or|may)\(")


def can_be_called(kind: object) -> bool:
    return (
        inspect.isclass(kind)
        and kind.__module__.startswith("tradepost.")
        and inspect.iscoroutinefunction(vars(kind).get("__call__"))
        and Protocol not in kind.__bases__
    )


def is_use_case(kind: Any) -> bool:
    """Not everything that can be called is one: some are steps that several use cases share. A use case says so, or
    takes a command or a query."""
    if not can_be_called(kind):
        return False
    taken = [getattr(each, "__name__", each) for each in inspect.get_annotations(kind.__call__).values()]
    return hasattr(kind, "access") or any(str(name).endswith(("Command", "Query")) for name in taken)


def is_for_the_shop(kind: Any) -> bool:
    return getattr(kind, "access", None) == the_shop_itself()


def use_cases() -> Iterator[type[Any]]:
    for module in pkgutil.walk_packages(tradepost.__path__, "tradepost."):
        found = importlib.import_module(module.name)
        for kind in vars(found).values():
            if is_use_case(kind) and kind.__module__ == module.name:
                yield kind


def of_the_shop() -> Iterator[tuple[str, type[Any]]]:
    for name, member in inspect.getmembers(Shop):
        function = member.func if isinstance(member, cached_property) else getattr(member, "fget", None)
        if function is None or name.startswith("_"):
            continue
        kind = get_type_hints(function)["return"]
        if can_be_called(kind):
            yield name, kind


def commands(group: typer.Typer, path: str = "tradepost") -> Iterator[tuple[str, Any]]:
    for command in group.registered_commands:
        yield f"{path} {command.name}", command.callback
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from commands(inner.typer_instance, f"{path} {inner.name}")


USE_CASES = {f"{kind.__module__}.{kind.__name__}": kind for kind in (*use_cases(), *dict(of_the_shop()).values())}
COMMANDS = dict(commands(app))


@pytest.mark.parametrize("name", sorted(USE_CASES))
def test_a_use_case_declares_who_may_call_it(name: str) -> None:
    access = getattr(USE_CASES[name], "access", None)
    assert isinstance(access, Access), "say `access = staff(Permission.…)`, `own_or(…)`, `anybody()`, … in the class"
    if access.who is Who.STAFF:
        assert access.permissions


@pytest.mark.parametrize("name", sorted(USE_CASES))
def test_a_use_case_checks_what_it_declares_and_nothing_else(name: str) -> None:
    """Permissions are named in the declaration alone, and the check is made by it."""
    source = inspect.getsource(USE_CASES[name])
    body = re.sub(r"\n    access = .*?\n(?=\n)", "\n", source, flags=re.DOTALL)
    assert not _SOMEWHERE_ELSE.search(body)
    access: Access = USE_CASES[name].access
    if access.who in (Who.STAFF, Who.OWN, Who.SIGNED_IN):
        assert "self.access" in body


def test_what_is_the_shops_own_takes_no_actor() -> None:
    for name, kind in USE_CASES.items():
        if is_for_the_shop(kind):
            command = next(iter(get_type_hints(kind.__call__).values()))
            assert "actor" not in getattr(command, "__struct_fields__", ()), name


def test_every_use_case_with_an_actor_is_the_shops() -> None:
    """None hides from the tests that ask them all."""
    known = {kind for _, kind in of_the_shop()} | {provider.cls for _, provider in of_the_container()}
    hidden = {name for name, kind in USE_CASES.items() if not is_for_the_shop(kind) and kind not in known}
    assert hidden == set()


@pytest.mark.parametrize("declared", ROUTES, ids=lambda declared: declared.name)
def test_a_route_is_for_whom_its_use_cases_are(declared: Endpoint) -> None:
    asked = [declared.parameters[name] for name in declared.needs if can_be_called(declared.parameters[name])]
    assert all(isinstance(getattr(kind, "access", None), Access) for kind in asked)
    assert declared.probe or declared.accesses, "call a use case that declares its access, or say `access=…`"
    assert not (asked and declared.access), "its use cases say who may call it"
    assert Who.SHOP not in {access.who for access in declared.accesses}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_names_the_use_cases_it_calls(name: str) -> None:
    uses = getattr(COMMANDS[name], "uses", None)
    assert uses is not None, "say `uses=(…)` where the command is added; `uses=()` if it calls none"
    known = dict(of_the_shop()) | {name: provider.cls for name, provider in of_the_container()}
    assert [each for each in uses if each not in known] == []
    assert all(isinstance(known[each].access, Access) for each in uses)


def test_a_command_gets_no_use_case_that_it_has_not_named() -> None:
    from tradepost_entrypoints.cli.shop import _as_declared

    group, seen = Group(help=""), []

    def peek() -> None:
        shop: Any = _as_declared(Container)
        seen.append(shop.list_jobs)
        with pytest.raises(TypeError, match="get_job"):
            shop.get_job  # noqa: B018 - the look is what is refused

    group.command("peek", uses=("list_jobs",))(peek)
    callback = group.registered_commands[0].callback
    assert callback is not None
    callback(json=False, debug=False)
    assert seen == [Container.list_jobs]
    assert declared_uses.get() is None


def of_the_container() -> Iterator[tuple[str, Any]]:
    for name, provider in Container.providers.items():
        if is_use_case(getattr(provider, "cls", None)):
            yield name, provider

"""Commands for any use case, made up from what it takes: real ids where it asks for a thing, dummies for the rest."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Kind, TradepostError

YES = "yes"
_DUMMIES: dict[Any, Any] = {str: "x", int: 1, bool: False, bytes: b"", datetime: datetime(2026, 1, 1, tzinfo=UTC)}


def command_of(use_case: type[Any]) -> type[msgspec.Struct] | None:
    """What it takes, if that has an actor."""
    for name, kind in get_type_hints(use_case.__call__).items():
        if name != "return" and "actor" in getattr(kind, "__struct_fields__", ()):
            taken: type[msgspec.Struct] = kind
            return taken
    return None


def made_up(kind: Any, things: Mapping[str, Any]) -> Any:
    """A Struct of this kind with its required fields, and those of `things` that it has."""
    hints = get_type_hints(kind, include_extras=True)
    required = {field.name for field in msgspec.structs.fields(kind) if field.required}
    given = {name: value for name, value in things.items() if name in hints}
    return kind(**{name: _dummy(hints[name], things) for name in required - given.keys()}, **given)


async def outcome(use_case: Any, command: Any, protected: set[str]) -> int | str:
    """What somebody is told: that they may not (401, 403), that there is no such thing (404), or else they are let in,
    whatever comes of it."""
    try:
        await use_case(command)
    except TradepostError as error:
        if error.kind is Kind.UNAUTHENTICATED:
            return 401
        if error.kind is Kind.FORBIDDEN:
            return 403
        if error.kind is Kind.NOT_FOUND and error.data.get("id") in protected:
            return 404
    except Exception:  # noqa: S110 - a dummy was too much for it, so it had been let in
        pass
    return YES


def things_of(actor: Actor, **ids: str) -> dict[str, Any]:
    return {"actor": actor, **ids}


def _dummy(kind: Any, things: Mapping[str, Any]) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _dummy(arguments[0], things)
    if origin in (Union, UnionType):
        return None if NoneType in arguments else _dummy(arguments[0], things)
    if origin is Literal:
        return arguments[0]
    if origin in (tuple, list, frozenset):
        return origin()
    if kind in _DUMMIES:
        return _DUMMIES[kind]
    if hasattr(kind, "__supertype__"):
        return _dummy(kind.__supertype__, things)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return made_up(kind, {})
    return None

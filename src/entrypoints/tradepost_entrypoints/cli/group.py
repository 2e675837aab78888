"""A group of commands that all take `--json` and `--debug`, and that may be coroutines."""

import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import typer

from tradepost_entrypoints.cli import errors, output
from tradepost_entrypoints.cli.shop import declared_uses

Function = TypeVar("Function", bound=Callable[..., Any])

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
DebugFlag = Annotated[bool, typer.Option("--debug", help="Show where a mistake came from.")]


class Group(typer.Typer):
    """Commands under one name. Registering one adds what every command has, so no command can be without it."""

    def __init__(self, *, help: str) -> None:  # noqa: A002 - Typer's own name
        # Without a callback Typer would turn a group of one command into that command.
        super().__init__(help=help, no_args_is_help=True, callback=lambda: None)

    def command(
        self, name: str | None = None, *, uses: Sequence[str] | None = None, **settings: Any
    ) -> Callable[[Function], Function]:
        """Add a command. `uses` names the use cases it calls; the shop it opens has no others. So a command has no
        permissions of its own either: what it takes is what they declare."""
        register = super().command(name, **settings)

        def add(function: Function) -> Function:
            register(_with_what_all_have(function, uses))
            return function

        return add


def _with_what_all_have(function: Callable[..., Any], uses: Sequence[str] | None) -> Callable[..., None]:
    @functools.wraps(function)
    def command(*, json: bool, debug: bool, **given: Any) -> None:
        output.for_programs.set(json)
        errors.debugging.set(debug)
        outside = declared_uses.set(None if uses is None else frozenset(uses))
        try:
            result = function(**given)
            if inspect.iscoroutine(result):
                import asyncio  # not above: it would cost every `--help` a tenth of its time

                asyncio.run(result)
            sys.stdout.flush()  # now, while a reader that has gone away can still be met quietly
        except BrokenPipeError:
            raise errors.reader_gone() from None
        finally:
            declared_uses.reset(outside)

    # Typer learns a command's options from its signature and annotations.
    signature = inspect.signature(function, eval_str=True)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=flag)
        for name, flag in (("json", JsonFlag), ("debug", DebugFlag))
    ]
    whole = signature.replace(parameters=[*signature.parameters.values(), *added])
    command.__signature__ = whole  # type: ignore[attr-defined]
    command.__annotations__ = {name: parameter.annotation for name, parameter in whole.parameters.items()}
    command.uses = uses  # type: ignore[attr-defined]
    return command

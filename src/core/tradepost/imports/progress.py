"""How far an import has come."""

from collections.abc import Callable

Progress = Callable[[int], None]
"""Called with how many more rows are done."""


def no_progress(_: int) -> None:
    """Nobody looks."""

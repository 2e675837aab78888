"""Progress of long work, on stderr and for eyes only: a program or a log file sees none of it."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tradepost_entrypoints.cli import output

Advance = Callable[[int], None]
"""Call it with how much more is done, in the unit of `total`."""


@contextmanager
def progress(what: str, total: int | None = None, *, unit: str | None = None) -> Iterator[Advance]:
    """A bar that knows the end when `total` is given, and only counts when it is not. With a `unit` it tells the speed."""
    if output.for_programs.get() or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    speed = TextColumn("{task.fields[speed]}")
    began = time.monotonic()
    with Progress(*columns, *((speed,) if unit else ()), console=Console(stderr=True)) as bars:
        task = bars.add_task(what, total=total, speed="")

        def advance(more: int) -> None:
            bars.advance(task, more)
            if unit:
                done, seconds = bars.tasks[task].completed, time.monotonic() - began
                bars.update(task, speed=f"{done / max(seconds, 0.1):,.0f} {unit}/s")

        yield advance

"""Times on the command line: UTC, to the day or to the second."""

from datetime import UTC, datetime
from typing import Annotated

import typer

FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]

From = Annotated[
    datetime | None, typer.Option("--from", formats=FORMATS, help="From then on, in UTC.", show_default=False)
]
Until = Annotated[
    datetime | None, typer.Option("--until", formats=FORMATS, help="Before then, in UTC.", show_default=False)
]


def utc(moment: datetime | None) -> datetime | None:
    """The moment as it was meant: what is typed has no zone."""
    return None if moment is None else moment.replace(tzinfo=UTC)

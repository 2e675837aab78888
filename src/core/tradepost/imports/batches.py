"""Many things to a transaction: the next batch is read and checked while the last one is being written."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

import msgspec

from tradepost.imports.csv_rows import CsvRows
from tradepost.imports.groups import Group, Rejected, groups

T = TypeVar("T")

MAX_ROWS = 5_000
MAX_BYTES = 4 << 20


class Batch(msgspec.Struct, Generic[T], kw_only=True):
    """What goes into one transaction, with the rows it was read from, and what is rejected of those rows already."""

    things: list[tuple[Group, T]]
    rejected: list[Rejected]
    rejected_things: int
    rows: int


def batches(
    rows: CsvRows, place: int, plan: Callable[[Group], T | None], what: str, *, most_rows: int = MAX_ROWS
) -> Iterator[Batch[T]]:
    """The file in batches. `plan` makes a thing of the rows of a group, or blames them; `what` is what such a thing is."""
    batch: Batch[T] = Batch(things=[], rejected=[], rejected_things=0, rows=0)
    began = 0
    for group in groups(rows, place):
        planned = plan(group) if not group.faults else None
        if planned is None or group.faults:
            batch.rejected += group.rejected(what)
            batch.rejected_things += 1
        else:
            batch.things.append((group, planned))
        batch.rows += len(group.rows)
        if batch.rows >= most_rows or rows.position - began >= MAX_BYTES:
            yield batch
            batch = Batch(things=[], rejected=[], rejected_things=0, rows=0)
            began = rows.position
    if batch.rows:
        yield batch


async def each_batch(found: Iterator[T], write: Callable[[T], Awaitable[None]]) -> None:
    """Write batch after batch. Reading goes on in a thread meanwhile, so a file that is slow to read stops nobody."""
    batch = await asyncio.to_thread(next, found, None)
    while batch is not None:
        following = asyncio.ensure_future(asyncio.to_thread(next, found, None))
        try:
            await write(batch)
        finally:
            batch = await following


def in_order(rejected: Iterable[Rejected]) -> Sequence[Rejected]:
    """As they stand in the file."""
    return sorted(rejected, key=lambda row: row.line)

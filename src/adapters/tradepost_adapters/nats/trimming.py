"""Removing from the stream what every group has acknowledged."""

import asyncio
import json
import logging
import random
from collections import defaultdict

from nats.aio.client import Client

from tradepost.messaging.delivery import PARTITIONS
from tradepost_adapters.nats.connection import AWAY, end_if_cancelled
from tradepost_adapters.nats.stream import EventStream

_INTERVAL = 60.0
_ANSWER = 5.0
_log = logging.getLogger(__name__)


async def keep_trimming(client: Client, stream: EventStream) -> None:
    """Trim about once a minute, for ever."""
    done: dict[int, int] = {}
    while True:
        end_if_cancelled()
        await asyncio.sleep(_INTERVAL * (0.5 + random.random()))  # noqa: S311 - so that processes take turns
        try:
            await trim(client, stream, done)
        except AWAY as error:
            _log.debug("What was received is removed from NATS later: %s", error)


async def trim(client: Client, stream: EventStream, done: dict[int, int] | None = None) -> None:
    """Remove of each partition what all groups have acknowledged. `done` is up to where that was done before.

    A consumer that is of no group (somebody's own, of whatever subjects) holds what comes after its floor in all of them.
    A consumer's floor is never ahead of what was acknowledged, so an answer that is late or of a former leader removes
    too little and not too much. Where one consumer does not answer, nothing is removed.
    """
    context = client.jetstream(timeout=_ANSWER)
    names = await _consumers(client, stream.name)
    if len(names) != (await context.stream_info(stream.name)).state.consumer_count:
        return  # a group is just being made or removed
    floors: dict[int, list[int]] = defaultdict(list)
    others: list[int] = []
    for name in names:
        info = await context.consumer_info(stream.name, name)
        group, _, number = name.rpartition("-")
        of_a_group = group and number.isdecimal() and int(number) < PARTITIONS
        (floors[int(number)] if of_a_group else others).append(info.ack_floor.stream_seq if info.ack_floor else 0)
    done = {} if done is None else done
    for partition, its in floors.items():
        floor = min(its + others)
        if floor > done.get(partition, 0):
            await context.purge_stream(stream.name, seq=floor + 1, subject=stream.subjects(partition))
            done[partition] = floor


async def _consumers(client: Client, stream: str) -> list[str]:
    """The names of all, also of those whose servers are away; those a listing with all about them would leave out."""
    names: list[str] = []
    while True:
        question = json.dumps({"offset": len(names)}).encode()
        answer = json.loads((await client.request(f"$JS.API.CONSUMER.NAMES.{stream}", question, timeout=_ANSWER)).data)
        page = answer.get("consumers") or []
        names += page
        if not page or len(names) >= answer["total"]:
            return names

"""A process that relays and consumes, to be killed: `python -m tests.kills.event_process DATABASE BROKER GROUP`.

Its consumer writes each effect into a table without any unique key, so that a second one would stand there; now and then
it fails, so that messages are parked and given again in between.
"""

import asyncio
import os
import random
import sys
from datetime import timedelta

from sqlalchemy import Column, Identity, Integer, MetaData, Table, Text

from tradepost.kernel.backoff import Backoff
from tradepost.kernel.clock import SystemClock
from tradepost.kernel.events import Message
from tradepost.kernel.wakeups import LocalWakeUps, Topic
from tradepost.messaging import Broker, Consumers, DeliverMessages, OnceInEffect, ReceiveMessages, Relay, RetryParked
from tradepost_adapters.memory.broker import InProcessBroker
from tradepost_adapters.sql.backend import SqlBackend
from tradepost_adapters.sql.statements import Insert
from tradepost_adapters.sql.transaction import SqlTransaction
from tradepost_adapters.sql.types import RowId

LEASE = timedelta(seconds=2)
"""Of everything: short, because fifty kills leave as many leases to wait for."""

EFFECTS = Table(
    "kill_effects",
    MetaData(),
    Column("position", RowId, Identity(), primary_key=True),
    Column("aggregate_id", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
)
_EFFECT = Insert(EFFECTS, columns=("aggregate_id", "sequence"))
_FAILS = 0.005


def broker_at(url: str) -> Broker:
    if url == "process:":
        return InProcessBroker()
    if url.startswith("nats:"):
        from tradepost_adapters.nats.broker import NatsBroker

        return NatsBroker.at(url, "/kills", lease=LEASE.total_seconds())
    from tradepost_adapters.redis.broker import RedisBroker

    return RedisBroker.at(url, "/kills", lease=LEASE.total_seconds())


async def effect(tx: SqlTransaction, message: Message) -> None:
    if random.random() < _FAILS:
        raise RuntimeError("now and then")
    row = {"aggregate_id": message.aggregate_id, "sequence": message.sequence}
    await tx._connection.insert(_EFFECT, [row])


async def main(database_url: str, broker_url: str) -> None:
    backend, broker, clock = await SqlBackend.open(database_url), broker_at(broker_url), SystemClock()
    told = Consumers(OnceInEffect("effects", None, effect, backend.transactions, clock))
    backoff = Backoff(first=timedelta(milliseconds=100), ceiling=timedelta(seconds=1))
    receive = ReceiveMessages(
        told, backend.transactions, backend.parked_views, clock, random=random.random, backoff=backoff
    )
    retry = RetryParked(told, backend.transactions, clock, random=random.random, backoff=backoff, lease=LEASE)
    deliver = DeliverMessages(backend.transactions, broker.publish, clock, relay=str(os.getpid()), lease=LEASE)
    wakeups = LocalWakeUps()
    loops = (
        broker.subscribe("kills", receive),
        Relay(deliver, wakeups, poll=0.05),
        Relay(retry, wakeups, topic=Topic.PARKED, poll=0.05, lanes=1),
    )
    print("ready", flush=True)
    async with asyncio.TaskGroup() as group:
        for loop in loops:
            group.create_task(loop.run())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))

"""What a broker with a server of its own keeps to, for several processes that come, go, die and stall."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import pytest

from tradepost.kernel.events import Message
from tradepost.kernel.transactions import Unavailable
from tradepost.messaging.broker import Broker
from tradepost_adapters.contracts.broker import PATIENCE, BrokerAdapter, BrokerContract, Desk, in_order, publish, series

SHORT = 1.0
"""Seconds until somebody else may take over what a silent process holds."""


class BrokerServerAdapter(BrokerAdapter, Protocol):
    """A broker's server under test: each `process` has a connection of its own to it."""

    async def cut(self, broker: Broker, /) -> None:
        """Break the connection of a process, as when its host dies: nothing it says from now on arrives."""
        ...

    async def mend(self, broker: Broker, /) -> None:
        """The connection can be made again."""
        ...

    async def garbage(self, group: str, /) -> None:
        """Put into every partition something that is no event, as an operator's mistake or another release might.

        The broker's log says of each that it is "no event", and never what is in it.
        """
        ...


class _Held:
    """Holds what one process is given, until it is let go."""

    def __init__(self, process: str) -> None:
        self._process = process
        self.messages: list[Message] = []
        self.begun = asyncio.Event()
        self.let_go = asyncio.Event()

    async def __call__(self, process: str, messages: Sequence[Message], /) -> None:
        if process == self._process:
            self.messages += messages
            self.begun.set()
            await self.let_go.wait()


class BrokerServerContract(BrokerContract):
    """Bind it with a fixture `adapter` that gives a `BrokerServerAdapter`."""

    async def test_processes_of_a_group_share_and_nothing_is_handled_twice(
        self, adapter: BrokerServerAdapter, desk: Desk
    ) -> None:
        relay, one, two = [await adapter.process() for _ in range(3)]
        await desk.open(one, "one")
        desk.join(two, "two")
        await desk.share(relay, "one", "two")
        wanted = series(100, 8)
        for place in range(0, len(wanted), 40):
            await publish(relay, wanted[place : place + 40])
        await desk.until_all(wanted)
        assert Counter(desk.ids()) == Counter(each.id for each in wanted)
        assert desk.firsts() == in_order(wanted)
        assert {one.process for one in desk.given} == {"one", "two"}

    async def test_a_process_that_joins_takes_its_share_while_messages_flow(
        self, adapter: BrokerServerAdapter, desk: Desk
    ) -> None:
        relay = await adapter.process()
        await desk.open(await adapter.process(), "one")
        wanted = series(60, 30)
        for sequence in range(30):
            if sequence in (5, 10):
                desk.join(await adapter.process(), "two" if sequence == 5 else "three")
            await publish(relay, wanted[sequence * 60 : sequence * 60 + 60])
        await desk.share(relay, "one", "two", "three")
        await desk.until_all(wanted)
        assert Counter(desk.ids()) == Counter(each.id for each in wanted)
        assert desk.firsts() == in_order(wanted)

    async def test_what_a_process_leaves_goes_to_the_others(self, adapter: BrokerServerAdapter, desk: Desk) -> None:
        relay = await adapter.process()
        await desk.open(await adapter.process(), "one")
        desk.join(await adapter.process(), "two")
        await desk.share(relay, "one", "two")
        wanted = series(60, 10)
        await publish(relay, wanted[:300])
        await desk.stop("one")
        await publish(relay, wanted[300:])
        await desk.until_all(wanted)
        assert Counter(desk.ids()) == Counter(each.id for each in wanted)
        assert desk.firsts() == in_order(wanted)

    async def test_a_group_that_was_away_gets_what_was_published_meanwhile(
        self, adapter: BrokerServerAdapter, desk: Desk
    ) -> None:
        relay = await adapter.process()
        await desk.open(await adapter.process())
        await desk.stop("one")
        wanted = series(30, 4)
        await publish(relay, wanted)
        desk.join(await adapter.process(), "two")
        await desk.until_all(wanted)
        assert Counter(desk.ids()) == Counter(each.id for each in wanted)
        assert desk.firsts() == in_order(wanted)

    async def test_a_group_that_is_new_begins_with_what_is_published_then(
        self, adapter: BrokerServerAdapter, desk: Desk
    ) -> None:
        relay = await adapter.process()
        early = await Desk("early").open(relay)
        await publish(relay, series(10, 1, name="old"))
        await early.until_all(series(10, 1, name="old"))
        await desk.open(await adapter.process())
        await publish(relay, series(10, 1, name="new"))
        await desk.until_all(series(10, 1, name="new"))
        assert {one.message.aggregate_id.partition("_")[0] for one in desk.given} == {"new"}
        await early.close()

    @pytest.mark.parametrize("end", ["its host dies", "it ends without finishing", "it hangs"])
    async def test_another_takes_over_from_the_oldest_message_that_was_not_acknowledged(
        self, adapter: BrokerServerAdapter, desk: Desk, end: str
    ) -> None:
        relay, first = await adapter.process(), await adapter.process(lease=SHORT, patience=SHORT)
        await desk.open(first, "first")
        desk.before = held = _Held("first")
        wanted = series(30, 6)
        for sequence in range(6):
            await publish(relay, wanted[sequence * 30 : sequence * 30 + 30])
        await asyncio.wait_for(held.begun.wait(), PATIENCE)
        if end == "its host dies":
            await adapter.cut(first)
        elif end == "it ends without finishing":
            await desk.cancel("first")
        desk.join(await adapter.process(lease=SHORT), "second")
        await desk.until_all(wanted)
        assert desk.firsts() == in_order(wanted)
        assert {one.process for one in desk.given} == {"second"}

    async def test_a_former_holder_that_comes_back_late_does_no_harm(
        self, adapter: BrokerServerAdapter, desk: Desk
    ) -> None:
        relay, first, second = await adapter.process(), await adapter.process(lease=SHORT), await adapter.process()
        await desk.open(first, "first")
        desk.before = held = _Held("first")
        wanted = series(30, 4)
        await publish(relay, wanted[:60])
        await asyncio.wait_for(held.begun.wait(), PATIENCE)
        await adapter.cut(first)
        desk.join(second, "second")
        await desk.until_all(wanted[:60])
        await publish(relay, wanted[60:])
        await desk.until_all(wanted)
        await adapter.mend(first)
        held.let_go.set()  # it finishes now what others have dealt with, and acknowledges it
        late = held.messages
        await desk.until(lambda: {each.id for each in late} <= {g.message.id for g in desk.given if g[0] == "first"})
        await desk.share(relay, "first", "second")
        more = series(30, 3, start=5)
        await publish(relay, more)
        await desk.until_all(more)
        assert desk.firsts() == in_order(wanted + more)
        known = Counter(one.message.id for one in desk.given)
        assert [known[each.id] for each in more] == [1] * len(more)

    async def test_what_was_refused_here_is_given_in_order_by_whoever_takes_over(
        self, adapter: BrokerServerAdapter, desk: Desk
    ) -> None:
        relay, first = await adapter.process(), await adapter.process(lease=SHORT)
        await desk.open(first, "first")
        refused = asyncio.Event()

        async def refuse(process: str, messages: Sequence[Message]) -> None:
            if process == "first":
                refused.set()
                raise ConnectionError("the database is away")

        desk.before = refuse
        wanted = series(20, 5)
        await publish(relay, wanted[:50])
        await asyncio.wait_for(refused.wait(), PATIENCE)
        await publish(relay, wanted[50:])
        desk.join(await adapter.process(), "second")
        await desk.share(relay, "second")
        await desk.cancel("first")
        await desk.until_all(wanted)
        assert desk.firsts() == in_order(wanted)
        assert Counter(desk.ids()) == Counter(each.id for each in wanted)

    async def test_processes_that_come_and_go_lose_nothing_and_keep_the_order(
        self, adapter: BrokerServerAdapter, desk: Desk
    ) -> None:
        relay = await adapter.process()
        desk.join(await adapter.process(lease=SHORT), "0")
        await desk.share(relay, "0")
        wanted = series(40, 24)
        for sequence in range(24):
            await publish(relay, wanted[sequence * 40 : sequence * 40 + 40])
            if sequence % 4 == 3:
                number = sequence // 4
                desk.join(await adapter.process(lease=SHORT), str(number + 1))
                await (desk.stop if number % 2 else desk.cancel)(str(number))
        await desk.until_all(wanted)
        assert desk.firsts() == in_order(wanted)

    async def test_a_server_that_is_away_is_said_to_be_and_used_again_when_it_is_back(
        self, adapter: BrokerServerAdapter, desk: Desk
    ) -> None:
        relay, other = await adapter.process(), await adapter.process()
        await desk.open(other)
        await adapter.cut(relay)
        await adapter.cut(other)
        with pytest.raises(Unavailable) as refused:
            await relay.publish(series(5, 1))
        assert refused.value.code == "broker.unavailable"
        await adapter.mend(relay)
        await adapter.mend(other)
        await publish(relay, series(5, 1))
        await desk.until_all(series(5, 1))
        assert desk.firsts() == in_order(series(5, 1))

    async def test_what_is_no_event_is_passed_over(
        self, adapter: BrokerServerAdapter, desk: Desk, caplog: pytest.LogCaptureFixture
    ) -> None:
        relay = await adapter.process()
        await desk.open(await adapter.process())
        wanted = series(40, 4)
        await publish(relay, wanted[:80])
        await adapter.garbage(desk.group)
        await publish(relay, wanted[80:])
        await desk.until_all(wanted)
        assert Counter(desk.ids()) == Counter(each.id for each in wanted)
        assert desk.firsts() == in_order(wanted)
        assert [record.levelname for record in caplog.records if "no event" in record.getMessage()]

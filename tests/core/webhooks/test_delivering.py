"""What becomes of a delivery: endpoints that are gone, that fail, that are slow; processes that die."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest
from tests.core.webhooks.station import ACTOR, OWNER, URL, Died, Station

from tradepost.jobs.job import JobState
from tradepost.webhooks.delete_webhook_endpoint import DeleteWebhookEndpointCommand
from tradepost.webhooks.deliver_webhook import PLACES_OF_ONE
from tradepost.webhooks.delivery import DELIVER, DeliveryState
from tradepost.webhooks.endpoint import EndpointState, StateReason
from tradepost.webhooks.pause_webhook_endpoint import PauseWebhookEndpointCommand
from tradepost.webhooks.ports import Answer
from tradepost.webhooks.resume_webhook_endpoint import ResumeWebhookEndpointCommand
from tradepost.webhooks.update_webhook_endpoint import UpdateWebhookEndpointCommand
from tradepost.webhooks.views import IssuedWebhookEndpoint
from tradepost_adapters.memory.webhook_sender import answered

LEASE = timedelta(seconds=30)
OTHER = "https://crm.example.com/hooks"


async def pause(station: Station, issued: IssuedWebhookEndpoint) -> None:
    command = PauseWebhookEndpointCommand(actor=ACTOR, endpoint_id=issued.endpoint.id)
    await station.shop.pause_webhook_endpoint(command)


async def resume(station: Station, issued: IssuedWebhookEndpoint) -> None:
    command = ResumeWebhookEndpointCommand(actor=ACTOR, endpoint_id=issued.endpoint.id)
    await station.shop.resume_webhook_endpoint(command)


async def test_a_process_that_dies_between_sending_and_noting_sends_the_same_again() -> None:
    station = Station()
    await station.endpoint()
    await station.tell()
    (job,) = await station.claim()
    station.sender.dies = True
    with pytest.raises(Died):
        await station.deliver(job.payload)
    station.sender.dies = False
    assert (await station.delivery()).attempts == ()
    station.clock.advance(LEASE)
    await station.work()
    first, second = station.sender.sent
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 30
    found = await station.delivery()
    assert (found.delivery.state, found.delivery.attempts) == (DeliveryState.SUCCEEDED, 1)


async def test_a_process_that_dies_after_noting_sends_nothing_again() -> None:
    station = Station()
    await station.endpoint()
    station.sender.answers = [answered(500)]
    await station.tell()
    (job,) = await station.claim()
    assert await station.deliver(job.payload)  # and never said that the job is done
    station.clock.advance(LEASE)
    assert not await station.deliver(job.payload)
    await station.work()
    found = await station.delivery()
    assert (found.delivery.state, found.delivery.attempts, len(station.sender.sent)) == (
        DeliveryState.SUCCEEDED,
        2,
        2,
    )


async def test_of_two_who_send_the_same_at_once_one_notes_it() -> None:
    station = Station()
    await station.endpoint()
    station.sender.always = answered(500)
    await station.tell()
    (job,) = await station.claim()
    other = station.deliverer()
    await asyncio.gather(station.deliver(job.payload), other(job.payload))
    found = await station.delivery()
    assert (found.delivery.attempts, len(found.attempts)) == (1, 1)
    assert len(await station.jobs(JobState.QUEUED)) == 1


async def test_what_can_not_be_noted_is_given_a_job_again_when_its_own_is_dead() -> None:
    station = Station()
    await station.endpoint()
    await station.tell()
    (job,) = await station.claim()

    async def bury(tx):  # type: ignore[no-untyped-def]
        await tx.job_queue.save(job.given_up("the database was away", station.clock.now()), JobState.RUNNING, None)

    await station.backend.transactions.run(bury)
    await station.shop.recover_webhook_deliveries()
    assert await station.work() == 0  # it may be under way
    station.clock.advance(timedelta(minutes=15, seconds=1))
    await station.shop.recover_webhook_deliveries()
    await station.shop.recover_webhook_deliveries()
    assert await station.work() == 1
    assert (await station.delivery()).delivery.state is DeliveryState.SUCCEEDED


async def test_one_that_has_a_job_gets_no_second() -> None:
    station = Station()
    await station.endpoint()
    await station.tell()
    station.clock.advance(timedelta(hours=1))
    await station.shop.recover_webhook_deliveries()
    assert len(await station.jobs()) == 1


async def test_410_disables_the_endpoint_and_its_owner_is_told() -> None:
    station = Station()
    issued = await station.endpoint()
    station.sender.answers = [answered(500), answered(410)]
    await station.tell(station.event(1), station.event(2))
    await station.work()
    view = await station.view(issued)
    assert (view.state, view.reason) == (EndpointState.DISABLED, StateReason.GONE)
    (letter,) = station.mailed
    assert letter is not None
    assert letter.to == OWNER
    assert "410" in letter.text
    assert URL in letter.text
    await station.work_through()
    await station.tell(station.event(3))
    await station.work_through()
    assert len(station.sender.sent) == 2
    states = {delivery.message_id: delivery.state for delivery in await station.deliveries()}
    assert states == {"order_1.1.0": DeliveryState.HELD, "order_1.2.0": DeliveryState.FAILED}


async def test_an_endpoint_that_fails_for_three_days_is_paused_and_its_owner_is_told_once() -> None:
    station = Station()
    issued = await station.endpoint()
    station.sender.always = answered(503)
    await station.tell()
    await station.work_through(timedelta(days=3) - timedelta(seconds=1))
    assert (await station.view(issued)).state is EndpointState.ENABLED
    await station.work_through()
    view = await station.view(issued)
    assert (view.state, view.reason, view.failures) == (EndpointState.PAUSED, StateReason.FAILING, 10)
    (letter,) = station.mailed
    assert letter is not None
    assert (letter.to, "10 attempts" in letter.text) == (OWNER, True)
    await station.tell(station.event(2))
    await station.work_through()
    assert len(station.sender.sent) == 10
    assert len(station.mailed) == 1


async def test_what_is_under_way_when_it_is_paused_is_held_and_nothing_is_lost_when_it_is_resumed() -> None:
    station = Station()
    issued = await station.endpoint()
    station.sender.always = answered(503)
    for number in range(1, 13):
        await station.tell(station.event(number))
        await station.work_through(timedelta(hours=6))
        station.clock.advance(timedelta(hours=6))
    await station.work_through()
    assert (await station.view(issued)).state is EndpointState.PAUSED
    await station.tell(station.event(13))
    assert [delivery.state for delivery in await station.deliveries()] == [DeliveryState.HELD] * 13
    station.sender.always = None
    await resume(station, issued)
    await station.work()
    assert [delivery.state for delivery in await station.deliveries()] == [DeliveryState.SUCCEEDED] * 13
    view = await station.view(issued)
    assert (view.state, view.reason, view.failing_since, view.failures) == (EndpointState.ENABLED, None, None, 0)


async def test_one_success_starts_the_count_anew() -> None:
    station = Station()
    issued = await station.endpoint()
    station.sender.answers = [answered(500)] * 9
    await station.tell()
    await station.work_through()
    view = await station.view(issued)
    assert (view.state, view.failures, view.failing_since) == (EndpointState.ENABLED, 0, None)


async def test_nobody_is_written_to_where_there_is_no_owner() -> None:
    station = Station()
    await station.endpoint(owner=None)
    station.sender.answers = [answered(410)]
    await station.tell()
    await station.work_through()
    assert station.mailed == []


async def test_no_letter_is_written_about_an_endpoint_that_was_seen_to_meanwhile() -> None:
    station = Station()
    issued = await station.endpoint()
    station.sender.answers = [answered(410)]
    await station.tell()
    (job,) = await station.claim()
    await station.deliver(job.payload)
    await resume(station, issued)
    await station.work()
    assert station.mailed == [None]


async def test_what_waits_for_a_retry_when_it_is_paused_is_held_at_its_time_and_sent_on_resuming() -> None:
    station = Station()
    issued = await station.endpoint()
    station.sender.answers = [answered(500)]
    await station.tell()
    await station.work()
    await pause(station, issued)
    await station.work_through()
    assert (await station.delivery()).delivery.state is DeliveryState.HELD
    await resume(station, issued)
    await station.work()
    found = await station.delivery()
    assert (found.delivery.state, found.delivery.attempts) == (DeliveryState.SUCCEEDED, 2)


async def test_what_was_held_gets_all_its_tries_again() -> None:
    station = Station()
    issued = await station.endpoint()
    station.sender.answers = [answered(500)]
    await station.tell()
    await station.work()
    await pause(station, issued)
    await station.work_through()
    await resume(station, issued)
    station.sender.always = answered(500)
    await station.work_through()
    found = await station.delivery()
    assert (found.delivery.state, found.delivery.attempts) == (DeliveryState.FAILED, 11)


async def test_an_endpoint_that_is_deleted_is_sent_nothing_more_and_its_log_stays() -> None:
    station = Station()
    issued = await station.endpoint()
    await station.tell()
    await station.work()
    station.sender.always = answered(500)
    await station.tell(station.event(2))
    await station.work()
    await station.shop.delete_webhook_endpoint(
        DeleteWebhookEndpointCommand(actor=ACTOR, endpoint_id=issued.endpoint.id)
    )
    await station.work_through()
    assert len(station.sender.sent) == 2
    states = {delivery.message_id: delivery.state for delivery in await station.deliveries()}
    assert states == {"order_1.1.0": DeliveryState.SUCCEEDED, "order_1.2.0": DeliveryState.CANCELED}


async def test_what_is_on_its_way_goes_to_the_new_address() -> None:
    station = Station()
    issued = await station.endpoint()
    station.sender.answers = [answered(500)]
    await station.tell()
    await station.work()
    view = await station.shop.update_webhook_endpoint(
        UpdateWebhookEndpointCommand(actor=ACTOR, endpoint_id=issued.endpoint.id, url=OTHER)
    )
    assert (view.failures, view.failing_since) == (0, None)
    await station.work_through()
    assert [sent.url for sent in station.sender.sent] == [URL, OTHER]


class Hanging:
    """Answers nobody at one address until it is let go."""

    def __init__(self, station: Station) -> None:
        self._sender = station.sender
        self.let_go = asyncio.Event()
        self.most = self.now = 0
        self.full = asyncio.Event()

    async def send(self, url: str, headers: Mapping[str, str], body: bytes, /) -> Answer:
        if url == URL:
            self.now += 1
            self.most = max(self.most, self.now)
            if self.now == PLACES_OF_ONE:
                self.full.set()
            await self.let_go.wait()
            self.now -= 1
        return await self._sender.send(url, headers, body)

    def objection(self, url: str, /) -> str | None:
        return None


async def test_a_slow_endpoint_takes_a_part_of_the_places_and_the_others_go_on() -> None:
    station = Station()
    hanging = Hanging(station)
    slow = await station.endpoint("tradepost.order.*")
    await station.endpoint("tradepost.product.*", url=OTHER)
    await station.tell(*(station.event(number) for number in range(1, 11)))
    await station.tell(station.event(1, "tradepost.product.changed.v1", "prod_1"))
    station.deliver = station.deliverer(hanging)
    jobs = await station.claim()
    assert [job.kind for job in jobs] == [DELIVER] * 11
    slow_ones = [asyncio.create_task(station.deliver(job.payload)) for job in jobs[:PLACES_OF_ONE]]
    await hanging.full.wait()
    for job in jobs[PLACES_OF_ONE:]:  # each ends soon, sent or put off
        await station.deliver(job.payload)
    assert [sent.url for sent in station.sender.sent] == [OTHER]
    hanging.let_go.set()
    await asyncio.gather(*slow_ones)
    assert hanging.most == PLACES_OF_ONE
    states = {delivery.message_id: delivery for delivery in await station.deliveries()}
    put_off = [one for one in states.values() if one.state is DeliveryState.PENDING]
    assert len(put_off) == 10 - PLACES_OF_ONE
    assert {one.attempts for one in put_off} == {0}
    assert {one.next_attempt_at for one in put_off} == {station.clock.now() + timedelta(seconds=5)}
    await station.work_through()
    assert {one.state for one in await station.deliveries()} == {DeliveryState.SUCCEEDED}
    assert len(await station.deliveries(endpoint_id=slow.endpoint.id)) == 10
    assert len(station.sender.sent) == 11


async def test_an_endpoint_that_answers_is_sent_all_there_is_four_at_a_time_and_nothing_is_put_off() -> None:
    station = Station()
    await station.endpoint("tradepost.order.*")
    await station.tell(*(station.event(number) for number in range(1, 31)))
    now = most = 0

    class Answering(Hanging):
        async def send(self, url: str, headers: Mapping[str, str], body: bytes, /) -> Answer:
            nonlocal now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1
            return await self._sender.send(url, headers, body)

    station.deliver = station.deliverer(Answering(station))
    jobs = await station.claim()
    await asyncio.gather(*(station.deliver(job.payload) for job in jobs))
    assert {delivery.state for delivery in await station.deliveries()} == {DeliveryState.SUCCEEDED}
    assert (len(station.sender.sent), most) == (30, PLACES_OF_ONE)

"""Webhooks from the event to the receiver on every database, with several workers at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from tests.core.webhooks.station import ACTOR, Station

from tradepost.jobs.claim_jobs import ClaimJobs
from tradepost.jobs.handlers import JobHandlers
from tradepost.jobs.job import JobState
from tradepost.jobs.run_job import RunJob
from tradepost.webhooks.delete_webhook_endpoint import DeleteWebhookEndpointCommand
from tradepost.webhooks.delivery import DELIVER, DeliveryState
from tradepost.webhooks.endpoint import EndpointState
from tradepost.webhooks.resume_webhook_endpoint import ResumeWebhookEndpointCommand
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.memory.webhook_sender import answered
from tradepost_adapters.sql.backend import SqlBackend

DATABASES = ("memory", "sqlite", "postgres")


@asynccontextmanager
async def opened(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    if request.param == "memory":
        yield MemoryBackend()
        return
    backend = await SqlBackend.open(request.getfixturevalue(f"{request.param}_url"))
    try:
        yield backend
    finally:
        await backend.close()


@pytest.fixture(params=DATABASES)
async def station(request: pytest.FixtureRequest) -> AsyncIterator[Station]:
    async with opened(request) as backend:
        yield Station(backend)


async def test_what_happened_arrives_once_whoever_is_told_of_it_how_often(station: Station) -> None:
    for place in range(2):
        await station.endpoint(url=f"https://erp.example.com/{place}")
    events = [station.event(number) for number in range(1, 21)]
    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(station.tell(*events))
    await station.work()
    arrived = Counter((sent.url, sent.headers["webhook-id"]) for sent in station.sender.sent)
    assert len(arrived) == 40
    assert set(arrived.values()) == {1}


async def test_of_several_workers_at_once_each_attempt_is_made_and_noted_once(station: Station) -> None:
    issued = await station.endpoint()
    station.sender.answers = [answered(500)] * 30
    await station.tell(*(station.event(number) for number in range(1, 31)))

    async def worker(name: str) -> None:
        handlers = JobHandlers()
        deliver = station.deliverer(most_of_one=30)
        handlers.add(DELIVER, deliver)
        run = RunJob(station.backend.transactions, station.clock, handlers, random=lambda: 0.0)
        claim = ClaimJobs(station.backend.transactions, station.clock, [DELIVER], worker=name)
        while jobs := await claim(4):
            await asyncio.gather(*map(run, jobs))

    for _ in range(2):
        async with asyncio.TaskGroup() as group:
            for number in range(5):
                group.create_task(worker(f"worker {number}"))
        station.clock.advance(timedelta(seconds=5))
    assert len(station.sender.sent) == 60
    deliveries = await station.deliveries()
    assert {(one.state, one.attempts) for one in deliveries} == {(DeliveryState.SUCCEEDED, 2)}
    view = await station.view(issued)
    assert (view.failures, view.failing_since, view.version) == (0, None, 1)


async def test_one_job_that_two_workers_have_is_noted_once_and_neither_fails(station: Station) -> None:
    await station.endpoint()
    station.sender.answers = [answered(500)] * 5
    await station.tell()
    (job,) = await station.claim()
    await asyncio.gather(*(station.deliverer()(job.payload) for _ in range(5)))
    found = await station.delivery()
    assert (found.delivery.attempts, len(found.attempts)) == (1, 1)
    assert len(await station.jobs(JobState.QUEUED)) == 1


async def test_the_whole_schedule_then_the_pause_the_letter_and_what_was_kept(station: Station) -> None:
    issued = await station.endpoint()
    station.sender.always = answered(503, {"retry-after": "1", "content-type": "text/html"}, "n\0t now")
    await station.tell()
    await station.work_through()
    assert len(station.sender.sent) == 10
    assert len(station.mailed) == 1
    found = await station.delivery()
    assert found.delivery.state is DeliveryState.FAILED
    assert found.attempts[0].response_body == "n\N{REPLACEMENT CHARACTER}t now"
    await station.tell(station.event(2))
    station.sender.always = None
    await station.shop.resume_webhook_endpoint(
        ResumeWebhookEndpointCommand(actor=ACTOR, endpoint_id=issued.endpoint.id)
    )
    await station.work()
    states = {one.message_id: one.state for one in await station.deliveries()}
    assert states == {"order_1.1.0": DeliveryState.FAILED, "order_1.2.0": DeliveryState.SUCCEEDED}
    assert (await station.view(issued)).state is EndpointState.ENABLED


async def test_an_endpoint_deleted_while_it_is_sent_to_ends_what_is_under_way(station: Station) -> None:
    issued = await station.endpoint()
    station.sender.always = answered(500)
    await station.tell(*(station.event(number) for number in range(1, 6)))
    jobs = await station.claim()
    delete = DeleteWebhookEndpointCommand(actor=ACTOR, endpoint_id=issued.endpoint.id)
    async with asyncio.TaskGroup() as group:
        group.create_task(station.shop.delete_webhook_endpoint(delete))
        for job in jobs:
            group.create_task(station.deliver(job.payload))
    await station.work_through()
    assert {one.state for one in await station.deliveries()} == {DeliveryState.CANCELED}

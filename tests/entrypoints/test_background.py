"""The background work of one process: what waits for what, and what does not."""

import asyncio
import time

from tests.entrypoints.http.shop import Stand

from tradepost.jobs import JobFilter, JobState
from tradepost.kernel.pages import PageRequest
from tradepost.mail import KIND, Mail
from tradepost_entrypoints.worker.background import background
from tradepost_entrypoints.worker.recurring import RECOVER


async def test_a_mail_server_that_hangs_holds_up_mail_alone() -> None:
    stand = Stand.open()
    released = asyncio.Event()
    hanging: list[Mail] = []

    class Hangs:
        async def send(self, mail: Mail, /) -> None:
            hanging.append(mail)
            await released.wait()

    stand.container.mailer.override(Hangs())
    for _ in range(8):
        await stand.person()
    async with background(stand.container):
        until = time.monotonic() + 10
        while len(hanging) < 4 or not await done(stand, RECOVER):
            assert time.monotonic() < until
            await asyncio.sleep(0.02)
        assert await done(stand, KIND) == 0
        released.set()
        while await done(stand, KIND) < 8:
            assert time.monotonic() < until
            await asyncio.sleep(0.02)


async def done(stand: Stand, kind: str) -> int:
    page = await stand.backend.job_views.page(JobFilter(kind=kind, state=JobState.DONE), PageRequest())
    return len(page.items)

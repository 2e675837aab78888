"""A worker killed while it sends: no mail is lost, and what comes twice is the same mail."""

import asyncio
import time
from collections import Counter
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import httpx
import pytest
from tests.adapters.smtp.server import MailServer
from tests.processes import SECRET, Process, answering, free_port

from tradepost.jobs.job import JobState
from tradepost.jobs.views import JobFilter
from tradepost.kernel.pages import PageRequest
from tradepost.mail.letters import KIND
from tradepost_adapters.sql.backend import SqlBackend

PEOPLE = 6


def started(port: int, folder: Path, database_url: str, mail_url: str) -> Process:
    return Process(
        ["-m", "uvicorn", "--factory", "tradepost_entrypoints.service:make_service", "--port", str(port)],
        {
            "TRADEPOST_DATABASE_URL": database_url,
            "TRADEPOST_PAYMENT_GATEWAY": f"simulated:///{folder / 'gateway.db'}",
            "TRADEPOST_TOKEN_SECRET": SECRET,
            "TRADEPOST_MAIL_URL": mail_url,
            "TRADEPOST_MAIL_FROM": "Ada's Mugs <shop@mugs.example>",
            "TRADEPOST_PUBLIC_URL": "https://mugs.example",
            "TRADEPOST_LOG_LEVEL": "error",
            "TRADEPOST_RATE_LIMIT_CREDENTIALS": "off",  # all of them register from here
        },
        folder / "service.log",
    )


async def register(url: str, person: int) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        body = {"email": f"person-{person}@example.com", "name": "Ada", "password": "correct horse battery staple"}
        answer = await http.post("/api/v1/users", json=body)
        assert answer.status_code == 201, answer.text


async def all_done(database_url: str, seconds: float) -> None:
    """Until every mail's job is done."""
    backend = await SqlBackend.open(database_url)
    until = time.monotonic() + seconds
    try:
        while True:
            page = await backend.job_views.page(JobFilter(kind=KIND), PageRequest())
            states = Counter(job.state for job in page.items)
            if states == {JobState.DONE: PEOPLE}:
                return
            assert time.monotonic() < until, states
            await asyncio.sleep(0.2)
    finally:
        await backend.close()


@pytest.mark.slow
async def test_who_is_killed_while_sending_sends_again_the_same_mail(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with MailServer() as server:
        server.behavior.hang = 30  # it has taken the mail, and its sender does not know it yet
        service = started(port, tmp_path, database_url, server.url)
        try:
            await answering(f"{url}/ready", service)
            await asyncio.gather(*[register(url, person) for person in range(PEOPLE)])
            until = time.monotonic() + 10
            while len(server.received) < 4:  # as many as a worker sends at a time
                assert time.monotonic() < until, len(server.received)
                await asyncio.sleep(0.05)
        finally:
            service.kill()
        server.behavior.hang = 0
        service = started(port, tmp_path, database_url, server.url)
        try:
            await answering(f"{url}/ready", service)
            await all_done(database_url, seconds=40)  # the leases of the dead run out after 20
        finally:
            service.kill()
        received = [envelope.content for envelope in server.received]
    messages = [message_from_bytes(raw, policy=default) for raw in received]
    to = Counter(message["To"].addresses[0].addr_spec for message in messages)
    assert to.keys() == {f"person-{person}@example.com" for person in range(PEOPLE)}
    assert sorted(to.values()) == [1, 1, 2, 2, 2, 2]
    assert len({message["Message-ID"] for message in messages}) == PEOPLE
    assert len(set(received)) == PEOPLE  # each copy is the same to the byte

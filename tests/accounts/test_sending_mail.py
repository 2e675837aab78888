"""From the fact to the sent mail, when something dies, refuses or is away in between; on every database."""

import random
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from tests.core.users.post import PASSWORD, Post

from tradepost.customers import RegisterUserCommand
from tradepost.jobs import ClaimJobs, Job, JobFilter, JobState, JobView, RetryJob, RetryJobCommand
from tradepost.kernel.access import GUEST, system
from tradepost.kernel.errors import Conflict
from tradepost.kernel.events import Message
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.pages import PageRequest
from tradepost.mail import KIND, Letter, Letters, Mail, MailDelayed, MailRefused, post
from tradepost.messaging import Consumers, DeliverMessages, OnceInEffect, ReceiveMessages
from tradepost.users.account_letters import EVENTS
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def office(request: pytest.FixtureRequest) -> AsyncIterator[Post]:
    if request.param == "memory":
        yield Post(MemoryBackend())
        return
    backend = await SqlBackend.open(request.getfixturevalue(f"{request.param}_url"))
    yield Post(backend)
    await backend.close()


async def jobs(office: Post) -> list[JobView]:
    page = await office.backend.job_views.page(JobFilter(kind=KIND), PageRequest())
    return list(page.items)


async def take(office: Post) -> Job:
    """Take the job as a worker that will be heard of no more."""
    claim = ClaimJobs(office.backend.transactions, office.clock, [KIND], worker="doomed")
    (job,) = await claim(10)
    return job


async def test_an_account_that_was_not_opened_is_not_welcomed(office: Post) -> None:
    await office.register()
    with pytest.raises(Conflict):
        await office.register("ADA@example.com")
    assert len(await office.mails()) == 1


async def test_who_dies_before_anything_was_sent_loses_nothing(office: Post) -> None:
    await office.register()
    assert office.mailer.sent == []  # the fact waits in the outbox, whoever is there to deliver it
    await office.deliver()
    assert office.mailer.sent == []  # now it waits in the queue
    await take(office)
    assert await office.mails() == []  # it is held by somebody who has died
    office.later(seconds=21)
    assert len(await office.mails()) == 1


async def test_who_dies_after_posting_and_before_saying_so_posts_once(office: Post) -> None:
    """The consumer's transaction is committed, the relay's note that it was delivered is not."""
    await office.register()

    class Dies(Exception):
        pass

    posting = Consumers(
        OnceInEffect(
            "account-mail", EVENTS, office.shop.post_account_letters, office.backend.transactions, office.clock
        )
    )
    receive = ReceiveMessages(
        posting, office.backend.transactions, office.backend.parked_views, office.clock, random=random.random
    )

    async def dies_afterward(messages: Sequence[Message], /) -> None:
        await receive(messages)
        raise Dies

    doomed = DeliverMessages(office.backend.transactions, dies_afterward, office.clock, relay="doomed")
    with pytest.raises(Dies):
        await doomed()
    assert len(await jobs(office)) == 1
    office.later(minutes=1)
    assert len(await office.mails()) == 1
    assert len(await jobs(office)) == 1


async def test_who_dies_after_sending_and_before_saying_so_sends_the_same_mail_again(office: Post) -> None:
    await office.register()
    await office.deliver()
    job = await take(office)
    await office.send_mail(job.payload)  # sent, and then nothing more is heard
    office.later(seconds=21)
    first, second = await office.mails()
    assert first == second  # to the letter, under the same Message-ID
    assert first.message_id == job.id
    assert [one.state for one in await jobs(office)] == [JobState.DONE]


async def test_a_mail_that_is_refused_for_now_is_tried_again_after_growing_pauses(office: Post) -> None:
    await office.register()
    office.mailer.refusals += [MailDelayed("recipient: 451 4.7.1")] * 3
    waited = timedelta()
    assert await office.mails() == []
    for _ in range(3):
        (job,) = await jobs(office)
        assert job.state is JobState.QUEUED
        assert "451 4.7.1" in (job.last_error or "")
        waited += job.run_at - office.clock.now()
        office.clock.advance(job.run_at - office.clock.now())
        sent = await office.mails()
    assert timedelta(seconds=5) < waited <= timedelta(seconds=7)
    assert len(sent) == 1
    (job,) = await jobs(office)
    assert (job.state, job.attempts) == (JobState.DONE, 4)
    assert sent[0].message_id == job.id


async def test_a_mail_that_is_refused_for_good_is_laid_aside_where_people_see_it(office: Post) -> None:
    user = await office.register("somebody.secret@example.com")
    office.mailer.refusals += [MailRefused("recipient: 550 5.1.1")]
    assert await office.mails() == []
    (job,) = await jobs(office)
    assert (job.state, job.attempts) == (JobState.DEAD, 1)
    assert "550 5.1.1" in (job.last_error or "")
    assert "secret" not in repr(job)
    assert PASSWORD not in repr(job)
    assert (await office.view(user)).email_verified_at is None
    # The address was put right, or the server: a person tries again.
    retry = RetryJob(office.backend.transactions, office.clock)
    await retry(RetryJobCommand(actor=system("test"), job_id=job.id))
    assert [mail.message_id for mail in await office.mails()] == [job.id]


async def test_a_letter_that_has_nothing_to_say_any_more_is_done_without_being_sent(office: Post) -> None:
    await office.register()
    await office.deliver()
    office.later(hours=25)  # nobody was there to send it, and the link is too old by now
    assert await office.mails() == []
    assert [job.state for job in await jobs(office)] == [JobState.DONE]


async def test_a_letter_no_mail_can_be_made_of_is_laid_aside_at_once(office: Post) -> None:
    async def broken(about: object) -> Letter:
        return Letter(to="ada@example.com", subject="two\r\nlines", text="")

    letters = Letters()
    letters.add("broken", broken)
    office.send_mail._letters = letters
    await office.backend.transactions.run(lambda tx: post(tx, "broken", {}, ids=TypeIds(), at=office.clock.now()))
    assert await office.mails() == []
    assert [(job.state, job.attempts) for job in await jobs(office)] == [(JobState.DEAD, 1)]
    with pytest.raises(ValueError, match="broken"):
        letters.add("broken", broken)


async def test_the_mailer_is_outside_every_transaction(office: Post) -> None:
    """A slow mail server holds no lock: what others write goes on meanwhile."""

    class Looks:
        async def send(self, mail: Mail, /) -> None:
            await office.shop.register_user(
                RegisterUserCommand(actor=GUEST, email="meanwhile@example.com", name="M", password=PASSWORD)
            )

    office.send_mail._mailer = Looks()
    await office.register()
    await office.deliver()
    await office.run_due()
    assert await office.backend.user_views.credentials("meanwhile@example.com") is not None

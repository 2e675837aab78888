"""A shop whose mail can be read: over any backend, with the consumer and the jobs that send it."""

import random
import re
from datetime import timedelta
from typing import Any

from tradepost.customers import RegisterUserCommand
from tradepost.jobs import ClaimJobs, EnqueueScheduledJobs, JobHandlers, RunDueJobs, RunJob
from tradepost.kernel.access import GUEST, Actor
from tradepost.kernel.clock import ManualClock
from tradepost.kernel.ids import TypeIds
from tradepost.mail import KIND, Mail, SendMail
from tradepost.messaging import Consumers, DeliverMessages, OnceInEffect, ReceiveMessages
from tradepost.shop import Shop
from tradepost.users import (
    RequestPasswordResetCommand,
    ResetPasswordCommand,
    Site,
    UserView,
    Verdict,
    VerifyEmailCommand,
)
from tradepost.users.account_letters import EVENTS
from tradepost_adapters.memory.mailer import MemoryMailer
from tradepost_adapters.simulated_gateway import open_gateway

PASSWORD = "correct horse battery staple"
NEW_PASSWORD = "a longer stretch of pasture"
SITE = Site(name="Ada's Mugs", url="https://mugs.example/account/")
_TOKEN = re.compile(r"https://mugs\.example/account/(?P<page>[a-z-]+)#token=(?P<token>\S+)")


class PlainHasher:
    """Reverses what it is given, and counts."""

    def __init__(self) -> None:
        self.hashed = 0

    async def hash(self, password: str, /) -> str:
        self.hashed += 1
        return password[::-1]

    async def verify(self, password: str, made: str | None, /) -> Verdict:
        return Verdict(right=made == password[::-1])


class Post:
    """The shop, its clock, and what it has sent."""

    def __init__(self, backend: Any) -> None:
        self.backend, self.clock, self.hasher, self.mailer = backend, ManualClock(), PlainHasher(), MemoryMailer()
        ids, transactions = TypeIds(), backend.transactions
        self.shop = Shop(
            backend,
            gateway=open_gateway("simulated://memory"),
            secret=b"a secret of the shop",
            hasher=self.hasher,
            clock=self.clock,
            ids=ids,
        )
        handler = self.shop.post_account_letters
        consumers = Consumers(OnceInEffect("account-mail", EVENTS, handler, transactions, self.clock))
        receive = ReceiveMessages(consumers, transactions, backend.parked_views, self.clock, random=random.random)
        self.deliver = DeliverMessages(transactions, receive, self.clock, relay="test")
        self.send_mail = SendMail(self.shop.letters(SITE), self.mailer)
        kinds = JobHandlers()
        kinds.add(KIND, self.send_mail)
        self.run_due = RunDueJobs(
            EnqueueScheduledJobs(transactions, self.clock, ids, ()),
            ClaimJobs(transactions, self.clock, kinds.kinds, worker="test"),
            RunJob(transactions, self.clock, kinds, random=random.random),
        )

    async def mails(self) -> list[Mail]:
        """What has been sent since this was asked last, once everything that waits has gone out."""
        while await self.deliver():
            pass
        while await self.run_due():
            pass
        sent, self.mailer.sent = self.mailer.sent, []
        return sent

    async def register(self, email: str = "ada@example.com") -> UserView:
        command = RegisterUserCommand(actor=GUEST, email=email, name="Ada", password=PASSWORD)
        return await self.shop.register_user(command)

    async def ask_for_reset(self, email: str = "ada@example.com") -> None:
        await self.shop.request_password_reset(RequestPasswordResetCommand(email=email))

    async def reset(self, token: str, password: str = NEW_PASSWORD) -> None:
        await self.shop.reset_password(ResetPasswordCommand(token=token, new_password=password))

    async def verify(self, token: str) -> None:
        await self.shop.verify_email(VerifyEmailCommand(token=token))

    async def signs_in_with(self, password: str, email: str = "ada@example.com") -> bool:
        """Whether this is the password."""
        found = await self.backend.user_views.credentials(email)
        return found is not None and found.password_hash == password[::-1]

    async def view(self, user: UserView) -> UserView:
        view: UserView = await self.backend.user_views.get(user.id)
        return view

    def later(self, **by: float) -> None:
        self.clock.advance(timedelta(**by))


def token_in(mail: Mail, page: str) -> str:
    """The token of the link in a mail, which leads to this page, in both parts."""
    found = [match for match in _TOKEN.finditer(mail.text) if match["page"] == page]
    assert len(found) == 1, mail.text
    assert mail.html is not None
    assert mail.html.count(found[0][0]) == 2  # where it leads, and what is shown
    return found[0]["token"]


def me(user: UserView) -> Actor:
    return Actor(id=user.id, role=user.role, customer_id=user.customer_id)

"""A shop that tells other systems what happens, over any backend: jobs are done as a worker does them, time is moved by
hand to when the next one is due, and nothing is random."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from tradepost.jobs.claim_jobs import ClaimJobs
from tradepost.jobs.handlers import JobHandlers
from tradepost.jobs.job import JobState
from tradepost.jobs.run_job import RunJob
from tradepost.jobs.views import JobFilter, JobView
from tradepost.kernel.access import operator
from tradepost.kernel.clock import ManualClock
from tradepost.kernel.events import Message
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.pages import PageRequest
from tradepost.mail.letters import KIND as MAIL
from tradepost.mail.letters import Letter, Letters
from tradepost.shop import Shop
from tradepost.webhooks.attempts import Attempts
from tradepost.webhooks.create_webhook_endpoint import CreateWebhookEndpointCommand
from tradepost.webhooks.deliver_webhook import PLACES_OF_ONE, DeliverWebhook
from tradepost.webhooks.delivery import DELIVER, RECOVER
from tradepost.webhooks.get_webhook_delivery import GetWebhookDeliveryQuery
from tradepost.webhooks.get_webhook_endpoint import GetWebhookEndpointQuery
from tradepost.webhooks.list_webhook_deliveries import ListWebhookDeliveriesQuery
from tradepost.webhooks.ports import Answer, WebhookSender
from tradepost.webhooks.views import (
    DeliveryFilter,
    IssuedWebhookEndpoint,
    WebhookDeliveryDetails,
    WebhookDeliveryView,
    WebhookEndpointView,
)
from tradepost.webhooks.webhook_letters import WebhookLetters
from tradepost_adapters.cryptography import AesGcmSecretBox
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.memory.webhook_sender import MemoryWebhookSender
from tradepost_adapters.simulated_gateway import open_gateway

SECRET = b"a secret of the shop, and of nobody else"
URL = "https://erp.example.com/hooks"
OWNER = "owner@erp.example.com"
ACTOR = operator()


class Died(BaseException):
    """A process that is no more."""


class TimedSender(MemoryWebhookSender):
    """Notes when it was asked. With `dies`, the process ends right after sending."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock
        self.times: list[datetime] = []
        self.dies = False
        self.always: Answer | None = None

    async def send(self, url: str, headers: Mapping[str, str], body: bytes, /) -> Answer:
        self.times.append(self._clock.now())
        if self.always is not None and not self.answers:
            self.answers.append(self.always)
        answer = await super().send(url, headers, body)
        if self.dies:
            raise Died
        return answer


class Station:
    def __init__(self, backend: Any = None, *, start: datetime | None = None, random: float = 0.0) -> None:
        self.backend = backend or MemoryBackend()
        self.clock = ManualClock() if start is None else ManualClock(start)
        self.ids = TypeIds()
        self.sender = TimedSender(self.clock)
        self.box = AesGcmSecretBox(SECRET)
        self.shop = Shop(
            self.backend,
            gateway=open_gateway("simulated://memory"),
            secret=SECRET,
            box=self.box,
            webhook_sender=self.sender,
            event_source="https://shop.example",
            clock=self.clock,
            ids=self.ids,
        )
        self.letters = Letters()
        WebhookLetters(self.backend.webhook_endpoint_views, "Acme", self.clock).add_to(self.letters)
        self.mailed: list[Letter | None] = []
        self._random = random
        self.deliver = self.deliverer()

    def deliverer(self, sender: WebhookSender | None = None, *, most_of_one: int = PLACES_OF_ONE) -> DeliverWebhook:
        """Of another process, or with another sender."""
        return DeliverWebhook(
            self.backend.transactions,
            Attempts(sender or self.sender, self.box, self.clock),
            self.clock,
            self.ids,
            random=lambda: self._random,
            most_of_one=most_of_one,
        )

    async def endpoint(self, *events: str, url: str = URL, owner: str | None = OWNER) -> IssuedWebhookEndpoint:
        return await self.shop.create_webhook_endpoint(
            CreateWebhookEndpointCommand(actor=ACTOR, url=url, events=events or ("*",), owner_email=owner)
        )

    def event(self, number: int = 1, kind: str = "tradepost.order.placed.v1", aggregate: str = "order_1") -> Message:
        return Message(
            id=f"{aggregate}.{number}.0",
            type=kind,
            aggregate_id=aggregate,
            sequence=number * 1000,
            payload=b'{"order_id":"order_1","total":1200}',
            occurred_at=self.clock.now(),
        )

    async def tell(self, *messages: Message) -> None:
        await self.shop.queue_webhooks(messages or (self.event(),))

    async def claim(self) -> Any:
        kinds = (DELIVER, RECOVER, MAIL)
        return await ClaimJobs(self.backend.transactions, self.clock, kinds, worker="test")(100)

    async def work(self) -> int:
        """Do what is due now; how many jobs."""
        handlers = JobHandlers()
        handlers.add(DELIVER, self.deliver)
        handlers.add(RECOVER, lambda _: self.shop.recover_webhook_deliveries())
        handlers.add(MAIL, self._mail)
        run = RunJob(self.backend.transactions, self.clock, handlers, random=lambda: 0.0)
        done = 0
        while jobs := await self.claim():
            for job in jobs:
                await run(job)
            done += len(jobs)
        return done

    async def work_through(self, most: timedelta = timedelta(days=30)) -> None:
        """Do what is due, and move time to the next job, until there is none within so long."""
        end = self.clock.now() + most
        await self.work()
        while (due := [job.run_at for job in await self.jobs(JobState.QUEUED)]) and min(due) <= end:
            self.clock.advance(max(min(due) - self.clock.now(), timedelta(0)))
            await self.work()

    async def jobs(self, state: JobState | None = None) -> tuple[JobView, ...]:
        page = await self.backend.job_views.page(JobFilter(state=state), PageRequest(limit=100))
        items: tuple[JobView, ...] = page.items
        return items

    async def deliveries(self, **wanted: Any) -> tuple[WebhookDeliveryView, ...]:
        query = ListWebhookDeliveriesQuery(actor=ACTOR, wanted=DeliveryFilter(**wanted), page=PageRequest(limit=100))
        return (await self.shop.list_webhook_deliveries(query)).items

    async def delivery(self) -> WebhookDeliveryDetails:
        """The only one."""
        (only,) = await self.deliveries()
        return await self.shop.get_webhook_delivery(GetWebhookDeliveryQuery(actor=ACTOR, delivery_id=only.id))

    async def view(self, issued: IssuedWebhookEndpoint) -> WebhookEndpointView:
        query = GetWebhookEndpointQuery(actor=ACTOR, endpoint_id=issued.endpoint.id)
        return await self.shop.get_webhook_endpoint(query)

    async def _mail(self, payload: dict[str, Any]) -> None:
        self.mailed.append(await self.letters.write(payload["letter"], payload["about"]))

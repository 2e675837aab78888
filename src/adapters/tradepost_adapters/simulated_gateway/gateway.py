"""The simulated gateway inside the process: books in memory are called directly, books in a file by a thread of their own."""

import asyncio
import queue
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from tradepost.kernel.errors import TradepostError
from tradepost.kernel.transactions import Unavailable
from tradepost.payments.gateway import (
    BalanceLine,
    GatewayAnswer,
    GatewayDispute,
    GatewayEntry,
    GatewayOutcomeUnknown,
    GatewayRequest,
)
from tradepost_adapters.simulated_gateway.book import Book
from tradepost_adapters.simulated_gateway.faults import Fault
from tradepost_adapters.simulated_gateway.operations import Delivery
from tradepost_adapters.simulated_gateway.outbox import Waiting
from tradepost_adapters.simulated_gateway.rules import Authorization
from tradepost_adapters.simulated_gateway.webhooks import SignedEvent

R = TypeVar("R")
SLOW_SECONDS = 3.0
TIMEOUT_SECONDS = 10.0
_BATCH = 256


class SimulatedGateway:
    """A `PaymentGateway` over a book. `slow_seconds` is how late `tok_slow` answers; `timeout_seconds` how long one who
    asked waits for `tok_timeout` before giving up.

    `threaded` keeps a book that waits for a disk away from the event loop; what is waiting is then committed together.
    """

    def __init__(
        self,
        book: Book,
        *,
        threaded: bool = False,
        slow_seconds: float = SLOW_SECONDS,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._book = book
        self._worker = _Worker(book) if threaded else None
        self._slow_seconds = slow_seconds
        self._timeout_seconds = timeout_seconds

    @property
    def name(self) -> str:
        return "simulated"

    @property
    def several_captures(self) -> bool:
        return self._book.terms.several_captures

    async def send(self, request: GatewayRequest, /) -> GatewayAnswer:
        reply = await self._call(lambda: self._book.send(request))
        if reply.delivery is Delivery.SLOW:
            await asyncio.sleep(self._slow_seconds)
        elif reply.delivery is Delivery.HANGING:
            await asyncio.sleep(self._timeout_seconds)
            raise GatewayOutcomeUnknown("The payment gateway did not answer in time.")
        if reply.answer is None or reply.delivery is Delivery.LOST:
            raise GatewayOutcomeUnknown("The payment gateway failed to answer.")
        return reply.answer

    async def find(
        self, operation_id: str, /, *, request: GatewayRequest | None = None, reference: str | None = None
    ) -> GatewayAnswer | None:
        return await self._call(lambda: self._book.find(operation_id))

    async def entries(
        self, since: datetime, /, *, cursor: str | None = None
    ) -> tuple[tuple[GatewayEntry, ...], str | None]:
        return await self._call(lambda: self._book.entries(since, cursor))

    async def dispute(self, reference: str, /) -> GatewayDispute | None:
        return await self._call(lambda: self._book.dispute(reference))

    async def disputes(
        self, since: datetime, /, *, cursor: str | None = None
    ) -> tuple[tuple[GatewayDispute, ...], str | None]:
        return await self._call(lambda: self._book.disputes(since, cursor))

    async def balance(
        self, since: datetime, /, *, cursor: str | None = None
    ) -> tuple[tuple[BalanceLine, ...], str | None]:
        return await self._call(lambda: self._book.balance(since, cursor))

    async def confirm(self, reference: str, *, approve: bool) -> GatewayAnswer:
        """What the buyer does on the page: see `Book.confirm`."""
        return await self._call(lambda: self._book.confirm(reference, approve=approve))

    async def authorization(self, reference: str) -> Authorization:
        """How an authorization stands: see `Book.authorization`."""
        return await self._call(lambda: self._book.authorization(reference))

    async def open_dispute(
        self, reference: str, *, amount: int | None = None, reason: str = "fraudulent"
    ) -> GatewayDispute:
        """The buyer goes to their bank: see `Book.open_dispute`."""
        return await self._call(lambda: self._book.open_dispute(reference, amount=amount, reason=reason))

    async def respond(self, dispute: str) -> GatewayDispute:
        """The shop answers a dispute: see `Book.respond`."""
        return await self._call(lambda: self._book.respond(dispute))

    async def close_dispute(self, dispute: str, *, won: bool) -> GatewayDispute:
        """The bank decides: see `Book.close_dispute`."""
        return await self._call(lambda: self._book.close_dispute(dispute, won=won))

    async def settle_refund(self, operation_id: str, *, succeeded: bool) -> GatewayAnswer:
        """A refund ends: see `Book.settle_refund`."""
        return await self._call(lambda: self._book.settle_refund(operation_id, succeeded=succeeded))

    async def pay_out(self) -> tuple[BalanceLine, ...]:
        """Send the balance to the bank: see `Book.pay_out`."""
        return await self._call(self._book.pay_out)

    async def fail_payout(self, reference: str) -> BalanceLine:
        """The bank sends a payout back: see `Book.fail_payout`."""
        return await self._call(lambda: self._book.fail_payout(reference))

    async def script(self, *faults: Fault | str) -> None:
        """Let things go wrong: see `Book.script`."""
        await self._call(lambda: self._book.script(*faults))

    async def release(self) -> tuple[str, ...]:
        """Carry out what is late: see `Book.release`."""
        return await self._call(self._book.release)

    async def deliveries(
        self, secret: str, *, everything: bool = False, at: datetime | None = None
    ) -> list[SignedEvent]:
        """The events to tell, signed: see `Book.deliveries`."""
        return await self._call(lambda: self._book.deliveries(secret, everything=everything, at=at))

    async def due_events(self) -> list[Waiting]:
        """For a sender: see `Book.due_events`."""
        return await self._call(self._book.due_events)

    async def event_sent(self, event_id: str, *, arrived: bool) -> None:
        """For a sender: see `Book.event_sent`."""
        await self._call(lambda: self._book.event_sent(event_id, arrived=arrived))

    async def close(self) -> None:
        """Finish what is waiting and let go of the book."""
        if self._worker is None:
            self._book.close()
        else:
            await asyncio.to_thread(self._worker.close)

    async def _call(self, job: Callable[[], R]) -> R:
        return job() if self._worker is None else await self._worker.run(job)


class _Worker:
    """One thread that owns a book: takes what is waiting, does it in one transaction, answers once that is committed."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="simulated-gateway-book", daemon=True)
        self._thread.start()

    async def run(self, job: Callable[[], R]) -> R:
        waiting = _Job(job)
        with self._closing:
            if self._closed:
                raise Unavailable("gateway", "The simulated gateway has been closed.")
            self._jobs.put(waiting)
        result: R = await waiting.future
        return result

    def close(self) -> None:
        with self._closing:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        open_ = True
        while open_:
            batch = [self._jobs.get()]
            while len(batch) < _BATCH:
                try:
                    batch.append(self._jobs.get_nowait())
                except queue.Empty:
                    break
            jobs = [job for job in batch if job is not None]
            open_ = len(jobs) == len(batch)  # None is the last thing ever put
            self._do(jobs)
        self._book.close()

    def _do(self, jobs: "list[_Job]") -> None:
        try:
            with self._book.transaction():
                for job in jobs:
                    job.do()
        except Exception as error:  # whatever it was, nobody got an answer and the thread goes on
            unknown = GatewayOutcomeUnknown(f"The payment gateway's book failed: {type(error).__name__}.")
            for job in jobs:
                job.result, job.error = None, unknown
        by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
        for job in jobs:
            by_loop.setdefault(job.loop, []).append(job)
        for loop, done in by_loop.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(_answer, done)


class _Job:
    """A call on its way to the thread and its answer on the way back."""

    __slots__ = ("call", "error", "future", "loop", "result")

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call = call
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.result: Any = None
        self.error: Exception | None = None

    def do(self) -> None:
        try:
            self.result = self.call()
        except TradepostError as refusal:  # raised before anything is written: the others of the batch go on
            self.error = refusal


def _answer(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.future.done():  # whoever asked has gone away
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)

"""What the shop does by itself, and how often: the one place where recurring work is declared."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any

from tradepost.jobs.handlers import JobHandlers
from tradepost.jobs.purge_jobs import PurgeJobs
from tradepost.jobs.schedule import Schedule
from tradepost.kernel.purge_idempotency_keys import PurgeIdempotencyKeys
from tradepost.mail.letters import KIND as MAIL
from tradepost.mail.send_mail import TIME_LIMIT
from tradepost.messaging.purge_messages import PurgeMessages
from tradepost.payments.webhooks import PROCESS as PROCESS_WEBHOOK
from tradepost.webhooks.deliver_webhook import TIME_LIMIT as DELIVERY_LIMIT
from tradepost.webhooks.delivery import DELIVER
from tradepost.webhooks.delivery import RECOVER as RECOVER_WEBHOOKS
from tradepost_entrypoints.container import Container

RECOVER = "orders.recover"
EXPIRE = "orders.expire"
ABANDON_CARTS = "carts.abandoned"
PURGE_CARTS = "carts.purge"
PURGE_KEYS = "idempotency.purge"
PURGE_MESSAGES = "messages.purge"
PURGE_JOBS = "jobs.purge"
PURGE_SESSIONS = "sessions.purge"
PURGE_ATTEMPTS = "external_attempts.purge"
PURGE_SECURITY_EVENTS = "security_events.purge"
PURGE_LINKS = "one_time_tokens.purge"
PURGE_NONCES = "nonces.purge"
PURGE_WEBHOOKS = "webhooks.purge"
PURGE_DELIVERIES = "webhooks.purge_deliveries"
SEAL_LEDGER = "ledger.seal"
TAKE_SNAPSHOTS = "ledger.snapshots"
BOOK_BALANCE = "payments.balance"
RECONCILE = "payments.reconcile"

SCHEDULES = (
    # Refunds and voids of what ended early wait for recovery too, so it comes often; nothing to do costs one look.
    Schedule(name=RECOVER, kind=RECOVER, every=timedelta(seconds=2)),
    Schedule(name=EXPIRE, kind=EXPIRE, every=timedelta(seconds=5)),
    Schedule(name=ABANDON_CARTS, kind=ABANDON_CARTS, every=timedelta(minutes=5)),
    Schedule(name=PURGE_CARTS, kind=PURGE_CARTS, every=timedelta(hours=1)),
    Schedule(name=PURGE_KEYS, kind=PURGE_KEYS, every=timedelta(minutes=10)),
    Schedule(name=PURGE_MESSAGES, kind=PURGE_MESSAGES, every=timedelta(hours=1)),
    Schedule(name=PURGE_JOBS, kind=PURGE_JOBS, every=timedelta(hours=1)),
    Schedule(name=PURGE_SESSIONS, kind=PURGE_SESSIONS, every=timedelta(hours=1)),
    Schedule(name=PURGE_ATTEMPTS, kind=PURGE_ATTEMPTS, every=timedelta(hours=1)),
    Schedule(name=PURGE_SECURITY_EVENTS, kind=PURGE_SECURITY_EVENTS, every=timedelta(hours=1)),
    Schedule(name=PURGE_LINKS, kind=PURGE_LINKS, every=timedelta(hours=1)),
    Schedule(name=PURGE_NONCES, kind=PURGE_NONCES, every=timedelta(minutes=10)),
    Schedule(name=PURGE_WEBHOOKS, kind=PURGE_WEBHOOKS, every=timedelta(hours=1)),
    Schedule(name=RECOVER_WEBHOOKS, kind=RECOVER_WEBHOOKS, every=timedelta(minutes=1)),
    Schedule(name=PURGE_DELIVERIES, kind=PURGE_DELIVERIES, every=timedelta(hours=1)),
    Schedule(name=SEAL_LEDGER, kind=SEAL_LEDGER, every=timedelta(seconds=10)),
    Schedule(name=TAKE_SNAPSHOTS, kind=TAKE_SNAPSHOTS, every=timedelta(minutes=1)),
    Schedule(name=BOOK_BALANCE, kind=BOOK_BALANCE, every=timedelta(minutes=5)),
    Schedule(name=RECONCILE, kind=RECONCILE, every=timedelta(days=1)),
)
# With work every two seconds a week of it would only hide what is of interest, so of what is done little is kept.
_KEEP_JOBS = timedelta(days=1)


def handlers(container: Container) -> JobHandlers:
    """Who does the work of each kind."""
    shop, transactions, clock = container.shop(), container.backend().transactions, container.clock()
    found = JobHandlers()
    work: Iterable[tuple[str, Callable[[], Awaitable[object]]]] = (
        (RECOVER, shop.recover_operations),
        (EXPIRE, shop.expire_orders),
        (ABANDON_CARTS, shop.report_abandoned_carts),
        (PURGE_CARTS, shop.purge_carts),
        (PURGE_KEYS, PurgeIdempotencyKeys(transactions, clock)),
        (PURGE_SESSIONS, shop.purge_sessions),
        (PURGE_ATTEMPTS, shop.purge_external_attempts),
        (PURGE_SECURITY_EVENTS, shop.purge_security_events),
        (PURGE_LINKS, shop.purge_one_time_tokens),
        (PURGE_NONCES, shop.purge_nonces),
        (PURGE_WEBHOOKS, shop.purge_webhooks),
        (RECOVER_WEBHOOKS, shop.recover_webhook_deliveries),
        (PURGE_DELIVERIES, shop.purge_webhook_deliveries),
        (SEAL_LEDGER, shop.seal_ledger),
        (TAKE_SNAPSHOTS, shop.take_snapshots),
        (PURGE_MESSAGES, PurgeMessages(transactions, clock)),
        (PURGE_JOBS, PurgeJobs(transactions, clock, keep=_KEEP_JOBS)),
    )
    for kind, use_case in work:
        found.add(kind, _without_payload(use_case))
    # The first time it is all there is at the gateway since the first payment, a hundred lines a request.
    found.add(BOOK_BALANCE, _without_payload(shop.book_balance), time_limit=timedelta(hours=2))
    found.add(RECONCILE, _without_payload(shop.reconcile_recent_payments), time_limit=timedelta(hours=1))
    found.add(PROCESS_WEBHOOK, shop.process_webhook, time_limit=timedelta(minutes=2))
    found.add(MAIL, container.send_mail(), time_limit=TIME_LIMIT)
    found.add(DELIVER, shop.deliver_webhook, time_limit=DELIVERY_LIMIT)
    return found


def _without_payload(use_case: Callable[[], Awaitable[object]]) -> Callable[[dict[str, Any]], Awaitable[object]]:
    return lambda _: use_case()

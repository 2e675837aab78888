"""Who does the work of each kind of job."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any

from tradepost.jobs.handlers import JobHandlers
from tradepost.jobs.purge_jobs import PurgeJobs
from tradepost.kernel.purge_idempotency_keys import PurgeIdempotencyKeys
from tradepost.mail.letters import KIND as MAIL
from tradepost.mail.send_mail import TIME_LIMIT
from tradepost.messaging.purge_messages import PurgeMessages
from tradepost.payments.webhooks import PROCESS as PROCESS_WEBHOOK
from tradepost.webhooks.deliver_webhook import TIME_LIMIT as DELIVERY_LIMIT
from tradepost.webhooks.delivery import DELIVER
from tradepost.webhooks.delivery import RECOVER as RECOVER_WEBHOOKS
from tradepost_entrypoints.container import Container
from tradepost_entrypoints.schedules import (
    ABANDON_CARTS,
    BOOK_BALANCE,
    EXPIRE,
    PURGE_ATTEMPTS,
    PURGE_CARTS,
    PURGE_DELIVERIES,
    PURGE_JOBS,
    PURGE_KEYS,
    PURGE_LINKS,
    PURGE_MESSAGES,
    PURGE_NONCES,
    PURGE_SECURITY_EVENTS,
    PURGE_SESSIONS,
    PURGE_WEBHOOKS,
    RECONCILE,
    RECOVER,
    SEAL_LEDGER,
    TAKE_SNAPSHOTS,
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

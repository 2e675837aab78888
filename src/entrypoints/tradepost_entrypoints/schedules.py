"""What the shop does by itself, and how often: the one place where recurring work is declared."""

from datetime import timedelta

from tradepost.jobs.schedule import Schedule
from tradepost.webhooks.delivery import RECOVER as RECOVER_WEBHOOKS

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

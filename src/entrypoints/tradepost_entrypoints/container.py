"""Which adapter is chosen, and how everything is put together. With settings.py, the only file that knows."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
from dependency_injector import containers, providers

from tradepost.carts.policy import CartPolicy
from tradepost.jobs.get_job import GetJob
from tradepost.jobs.list_job_runs import ListJobRuns
from tradepost.jobs.list_jobs import ListJobs
from tradepost.jobs.list_schedules import ListSchedules
from tradepost.jobs.retry_job import RetryJob
from tradepost.jobs.run_job_now import RunJobNow
from tradepost.kernel.clock import SystemClock
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.rate_limits import WithSpare
from tradepost.kernel.wakeups import LocalWakeUps
from tradepost.mail.letters import Letters
from tradepost.mail.mail import Sender
from tradepost.mail.mailer import Mailer
from tradepost.mail.rendering import LetterRenderer
from tradepost.mail.send_mail import SendMail
from tradepost.mail.send_test_mail import SendTestMail
from tradepost.messaging.consumers import Consumers
from tradepost.messaging.publish_events_again import PublishEventsAgain
from tradepost.messaging.replay_events import ReplayEvents
from tradepost.orders.letter_samples import samples
from tradepost.orders.policy import OrderPolicy
from tradepost.payments.reconciliation import BalanceReportReader
from tradepost.payments.webhooks import WebhookReader
from tradepost.shop import Shop
from tradepost.streams.follow_events import StreamLimits
from tradepost.users.guessable import Guessable
from tradepost.users.letter_texts import Site
from tradepost.users.passwords import BreachedPasswords
from tradepost.users.session import SessionPolicy
from tradepost.users.words import words_in
from tradepost_adapters import sqlite_library
from tradepost_adapters.argon2 import Argon2Hasher
from tradepost_adapters.balance_csv import read_report
from tradepost_adapters.breached_passwords import CommonPasswords, UnusableList, open_list
from tradepost_adapters.cryptography import AesGcmSecretBox, Ed25519PublicKeys
from tradepost_adapters.jose import JwtSigner
from tradepost_adapters.local_mail import ConsoleMailer, FileMailer
from tradepost_adapters.memory.broker import InProcessBroker
from tradepost_adapters.memory.cache import MemoryCache
from tradepost_adapters.memory.rate_limiter import MemoryRateLimiter
from tradepost_adapters.simulated_gateway import SimulatedWebhooks, open_gateway
from tradepost_adapters.sql.backend import SqlBackend
from tradepost_adapters.sql.database import Database
from tradepost_adapters.sql.transaction import SqlTransaction, sql_transactions
from tradepost_adapters.sql.wakeups import PostgresWakeUps
from tradepost_adapters.webhook_sender import HttpWebhookSender
from tradepost_entrypoints.consumers import Host, all_consumers
from tradepost_entrypoints.schedules import SCHEDULES
from tradepost_entrypoints.setting_values import declared_providers, simulated_secrets, webhook_secrets
from tradepost_entrypoints.settings import Settings, SettingsError

if TYPE_CHECKING:
    from tradepost_adapters.nats.broker import NatsBroker
    from tradepost_adapters.nats.wakeups import NatsWakeUps
    from tradepost_adapters.oidc import OidcProvider
    from tradepost_adapters.redis.broker import RedisBroker
    from tradepost_adapters.redis.cache import RedisCache
    from tradepost_adapters.redis.rate_limiter import RedisRateLimiter
    from tradepost_adapters.redis.wakeups import RedisWakeUps
    from tradepost_adapters.simulated_gateway import RemoteSimulatedGateway, SimulatedGateway
    from tradepost_adapters.sql.migrations import MigrationStatus
    from tradepost_adapters.stripe import StripeGateway


def _database(settings: Settings) -> Database[SqlTransaction]:
    return Database(settings.database_url, sql_transactions(), connections=settings.database_pool_size)


@contextmanager
def _said_of(variable: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise SettingsError([f"{variable}: {error}"]) from error


def _wakeups(settings: Settings) -> "LocalWakeUps | PostgresWakeUps | RedisWakeUps | NatsWakeUps":
    """Through Postgres where that is the database, otherwise through the broker's server where there is one."""
    if not settings.database_url.startswith("sqlite"):
        return PostgresWakeUps(settings.database_url)
    url = settings.broker_url
    if url == "process:":
        return LocalWakeUps()
    if url.startswith(("nats:", "tls:")):
        from tradepost_adapters.nats.wakeups import NatsWakeUps

        with _said_of("TRADEPOST_BROKER_URL"):
            return NatsWakeUps.at(url)
    from tradepost_adapters.redis.wakeups import RedisWakeUps

    return RedisWakeUps.at(url)


def _secret(settings: Settings) -> bytes:
    return settings.token_secret.reveal().encode()


def _breached(settings: Settings) -> BreachedPasswords:
    hosts = (urlsplit(address).hostname for address in (settings.public_url, settings.api_url))
    return Guessable(_breached_list(settings), words_in(_shop_name(settings), *hosts))


def _breached_list(settings: Settings) -> BreachedPasswords:
    if not settings.breached_passwords:
        return CommonPasswords()
    try:
        return open_list(Path(settings.breached_passwords))
    except UnusableList as error:
        raise SettingsError([f"TRADEPOST_BREACHED_PASSWORDS: {error}"]) from error


def _signer(settings: Settings) -> JwtSigner:
    return JwtSigner(issuer=settings.api_url)


def _token_lifetime(settings: Settings) -> timedelta:
    return settings.token_lifetime


def _sessions(settings: Settings) -> SessionPolicy:
    return SessionPolicy(
        refresh=settings.refresh_lifetime,
        session=settings.session_lifetime,
        cookie_idle=settings.cookie_idle,
        cookie=settings.cookie_lifetime,
        fresh=settings.step_up_after,
        large_refunds=_amounts(settings.step_up_refunds),
        staff_need_mfa=settings.require_mfa_for_staff,
    )


def _amounts(written: tuple[str, ...]) -> dict[str, int]:
    """Minor units by currency, from `EUR:50000`."""
    return {currency: int(units) for currency, _, units in (each.partition(":") for each in written)}


def _shop_name(settings: Settings) -> str:
    return _sender(settings).name


def _policy(settings: Settings) -> OrderPolicy:
    return OrderPolicy(
        reservation=settings.reservation,
        operation_lease=settings.operation_lease,
        prices_include_tax=settings.prices_include_tax,
        home_country=settings.home_country,
    )


def _carts(settings: Settings) -> CartPolicy:
    return CartPolicy(abandoned_after=settings.cart_abandoned_after, guests_kept=settings.guest_carts_kept)


def _streams(settings: Settings) -> StreamLimits:
    return StreamLimits(
        streams=settings.streams, per_caller=settings.streams_per_caller, recheck=settings.stream_recheck
    )


def _cache(settings: Settings) -> "MemoryCache | RedisCache":
    if settings.cache_url.startswith("memory:"):
        return MemoryCache()
    from tradepost_adapters.redis.cache import RedisCache  # an extra of its own

    return RedisCache.at(settings.cache_url)


def _broker(settings: Settings) -> "InProcessBroker | RedisBroker | NatsBroker":
    url, source = settings.broker_url, _event_source(settings)
    if url == "process:":
        return InProcessBroker()
    if url.startswith(("nats:", "tls:")):
        from tradepost_adapters.nats.broker import NatsBroker  # an extra of its own

        with _said_of("TRADEPOST_BROKER_URL"):
            return NatsBroker.at(url, source)
    from tradepost_adapters.redis.broker import RedisBroker  # an extra of its own

    return RedisBroker.at(url, source)


def _rate_limiter(settings: Settings) -> "MemoryRateLimiter | RedisRateLimiter":
    if settings.cache_url.startswith("memory:"):
        return MemoryRateLimiter()
    from tradepost_adapters.redis.rate_limiter import RedisRateLimiter  # an extra of its own

    return RedisRateLimiter.at(settings.cache_url)


def _sender(settings: Settings) -> Sender:
    return Sender.parse(settings.mail_from)


def _mailer(settings: Settings) -> Mailer:
    url, sender = settings.mail_url, _sender(settings)
    if url.startswith("console:"):
        return ConsoleMailer(sender)
    if url.startswith("file:"):
        # file:folder is relative, file:/folder and file:///folder are not (RFC 8089)
        return FileMailer(Path(url.removeprefix("file:").removeprefix("//")), sender)
    from tradepost_adapters.smtp import SmtpMailer, SmtpServer  # not wanted by those who send none

    return SmtpMailer(SmtpServer.parse(url), sender)


def _consumers(shop: Shop, backend: SqlBackend, clock: SystemClock, ids: TypeIds, settings: Settings) -> Consumers:
    return all_consumers(
        Host(shop=shop, transactions=backend.transactions, clock=clock, ids=ids),
        settings.consumers,
        settings.order_letters,
    )


def _site(settings: Settings) -> Site:
    return Site(name=_shop_name(settings), url=settings.public_url)


def _letter_samples(settings: Settings) -> Mapping[str, Sequence[msgspec.Struct]]:
    return samples(_site(settings))


def _renderer(letter_samples: Mapping[str, Sequence[msgspec.Struct]], settings: Settings) -> LetterRenderer:
    from tradepost_adapters.jinja_letters import JinjaLetters, TemplatesUnusable  # not wanted by those who write none

    folder = Path(settings.mail_templates) if settings.mail_templates else None
    try:
        return JinjaLetters(letter_samples, default=settings.locale, folder=folder)
    except TemplatesUnusable as error:
        name = "TRADEPOST_LOCALE" if folder is None else "TRADEPOST_MAIL_TEMPLATES"
        raise SettingsError([f"{name}: {fault}" for fault in error.faults]) from error


def _letters(shop: Shop, settings: Settings, renderer: LetterRenderer) -> Letters:
    return shop.letters(_site(settings), renderer)


def _identity_providers(settings: Settings) -> "dict[str, OidcProvider]":
    declared = declared_providers(settings.identity_providers)
    if not declared:
        return {}
    from tradepost_adapters.oidc import OidcProvider  # an extra of its own

    return {
        name: OidcProvider(one.issuer, client_id=one.client_id, client_secret=one.client_secret)
        for name, one in declared.items()
    }


def _redirects(settings: Settings) -> tuple[str, ...]:
    return settings.identity_redirects


def _gateway(settings: Settings) -> "SimulatedGateway | RemoteSimulatedGateway | StripeGateway":
    if settings.payment_gateway != "stripe:":
        return open_gateway(settings.payment_gateway)
    from tradepost_adapters.stripe import StripeGateway  # an extra of its own

    return StripeGateway(settings.stripe_secret_key.reveal(), page=settings.stripe_return_url or settings.public_url)


def _webhooks(settings: Settings) -> "dict[str, WebhookReader]":
    readers: dict[str, WebhookReader] = {}
    if secrets := webhook_secrets(settings.stripe_webhook_secrets):
        from tradepost_adapters.stripe import StripeWebhooks

        readers["stripe"] = StripeWebhooks(secrets)
    if secrets := simulated_secrets(settings.simulated_webhook_secrets):
        readers["simulated"] = SimulatedWebhooks(secrets)
    return readers


def _event_source(settings: Settings) -> str:
    return settings.event_source or settings.api_url


def _webhook_sender(settings: Settings) -> HttpWebhookSender:
    return HttpWebhookSender(settings.webhook_allowed_networks)


def gateway_name(settings: Settings) -> str:
    """What payments call the gateway that takes them."""
    return "stripe" if settings.payment_gateway == "stripe:" else "simulated"


def report_reader(gateway: str) -> BalanceReportReader:
    """Who reads the reports of a gateway's balance: those of Stripe as Stripe writes them, others in our own columns."""
    if gateway != "stripe":
        return read_report
    from tradepost_adapters.stripe import read_report as read_stripe_report

    return read_stripe_report


class Container(containers.DeclarativeContainer):
    """`Container(settings=load())`. Nothing in it connects before `opened`."""

    settings = providers.Dependency(instance_of=Settings)
    clock = providers.Singleton(SystemClock)
    ids = providers.Singleton(TypeIds)
    database = providers.Singleton(_database, settings)
    wakeups = providers.Singleton(_wakeups, settings)
    backend = providers.Singleton(SqlBackend, database, wakeups)
    gateway = providers.Singleton(_gateway, settings)
    cache = providers.Singleton(_cache, settings)
    rate_limiter = providers.Singleton(_rate_limiter, settings)
    broker = providers.Singleton(_broker, settings)
    spare_rate_limiter = providers.Singleton(MemoryRateLimiter)
    hasher = providers.Singleton(Argon2Hasher)
    breached = providers.Singleton(_breached, settings)
    signer = providers.Singleton(_signer, settings)
    box = providers.Singleton(AesGcmSecretBox, providers.Callable(_secret, settings))
    identity_providers = providers.Singleton(_identity_providers, settings)
    webhook_sender = providers.Singleton(_webhook_sender, settings)
    event_source = providers.Callable(_event_source, settings)
    shop = providers.Singleton(
        Shop,
        backend,
        gateway=gateway,
        webhooks=providers.Singleton(_webhooks, settings),
        webhook_sender=webhook_sender,
        event_source=event_source,
        secret=providers.Callable(_secret, settings),
        hasher=hasher,
        breached=breached,
        signer=signer,
        token_lifetime=providers.Callable(_token_lifetime, settings),
        sessions=providers.Callable(_sessions, settings),
        box=box,
        limiter=providers.Singleton(WithSpare, rate_limiter, spare_rate_limiter),
        providers=identity_providers,
        redirects=providers.Callable(_redirects, settings),
        public_keys=providers.Singleton(Ed25519PublicKeys),
        totp_issuer=providers.Callable(_shop_name, settings),
        cache=cache,
        policy=providers.Callable(_policy, settings),
        carts=providers.Callable(_carts, settings),
        wakeups=wakeups,
        streams=providers.Callable(_streams, settings),
        clock=clock,
        ids=ids,
    )
    consumers = providers.Singleton(_consumers, shop, backend, clock, ids, settings)
    mailer = providers.Singleton(_mailer, settings)
    letter_samples = providers.Singleton(_letter_samples, settings)
    letter_renderer = providers.Singleton(_renderer, letter_samples, settings)
    letters = providers.Singleton(_letters, shop, settings, letter_renderer)
    send_mail = providers.Singleton(SendMail, letters, mailer)
    send_test_mail = providers.Singleton(SendTestMail, mailer, clock, ids)
    list_jobs = providers.Singleton(ListJobs, backend.provided.job_views)
    list_job_runs = providers.Singleton(ListJobRuns, backend.provided.job_views)
    list_schedules = providers.Singleton(ListSchedules, backend.provided.job_views, providers.Object(SCHEDULES))
    get_job = providers.Singleton(GetJob, backend.provided.job_views)
    retry_job = providers.Singleton(RetryJob, backend.provided.transactions, clock)
    run_job_now = providers.Singleton(RunJobNow, backend.provided.transactions, clock)
    replay_events = providers.Singleton(
        ReplayEvents, backend.provided.event_log, backend.provided.transactions, consumers, clock
    )
    publish_events_again = providers.Singleton(PublishEventsAgain, backend.provided.event_log, broker.provided.publish)


@asynccontextmanager
async def opened(container: Container) -> AsyncIterator[Shop]:
    """The shop, connected; everything it holds is let go of in the end, also when opening failed half-way."""
    gateway, cache, wakeups = container.gateway(), container.cache(), container.wakeups()
    limiter = container.rate_limiter()
    try:
        database = container.database()
        await database.open()
        try:
            if not isinstance(wakeups, LocalWakeUps):  # those within one process need nothing opened
                await wakeups.open()
            yield container.shop()
        finally:
            if not isinstance(wakeups, LocalWakeUps):
                await wakeups.close()
            await database.close()
    finally:
        for provider in container.identity_providers().values():
            await provider.close()
        await container.broker().close()
        await container.webhook_sender().close()
        await limiter.close()
        await cache.close()
        await gateway.close()


def migrate_up(settings: Settings, to: str = "head") -> "MigrationStatus":
    """Bring the tables to a revision; says where they stand then."""
    from tradepost_adapters.sql import migrations  # brings Alembic, which nothing else needs

    migrations.migrate_up(settings.database_url, to)
    return migrations.migration_status(settings.database_url)


def migrate_down(settings: Settings, to: str) -> "MigrationStatus":
    """Take revisions back; says where the tables stand then."""
    from tradepost_adapters.sql import migrations

    migrations.migrate_down(settings.database_url, to)
    return migrations.migration_status(settings.database_url)


def migration_status(settings: Settings) -> "MigrationStatus":
    """Where the tables stand."""
    from tradepost_adapters.sql import migrations

    return migrations.migration_status(settings.database_url)


class SqliteInUse(msgspec.Struct, frozen=True, kw_only=True):
    """The one SQLite library of this process, and whether it is of those that can corrupt a WAL file (3.7.0 to 3.51.2)."""

    library: str
    version: str
    has_wal_reset_bug: bool


def sqlite_in_use() -> SqliteInUse:
    return SqliteInUse(
        library=sqlite_library.LIBRARY,
        version=sqlite_library.VERSION,
        has_wal_reset_bug=sqlite_library.has_wal_reset_bug(),
    )

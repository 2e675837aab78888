"""The HTTP service on the container: what `tradepost serve` runs, and what an embedder mounts."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from litestar import Litestar

from tradepost.kernel.access import GUEST, Actor
from tradepost.kernel.rate_limits import Limit
from tradepost.users.credential import BearerToken, Credential, SessionCookie
from tradepost.users.tokens import InvalidToken
from tradepost_entrypoints import logs
from tradepost_entrypoints.container import Container, opened
from tradepost_entrypoints.http.app import create_app
from tradepost_entrypoints.http.browsers import Browsers, cookie_of
from tradepost_entrypoints.http.call import Call
from tradepost_entrypoints.http.cors import Cors
from tradepost_entrypoints.http.edge import Edge
from tradepost_entrypoints.http.event_stream import EventWriter
from tradepost_entrypoints.http.guard import RateLimits
from tradepost_entrypoints.http.health import Check
from tradepost_entrypoints.http.networks import Networks
from tradepost_entrypoints.http.proxies import Proxies
from tradepost_entrypoints.http.routes import ROUTES
from tradepost_entrypoints.http.routes.oauth import Issuer
from tradepost_entrypoints.http.signatures import SignedCall
from tradepost_entrypoints.settings import Rate, Settings, load
from tradepost_entrypoints.worker.background import background


class Service:
    """What the application needs, taken from the container."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._identify = container.shop().identify
        self._browsers = _browsers(container.settings())
        settings = container.settings()
        heartbeat = settings.stream_heartbeat.total_seconds()
        self._event_writer = EventWriter(container.event_source(), heartbeat, self._identified_again)

    def part(self, name: str, /) -> object:
        if name == "browsers":
            return self._browsers
        if name == "issuer":
            return Issuer(self._container.settings().api_url)
        if name == "event_writer":
            return self._event_writer
        return getattr(self._container.shop(), name)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Opened, with background work going on, unless the settings leave that to `tradepost worker`."""
        async with opened(self._container) as shop:
            try:
                if not self._container.settings().background_work:
                    yield
                    return
                async with background(self._container):
                    yield
            finally:
                await shop.follow_events.close()

    def checks(self) -> Sequence[Check]:
        return (
            Check("database", self._container.database().ping),
            Check("cache", self._container.cache().ping, required=False),
            Check("broker", self._container.broker().ping, required=False),  # messages wait in the outbox
        )

    async def authenticate(self, call: Call, /) -> Actor:
        """By the Authorization header; where there is none, by the session cookie, which browsers send unasked and which
        is therefore believed only where a page of ours has sent it."""
        credential = _credential(call)
        if credential is None:
            return GUEST
        actor = await self._identify(credential)
        if isinstance(credential, SessionCookie) and actor.session is not None:
            self._browsers.require_ours(call, actor.session.id)
        return actor

    async def _identified_again(self, call: Call) -> Actor:
        """Who asks, some time after they were let in."""
        credential = _credential(call)
        return GUEST if credential is None else await self._container.shop().identify_again(credential)


def _credential(call: Call) -> Credential | None:
    authorization = call.headers.get(b"authorization")
    if authorization is not None:
        scheme, _, token = authorization.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":  # in any case (RFC 9110, section 11.1)
            raise InvalidToken
        return BearerToken(token.strip(), SignedCall(call))
    secret = cookie_of(call)
    return None if secret is None else SessionCookie(secret)


def _browsers(settings: Settings) -> Browsers:
    """Pages of other origins may use a cookie where browsers are told to send it along for them."""
    origins = settings.cors_origins if settings.cors_credentials else ()
    return Browsers(settings.token_secret.reveal().encode(), origins)


def edge_of(container: Container) -> Edge:
    """What the settings want between the network and the routes."""
    settings = container.settings()
    headers = {header.name for endpoint in ROUTES for header in endpoint.headers.values()}
    origins = settings.cors_origins
    return Edge(
        proxies=Proxies(settings.trusted_proxies, settings.proxy_header),
        cors=Cors(origins, credentials=settings.cors_credentials, headers=headers) if origins else None,
        limits=RateLimits(
            address=_limit("address", settings.rate_limit_address),
            user=_limit("user", settings.rate_limit_user),
            key=_limit("key", settings.rate_limit_key),
            # Who tries out passwords is quick, so the common count decides, each time.
            credentials=_limit("credentials", settings.rate_limit_credentials, exact=True),
        ),
        limiter=container.rate_limiter(),
        spare=container.spare_rate_limiter(),
        staff_networks=Networks(settings.staff_networks),
        log_address=settings.log_client_address,
    )


def _limit(name: str, rate: Rate, *, exact: bool = False) -> Limit | None:
    return Limit(name=name, quota=rate.quota, window=rate.window, exact=exact) if rate.quota else None


def make_service(settings: Settings | None = None) -> Litestar:
    """The application, by these settings or by those of the environment. For ASGI servers: `--factory`."""
    settings = settings or load()
    logs.configure(settings.log_level, settings.log_format)
    container = Container(settings=settings)
    log = logs.EventLog(style=settings.log_format)
    return create_app(Service(container), log=log, edge=edge_of(container))

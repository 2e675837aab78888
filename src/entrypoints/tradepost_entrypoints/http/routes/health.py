"""Probes for orchestrators and monitors. They live outside /api/v1 and ask nobody's name."""

from tradepost_entrypoints.http.endpoint import endpoint
from tradepost_entrypoints.http.envelope import Plain, Text
from tradepost_entrypoints.http.health import Health, HealthView
from tradepost_entrypoints.http.middleware import Metrics

_TAG = "Operations"


@endpoint("GET", "/live", tag=_TAG, probe=True)
async def live() -> Plain[HealthView]:
    """Whether the process answers at all. Checks nothing else: a failing database is no reason to restart it."""
    return Plain(HealthView(status="ok"))


@endpoint("GET", "/ready", tag=_TAG, probe=True, also=(503,))
async def ready(health: Health) -> Plain[HealthView]:
    """Whether to send requests here: 503 while something required is failing."""
    view = await health()
    return Plain(HealthView(status=view.status), status=200 if view.status == "ok" else 503)


@endpoint("GET", "/health", tag=_TAG, probe=True, also=(503,))
async def health(health: Health) -> Plain[HealthView]:
    """Every dependency, with how long it took to answer in milliseconds."""
    view = await health()
    return Plain(view, status=200 if view.status == "ok" else 503)


@endpoint("GET", "/metrics", tag=_TAG, probe=True)
async def metrics(metrics: Metrics) -> Text:
    """Metrics in the Prometheus text format: requests by route template and status, durations by route template."""
    return Text(metrics.exposition(), metrics.media_type)


ROUTES = (live, ready, health, metrics)

"""Prometheus metrics of requests: rate, errors, duration, by route template."""

import os

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The registry of one application. Use cases and adapters may add metrics of their own to `registry`.

    With several workers, set PROMETHEUS_MULTIPROC_DIR (before start) to a directory they share: then any of them
    answers for all.
    """

    media_type = CONTENT_TYPE_LATEST

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._requests = Counter(
            "tradepost_http_requests_total",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._duration = Histogram(
            "tradepost_http_request_duration_seconds",
            "Time from the first byte read to the last byte handed over.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._in_flight = Gauge(
            "tradepost_http_requests_in_flight",
            "Requests being answered now.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._refused = Counter(
            "tradepost_http_rate_limited_total",
            "Requests refused because their caller asked too often, by the limit.",
            ("limit",),
            registry=self.registry,
        )
        self.streams = Gauge(
            "tradepost_event_streams",
            "Streams of events being read now.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._alone = Counter(
            "tradepost_http_counted_alone_total",
            "Requests this process counted for itself because the rate limiter was away.",
            registry=self.registry,
        )
        # `labels()` locks and builds a key each time; a dictionary of what it returned does not.
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._timers: dict[tuple[str, str], Histogram] = {}
        self.begin = self._in_flight.inc

    def end(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request. `route` is a template, never a path: labels must stay few."""
        self._in_flight.dec()
        if method not in _METHODS:
            method = "other"
        counted = (method, route, status)
        counter = self._counters.get(counted)
        if counter is None:
            counter = self._counters[counted] = self._requests.labels(method, route, str(status))
        counter.inc()
        timed = (method, route)
        timer = self._timers.get(timed)
        if timer is None:
            timer = self._timers[timed] = self._duration.labels(method, route)
        timer.observe(seconds)

    def refused(self, limit: str) -> None:
        """Count a request refused by a rate limit."""
        self._refused.labels(limit).inc()

    def counted_alone(self) -> None:
        """Count a request that was counted in this process alone."""
        self._alone.inc()

    def exposition(self) -> bytes:
        """The text Prometheus scrapes."""
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            shared = CollectorRegistry()
            MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
            return generate_latest(shared)
        return generate_latest(self.registry)

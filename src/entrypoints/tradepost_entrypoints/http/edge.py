"""What stands between the network and the routes, as the settings have it."""

from dataclasses import dataclass, field
from typing import Literal

from tradepost.kernel.rate_limits import RateLimiter, WithSpare
from tradepost_entrypoints.http.cors import Cors
from tradepost_entrypoints.http.guard import Counts, Guard, RateLimits
from tradepost_entrypoints.http.networks import Networks, truncated
from tradepost_entrypoints.http.proxies import Proxies

AddressLogging = Literal["truncated", "full", "none"]


@dataclass(frozen=True, kw_only=True)
class Edge:
    """By default nothing is counted, no proxy believed, no other origin let in, and staff may be anywhere.

    `limiter` counts for `limits`, and `spare` while it is away. `log_address` is what of a client's address, which is
    personal data, the log of requests shows.
    """

    proxies: Proxies = field(default_factory=Proxies)
    cors: Cors | None = None
    limits: RateLimits = field(default_factory=RateLimits)
    limiter: RateLimiter | None = None
    spare: RateLimiter | None = None
    staff_networks: Networks = field(default_factory=Networks)
    log_address: AddressLogging = "truncated"

    def guard(self, metrics: Counts) -> Guard | None:
        """What every call to a route has to pass; None where that would let everybody through."""
        limits = self.limits if self.limiter is not None else RateLimits()
        if limits == RateLimits() and not self.staff_networks:
            return None
        limiter = self.limiter
        if limiter is not None and self.spare is not None:
            limiter = WithSpare(limiter, self.spare, metrics.counted_alone)
        return Guard(limits, limiter, staff_networks=self.staff_networks, metrics=metrics)

    def shown(self, address: str | None) -> str | None:
        """An address as the log shows it."""
        if address is None or self.log_address == "none":
            return None
        return address if self.log_address == "full" else truncated(address)

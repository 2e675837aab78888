"""Who is let through to a route: not too often, and staff only from where staff may be.

A caller who is known is counted as themselves, everybody else by their address. A route that takes credentials
(`limit="credentials"`) counts by address on top, strictly, whoever asks. What payment gateways report is not counted
(`limit="uncounted"`): they send much from few addresses, sign it, and what is refused comes hours later.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import floor
from typing import Literal, NoReturn, Protocol

import msgspec

from tradepost.kernel.access import GRANTS, GUEST, Actor
from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.rate_limits import Hit, Limit, RateLimiter, Usage
from tradepost.users.network import network_of
from tradepost_entrypoints.http.call import Call
from tradepost_entrypoints.http.networks import Networks
from tradepost_entrypoints.http.response import Headers

RouteLimit = Literal["ordinary", "credentials", "uncounted"]


class RateLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How often who may ask; None does not count."""

    address: Limit | None = None
    user: Limit | None = None
    key: Limit | None = None
    credentials: Limit | None = None


class Counts(Protocol):
    """What monitoring wants to know: `Metrics` has it."""

    def refused(self, limit: str, /) -> None: ...

    def counted_alone(self) -> None: ...


class Guard:
    """Lets calls through or refuses them."""

    def __init__(
        self,
        limits: RateLimits,
        limiter: RateLimiter | None,
        *,
        staff_networks: Networks,
        metrics: Counts,
    ) -> None:
        self._limits = limits
        self._limiter = limiter
        self._staff = staff_networks
        self._metrics = metrics

    async def admit(self, call: Call, limit: RouteLimit) -> None:
        """Count the call. Raises `rate.limited`, and `auth.address_not_allowed` for staff who are somewhere else."""
        actor = call.actor
        if self._staff and _is_staff(actor) and (call.client_address or "") not in self._staff:
            raise TradepostError(
                Kind.FORBIDDEN,
                "auth.address_not_allowed",
                "Staff of this shop work from certain networks, and this is not one of them; connect to one first.",
            )
        hits = self._hits(actor, call.client_address, limit)
        if not hits or self._limiter is None:
            return
        usages = await self._limiter.hit(hits)
        call.limits = rate_headers(usages)
        if not all(usage.allowed for usage in usages):
            self._refuse(usages)

    def _hits(self, actor: Actor, address: str | None, limit: RouteLimit) -> list[Hit]:
        if limit == "uncounted":
            return []
        limits = self._limits
        caller = network_of(address) or "unknown"
        own, name = limits.user, actor.id
        if actor is GUEST:
            own, name = limits.address, caller
        elif actor.session is not None and actor.session.kind in ("key", "client"):
            own = limits.key
        hits = [] if own is None else [Hit(own, name)]
        if limit == "credentials" and limits.credentials is not None:
            hits.append(Hit(limits.credentials, caller))
        return hits

    def _refuse(self, usages: Sequence[Usage]) -> NoReturn:
        refused = [usage for usage in usages if not usage.allowed]
        for usage in refused:
            self._metrics.refused(usage.limit.name)
        seconds = floor(max(usage.retry_after for usage in refused)) + 1
        raise TradepostError(
            Kind.RATE_LIMITED,
            "rate.limited",
            f"You have asked too often; wait {seconds} s.",
            {"retry_after": seconds, "violated-policies": [usage.limit.name for usage in refused]},
        )


def _is_staff(actor: Actor) -> bool:
    """Whether they may do anything that customers may not; that goes for keys as well."""
    return bool(GRANTS.get(actor.role or "") if actor.permissions is None else actor.permissions)


def rate_headers(usages: Sequence[Usage]) -> Headers:
    """`RateLimit-Policy` and `RateLimit`, as draft-ietf-httpapi-ratelimit-headers has them since its revision 08: lists of
    named policies, with quota (`q`) and window (`w`), remaining quota (`r`) and seconds until all of it is back (`t`)."""
    left = [
        '"%s";r=%d;t=%d' % (limit.name, remaining, reset_after + 1)  # noqa: UP031 - half the time of an f-string
        for limit, _, remaining, reset_after, _ in usages
    ]
    policies = _policies(tuple([usage[0] for usage in usages]))
    return [(b"ratelimit-policy", policies), (b"ratelimit", ", ".join(left).encode())]


@lru_cache(64)
def _policies(limits: tuple[Limit, ...]) -> bytes:
    return ", ".join(f'"{limit.name}";q={limit.quota};w={limit.seconds}' for limit in limits).encode()

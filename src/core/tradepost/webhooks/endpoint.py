"""An endpoint: where a customer's system is told of events, of which, and how it knows that they are ours."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from tradepost.kernel.contacts import email_faults, metadata_faults, normal_email
from tradepost.kernel.errors import Fault, Invalid, PreconditionFailed
from tradepost.kernel.events import Aggregate
from tradepost.kernel.ids import id_pattern
from tradepost.messaging.event_filter import filter_faults

MOST_ENDPOINTS = 100
"""Of a shop."""

MAX_URL = 2_000
MAX_DESCRIPTION = 500
OVERLAP = timedelta(hours=24)
"""How long the secret before stays good unless something else is said."""
MAX_OVERLAP = timedelta(days=7)
MOST_SECRETS = 4
"""That are good at a time, when one is renewed again and again."""

FAILING_FOR = timedelta(days=3)
FAILING_ATTEMPTS = 10
"""An endpoint is paused when nothing has reached it for so long, in at least as many attempts."""

WEBHOOK_ENDPOINT_PATTERN = id_pattern("we")


class EndpointState(StrEnum):
    ENABLED = "enabled"
    PAUSED = "paused"  # events are kept for it
    DISABLED = "disabled"  # it said that it is gone: events are not kept


class StateReason(StrEnum):
    """Why it is not enabled."""

    BY_HAND = "by_hand"
    FAILING = "failing"
    GONE = "gone"


class SealedSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret that signs. With `good_until` it is a former one."""

    sealed: str
    created_at: datetime
    good_until: datetime | None = None

    def good_at(self, at: datetime) -> bool:
        return self.good_until is None or at < self.good_until


class EndpointHealth(msgspec.Struct, frozen=True, kw_only=True):
    """Since when nothing has reached it, in how many attempts; kept beside the endpoint, whose version it leaves alone."""

    failing_since: datetime | None = None
    failures: int = 0

    def hopeless_at(self, at: datetime) -> bool:
        """Whether it should be paused."""
        return (
            self.failing_since is not None
            and at - self.failing_since >= FAILING_FOR
            and self.failures >= FAILING_ATTEMPTS
        )


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """As much of an endpoint as it takes to know what is queued for it."""

    id: str
    events: tuple[str, ...]
    state: EndpointState


class WebhookEndpoint(Aggregate, kw_only=True):
    """An address that is told of events. `events` are its filters; `owner_email` is who is written to when it fails.

    `secrets` begin with the current one; former ones sign as well until they run out, so that the receiver can change
    over at leisure.
    """

    url: str
    events: tuple[str, ...]
    secrets: tuple[SealedSecret, ...]
    created_by: str
    created_at: datetime
    description: str = ""
    owner_email: str | None = None
    metadata: Mapping[str, str] = {}
    state: EndpointState = EndpointState.ENABLED
    reason: StateReason | None = None
    state_since: datetime | None = None

    @property
    def purpose(self) -> str:
        """What its secrets are sealed for."""
        return f"webhook:{self.id}"

    def at_version(self, expected: int | None) -> None:
        """Raise `precondition.failed` unless this is the version the caller had read."""
        if expected is not None and expected != self.version:
            raise PreconditionFailed(self.id, expected=expected, actual=self.version)

    def check(self, *, leaving: Sequence[str], objection: str | None) -> None:
        """Raise `webhook_endpoint.invalid` with every fault, and put what is right in its normal form. `objection` is the
        sender's to this address; `leaving` is what events are told outside begin with."""
        faults = _url_faults(self.url, objection)
        faults += filter_faults(self.events, leaving, "/events")
        if len(self.description) > MAX_DESCRIPTION or not self.description.replace("\n", "").isprintable():
            faults.append(Fault("/description", f"use at most {MAX_DESCRIPTION} printable characters"))
        faults += [] if self.owner_email is None else email_faults(self.owner_email, "/owner_email")
        faults += metadata_faults(self.metadata, "/metadata")
        if faults:
            raise Invalid("webhook_endpoint.invalid", "This endpoint can not be saved as it is: see errors.", *faults)
        self.events = tuple(dict.fromkeys(self.events))
        self.owner_email = None if self.owner_email is None else normal_email(self.owner_email)

    def change(
        self,
        *,
        url: str | UnsetType = UNSET,
        events: tuple[str, ...] | UnsetType = UNSET,
        description: str | UnsetType = UNSET,
        owner_email: str | UnsetType | None = UNSET,
        metadata: Mapping[str, str] | UnsetType = UNSET,
    ) -> bool:
        """Replace what is given; whether that changed anything. `check` it afterwards."""
        before = (self.url, self.events, self.description, self.owner_email, self.metadata)
        self.url = self.url if url is UNSET else url
        self.events = self.events if events is UNSET else events
        self.description = self.description if description is UNSET else description
        self.owner_email = self.owner_email if owner_email is UNSET else owner_email
        self.metadata = self.metadata if metadata is UNSET else metadata
        return before != (self.url, self.events, self.description, self.owner_email, self.metadata)

    def rotate(self, sealed: str, *, overlap: timedelta, at: datetime) -> None:
        """Sign with this secret from now on, and for `overlap` with the ones until now, too. Raises
        `webhook_endpoint.invalid`."""
        if not timedelta(0) <= overlap <= MAX_OVERLAP:
            detail = f"The old secret can stay good for {MAX_OVERLAP.days} days at most."
            raise Invalid("webhook_endpoint.invalid", detail, Fault("/overlap_seconds", detail))
        until = at + overlap
        former = [
            msgspec.structs.replace(secret, good_until=min(secret.good_until or until, until))
            for secret in self.good_secrets(at)
        ]
        kept = [secret for secret in former if secret.good_at(at)][: MOST_SECRETS - 1]
        self.secrets = (SealedSecret(sealed=sealed, created_at=at), *kept)

    def good_secrets(self, at: datetime) -> tuple[SealedSecret, ...]:
        """Those that sign at that moment, the current one first."""
        return tuple(secret for secret in self.secrets if secret.good_at(at))

    def pause(self, reason: StateReason, at: datetime) -> bool:
        """Send nothing for now, and keep what happens; whether that changed anything."""
        return self._become(EndpointState.PAUSED, reason, at)

    def disable(self, reason: StateReason, at: datetime) -> bool:
        """Send nothing and keep nothing from now on; whether that changed anything."""
        return self._become(EndpointState.DISABLED, reason, at)

    def resume(self, at: datetime) -> bool:
        """Send again, what waits and what comes; whether that changed anything."""
        return self._become(EndpointState.ENABLED, None, at)

    def _become(self, state: EndpointState, reason: StateReason | None, at: datetime) -> bool:
        if self.state is state:
            return False
        self.state, self.reason, self.state_since = state, reason, at
        return True


def _url_faults(url: str, objection: str | None) -> list[Fault]:
    """What is wrong with an address, as far as it can be read. Where it leads, the sender finds out when it connects."""
    if len(url) > MAX_URL or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return [Fault("/url", f"use at most {MAX_URL} characters of ASCII, without blanks")]
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return [Fault("/url", "use an address such as https://example.com/webhooks")]
    if not host or port == 0 or parts.scheme not in ("https", "http"):
        return [Fault("/url", "use an address such as https://example.com/webhooks")]
    faults = []
    if "@" in parts.netloc:
        faults.append(Fault("/url", "leave out the name and the password: requests are signed"))
    if parts.fragment:
        faults.append(Fault("/url", "leave out what follows #: it is not sent"))
    if objection is not None and not faults:
        faults.append(Fault("/url", f"nothing is sent to this address: {objection}"))
    return faults

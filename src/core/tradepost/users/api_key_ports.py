"""What keys of machines need from outside."""

from datetime import datetime
from typing import Protocol

import msgspec

from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.api_key import ApiKey, ApiKeyStatus, ApiKeyView
from tradepost.users.security_log import HasSecurityLog


class ApiKeys(Protocol):
    """The keys, inside a transaction."""

    async def get(self, key_id: str, /) -> ApiKey:
        """Raises NotFound."""
        ...

    async def add(self, key: ApiKey, /) -> None: ...

    async def save(self, key: ApiKey, /) -> None:
        """Raises StaleVersion. Leaves alone when it was used last."""
        ...

    async def used(self, key_id: str, at: datetime, /) -> None:
        """It was used then. Changes nothing when it was used later already."""
        ...


class HasApiKeys(Protocol):
    @property
    def api_keys(self) -> ApiKeys: ...


class ApiKeysTx(HasApiKeys, HasSecurityLog, Protocol):
    """What making and ending keys touches."""


class ApiKeyFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which keys a list shows; None means any."""

    status: ApiKeyStatus | None = None
    user_id: str | None = None


class ApiKeyViews(Protocol):
    """Keys to look at, outside any transaction."""

    async def get(self, key_id: str, at: datetime, /) -> ApiKeyView:
        """As it is at that moment. Raises NotFound."""
        ...

    async def list(self, wanted: ApiKeyFilter, at: datetime, page: PageRequest, /) -> Page[ApiKeyView]:
        """As they are at that moment. Sorted by `created_at`."""
        ...


class PublicKeys(Protocol):
    """Knows a machine's public key when it sees one."""

    def normal(self, text: str, /) -> str | None:
        """An Ed25519 public key as it is stored, from PEM (RFC 8410), or from its 32 bytes in base64; None for anything
        else."""
        ...

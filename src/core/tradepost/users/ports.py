"""What users need from outside, but for passwords (`passwords.py`) and tokens (`tokens.py`)."""

from datetime import datetime
from typing import Protocol

import msgspec

from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.one_time_token import OneTimeToken, Purpose
from tradepost.users.user import User, UserStatus
from tradepost.users.views import Credentials, UserView


class Users(Protocol):
    """The users, inside a transaction."""

    async def get(self, user_id: str, /) -> User:
        """Raises NotFound."""
        ...

    async def add(self, user: User, /) -> None:
        """Raises `EmailTaken`, at the latest at commit, when another account has the address, however it is written."""
        ...

    async def save(self, user: User, /) -> None:
        """Raises `EmailTaken` and `StaleVersion`."""
        ...

    async def owners(self) -> tuple[str, ...]:
        """Ids of all active owners. They stay owners until the transaction ends, unless it changes them itself: of two
        owners who leave at the same moment, the second sees that the first is gone."""
        ...


class HasUsers(Protocol):
    @property
    def users(self) -> Users: ...


class OneTimeTokens(Protocol):
    """Links that were sent, inside a transaction."""

    async def get(self, token_id: str, /) -> OneTimeToken:
        """Raises NotFound."""
        ...

    async def add(self, token: OneTimeToken, /) -> None:
        """Raises `StaleVersion`, at the latest at commit, when its number has just been given to another."""
        ...

    async def save(self, token: OneTimeToken, /) -> None:
        """Raises `StaleVersion`."""
        ...

    async def lately(
        self, purpose: Purpose, address_key: str, user_id: str | None, /, *, since: datetime, at: datetime
    ) -> tuple[int, int]:
        """How many of this purpose went to the address or to the user since then and have not expired at `at`, and the
        number that the next one to the address has."""
        ...

    async def purge(self, before: datetime, limit: int, /) -> int:
        """Forget at most `limit` of those that expired longest ago, all before then; how many."""
        ...


class HasOneTimeTokens(Protocol):
    @property
    def one_time_tokens(self) -> OneTimeTokens: ...


class UserFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which users a list shows; None means any. `email` is a whole address."""

    role: str | None = None
    email: str | None = None
    status: UserStatus | None = None


class UserViews(Protocol):
    """Users to look at, outside any transaction: one query each."""

    async def get(self, user_id: str, /) -> UserView:
        """Raises NotFound."""
        ...

    async def list(self, wanted: UserFilter, page: PageRequest, /) -> Page[UserView]:
        """Sorted by `created_at`."""
        ...

    async def credentials(self, email: str, /) -> Credentials | None:
        """Of the user with this address, however it is written; suspended ones too."""
        ...

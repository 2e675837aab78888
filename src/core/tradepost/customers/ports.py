"""What customers need from outside."""

from typing import Protocol

import msgspec

from tradepost.customers.customer import Customer
from tradepost.customers.views import CustomerView
from tradepost.kernel.idempotency import HasIdempotency
from tradepost.kernel.pages import Page, PageRequest
from tradepost.users.ports import HasOneTimeTokens, HasUsers
from tradepost.users.role_ports import HasRoles
from tradepost.users.security_log import HasSecurityLog


class Customers(Protocol):
    """The customers, inside a transaction."""

    async def get(self, customer_id: str, /) -> Customer:
        """Raises NotFound."""
        ...

    async def add(self, customer: Customer, /) -> None:
        """Raises `ExternalIdTaken`."""
        ...

    async def save(self, customer: Customer, /) -> None:
        """Raises `ExternalIdTaken` and `StaleVersion`."""
        ...


class HasCustomers(Protocol):
    @property
    def customers(self) -> Customers: ...


class CustomerTx(HasCustomers, HasIdempotency, Protocol):
    """What making a customer, or an entry in an address book, touches."""


class AccountTx(HasUsers, HasRoles, HasCustomers, HasOneTimeTokens, HasSecurityLog, Protocol):
    """What opening an account touches: the user who signs in, the customer who buys, the link that proves the address,
    and the trail."""


class CustomerFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which customers a list shows; None means any. `email` and `external_id` are whole ones, `name` is how it begins."""

    email: str | None = None
    external_id: str | None = None
    name: str | None = None


class CustomerViews(Protocol):
    """Customers to look at, outside any transaction: one query each."""

    async def get(self, customer_id: str, /) -> CustomerView:
        """Raises NotFound."""
        ...

    async def list(self, wanted: CustomerFilter, page: PageRequest, /) -> Page[CustomerView]:
        """Sorted by `created_at`."""
        ...

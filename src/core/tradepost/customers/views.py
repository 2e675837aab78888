"""What callers see of customers: plain, frozen, versioned."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from tradepost.customers.customer import Customer, CustomerAddress


class CustomerView(msgspec.Struct, frozen=True, kw_only=True):
    """A customer with the whole address book."""

    id: str
    version: int
    email: str | None
    name: str | None
    phone: str | None
    locale: str | None
    addresses: tuple[CustomerAddress, ...]
    external_id: str | None
    user_id: str | None
    metadata: Mapping[str, str]
    created_at: datetime

    @classmethod
    def of(cls, customer: Customer) -> "CustomerView":
        return cls(
            id=customer.id,
            version=customer.version,
            email=customer.email,
            name=customer.name,
            phone=customer.phone,
            locale=customer.locale,
            addresses=customer.addresses,
            external_id=customer.external_id,
            user_id=customer.user_id,
            metadata=customer.metadata,
            created_at=customer.created_at,
        )

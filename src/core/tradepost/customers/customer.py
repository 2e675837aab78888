"""The customer: who buys, how to reach them, and where their orders go."""

from collections.abc import Mapping
from datetime import datetime
from typing import NewType

import msgspec
from msgspec import UNSET, UnsetType

from tradepost.customers import events
from tradepost.kernel.addresses import Address, address_faults
from tradepost.kernel.contacts import (
    MAX_NAME,
    email_faults,
    metadata_faults,
    name_faults,
    normal_email,
    phone_faults,
)
from tradepost.kernel.errors import Conflict, Fault, Invalid, NotFound, PreconditionFailed
from tradepost.kernel.events import Aggregate
from tradepost.kernel.locales import locale_faults

CustomerId = NewType("CustomerId", str)

MAX_ADDRESSES = 50
MAX_EXTERNAL_ID = 255


class CustomerAddress(msgspec.Struct, frozen=True, kw_only=True):
    """An address in a customer's book. At most one is the default to ship to, and one to bill to."""

    id: str
    address: Address
    label: str | None = None
    default_shipping: bool = False
    default_billing: bool = False


class Customer(Aggregate, kw_only=True):
    """A customer. `external_id` is what another system calls them; `user_id` the user they sign in as, if they do.

    `email`, `name`, `phone`, `locale` and `addresses` are personal data, stored apart. The e-mail address is where letters
    go, `locale` the language they are in (BCP 47). The address is nobody's key, so an imported customer and an account may
    share one.
    """

    created_at: datetime
    email: str | None = None
    name: str | None = None
    phone: str | None = None
    locale: str | None = None
    addresses: tuple[CustomerAddress, ...] = ()
    external_id: str | None = None
    user_id: str | None = None
    metadata: Mapping[str, str] = {}

    def create(self, *, at: datetime) -> None:
        """Note that it is new. Raises `customer.invalid` with every fault."""
        self._check()
        self._normalize()
        self.record(
            events.CustomerCreated(
                occurred_at=at, customer_id=self.id, external_id=self.external_id, user_id=self.user_id
            )
        )

    def at_version(self, expected: int | None) -> None:
        """Raise `precondition.failed` unless this is the version the caller had read."""
        if expected is not None and expected != self.version:
            raise PreconditionFailed(self.id, expected=expected, actual=self.version)

    def change(
        self,
        *,
        at: datetime,
        email: str | UnsetType | None = UNSET,
        name: str | UnsetType | None = UNSET,
        phone: str | UnsetType | None = UNSET,
        locale: str | UnsetType | None = UNSET,
        external_id: str | UnsetType | None = UNSET,
        metadata: Mapping[str, str] | UnsetType = UNSET,
    ) -> bool:
        """Replace what is given; whether that changed anything. Raises `customer.invalid` with every fault."""
        before = self._state()
        self.email = self.email if email is UNSET else email
        self.name = self.name if name is UNSET else name
        self.phone = self.phone if phone is UNSET else phone
        self.locale = self.locale if locale is UNSET else locale
        self.external_id = self.external_id if external_id is UNSET else external_id
        self.metadata = self.metadata if metadata is UNSET else metadata
        self._check()
        self._normalize()
        return self._changed(before, at)

    def add_address(self, added: CustomerAddress, *, at: datetime) -> None:
        """Put one more into the book. What it is the default for, no other is any more."""
        _check_address(added)
        if len(self.addresses) >= MAX_ADDRESSES:
            raise Conflict(
                "customer.addresses_full", f"A customer has at most {MAX_ADDRESSES} addresses; remove one first."
            )
        before = self._state()
        self.addresses = (*_without_defaults_of(added, self.addresses), added)
        self._changed(before, at)

    def change_address(self, changed: CustomerAddress, *, at: datetime) -> bool:
        """Put it in the place of the one with its id; whether that changed anything. Raises NotFound."""
        self.address(changed.id)
        _check_address(changed)
        before = self._state()
        others = _without_defaults_of(changed, self.addresses)
        self.addresses = tuple(changed if each.id == changed.id else each for each in others)
        return self._changed(before, at)

    def remove_address(self, address_id: str, *, at: datetime) -> None:
        """Take it out of the book; orders keep the copy they were placed with. Raises NotFound."""
        gone = self.address(address_id)
        before = self._state()
        self.addresses = tuple(each for each in self.addresses if each is not gone)
        self._changed(before, at)

    def address(self, address_id: str) -> CustomerAddress:
        """Raises NotFound."""
        for each in self.addresses:
            if each.id == address_id:
                return each
        raise NotFound("address", address_id)

    def _state(self) -> tuple[object, ...]:
        return (self.email, self.name, self.phone, self.locale, self.addresses, self.external_id, self.metadata)

    def _changed(self, before: tuple[object, ...], at: datetime) -> bool:
        if self._state() == before:
            return False
        self.record(events.CustomerChanged(occurred_at=at, customer_id=self.id))
        return True

    def _normalize(self) -> None:
        self.email = None if self.email is None else normal_email(self.email)
        self.name = None if self.name is None else self.name.strip()

    def _check(self) -> None:
        faults = [] if self.email is None else email_faults(self.email, "/email")
        faults += [] if self.name is None else name_faults(self.name, "/name")
        faults += [] if self.phone is None else phone_faults(self.phone, "/phone")
        faults += [] if self.locale is None else locale_faults(self.locale, "/locale")
        faults += metadata_faults(self.metadata, "/metadata")
        if self.external_id is not None and not 0 < len(self.external_id) <= MAX_EXTERNAL_ID:
            faults.append(Fault("/external_id", f"use 1 to {MAX_EXTERNAL_ID} characters"))
        if faults:
            raise Invalid("customer.invalid", "This customer can not be saved as it is: see errors.", *faults)


def _check_address(added: CustomerAddress) -> None:
    faults = address_faults(added.address, "/address")
    if added.label is not None and not 0 < len(added.label.strip()) <= MAX_NAME:
        faults.append(Fault("/label", f"use 1 to {MAX_NAME} characters"))
    if faults:
        raise Invalid("address.invalid", "This address can not be saved as it is: see errors.", *faults)


def _without_defaults_of(one: CustomerAddress, addresses: tuple[CustomerAddress, ...]) -> tuple[CustomerAddress, ...]:
    """The addresses, none of them the default for what this one is the default for."""
    return tuple(
        msgspec.structs.replace(
            each,
            default_shipping=each.default_shipping and not one.default_shipping,
            default_billing=each.default_billing and not one.default_billing,
        )
        for each in addresses
    )


class ExternalIdTaken(Conflict):
    """Another customer has this external id."""

    def __init__(self, external_id: str) -> None:
        super().__init__(
            "customer.external_id_taken",
            f"There is a customer with the external id {external_id!r} already; change that one, or use another id.",
            {"external_id": external_id},
        )

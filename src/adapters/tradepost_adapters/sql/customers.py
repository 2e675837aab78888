"""Customers in SQL: a customer with contact and address book is one query."""

from typing import Any

from sqlalchemy import bindparam, select, update

from tradepost.customers.customer import Customer, ExternalIdTaken
from tradepost.customers.ports import CustomerFilter
from tradepost.customers.views import CustomerView
from tradepost.kernel.contacts import email_key, name_key
from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import Page, PageRequest
from tradepost_adapters.sql.aggregates import Facts, Mapper, SqlAggregates
from tradepost_adapters.sql.connection import Connection, Reads, Row, UniqueViolation
from tradepost_adapters.sql.listing import Listing, begins_with
from tradepost_adapters.sql.statements import Insert, Statement
from tradepost_adapters.sql.tables.customers import customer_contacts, customers


def _whole_customer() -> Any:
    """A customer's row and contact, as `_customer_from` reads them."""
    contact = customer_contacts.c
    return select(customers, contact.email, contact.name, contact.phone, contact.locale, contact.addresses).join(
        customer_contacts, contact.customer_id == customers.c.id
    )


def customer_row(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.id,
        "external_id": customer.external_id,
        "user_id": customer.user_id,
        "metadata": customer.metadata,
        "created_at": customer.created_at,
    }


def contact_row(customer: Customer) -> dict[str, Any]:
    return {
        "email": customer.email,
        "email_key": None if customer.email is None else email_key(customer.email),
        "name": customer.name,
        "name_key": None if customer.name is None else name_key(customer.name),
        "phone": customer.phone,
        "locale": customer.locale,
        "addresses": customer.addresses,
    }


def _customer_from(row: Row) -> Customer:
    id_, version, external_id, user_id, metadata, created_at, email, name, phone, locale, addresses = row
    return Customer(
        id=id_,
        version=version,
        external_id=external_id,
        user_id=user_id,
        metadata=metadata,
        created_at=created_at,
        email=email,
        name=name,
        phone=phone,
        locale=locale,
        addresses=addresses,
    )


def _view_from(row: Row) -> CustomerView:
    return CustomerView.of(_customer_from(row))


_CUSTOMER = Mapper(
    customers, "customer", customer_row, _customer_from, fixed=("user_id", "created_at"), selected=_whole_customer
)
_CONTACT = Insert(customer_contacts)
_CHANGE_CONTACT = Statement(
    update(customer_contacts)
    .where(customer_contacts.c.customer_id == bindparam("id"))
    .values(
        {
            column.name: bindparam(f"new_{column.name}", type_=column.type)
            for column in customer_contacts.columns
            if column.name != "customer_id"
        }
    ),
    name="customer_contacts.update",
)
_LIST = Listing(
    _whole_customer(),
    _view_from,
    name="customers",
    key=customers.c.id,
    sorts={"created_at": customers.c.created_at},
    default="-created_at",
    filters={
        "external_id": customers.c.external_id == bindparam("external_id"),
        "email_key": customer_contacts.c.email_key == bindparam("email_key"),
        "name": begins_with(customer_contacts.c.name_key, "name"),
    },
)


class SqlCustomers(SqlAggregates[Customer]):
    """`Customers` in SQL."""

    def __init__(self, connection: Connection, facts: Facts) -> None:
        super().__init__(connection, facts, _CUSTOMER)

    async def add(self, aggregate: Customer, /) -> None:
        if aggregate.external_id is None:
            await super().add(aggregate)
        else:
            await self._add_at_once(aggregate, aggregate.external_id)
        self._connection.defer(_CONTACT, [{"customer_id": aggregate.id, **contact_row(aggregate)}])

    async def save(self, aggregate: Customer, /) -> None:
        try:
            await super().save(aggregate)
        except UniqueViolation as error:
            raise ExternalIdTaken(aggregate.external_id or "") from error
        changed = {f"new_{name}": value for name, value in contact_row(aggregate).items()}
        await self._connection.run(_CHANGE_CONTACT, {"id": aggregate.id, **changed})

    async def _add_at_once(self, customer: Customer, external_id: str) -> None:
        """Not at commit, so that the refusal can name the external id."""
        messages = customer.take_messages()
        customer.version += 1
        try:
            row = {**customer_row(customer), "version": customer.version}
            await self._connection.insert(_CUSTOMER.insert, (row,))
        except UniqueViolation as error:
            raise ExternalIdTaken(external_id) from error
        await self._facts.append(messages)


class SqlCustomerViews:
    """`CustomerViews` in SQL."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def get(self, customer_id: str, /) -> CustomerView:
        row = await self._reads.one(_CUSTOMER.get, {"id": customer_id})
        if row is None:
            raise NotFound("customer", customer_id)
        return _view_from(row)

    async def list(self, wanted: CustomerFilter, page: PageRequest, /) -> Page[CustomerView]:
        filters = {
            "external_id": wanted.external_id,
            "email_key": None if wanted.email is None else email_key(wanted.email),
            "name": None if wanted.name is None else name_key(wanted.name),
        }
        return await _LIST.page(self._reads, page, filters)

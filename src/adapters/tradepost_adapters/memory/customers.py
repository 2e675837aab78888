"""Customers in memory."""

from datetime import datetime

from tradepost.customers.customer import Customer, ExternalIdTaken
from tradepost.customers.ports import CustomerFilter
from tradepost.customers.views import CustomerView
from tradepost.kernel.contacts import email_key, name_key
from tradepost.kernel.errors import NotFound
from tradepost.kernel.pages import Page, PageRequest
from tradepost_adapters.memory.aggregates import Aggregates
from tradepost_adapters.memory.database import Index, MemoryDatabase, Session, TableOf, UniqueViolation
from tradepost_adapters.memory.listing import page_of
from tradepost_adapters.memory.outbox import MemoryOutbox

CUSTOMERS = TableOf[str, Customer](
    "customers",
    email=Index(lambda customer: None if customer.email is None else email_key(customer.email)),
    external_id=Index(lambda customer: customer.external_id, unique=True),
    user=Index(lambda customer: customer.user_id, unique=True),
)


class MemoryCustomers(Aggregates[Customer]):
    """`Customers` in memory."""

    def __init__(self, session: Session, outbox: MemoryOutbox) -> None:
        super().__init__(session, outbox, CUSTOMERS, "customer")

    async def add(self, aggregate: Customer, /) -> None:
        try:
            await super().add(aggregate)
        except UniqueViolation as error:
            raise ExternalIdTaken(aggregate.external_id or "") from error

    async def save(self, aggregate: Customer, /) -> None:
        try:
            await super().save(aggregate)
        except UniqueViolation as error:
            raise ExternalIdTaken(aggregate.external_id or "") from error


class MemoryCustomerViews:
    """`CustomerViews` over committed rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def get(self, customer_id: str, /) -> CustomerView:
        with self._database.reading() as session:
            customer = session.table(CUSTOMERS).get(customer_id)
        if customer is None:
            raise NotFound("customer", customer_id)
        return CustomerView.of(customer)

    async def list(self, wanted: CustomerFilter, page: PageRequest, /) -> Page[CustomerView]:
        with self._database.reading() as session:
            rows = session.table(CUSTOMERS)
            found = list(rows.values()) if wanted.email is None else rows.by("email", email_key(wanted.email))
        return page_of(
            (customer for customer in found if _matches(customer, wanted)),
            page,
            CustomerView.of,
            key=lambda customer: customer.id,
            sorts={"created_at": (datetime, lambda customer: customer.created_at)},
            default="-created_at",
        )


def _matches(customer: Customer, wanted: CustomerFilter) -> bool:
    if wanted.external_id is not None and customer.external_id != wanted.external_id:
        return False
    if wanted.name is None:
        return True
    return customer.name is not None and name_key(customer.name).startswith(name_key(wanted.name))

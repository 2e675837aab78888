"""What every adapter of customers keeps to."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from tradepost.customers.customer import Customer, CustomerAddress, ExternalIdTaken
from tradepost.customers.ports import CustomerFilter, CustomerViews, HasCustomers
from tradepost.customers.views import CustomerView
from tradepost.kernel.addresses import Address
from tradepost.kernel.errors import Invalid, NotFound
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.pages import PageRequest
from tradepost.kernel.transactions import StaleVersion, Transactions

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
HOME = Address(name="Ada", line1="Main Street 1", city="Berlin", postal_code="10115", country="DE")
_ids = TypeIds()


class CustomersAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[HasCustomers]: ...

    @property
    def customer_views(self) -> CustomerViews: ...


def a_customer(*, created_at: datetime = NOW, **more: Any) -> Customer:
    customer = Customer(id=_ids.new("cus"), created_at=created_at, **more)
    customer.create(at=NOW)
    return customer


class CustomersContract:
    """Bind it with a fixture `customers` that gives a `CustomersAdapter`."""

    async def test_a_customer_comes_back_as_it_was_written(self, customers: CustomersAdapter) -> None:
        whole = a_customer(
            email="Ada@example.com",
            name="Ada Lovelace",
            phone="+49 30 1234",
            locale="de-AT",
            addresses=(CustomerAddress(id="addr_1", address=HOME, label="home", default_shipping=True),),
            external_id="crm-1",
            user_id="user_1",
            metadata={"tier": "gold"},
        )
        bare = a_customer()
        await _add(customers, whole, bare)
        for wanted in (whole, bare):
            assert CustomerView.of(await _get(customers, wanted.id)) == CustomerView.of(wanted)
            assert await customers.customer_views.get(wanted.id) == CustomerView.of(wanted)

    async def test_who_is_not_there_is_not_found(self, customers: CustomersAdapter) -> None:
        with pytest.raises(NotFound):
            await _get(customers, "cus_nobody")
        with pytest.raises(NotFound):
            await customers.customer_views.get("cus_nobody")

    async def test_an_external_id_is_given_once(self, customers: CustomersAdapter) -> None:
        results = await asyncio.gather(
            *[_add(customers, a_customer(external_id="crm-1")) for _ in range(4)], return_exceptions=True
        )
        refused = [error for error in results if error is not None]
        assert [type(error) for error in refused] == [ExternalIdTaken] * 3
        assert isinstance(refused[0], ExternalIdTaken)
        assert refused[0].data == {"external_id": "crm-1"}

        other = a_customer(external_id="crm-2")
        await _add(customers, other)
        with pytest.raises(ExternalIdTaken):
            await _change(customers, other.id, external_id="crm-1")
        assert (await customers.customer_views.get(other.id)).external_id == "crm-2"

    async def test_a_changed_customer_is_saved_once_for_each_version(self, customers: CustomersAdapter) -> None:
        customer = a_customer(email="ada@example.com", name="Ada", external_id="crm-1")
        await _add(customers, customer)
        stale = await _get(customers, customer.id)
        await _change(
            customers, customer.id, email=None, name="Ada King", phone="1", external_id=None, metadata={"a": "b"}
        )

        async def move(tx: HasCustomers) -> Customer:
            current = await tx.customers.get(customer.id)
            current.add_address(CustomerAddress(id="addr_1", address=HOME), at=NOW)
            await tx.customers.save(current)
            return current

        saved = await customers.transactions.run(move)
        view = await customers.customer_views.get(customer.id)
        assert view == CustomerView.of(saved)
        assert (view.version, view.email, view.name, view.external_id) == (3, None, "Ada King", None)
        await _add(customers, a_customer(external_id="crm-1"))

        stale.change(name="Late", at=NOW)

        async def late(tx: HasCustomers) -> None:
            await tx.customers.save(stale)

        with pytest.raises(StaleVersion):
            await customers.transactions.run(late)

    async def test_what_fails_leaves_nothing(self, customers: CustomersAdapter) -> None:
        async def work(tx: HasCustomers) -> None:
            await tx.customers.add(a_customer(external_id="crm-1"))
            raise Invalid("test", "no")

        with pytest.raises(Invalid):
            await customers.transactions.run(work)
        assert (await customers.customer_views.list(CustomerFilter(), PageRequest())).items == ()

    async def test_customers_are_found_by_address_external_id_and_how_their_name_begins(
        self, customers: CustomersAdapter
    ) -> None:
        ada = a_customer(email="Ada@Example.com", name="Ada  Lovelace", external_id="crm-1")
        adam = a_customer(email="adam@example.com", name="ÁDAM Smith")
        twin = a_customer(email="ada@example.com", name="ada %_", created_at=NOW + timedelta(seconds=1))
        nameless = a_customer()
        await _add(customers, ada, adam, twin, nameless)

        async def found(**wanted: str) -> list[str]:
            page = await customers.customer_views.list(CustomerFilter(**wanted), PageRequest(sort="created_at"))
            return [customer.id for customer in page.items]

        assert await found() == [ada.id, adam.id, nameless.id, twin.id]
        assert await found(email="ADA@example.com") == [ada.id, twin.id]
        assert await found(external_id="crm-1") == [ada.id]
        assert await found(name="ADA") == [ada.id, twin.id]
        assert await found(name="ada l") == [ada.id]
        assert await found(name="áda") == [adam.id]
        assert await found(name="ada %") == [twin.id]
        assert await found(name="%") == []
        assert await found(name="ada", email="adam@example.com") == []

    async def test_customers_are_listed_page_by_page(self, customers: CustomersAdapter) -> None:
        everybody = [a_customer(created_at=NOW + timedelta(seconds=n)) for n in range(5)]
        await _add(customers, *everybody)
        seen: list[str] = []
        cursor = None
        while True:
            page = await customers.customer_views.list(CustomerFilter(), PageRequest(limit=2, cursor=cursor))
            seen += [customer.id for customer in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == [customer.id for customer in reversed(everybody)]
        numbered = await customers.customer_views.list(CustomerFilter(), PageRequest(page=2, limit=4))
        assert ([each.id for each in numbered.items], numbered.total) == ([everybody[0].id], 5)


async def _add(customers: CustomersAdapter, *wanted: Customer) -> None:
    async def work(tx: HasCustomers) -> None:
        for customer in wanted:
            await tx.customers.add(customer)

    await customers.transactions.run(work)


async def _get(customers: CustomersAdapter, customer_id: str) -> Customer:
    async def work(tx: HasCustomers) -> Customer:
        return await tx.customers.get(customer_id)

    return await customers.transactions.run(work)


async def _change(customers: CustomersAdapter, customer_id: str, **changes: Any) -> None:
    async def work(tx: HasCustomers) -> None:
        customer = await tx.customers.get(customer_id)
        customer.change(at=NOW, **changes)
        await tx.customers.save(customer)

    await customers.transactions.run(work)

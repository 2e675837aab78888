"""Customers over the memory adapters: contact, address book, search."""

import pytest

from tradepost.customers import (
    AddAddress,
    AddAddressCommand,
    Address,
    ChangeAddress,
    ChangeAddressCommand,
    CreateCustomer,
    CreateCustomerCommand,
    CustomerFilter,
    CustomerView,
    ExternalIdTaken,
    GetCustomer,
    GetCustomerQuery,
    ListCustomers,
    ListCustomersQuery,
    RemoveAddress,
    RemoveAddressCommand,
    UpdateCustomer,
    UpdateCustomerCommand,
)
from tradepost.customers.customer import MAX_ADDRESSES
from tradepost.kernel.access import GUEST, Actor, Role
from tradepost.kernel.clock import ManualClock
from tradepost.kernel.errors import Conflict, Invalid, Kind, NotFound, PreconditionFailed, TradepostError
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.kernel.ids import TypeIds
from tradepost_adapters.memory.backend import MemoryBackend

SUPPORT = Actor(id="user_support", role=Role.SUPPORT)
HOME = Address(name="Ada", line1="Main Street 1", city="Berlin", postal_code="10115", country="DE")
WORK = Address(name="Ada", line1="Side Street 2", city="Wien", postal_code="1010", country="AT")


class Desk:
    """Every use case of customers over one memory backend."""

    def __init__(self) -> None:
        backend, clock, ids = MemoryBackend(), ManualClock(), TypeIds()
        transactions, views = backend.transactions, backend.customer_views
        self.create_customer = CreateCustomer(transactions, clock, ids)
        self.update = UpdateCustomer(transactions, clock)
        self.add_address = AddAddress(transactions, clock, ids)
        self.change_address = ChangeAddress(transactions, clock)
        self.remove_address = RemoveAddress(transactions, clock)
        self.get = GetCustomer(views)
        self.list = ListCustomers(views)

    async def create(self, **more: object) -> CustomerView:
        return await self.create_customer(CreateCustomerCommand(actor=SUPPORT, **more))  # type: ignore[arg-type]

    async def add(self, customer: CustomerView, address: Address = HOME, **more: object) -> CustomerView:
        command = AddAddressCommand(actor=SUPPORT, customer_id=customer.id, address=address, **more)  # type: ignore[arg-type]
        return await self.add_address(command)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def defaults(customer: CustomerView) -> list[tuple[str | None, bool, bool]]:
    return [(each.label, each.default_shipping, each.default_billing) for each in customer.addresses]


async def test_staff_add_customers_who_have_no_account(desk: Desk) -> None:
    customer = await desk.create(email="Ada@EXAMPLE.com", name=" Ada ", external_id="crm-1", metadata={"tier": "gold"})
    assert (customer.email, customer.name, customer.user_id) == ("Ada@example.com", "Ada", None)
    assert await desk.get(GetCustomerQuery(actor=SUPPORT, customer_id=customer.id)) == customer
    with pytest.raises(ExternalIdTaken):
        await desk.create(external_id="crm-1")
    with pytest.raises(TradepostError) as error:
        await desk.create_customer(CreateCustomerCommand(actor=Actor(id="u", role=Role.CUSTOMER)))
    assert error.value.kind is Kind.FORBIDDEN


async def test_a_customer_is_added_once_under_one_key(desk: Desk) -> None:
    key = IdempotencyKey(scope="s", key="k", fingerprint="f")
    first = await desk.create(name="Ada", idempotency=key)
    second = await desk.create(name="Ada", idempotency=key)
    assert (second, key.replayed) == (first, True)


async def test_every_fault_is_named_at_once(desk: Desk) -> None:
    with pytest.raises(Invalid) as error:
        await desk.create(email="ada", name="", phone="1" * 41, external_id="", metadata={"k" * 41: "v"})
    assert [fault.pointer for fault in error.value.faults] == [
        "/email",
        "/name",
        "/phone",
        "/metadata",
        "/external_id",
    ]


async def test_a_customer_changes_the_contact_and_staff_the_rest(desk: Desk) -> None:
    customer = await desk.create(email="ada@example.com", phone="1")
    own = Actor(id="user_1", role=Role.CUSTOMER, customer_id=customer.id)
    changed = await desk.update(
        UpdateCustomerCommand(actor=own, customer_id=customer.id, name="Ada", phone=None, expected_version=1)
    )
    assert (changed.email, changed.name, changed.phone, changed.version) == ("ada@example.com", "Ada", None, 2)
    same = await desk.update(UpdateCustomerCommand(actor=own, customer_id=customer.id, name="Ada"))
    assert same.version == 2
    for refused in ({"external_id": "mine"}, {"metadata": {"tier": "gold"}}):
        with pytest.raises(TradepostError) as error:
            await desk.update(UpdateCustomerCommand(actor=own, customer_id=customer.id, **refused))  # type: ignore[arg-type]
        assert error.value.kind is Kind.FORBIDDEN
    staffs = await desk.update(UpdateCustomerCommand(actor=SUPPORT, customer_id=customer.id, external_id="crm-1"))
    assert staffs.external_id == "crm-1"
    with pytest.raises(PreconditionFailed):
        await desk.update(UpdateCustomerCommand(actor=own, customer_id=customer.id, name="X", expected_version=1))


async def test_there_is_one_default_of_each_kind(desk: Desk) -> None:
    customer = await desk.create()
    customer = await desk.add(customer, HOME, label="home", default_shipping=True, default_billing=True)
    customer = await desk.add(customer, WORK, label="work", default_shipping=True)
    assert defaults(customer) == [("home", False, True), ("work", True, False)]
    home = customer.addresses[0].id
    customer = await desk.change_address(
        ChangeAddressCommand(
            actor=SUPPORT,
            customer_id=customer.id,
            address_id=home,
            address=WORK,
            label="new home",
            default_shipping=True,
        )
    )
    assert defaults(customer) == [("new home", True, False), ("work", False, False)]
    assert customer.addresses[0].address == WORK
    customer = await desk.remove_address(RemoveAddressCommand(actor=SUPPORT, customer_id=customer.id, address_id=home))
    assert defaults(customer) == [("work", False, False)]
    with pytest.raises(NotFound) as error:
        await desk.remove_address(RemoveAddressCommand(actor=SUPPORT, customer_id=customer.id, address_id=home))
    assert error.value.code == "address.not_found"


async def test_an_address_that_can_not_be_is_refused_with_every_fault(desk: Desk) -> None:
    customer = await desk.create()
    bad = Address(name=" ", line1="x" * 256, city="Berlin", country="UK")
    with pytest.raises(Invalid) as error:
        await desk.add(customer, bad, label=" ")
    assert [fault.pointer for fault in error.value.faults] == [
        "/address/name",
        "/address/line1",
        "/address/country",
        "/label",
    ]


async def test_an_address_book_is_not_endless(desk: Desk) -> None:
    customer = await desk.create()
    for _ in range(MAX_ADDRESSES):
        customer = await desk.add(customer)
    with pytest.raises(Conflict) as error:
        await desk.add(customer)
    assert error.value.code == "customer.addresses_full"


async def test_to_strangers_a_customer_does_not_exist(desk: Desk) -> None:
    customer = await desk.add(await desk.create())
    address = customer.addresses[0].id
    for actor in (GUEST, Actor(id="user_2", role=Role.CUSTOMER, customer_id="cus_2")):
        for refused in (
            desk.get(GetCustomerQuery(actor=actor, customer_id=customer.id)),
            desk.update(UpdateCustomerCommand(actor=actor, customer_id=customer.id, name="X")),
            desk.add_address(AddAddressCommand(actor=actor, customer_id=customer.id, address=HOME)),
            desk.change_address(
                ChangeAddressCommand(actor=actor, customer_id=customer.id, address_id=address, address=WORK)
            ),
            desk.remove_address(RemoveAddressCommand(actor=actor, customer_id=customer.id, address_id=address)),
        ):
            with pytest.raises(NotFound):
                await refused
    assert await desk.get(GetCustomerQuery(actor=SUPPORT, customer_id=customer.id)) == customer


async def test_staff_search_by_how_a_name_begins(desk: Desk) -> None:
    await desk.create(name="Ada Lovelace")
    await desk.create(name="Adam Smith")
    found = await desk.list(ListCustomersQuery(actor=SUPPORT, wanted=CustomerFilter(name="ADA l")))
    assert [customer.name for customer in found.items] == ["Ada Lovelace"]
    with pytest.raises(TradepostError) as error:
        await desk.list(ListCustomersQuery(actor=Actor(id="u", role=Role.CUSTOMER, customer_id="cus_2")))
    assert error.value.kind is Kind.FORBIDDEN

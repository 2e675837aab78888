"""Customers: how to reach them, their address book, their orders."""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

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
    GetCustomer,
    GetCustomerQuery,
    ListCustomers,
    ListCustomersQuery,
    RemoveAddress,
    RemoveAddressCommand,
    UpdateCustomer,
    UpdateCustomerCommand,
)
from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Kind
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.kernel.ids import id_pattern
from tradepost.orders import ListOrders, ListOrdersQuery, OrderFilter, OrderSummary
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import Many, One
from tradepost_entrypoints.http.parameters import PageQuery
from tradepost_entrypoints.http.routes.orders import Email, Locale, Metadata
from tradepost_entrypoints.http.routes.users import Name, OrdersOfQuery

CustomerId = Annotated[str, msgspec.Meta(pattern=id_pattern("cus"), max_length=40, description="A customer's id.")]
AddressId = Annotated[str, msgspec.Meta(pattern=id_pattern("addr"), max_length=40, description="An address's id.")]
Phone = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
ExternalId = Annotated[
    str, msgspec.Meta(min_length=1, max_length=255, description="What another system calls this customer.")
]

_TAKEN = Refusal(
    Kind.CONFLICT,
    "customer.external_id_taken",
    "There is a customer with the external id 'crm-1' already; change that one, or use another id.",
    {"external_id": "crm-1"},
)
_GONE = Refusal(Kind.NOT_FOUND, "customer.not_found", "There is no customer 'cus_01m7y7tsamexgajdq8dqk7k2b9'.")
_INVALID = Refusal(Kind.INVALID, "customer.invalid", "This customer can not be saved as it is: see errors.")
_ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "Main Street 1",
    "city": "Berlin",
    "postal_code": "10115",
    "country": "DE",
}


class CustomerBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer without an account."""

    email: Email | None = None
    name: Name | None = None
    phone: Phone | None = None
    locale: Locale | None = None
    external_id: ExternalId | None = None
    metadata: Metadata = {}


@endpoint(
    "POST",
    "/customers",
    tag="Customers",
    status=201,
    errors=(_TAKEN, _INVALID),
    example={"email": "ada@example.com", "name": "Ada Lovelace", "external_id": "crm-1"},
)
async def create_customer(
    data: CustomerBody, actor: Actor, key: IdempotencyKey | None, create_customer: CreateCustomer
) -> One[CustomerView]:
    """Add a customer who has no account. For staff."""
    view = await create_customer(
        CreateCustomerCommand(
            actor=actor,
            email=data.email,
            name=data.name,
            phone=data.phone,
            locale=data.locale,
            external_id=data.external_id,
            metadata=data.metadata,
            idempotency=key,
        )
    )
    return _customer(view, status=201)


class CustomerQuery(PageQuery, frozen=True, kw_only=True):
    """Which customers."""

    email: Annotated[str, msgspec.Meta(max_length=254)] | None = None
    external_id: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    name: Annotated[str, msgspec.Meta(max_length=200, description="How the name begins, in any case.")] | None = None


@endpoint("GET", "/customers", tag="Customers")
async def list_customers(query: CustomerQuery, actor: Actor, list_customers: ListCustomers) -> Many[CustomerView]:
    """All customers, for staff. Sort by `created_at`."""
    wanted = CustomerFilter(email=query.email, external_id=query.external_id, name=query.name)
    page = await list_customers(ListCustomersQuery(actor=actor, wanted=wanted, page=query.page_request()))
    return Many(page, query)


@endpoint("GET", "/customers/{customer_id}", tag="Customers", errors=(_GONE,))
async def get_customer(customer_id: CustomerId, actor: Actor, get_customer: GetCustomer) -> One[CustomerView]:
    """Yourself, with the whole address book; for staff, anybody."""
    return _customer(await get_customer(GetCustomerQuery(actor=actor, customer_id=customer_id)))


class ContactBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays as it is; null takes it away. External id and metadata are for staff to change."""

    email: Email | UnsetType | None = UNSET
    name: Name | UnsetType | None = UNSET
    phone: Phone | UnsetType | None = UNSET
    locale: Locale | UnsetType | None = UNSET
    external_id: ExternalId | UnsetType | None = UNSET
    metadata: Metadata | UnsetType = UNSET


@endpoint(
    "PATCH",
    "/customers/{customer_id}",
    tag="Customers",
    errors=(_TAKEN, _INVALID, _GONE),
    example={"phone": "+49 30 1234567"},
)
async def update_customer(
    customer_id: CustomerId,
    data: ContactBody,
    actor: Actor,
    expected_version: int | None,
    update_customer: UpdateCustomer,
) -> One[CustomerView]:
    """Change how you are reached. The e-mail address you sign in with is the user's, and stays."""
    view = await update_customer(
        UpdateCustomerCommand(
            actor=actor,
            customer_id=customer_id,
            email=data.email,
            name=data.name,
            phone=data.phone,
            locale=data.locale,
            external_id=data.external_id,
            metadata=data.metadata,
            expected_version=expected_version,
        )
    )
    return _customer(view)


class AddressBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address for the book. What it is the default for, no other is any more."""

    address: Address
    label: Name | None = None
    default_shipping: bool = False
    default_billing: bool = False


_BAD_ADDRESS = Refusal(Kind.INVALID, "address.invalid", "This address can not be saved as it is: see errors.")
_ADDRESS_GONE = Refusal(Kind.NOT_FOUND, "address.not_found", "There is no address 'addr_01m7y7tsamexgajdq8dqk7k2b9'.")


@endpoint(
    "POST",
    "/customers/{customer_id}/addresses",
    tag="Customers",
    status=201,
    errors=(
        _BAD_ADDRESS,
        Refusal(Kind.CONFLICT, "customer.addresses_full", "A customer has at most 50 addresses; remove one first."),
        _GONE,
    ),
    example={"address": _ADDRESS, "label": "home", "default_shipping": True},
)
async def add_address(
    customer_id: CustomerId,
    data: AddressBody,
    actor: Actor,
    key: IdempotencyKey | None,
    expected_version: int | None,
    add_address: AddAddress,
) -> One[CustomerView]:
    """Put an address into the book. Answers with the customer; the new address is the last one."""
    view = await add_address(
        AddAddressCommand(
            actor=actor,
            customer_id=customer_id,
            address=data.address,
            label=data.label,
            default_shipping=data.default_shipping,
            default_billing=data.default_billing,
            expected_version=expected_version,
            idempotency=key,
        )
    )
    return _customer(view, status=201)


@endpoint(
    "PUT",
    "/customers/{customer_id}/addresses/{address_id}",
    tag="Customers",
    errors=(_BAD_ADDRESS, _ADDRESS_GONE, _GONE),
    example={"address": _ADDRESS, "label": "home", "default_billing": True},
)
async def change_address(
    customer_id: CustomerId,
    address_id: AddressId,
    data: AddressBody,
    actor: Actor,
    expected_version: int | None,
    change_address: ChangeAddress,
) -> One[CustomerView]:
    """Replace an address in the book. Orders keep the copy they were placed with."""
    view = await change_address(
        ChangeAddressCommand(
            actor=actor,
            customer_id=customer_id,
            address_id=address_id,
            address=data.address,
            label=data.label,
            default_shipping=data.default_shipping,
            default_billing=data.default_billing,
            expected_version=expected_version,
        )
    )
    return _customer(view)


@endpoint(
    "DELETE",
    "/customers/{customer_id}/addresses/{address_id}",
    tag="Customers",
    errors=(_ADDRESS_GONE, _GONE),
)
async def remove_address(
    customer_id: CustomerId,
    address_id: AddressId,
    actor: Actor,
    expected_version: int | None,
    remove_address: RemoveAddress,
) -> One[CustomerView]:
    """Take an address out of the book. Answers with the customer."""
    view = await remove_address(
        RemoveAddressCommand(
            actor=actor, customer_id=customer_id, address_id=address_id, expected_version=expected_version
        )
    )
    return _customer(view)


@endpoint("GET", "/customers/{customer_id}/orders", tag="Customers", errors=(_GONE,))
async def list_orders_of_customer(
    customer_id: CustomerId, query: OrdersOfQuery, actor: Actor, list_orders: ListOrders
) -> Many[OrderSummary]:
    """Your own orders; for staff, anybody's. Sort by `created_at`, `number` or `total`."""
    wanted = OrderFilter(customer_id=customer_id, status=query.status)
    return Many(await list_orders(ListOrdersQuery(actor=actor, wanted=wanted, page=query.page_request())), query)


def _customer(view: CustomerView, status: int = 200) -> One[CustomerView]:
    here = f"/customers/{view.id}"
    links = {"orders": f"{here}/orders"}
    if view.user_id is not None:
        links["user"] = f"/users/{view.user_id}"
    return One(view, status=status, location=here, links=links)


ROUTES = (
    create_customer,
    list_customers,
    get_customer,
    update_customer,
    add_address,
    change_address,
    remove_address,
    list_orders_of_customer,
)

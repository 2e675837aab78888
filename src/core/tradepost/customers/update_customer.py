"""Change how a customer is reached, and what other systems call them."""

from collections.abc import Mapping

import msgspec
from msgspec import UNSET, UnsetType

from tradepost.customers.access import one_self
from tradepost.customers.ports import HasCustomers
from tradepost.customers.views import CustomerView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own_or
from tradepost.kernel.transactions import Transactions


class UpdateCustomerCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What is unset stays as it is; None takes it away; metadata is replaced as a whole."""

    actor: Actor
    customer_id: str
    email: str | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    phone: str | UnsetType | None = UNSET
    locale: str | UnsetType | None = UNSET
    external_id: str | UnsetType | None = UNSET
    metadata: Mapping[str, str] | UnsetType = UNSET
    expected_version: int | None = None


class UpdateCustomer:
    """For the customer and staff; the external id and the metadata are staff's alone. The e-mail address one signs in
    with is the user's and stays. Raises `customer.invalid` with every fault, `customer.external_id_taken`,
    `precondition.failed`, and NotFound to others."""

    access = own_or(Permission.CUSTOMERS_WRITE, seen_with=Permission.CUSTOMERS_READ)

    def __init__(self, transactions: Transactions[HasCustomers], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def __call__(self, command: UpdateCustomerCommand) -> CustomerView:
        self.access.check(command.actor, one_self(command.customer_id))
        if command.external_id is not UNSET or command.metadata is not UNSET:
            self.access.require_held(command.actor)
        now = self._clock.now()

        async def work(tx: HasCustomers) -> CustomerView:
            customer = await tx.customers.get(command.customer_id)
            customer.at_version(command.expected_version)
            changed = customer.change(
                email=command.email,
                name=command.name,
                phone=command.phone,
                locale=command.locale,
                external_id=command.external_id,
                metadata=command.metadata,
                at=now,
            )
            if changed:
                await tx.customers.save(customer)
            return CustomerView.of(customer)

        return await self._transactions.run(work)

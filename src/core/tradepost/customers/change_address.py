"""Replace an address in a customer's book."""

import msgspec

from tradepost.customers.access import one_self
from tradepost.customers.customer import CustomerAddress
from tradepost.customers.ports import HasCustomers
from tradepost.customers.views import CustomerView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.addresses import Address
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own_or
from tradepost.kernel.transactions import Transactions


class ChangeAddressCommand(msgspec.Struct, frozen=True, kw_only=True):
    """The whole address as it is to be."""

    actor: Actor
    customer_id: str
    address_id: str
    address: Address
    label: str | None = None
    default_shipping: bool = False
    default_billing: bool = False
    expected_version: int | None = None


class ChangeAddress:
    """For the customer and staff. Orders keep the copy they were placed with. Raises `address.invalid` with every fault,
    `address.not_found`, `precondition.failed`, and NotFound to others."""

    access = own_or(Permission.CUSTOMERS_WRITE, seen_with=Permission.CUSTOMERS_READ)

    def __init__(self, transactions: Transactions[HasCustomers], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def __call__(self, command: ChangeAddressCommand) -> CustomerView:
        self.access.check(command.actor, one_self(command.customer_id))
        now = self._clock.now()

        async def work(tx: HasCustomers) -> CustomerView:
            customer = await tx.customers.get(command.customer_id)
            customer.at_version(command.expected_version)
            changed = CustomerAddress(
                id=command.address_id,
                address=command.address,
                label=command.label,
                default_shipping=command.default_shipping,
                default_billing=command.default_billing,
            )
            if customer.change_address(changed, at=now):
                await tx.customers.save(customer)
            return CustomerView.of(customer)

        return await self._transactions.run(work)

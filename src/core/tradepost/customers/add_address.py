"""Put an address into a customer's book."""

import msgspec

from tradepost.customers.access import one_self
from tradepost.customers.customer import CustomerAddress
from tradepost.customers.ports import CustomerTx
from tradepost.customers.views import CustomerView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.addresses import Address
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own_or
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions


class AddAddressCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What it is the default for, no other address is any more."""

    actor: Actor
    customer_id: str
    address: Address
    label: str | None = None
    default_shipping: bool = False
    default_billing: bool = False
    expected_version: int | None = None
    idempotency: IdempotencyKey | None = None


class AddAddress:
    """For the customer and staff. Raises `address.invalid` with every fault, `customer.addresses_full`,
    `precondition.failed`, what `run_once` raises, and NotFound to others."""

    access = own_or(Permission.CUSTOMERS_WRITE, seen_with=Permission.CUSTOMERS_READ)

    def __init__(self, transactions: Transactions[CustomerTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: AddAddressCommand) -> CustomerView:
        self.access.check(command.actor, one_self(command.customer_id))
        now, address_id = self._clock.now(), self._ids.new("addr")

        async def work(tx: CustomerTx) -> CustomerView:
            customer = await tx.customers.get(command.customer_id)
            customer.at_version(command.expected_version)
            added = CustomerAddress(
                id=address_id,
                address=command.address,
                label=command.label,
                default_shipping=command.default_shipping,
                default_billing=command.default_billing,
            )
            customer.add_address(added, at=now)
            await tx.customers.save(customer)
            return CustomerView.of(customer)

        return await run_once(
            self._transactions, command.idempotency, work, CustomerView, resource_id=address_id, at=now
        )

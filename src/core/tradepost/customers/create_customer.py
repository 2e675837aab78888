"""Add a customer who has no account: one who called, or one of another system."""

from collections.abc import Mapping

import msgspec

from tradepost.customers.customer import Customer
from tradepost.customers.ports import CustomerTx
from tradepost.customers.views import CustomerView
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions


class CreateCustomerCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    email: str | None = None
    name: str | None = None
    phone: str | None = None
    locale: str | None = None
    external_id: str | None = None
    metadata: Mapping[str, str] = {}
    idempotency: IdempotencyKey | None = None


class CreateCustomer:
    """For staff. Raises `customer.invalid` with every fault, `customer.external_id_taken`, and what `run_once` raises."""

    access = staff(Permission.CUSTOMERS_WRITE)

    def __init__(self, transactions: Transactions[CustomerTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: CreateCustomerCommand) -> CustomerView:
        self.access.check(command.actor)
        now, customer_id = self._clock.now(), self._ids.new("cus")

        async def work(tx: CustomerTx) -> CustomerView:
            customer = Customer(
                id=customer_id,
                email=command.email,
                name=command.name,
                phone=command.phone,
                locale=command.locale,
                external_id=command.external_id,
                metadata=command.metadata,
                created_at=now,
            )
            customer.create(at=now)
            await tx.customers.add(customer)
            return CustomerView.of(customer)

        return await run_once(
            self._transactions, command.idempotency, work, CustomerView, resource_id=customer_id, at=now
        )

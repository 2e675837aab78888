"""How an account comes about: a user who signs in and the customer they buy as, or neither."""

from datetime import datetime

from tradepost.customers.customer import Customer
from tradepost.customers.ports import AccountTx
from tradepost.kernel.access import Actor
from tradepost.kernel.ids import TypeIds
from tradepost.users.client import Client
from tradepost.users.security_log import SecurityEventKind, security_event
from tradepost.users.user import User


async def open_account(
    tx: AccountTx,
    *,
    email: str,
    name: str,
    password_hash: str | None,
    role: str,
    by: Actor,
    client: Client,
    ids: TypeIds,
    at: datetime,
) -> User:
    """Add both, and note in the trail who opened it. Without a password hash they sign in some other way. Raises
    `user.invalid` with every fault and `user.email_taken`."""
    user_id, customer_id = ids.new("user"), ids.new("cus")
    user = User.new(
        id=user_id, email=email, name=name, role=role, password_hash=password_hash, customer_id=customer_id, at=at
    )
    customer = Customer(id=customer_id, email=user.email, name=user.name, user_id=user_id, created_at=at)
    customer.create(at=at)
    await tx.users.add(user)
    await tx.customers.add(customer)
    kind = SecurityEventKind.USER_REGISTERED
    await tx.security_log.record(
        security_event(kind, ids=ids, at=at, actor=by, user_id=user_id, client=client, role=role)
    )
    return user

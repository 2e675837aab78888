"""How an account comes about: a user who signs in and the customer they buy as, or neither."""

from datetime import datetime

from tradepost.customers.customer import Customer
from tradepost.customers.ports import AccountTx
from tradepost.kernel.ids import TypeIds
from tradepost.users.user import User


async def open_account(
    tx: AccountTx, *, email: str, name: str, password_hash: str | None, role: str, ids: TypeIds, at: datetime
) -> User:
    """Add both. Without a password hash they sign in some other way. Raises `user.invalid` with every fault and `user.email_taken`."""
    user_id, customer_id = ids.new("user"), ids.new("cus")
    user = User.new(
        id=user_id, email=email, name=name, role=role, password_hash=password_hash, customer_id=customer_id, at=at
    )
    customer = Customer(id=customer_id, email=user.email, name=user.name, user_id=user_id, created_at=at)
    customer.create(at=at)
    await tx.users.add(user)
    await tx.customers.add(customer)
    return user

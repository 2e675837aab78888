"""Give a new shop its first owner."""

import msgspec

from tradepost.customers.opening import open_account
from tradepost.customers.ports import AccountTx
from tradepost.kernel.access import Actor, Permission, Role
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.client import Client
from tradepost.users.passwords import BreachedPasswords, PasswordHasher, new_password
from tradepost.users.views import UserView


class CreateOwnerCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    email: str
    name: str
    password: str

    def __repr__(self) -> str:
        return "CreateOwnerCommand([hidden])"


class CreateOwner:
    """Makes an owner where there is none; gives None where there is one already. For setting up, again and again.

    Raises `user.invalid` with every fault, `user.password_invalid`, `user.password_breached`, `user.email_taken`.
    """

    access = staff(Permission.USERS_WRITE)

    def __init__(
        self,
        transactions: Transactions[AccountTx],
        hasher: PasswordHasher,
        breached: BreachedPasswords,
        clock: Clock,
        ids: TypeIds,
    ) -> None:
        self._transactions = transactions
        self._hasher = hasher
        self._breached = breached
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: CreateOwnerCommand) -> UserView | None:
        self.access.check(command.actor)
        if await self._transactions.run(_has_owner):
            return None  # before a password is hashed for nothing
        chosen = await new_password(command.password, self._breached, about=(command.email, command.name))
        password_hash = await self._hasher.hash(chosen)
        now = self._clock.now()

        async def work(tx: AccountTx) -> UserView | None:
            if await _has_owner(tx):
                return None
            user = await open_account(
                tx,
                email=command.email,
                name=command.name,
                password_hash=password_hash,
                role=Role.OWNER,
                by=command.actor,
                client=Client(),
                ids=self._ids,
                at=now,
            )
            return UserView.of(user)

        return await self._transactions.run(work)


async def _has_owner(tx: AccountTx) -> bool:
    return bool(await tx.users.owners())

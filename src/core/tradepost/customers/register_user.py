"""Open an account: a user who may sign in, and the customer they buy as."""

import msgspec

from tradepost.customers.opening import open_account
from tradepost.customers.ports import AccountTx
from tradepost.kernel.access import Actor, Permission, Resource, Role
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.client import Client
from tradepost.users.one_time_links import OneTimeLinks
from tradepost.users.one_time_token import Purpose
from tradepost.users.passwords import BreachedPasswords, PasswordHasher, new_password
from tradepost.users.user import check_profile
from tradepost.users.views import UserView


class RegisterUserCommand(msgspec.Struct, frozen=True, kw_only=True):
    """Who it is for. Anybody may become a customer; for another `role` an owner has to ask."""

    actor: Actor
    email: str
    name: str
    password: str
    role: str = Role.CUSTOMER
    client: Client = Client()

    def __repr__(self) -> str:
        return f"RegisterUserCommand({self.role})"


class RegisterUser:
    """Opens it, and has a letter of welcome sent with the link that proves the address.

    Takes no idempotency key: a fast hash of a request with a password in it must not be stored. A repeat is refused
    by its e-mail address. Raises `user.invalid` with every fault, `user.password_invalid`, `user.password_breached`,
    `user.email_taken`, and `Unavailable` when too many are waiting for a password to be hashed.
    """

    access = anybody(more_with=Permission.USERS_WRITE)

    def __init__(
        self,
        transactions: Transactions[AccountTx],
        hasher: PasswordHasher,
        breached: BreachedPasswords,
        links: OneTimeLinks,
        clock: Clock,
        ids: TypeIds,
    ) -> None:
        self._transactions = transactions
        self._hasher = hasher
        self._breached = breached
        self._links = links
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: RegisterUserCommand) -> UserView:
        if command.role != Role.CUSTOMER:
            self.access.require_held(command.actor)
        check_profile(email=command.email, name=command.name)
        chosen = await new_password(command.password, self._breached, about=(command.email, command.name))
        password_hash = await self._hasher.hash(chosen)
        now = self._clock.now()

        async def work(tx: AccountTx) -> UserView:
            await self._require_role(tx, command)
            user = await open_account(
                tx,
                email=command.email,
                name=command.name,
                password_hash=password_hash,
                role=command.role,
                by=command.actor,
                client=command.client,
                ids=self._ids,
                at=now,
            )
            await self._links.issue(tx, Purpose.WELCOME, user, command.email, ids=self._ids, at=now)
            return UserView.of(user)

        return await self._transactions.run(work)

    async def _require_role(self, tx: AccountTx, command: RegisterUserCommand) -> None:
        """Raise `role.not_found`, and `auth.escalation` for one that can do more than the caller."""
        if command.role != Role.CUSTOMER:
            role = await tx.roles.get(command.role)
            self.access.require_held(command.actor, Resource(kind="user", powers=role.powers()))

"""Change a password."""

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own
from tradepost.kernel.errors import Conflict, Fault, Invalid
from tradepost.kernel.transactions import Transactions
from tradepost.users.access import one_self
from tradepost.users.passwords import BreachedPasswords, PasswordHasher, new_password, normal_password
from tradepost.users.ports import HasUsers


class ChangePasswordCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`old_password` is needed by the user; whoever is trusted (the operator at the command line) does without."""

    actor: Actor
    user_id: str
    new_password: str
    old_password: str | None = None

    def __repr__(self) -> str:
        return f"ChangePasswordCommand({self.user_id})"


class ChangePassword:
    """Only for the user, who knows the old one, and for the operator. Raises `user.password_wrong`,
    `user.password_invalid`, `user.password_breached`, `user.deleted`, and NotFound for anybody else's account."""

    access = own()

    def __init__(
        self,
        transactions: Transactions[HasUsers],
        hasher: PasswordHasher,
        breached: BreachedPasswords,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._hasher = hasher
        self._breached = breached
        self._clock = clock

    async def __call__(self, command: ChangePasswordCommand) -> None:
        self.access.check(command.actor, one_self(command.user_id))
        chosen = await new_password(command.new_password, self._breached, "/new_password")
        current = await self._transactions.run(lambda tx: _hash_of(tx, command.user_id))
        if not command.actor.trusted:
            given = normal_password(command.old_password or "")
            if not (await self._hasher.verify(given, current)).right:
                sentence = "This is not the password of the account; give the one that is good until now."
                raise Invalid("user.password_wrong", sentence, Fault("/old_password", sentence))
        changed = await self._hasher.hash(chosen)
        now = self._clock.now()

        async def work(tx: HasUsers) -> None:
            user = await tx.users.get(command.user_id)
            if user.password_hash != current:
                raise Conflict("user.password_changed", "The password was changed at the same moment; sign in again.")
            user.change_password(changed, at=now)
            await tx.users.save(user)

        await self._transactions.run(work)


async def _hash_of(tx: HasUsers, user_id: str) -> str | None:
    return (await tx.users.get(user_id)).password_hash

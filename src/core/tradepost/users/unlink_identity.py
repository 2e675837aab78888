"""Let an account elsewhere be no way into one's own any more."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own_or
from tradepost.kernel.errors import Conflict, NotFound
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.access import one_self
from tradepost.users.client import Client
from tradepost.users.identity_ports import IdentityTx
from tradepost.users.security_log import SecurityEventKind, security_event


class UnlinkIdentityCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    user_id: str
    identity_id: str
    client: Client = Client()


class UnlinkIdentity:
    """For the user, who has proved lately who they are, and for the owner. Sessions that began with it go on. Raises
    `identity.last` where it is the only way in, and NotFound."""

    access = own_or(Permission.USERS_WRITE, seen_with=Permission.USERS_READ, fresh=True)

    def __init__(self, transactions: Transactions[IdentityTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: UnlinkIdentityCommand) -> None:
        self.access.check(command.actor, one_self(command.user_id))
        now = self._clock.now()

        async def work(tx: IdentityTx) -> None:
            user = await tx.users.get(command.user_id)
            linked = await tx.identities.of_user(command.user_id)
            identity = next((each for each in linked if each.id == command.identity_id), None)
            if identity is None:
                raise NotFound("identity", command.identity_id)
            if user.password_hash is None and len(linked) == 1:
                raise Conflict(
                    "identity.last",
                    "This is the only way into the account; have a link sent to choose a password first.",
                )
            await tx.identities.remove(identity.id)
            await tx.security_log.record(
                security_event(
                    SecurityEventKind.IDENTITY_UNLINKED,
                    ids=self._ids,
                    at=now,
                    actor=command.actor,
                    user_id=user.id,
                    client=command.client,
                    identity=identity.id,
                    issuer=identity.issuer,
                )
            )

        await self._transactions.run(work)

"""End a user's sessions, all at once."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own_or
from tradepost.kernel.transactions import Transactions
from tradepost.users.access import one_self
from tradepost.users.client import Client
from tradepost.users.session import EndReason
from tradepost.users.session_ending import SessionEnding
from tradepost.users.session_ports import SignInTx


class EndSessionsCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    user_id: str
    client: Client = Client()


class EndSessions:
    """One's own but for the one that asks, or for staff all of somebody else's; how many there were. It takes a fresh
    proof of who one is. Raises `auth.step_up_required` and NotFound."""

    access = own_or(Permission.USERS_WRITE, seen_with=Permission.USERS_READ, fresh=True)

    def __init__(self, transactions: Transactions[SignInTx], ending: SessionEnding, clock: Clock) -> None:
        self._transactions = transactions
        self._ending = ending
        self._clock = clock

    async def __call__(self, command: EndSessionsCommand) -> int:
        actor = command.actor
        self.access.check(actor, one_self(command.user_id))
        now, mine = self._clock.now(), None if actor.session is None else actor.session.id

        async def work(tx: SignInTx) -> int:
            await tx.users.get(command.user_id)
            return await self._ending.all_of(
                tx, command.user_id, EndReason.ENDED, actor=actor, client=command.client, at=now, but=mine
            )

        return await self._transactions.run(work)

"""End one of a user's sessions."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own_or
from tradepost.kernel.errors import NotFound
from tradepost.kernel.transactions import Transactions
from tradepost.users.access import one_self
from tradepost.users.client import Client
from tradepost.users.session import EndReason
from tradepost.users.session_ending import SessionEnding
from tradepost.users.session_ports import SignInTx


class EndSessionCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    user_id: str
    session_id: str
    client: Client = Client()


class EndSession:
    """One's own, or for staff anybody's. A repeat changes nothing. It takes a fresh proof of who one is, or whoever has
    got hold of a session could put its user out of the others. Raises `auth.step_up_required` and NotFound."""

    access = own_or(Permission.USERS_WRITE, seen_with=Permission.USERS_READ, fresh=True)

    def __init__(self, transactions: Transactions[SignInTx], ending: SessionEnding, clock: Clock) -> None:
        self._transactions = transactions
        self._ending = ending
        self._clock = clock

    async def __call__(self, command: EndSessionCommand) -> None:
        self.access.check(command.actor, one_self(command.user_id))
        now = self._clock.now()

        async def work(tx: SignInTx) -> None:
            session = await tx.sessions.find(command.session_id)
            if session is None or session.user_id != command.user_id:
                raise NotFound("session", command.session_id)
            reason = EndReason.ENDED
            await self._ending.one(tx, session, reason, actor=command.actor, client=command.client, at=now)

        await self._transactions.run(work)

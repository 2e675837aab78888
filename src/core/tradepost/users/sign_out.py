"""Sign out."""

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import signed_in
from tradepost.kernel.errors import Conflict
from tradepost.kernel.transactions import Transactions
from tradepost.users.client import Client
from tradepost.users.session import EndReason
from tradepost.users.session_ending import SessionEnding
from tradepost.users.session_ports import SignInTx


class SignOutCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    client: Client = Client()


class NoSession(Conflict):
    """The command came in without a session: from a program, or with a machine's key."""

    def __init__(self) -> None:
        super().__init__("auth.no_session", "There is no session here: this came in without one.")


class SignOut:
    """Ends the session the command came in by: its tokens, or its cookie, are good no more. Raises `auth.no_session` for
    those who came without one, such as a machine with its key."""

    access = signed_in()

    def __init__(self, transactions: Transactions[SignInTx], ending: SessionEnding, clock: Clock) -> None:
        self._transactions = transactions
        self._ending = ending
        self._clock = clock

    async def __call__(self, command: SignOutCommand) -> None:
        self.access.check(command.actor)
        facts, now = command.actor.session, self._clock.now()
        if facts is None or facts.kind == "key":
            raise NoSession

        async def work(tx: SignInTx) -> None:
            session = await tx.sessions.find(facts.id)
            if session is not None:
                reason = EndReason.SIGNED_OUT
                await self._ending.one(tx, session, reason, actor=command.actor, client=command.client, at=now)

        await self._transactions.run(work)

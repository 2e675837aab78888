"""What follows when a second factor comes or goes, whoever changed it."""

from datetime import datetime

from tradepost.kernel.access import Actor
from tradepost.kernel.ids import TypeIds
from tradepost.users.client import Client
from tradepost.users.second_factor_ports import SecondFactorTx
from tradepost.users.security_log import SecurityEventKind, security_event
from tradepost.users.session import EndReason
from tradepost.users.session_ending import SessionEnding
from tradepost.users.user import User


class SecondFactorChanges:
    """Ends the sessions that began under the old rule, all but the one that asks if it is the user's own, and notes it
    in the trail; inside the transaction of the change."""

    def __init__(self, ending: SessionEnding, ids: TypeIds) -> None:
        self._ending = ending
        self._ids = ids

    async def settle(
        self, tx: SecondFactorTx, user: User, kind: SecurityEventKind, *, actor: Actor, client: Client, at: datetime
    ) -> None:
        """Save the user, who has changed already, and what follows."""
        await tx.users.save(user)
        mine = actor.session.id if actor.session is not None and actor.id == user.id else None
        await self._ending.all_of(
            tx, user.id, EndReason.SECOND_FACTOR_CHANGED, actor=actor, client=client, at=at, but=mine
        )
        if mine is not None:
            # It has just shown a code, or lately; so it counts as one of two steps, and goes on under the new rule.
            await tx.sessions.authenticated(mine, at, mfa=True, session_version=user.session_version)
        await tx.security_log.record(
            security_event(kind, ids=self._ids, at=at, actor=actor, user_id=user.id, client=client)
        )

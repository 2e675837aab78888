"""How sessions end before their time: at once, in every process, and noted in the trail."""

from datetime import datetime

from tradepost.kernel.access import Actor
from tradepost.kernel.ids import TypeIds
from tradepost.users.client import Client
from tradepost.users.security_log import SecurityEvent, SecurityEventKind, security_event
from tradepost.users.session import EndReason, Session
from tradepost.users.session_ports import SignInTx


class SessionEnding:
    """Ends sessions, inside the transaction of whatever is the reason for it."""

    def __init__(self, ids: TypeIds) -> None:
        self._ids = ids

    async def one(
        self, tx: SignInTx, session: Session, reason: EndReason, *, actor: Actor, client: Client, at: datetime
    ) -> None:
        """End it; nothing happens when it has ended before."""
        if await tx.sessions.end(session.id, reason, at):
            await tx.security_log.record(self._entry(session.id, session.user_id, reason, actor, client, at))

    async def all_of(
        self,
        tx: SignInTx,
        user_id: str,
        reason: EndReason,
        *,
        actor: Actor,
        client: Client,
        at: datetime,
        but: str | None = None,
    ) -> int:
        """End all of a user's sessions but one; how many."""
        ended = await tx.sessions.end_all(user_id, reason, at, but=but)
        await tx.security_log.record(*[self._entry(id_, user_id, reason, actor, client, at) for id_ in ended])
        return len(ended)

    def _entry(
        self, session_id: str, user_id: str | None, reason: EndReason, actor: Actor, client: Client, at: datetime
    ) -> SecurityEvent:
        reused = reason is EndReason.REFRESH_REUSED
        return security_event(
            SecurityEventKind.REFRESH_REUSED if reused else SecurityEventKind.SESSION_ENDED,
            ids=self._ids,
            at=at,
            actor=actor,
            user_id=user_id,
            client=client,
            session_id=session_id,
            reason=reason.value,
        )

"""How a session begins, however its user proved who they are."""

import os
from collections.abc import Callable
from datetime import datetime

import msgspec

from tradepost.kernel.access import GUEST, Actor
from tradepost.kernel.ids import TypeIds
from tradepost.users.client import Client
from tradepost.users.familiar_addresses import AddressDigests
from tradepost.users.opaque import hash_of, new_secret
from tradepost.users.security_log import SecurityEventKind, security_event
from tradepost.users.session import EndReason, Session, SessionKind, SessionPolicy
from tradepost.users.session_ending import SessionEnding
from tradepost.users.session_ports import SignInTx
from tradepost.users.tokens import AccessTokens, Grant
from tradepost.users.views import BrowserSession, SignedIn, UserView


class Authenticated(msgspec.Struct, frozen=True, kw_only=True):
    """A user who has proved who they are. `session_version` is the user's own at that moment, so that what has ended all
    their sessions in the meantime ends the one to come, too. `by` names the proof for the trail; `mfa` says that there
    were two."""

    user: UserView
    session_version: int
    by: str
    mfa: bool = False


class OpenedSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session that has just begun. `secret` is the refresh token, or what the cookie holds: shown once."""

    session: Session
    user: UserView
    secret: str

    def __repr__(self) -> str:
        return f"OpenedSession({self.session.id})"


class SessionOpening:
    """Begins sessions, inside the transaction of whatever admits the user, and says what they are shown afterward."""

    def __init__(
        self,
        tokens: AccessTokens,
        ids: TypeIds,
        policy: SessionPolicy,
        ending: SessionEnding,
        places: AddressDigests,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._tokens = tokens
        self._ids = ids
        self._policy = policy
        self._ending = ending
        self._places = places
        self._entropy = entropy

    async def begin(
        self, tx: SignInTx, who: Authenticated, kind: SessionKind, *, client: Client, at: datetime
    ) -> OpenedSession:
        """Keep a new session, and note in the trail that they signed in."""
        secret = new_secret(self._entropy)
        session = Session(
            id=self._ids.new("sess"),
            kind=kind,
            user_id=who.user.id,
            session_version=who.session_version,
            token_hash=hash_of(secret),
            created_at=at,
            authenticated_at=at,
            mfa=who.mfa,
            last_seen_at=at,
            idle_expires_at=self._policy.idle_end(kind, at),
            expires_at=self._policy.end(kind, at),
        )
        await tx.sessions.add(session, client)
        place = self._places.of(client)
        if place is not None:
            await tx.familiar_addresses.note(who.user.id, place, at)
        entry = security_event(
            SecurityEventKind.SIGN_IN_SUCCEEDED,
            ids=self._ids,
            at=at,
            actor=Actor(id=who.user.id),
            user_id=who.user.id,
            client=client,
            session_id=session.id,
            session=kind.value,
            by=who.by,
        )
        await tx.security_log.record(entry)
        return OpenedSession(session=session, user=who.user, secret=secret)

    async def replace(self, tx: SignInTx, cookie: str, *, client: Client, at: datetime) -> None:
        """End the session the browser had until now: nothing of it is carried over to the next one."""
        before = await tx.sessions.of_cookie(hash_of(cookie))
        if before is not None:
            by = Actor(id=before.user_id or GUEST.id)
            await self._ending.one(tx, before, EndReason.SIGNED_OUT, actor=by, client=client, at=at)

    async def tokens(self, opened: OpenedSession, at: datetime) -> SignedIn:
        """What an app is shown. After the transaction: signing may read the keys."""
        session = opened.session
        grant = Grant(subject=opened.user.id, session_id=session.id, session_version=session.session_version)
        return SignedIn(
            access_token=await self._tokens.issue(grant, at),
            expires_in=self._tokens.lifetime_seconds,
            refresh_token=opened.secret,
            refresh_expires_in=int((min(session.idle_expires_at, session.expires_at) - at).total_seconds()),
            session_id=session.id,
            user=opened.user,
        )

    def browser(self, opened: OpenedSession) -> BrowserSession:
        """What a browser is shown."""
        session = opened.session
        return BrowserSession(
            secret=opened.secret,
            session_id=session.id,
            expires_at=session.expires_at,
            idle_expires_at=session.idle_expires_at,
            user=opened.user,
        )

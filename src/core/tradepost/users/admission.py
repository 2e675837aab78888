"""Whether whoever has proved who they are is let in at once, or asked for a second factor first."""

import os
from collections.abc import Callable
from datetime import datetime

from tradepost.kernel.access import Actor
from tradepost.kernel.ids import TypeIds
from tradepost.users.client import Client
from tradepost.users.opaque import MAX_SECRET, hash_of, new_secret
from tradepost.users.second_factor import (
    CHALLENGE,
    MOST_TRIES,
    Challenge,
    ChallengeEnded,
    MfaRequired,
    Proof,
    Proved,
    SecondStepFailed,
)
from tradepost.users.second_factor_check import SecondFactorCheck
from tradepost.users.second_factor_ports import AdmissionTx
from tradepost.users.security_log import SecurityEventKind, security_event
from tradepost.users.session import SessionKind
from tradepost.users.session_opening import Authenticated, OpenedSession, SessionOpening
from tradepost.users.user import User, UserStatus
from tradepost.users.views import UserView


class Admission:
    """Every way to sign in passes through `admit`, so that none of them goes around the second factor."""

    def __init__(
        self,
        opening: SessionOpening,
        check: SecondFactorCheck,
        ids: TypeIds,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._opening = opening
        self._check = check
        self._ids = ids
        self._entropy = entropy

    async def admit(
        self, tx: AdmissionTx, who: Authenticated, kind: SessionKind, *, client: Client, at: datetime
    ) -> OpenedSession | MfaRequired:
        """Begin a session, unless the user has a second factor that was not shown: then a challenge is kept, for it to
        be shown with."""
        totp = None if who.mfa else await tx.totps.find(who.user.id)
        if totp is None or totp.confirmed_at is None:
            return await self._opening.begin(tx, who, kind, client=client, at=at)
        secret = new_secret(self._entropy)
        challenge = Challenge(
            hash=hash_of(secret),
            user_id=who.user.id,
            session_version=who.session_version,
            created_at=at,
            expires_at=at + CHALLENGE,
        )
        await tx.sign_in_challenges.add(challenge)
        entry = security_event(
            SecurityEventKind.SIGN_IN_CHALLENGED,
            ids=self._ids,
            at=at,
            actor=Actor(id=who.user.id),
            user_id=who.user.id,
            client=client,
            by=who.by,
        )
        await tx.security_log.record(entry)
        return MfaRequired(challenge=secret, expires_in=int(CHALLENGE.total_seconds()))

    async def second_step(
        self, tx: AdmissionTx, secret: str, proof: Proof, *, client: Client, at: datetime
    ) -> Authenticated | SecondStepFailed:
        """Take a proof for a challenge. A failure is given back and not raised, so that it is kept that it was one.
        Raises `auth.challenge_ended`, `second_factor.paused` and `second_factor.invalid`."""
        challenge = await self._open(tx, secret, at)
        user = await tx.users.get(challenge.user_id)
        totp = await tx.totps.find(user.id)
        if totp is None or totp.confirmed_at is None or not _as_then(user, challenge):
            raise ChallengeEnded
        actor = Actor(id=user.id)
        proved = await self._check.prove(tx, totp, proof, actor=actor, client=client, at=at)
        if proved is Proved.WRONG:
            return SecondStepFailed(MOST_TRIES - challenge.tries)
        await tx.sign_in_challenges.finish(challenge.hash, at)
        return Authenticated(user=UserView.of(user), session_version=user.session_version, by=proved.value, mfa=True)

    async def _open(self, tx: AdmissionTx, secret: str, at: datetime) -> Challenge:
        found = None
        if len(secret) <= MAX_SECRET:
            found = await tx.sign_in_challenges.attempt(hash_of(secret), at, MOST_TRIES)
        if found is None:
            raise ChallengeEnded
        return found


def _as_then(user: User, challenge: Challenge) -> bool:
    """Whether nothing has happened since the password was right that ends what began before it."""
    return user.status is UserStatus.ACTIVE and user.session_version == challenge.session_version

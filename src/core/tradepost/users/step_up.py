"""Prove again who one is, for what lets others in or keeps them out."""

import os
from collections.abc import Callable
from datetime import datetime

import msgspec

from tradepost.kernel.access import Actor, SessionFacts
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import signed_in
from tradepost.kernel.errors import Conflict
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.client import Client
from tradepost.users.credential import SessionEnded
from tradepost.users.opaque import hash_of, new_secret
from tradepost.users.password_proof import PasswordProof
from tradepost.users.second_factor import CodeNeeded, CodeWrong, Proof, Proved
from tradepost.users.second_factor_check import SecondFactorCheck
from tradepost.users.second_factor_ports import SecondFactorTx
from tradepost.users.security_log import SecurityEvent, SecurityEventKind, security_event
from tradepost.users.session import SessionPolicy
from tradepost.users.sign_out import NoSession


class StepUpCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`proof` is needed by those who have a second factor."""

    actor: Actor
    password: str
    proof: Proof = Proof()
    client: Client = Client()

    def __repr__(self) -> str:
        return "StepUpCommand([hidden])"


class SteppedUp(msgspec.Struct, frozen=True, kw_only=True):
    """Until when what is sensitive may be done in this session. `secret` is the new one of its cookie, if it is a
    browser's."""

    fresh_until: datetime
    secret: str | None = None

    def __repr__(self) -> str:
        return f"SteppedUp({self.fresh_until})"


class StepUp:
    """The session counts as fresh again. One password is verified.

    Raises `user.password_wrong`, `rate.limited`, `second_factor.code_needed`, `second_factor.code_wrong`, `second_factor.paused`,
    `auth.session_ended`, and `auth.no_session` to whoever has no session of their own.
    """

    access = signed_in()

    def __init__(
        self,
        transactions: Transactions[SecondFactorTx],
        password: PasswordProof,
        check: SecondFactorCheck,
        clock: Clock,
        ids: TypeIds,
        policy: SessionPolicy,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._transactions = transactions
        self._password = password
        self._check = check
        self._clock = clock
        self._ids = ids
        self._policy = policy
        self._entropy = entropy

    async def __call__(self, command: StepUpCommand) -> SteppedUp:
        self.access.check(command.actor)
        session = command.actor.session
        if session is None or session.kind not in ("token", "cookie"):
            raise NoSession
        now = self._clock.now()
        right_for = await self._password.prove(command.actor, command.password, command.client)
        secret = new_secret(self._entropy) if session.kind == "cookie" else None

        async def work(tx: SecondFactorTx) -> Proved | None:
            version = await self._current_version(tx, command, session, right_for, now)
            proved = await self._prove_second(tx, command, now)
            if proved is Proved.WRONG:
                await tx.security_log.record(self._entry(command, SecurityEventKind.STEP_UP_FAILED, now, reason="code"))
                return proved
            token_hash = None if secret is None else hash_of(secret)
            await tx.sessions.authenticated(
                session.id, now, mfa=proved is not None or session.mfa, session_version=version, token_hash=token_hash
            )
            await tx.security_log.record(self._entry(command, SecurityEventKind.STEP_UP_SUCCEEDED, now))
            return proved

        if await self._transactions.run(work) is Proved.WRONG:
            raise CodeWrong
        return SteppedUp(fresh_until=now + self._policy.fresh, secret=secret)

    async def _current_version(
        self,
        tx: SecondFactorTx,
        command: StepUpCommand,
        session: SessionFacts,
        right_for: str | None,
        now: datetime,
    ) -> int:
        """The version of the user's sessions, which this one is of. A session that was ended in the meantime stays so."""
        user = await tx.users.get(command.actor.id)
        if user.password_hash != right_for:
            raise Conflict("user.password_changed", "The password was changed at the same moment; sign in again.")
        kept = await tx.sessions.find(session.id)
        if kept is None or not kept.open_at(now) or kept.session_version != user.session_version:
            raise SessionEnded
        return user.session_version

    async def _prove_second(self, tx: SecondFactorTx, command: StepUpCommand, now: datetime) -> Proved | None:
        """None where the user has none."""
        totp = await tx.totps.find(command.actor.id)
        if totp is None or totp.confirmed_at is None:
            return None
        if not command.proof:
            raise CodeNeeded
        return await self._check.prove(tx, totp, command.proof, actor=command.actor, client=command.client, at=now)

    def _entry(self, command: StepUpCommand, kind: SecurityEventKind, at: datetime, **data: str) -> SecurityEvent:
        actor = command.actor
        return security_event(kind, ids=self._ids, at=at, actor=actor, user_id=actor.id, client=command.client, **data)

"""Change a password."""

import os
from collections.abc import Callable
from datetime import datetime

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own
from tradepost.kernel.errors import Conflict
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.access import one_self
from tradepost.users.client import Client
from tradepost.users.opaque import hash_of, new_secret
from tradepost.users.password_proof import PasswordProof
from tradepost.users.passwords import BreachedPasswords, PasswordHasher, new_password
from tradepost.users.security_log import SecurityEventKind, security_event
from tradepost.users.session import EndReason
from tradepost.users.session_ending import SessionEnding
from tradepost.users.session_ports import SignInTx


class ChangePasswordCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`old_password` is needed by the user; whoever is trusted (the operator at the command line) does without."""

    actor: Actor
    user_id: str
    new_password: str
    old_password: str | None = None
    client: Client = Client()

    def __repr__(self) -> str:
        return f"ChangePasswordCommand({self.user_id})"


class ChangePassword:
    """Only for the user, who knows the old one, and for the operator. All sessions of the user end but the one that asks;
    gives the new secret of its cookie, if it is a browser's.

    Raises `auth.step_up_required`, `user.password_wrong`, `rate.limited`, `user.password_invalid`,
    `user.password_breached`, `user.deleted`, and NotFound for anybody else's account.
    """

    access = own(fresh=True)

    def __init__(
        self,
        transactions: Transactions[SignInTx],
        password: PasswordProof,
        hasher: PasswordHasher,
        breached: BreachedPasswords,
        ending: SessionEnding,
        clock: Clock,
        ids: TypeIds,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._transactions = transactions
        self._password = password
        self._hasher = hasher
        self._breached = breached
        self._ending = ending
        self._clock = clock
        self._ids = ids
        self._entropy = entropy

    async def __call__(self, command: ChangePasswordCommand) -> str | None:
        self.access.check(command.actor, one_self(command.user_id))
        user = await self._password.user(command.user_id)
        about = (user.email, user.name)
        chosen = await new_password(command.new_password, self._breached, "/new_password", about=about)
        if command.actor.trusted:
            current = user.password_hash
        else:
            current = await self._password.prove(
                command.actor, command.old_password or "", command.client, "/old_password"
            )
        changed = await self._hasher.hash(chosen)
        now, session = self._clock.now(), command.actor.session
        secret = new_secret(self._entropy) if session is not None and session.kind == "cookie" else None

        async def work(tx: SignInTx) -> None:
            user = await tx.users.get(command.user_id)
            if user.password_hash != current:
                raise Conflict("user.password_changed", "The password was changed at the same moment; sign in again.")
            user.change_password(changed, at=now)
            await tx.users.save(user)
            await self._end_others(tx, command, now)
            if session is not None:
                await tx.sessions.authenticated(
                    session.id,
                    now,
                    mfa=session.mfa,
                    session_version=user.session_version,
                    token_hash=None if secret is None else hash_of(secret),
                )

        await self._transactions.run(work)
        return secret

    async def _end_others(self, tx: SignInTx, command: ChangePasswordCommand, at: datetime) -> None:
        actor, client = command.actor, command.client
        mine = None if actor.session is None else actor.session.id
        reason = EndReason.PASSWORD_CHANGED
        await self._ending.all_of(tx, command.user_id, reason, actor=actor, client=client, at=at, but=mine)
        kind = SecurityEventKind.PASSWORD_CHANGED
        await tx.security_log.record(
            security_event(kind, ids=self._ids, at=at, actor=actor, user_id=command.user_id, client=client)
        )

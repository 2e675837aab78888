"""Replace a forgotten password, by the link that came by mail."""

from datetime import datetime

import msgspec

from tradepost.kernel.access import GUEST, Actor
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.kernel.errors import NotFound
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.client import Client
from tradepost.users.familiar_addresses import AddressDigests
from tradepost.users.link_ports import ResetTx
from tradepost.users.one_time_links import OneTimeLinks
from tradepost.users.one_time_token import LinkInvalid, OneTimeToken, Purpose
from tradepost.users.passwords import BreachedPasswords, PasswordHasher, new_password
from tradepost.users.security_log import SecurityEvent, SecurityEventKind, security_event
from tradepost.users.session import EndReason
from tradepost.users.session_ending import SessionEnding
from tradepost.users.user import User, UserStatus


class ResetPasswordCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`token` is what came by mail."""

    token: str
    new_password: str
    actor: Actor = GUEST
    client: Client = Client()

    def __repr__(self) -> str:
        return "ResetPasswordCommand([hidden])"


class ResetPassword:
    """Sets the password, ends all sessions and makes all other links of the account worthless. It signs nobody in and
    leaves the second factor as it is: who has one needs it to sign in afterward, as before. That the mail arrived proves
    the address; where it was not proved before, whoever opened the account need not be who has the address, so the
    accounts elsewhere that were linked until now are no way in any more. Good once, for 30 minutes.

    Nothing is hashed for who has no good link. Raises `link.invalid`, `user.password_invalid`,
    `user.password_breached`, and `Unavailable` when too many are waiting for a password to be hashed.
    """

    access = anybody()

    def __init__(
        self,
        transactions: Transactions[ResetTx],
        links: OneTimeLinks,
        hasher: PasswordHasher,
        breached: BreachedPasswords,
        ending: SessionEnding,
        places: AddressDigests,
        clock: Clock,
        ids: TypeIds,
    ) -> None:
        self._transactions = transactions
        self._links = links
        self._hasher = hasher
        self._breached = breached
        self._ending = ending
        self._places = places
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: ResetPasswordCommand) -> None:
        token_id, _ = self._links.read(command.token, Purpose.RESET_PASSWORD)
        try:
            user, _ = await self._transactions.run(lambda tx: self._used(tx, token_id))
            about = (user.email, user.name)
            chosen = await new_password(command.new_password, self._breached, "/new_password", about=about)
            password_hash = await self._hasher.hash(chosen)
            await self._transactions.run(lambda tx: self._reset(tx, token_id, password_hash, command))
        except NotFound:
            raise LinkInvalid from None  # forgotten since, as it expired long ago

    async def _used(self, tx: ResetTx, token_id: str) -> tuple[User, OneTimeToken]:
        """Both as they are once the link has been used. Raises `LinkInvalid`."""
        now = self._clock.now()
        token = await tx.one_time_tokens.get(token_id)
        user = await tx.users.get(token.require_good(Purpose.RESET_PASSWORD, now))
        if user.status is not UserStatus.ACTIVE:
            raise LinkInvalid
        token.use(Purpose.RESET_PASSWORD.against(user), now)
        return user, token

    async def _reset(self, tx: ResetTx, token_id: str, password_hash: str, command: ResetPasswordCommand) -> None:
        now = self._clock.now()
        user, token = await self._used(tx, token_id)
        user.change_password(password_hash, at=now)
        first_proof = user.verify_email(at=now)
        await tx.one_time_tokens.save(token)
        await tx.users.save(user)
        # Who reads the user's mail there signs in from there next, also while others try the account from everywhere.
        place = self._places.of(command.client)
        if place is not None:
            await tx.familiar_addresses.note(user.id, place, now)
        await self._ending.all_of(
            tx, user.id, EndReason.PASSWORD_CHANGED, actor=command.actor, client=command.client, at=now
        )
        await tx.security_log.record(self._entry(SecurityEventKind.PASSWORD_RESET, user.id, command, now))
        if first_proof:
            await self._unlink_all(tx, user.id, command, now)

    async def _unlink_all(self, tx: ResetTx, user_id: str, command: ResetPasswordCommand, at: datetime) -> None:
        kind = SecurityEventKind.IDENTITY_UNLINKED
        for identity in await tx.identities.of_user(user_id):
            await tx.identities.remove(identity.id)
            await tx.security_log.record(
                self._entry(kind, user_id, command, at, identity=identity.id, issuer=identity.issuer)
            )

    def _entry(
        self, kind: SecurityEventKind, user_id: str, command: ResetPasswordCommand, at: datetime, **data: str
    ) -> SecurityEvent:
        return security_event(
            kind, ids=self._ids, at=at, actor=command.actor, user_id=user_id, client=command.client, **data
        )

"""What every sign-in with an account elsewhere begins with; the first of them opens an account here."""

from typing import Protocol

from tradepost.customers.opening import open_account
from tradepost.customers.ports import AccountTx
from tradepost.kernel.access import GUEST, Actor, Role
from tradepost.kernel.clock import Clock
from tradepost.kernel.errors import Conflict, Invalid, Kind, TradepostError
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.client import Client
from tradepost.users.external_answer import AnswerReading, ExternalAnswer
from tradepost.users.identity import Identity
from tradepost.users.identity_ports import IdentityTx
from tradepost.users.identity_provider import ExternalIdentity
from tradepost.users.one_time_links import OneTimeLinks
from tradepost.users.one_time_token import Purpose
from tradepost.users.second_factor_ports import AdmissionTx
from tradepost.users.security_log import SecurityEventKind, security_event
from tradepost.users.session_opening import Authenticated
from tradepost.users.user import EmailTaken, User, UserStatus
from tradepost.users.views import UserView


class ExternalSignInTx(AccountTx, AdmissionTx, IdentityTx, Protocol):
    """What signing in with an account elsewhere touches."""


class ExternalStep:
    """Finds the user whose the account elsewhere is, by its issuer and subject alone.

    Who comes for the first time gets an account of their own, without a password. Where the e-mail address is that of an
    account here already, nothing is linked: whoever signs in to that one can link it there. An address the provider has
    not verified is proved by a link, as with any other account.
    """

    def __init__(
        self,
        transactions: Transactions[ExternalSignInTx],
        reading: AnswerReading,
        links: OneTimeLinks,
        clock: Clock,
        ids: TypeIds,
    ) -> None:
        self._transactions = transactions
        self._reading = reading
        self._links = links
        self._clock = clock
        self._ids = ids

    async def __call__(self, answer: ExternalAnswer, client: Client) -> Authenticated:
        """Raises `identity.refused`, `identity.email_taken`, `identity.email_missing`, `user.invalid`, `user.suspended`
        and `identity_provider.unavailable`."""
        found = await self._reading(answer, user_id=None)
        try:
            return await self._transactions.run(lambda tx: self._user_of(tx, found, client))
        except EmailTaken as error:
            raise Conflict(
                "identity.email_taken",
                "There is an account with this e-mail address already; sign in to it, then link the other account.",
            ) from error

    async def _user_of(self, tx: ExternalSignInTx, found: ExternalIdentity, client: Client) -> Authenticated:
        known = await tx.identities.find(found.issuer, found.subject)
        if known is None:
            user = await self._opened(tx, found, client)
        else:
            user = await tx.users.get(known.user_id)
            if user.status is not UserStatus.ACTIVE:
                raise TradepostError(
                    Kind.FORBIDDEN, "user.suspended", "This account is suspended; ask the shop to restore it."
                )
        return Authenticated(user=UserView.of(user), session_version=user.session_version, by="identity")

    async def _opened(self, tx: ExternalSignInTx, found: ExternalIdentity, client: Client) -> User:
        if found.email is None:
            raise Invalid(
                "identity.email_missing",
                "The other account shows no e-mail address; open an account with a password, then link it.",
            )
        now = self._clock.now()
        user = await open_account(
            tx,
            email=found.email,
            name=found.name or found.email.partition("@")[0],
            password_hash=None,
            role=Role.CUSTOMER,
            by=GUEST,
            client=client,
            ids=self._ids,
            at=now,
        )
        if not found.email_verified:
            await self._links.issue(tx, Purpose.WELCOME, user, found.email, ids=self._ids, at=now)
        elif user.verify_email(at=now):
            await tx.users.save(user)
        identity = Identity(
            id=self._ids.new("idn"), issuer=found.issuer, subject=found.subject, user_id=user.id, linked_at=now
        )
        await tx.identities.add(identity)
        await tx.security_log.record(
            security_event(
                SecurityEventKind.IDENTITY_LINKED,
                ids=self._ids,
                at=now,
                actor=Actor(id=user.id),
                user_id=user.id,
                client=client,
                identity=identity.id,
                issuer=identity.issuer,
            )
        )
        return user

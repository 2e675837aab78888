"""Prove by a link that an address is one's own."""

import msgspec

from tradepost.kernel.access import GUEST, Actor
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.kernel.errors import NotFound
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.client import Client
from tradepost.users.link_ports import LinkTx
from tradepost.users.one_time_links import OneTimeLinks
from tradepost.users.one_time_token import LinkInvalid, Purpose
from tradepost.users.security_log import SecurityEventKind, security_event
from tradepost.users.user import UserStatus

_PURPOSES = (Purpose.WELCOME, Purpose.VERIFY_EMAIL, Purpose.CHANGE_EMAIL)


class VerifyEmailCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`token` is what came by mail. Whoever has it has the mailbox, so nobody has to be signed in."""

    token: str
    actor: Actor = GUEST
    client: Client = Client()

    def __repr__(self) -> str:
        return "VerifyEmailCommand([hidden])"


class VerifyEmail:
    """Verifies the address a link went to. If it is one the user asked to have instead of another, it is theirs from
    now on, and the other is told. Good once. Raises `link.invalid`, and `user.email_taken` when somebody else was
    faster with the address."""

    access = anybody()

    def __init__(self, transactions: Transactions[LinkTx], links: OneTimeLinks, clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._links = links
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: VerifyEmailCommand) -> None:
        token_id, purpose = self._links.read(command.token, *_PURPOSES)
        now = self._clock.now()

        async def work(tx: LinkTx) -> None:
            token = await tx.one_time_tokens.get(token_id)
            user = await tx.users.get(token.require_good(purpose, now))
            if user.status is not UserStatus.ACTIVE:
                raise LinkInvalid
            token.use(purpose.against(user), now)
            if purpose is Purpose.CHANGE_EMAIL:
                user.take_pending_email(at=now)
                kind = SecurityEventKind.EMAIL_CHANGED
            else:
                user.verify_email(at=now)
                kind = SecurityEventKind.EMAIL_VERIFIED
            await tx.one_time_tokens.save(token)
            await tx.users.save(user)
            await tx.security_log.record(
                security_event(kind, ids=self._ids, at=now, actor=command.actor, user_id=user.id, client=command.client)
            )

        try:
            await self._transactions.run(work)
        except NotFound:
            raise LinkInvalid from None  # forgotten since, as it expired long ago

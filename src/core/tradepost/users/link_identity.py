"""Make an account elsewhere one more way into one's own."""

import msgspec

from tradepost.kernel.access import Actor
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import own
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.access import one_self
from tradepost.users.client import Client
from tradepost.users.external_answer import AnswerReading, ExternalAnswer
from tradepost.users.identity import Identity, IdentityTaken
from tradepost.users.identity_ports import IdentityTx
from tradepost.users.security_log import SecurityEventKind, security_event


class LinkIdentityCommand(msgspec.Struct, frozen=True, kw_only=True):
    actor: Actor
    user_id: str
    answer: ExternalAnswer
    client: Client = Client()


class LinkIdentity:
    """Only for the user, who has proved lately who they are, and with an attempt that they began themselves. A repeat
    changes nothing. Raises `identity.refused`, `identity.taken`, `identity_provider.unavailable`,
    `auth.step_up_required`, and NotFound for anybody else's account."""

    access = own(fresh=True)

    def __init__(
        self, transactions: Transactions[IdentityTx], reading: AnswerReading, clock: Clock, ids: TypeIds
    ) -> None:
        self._transactions = transactions
        self._reading = reading
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: LinkIdentityCommand) -> Identity:
        self.access.check(command.actor, one_self(command.user_id))
        found = await self._reading(command.answer, user_id=command.user_id)
        now = self._clock.now()

        async def work(tx: IdentityTx) -> Identity:
            known = await tx.identities.find(found.issuer, found.subject)
            if known is not None:
                if known.user_id != command.user_id:
                    raise IdentityTaken
                return known
            identity = Identity(
                id=self._ids.new("idn"),
                issuer=found.issuer,
                subject=found.subject,
                user_id=command.user_id,
                linked_at=now,
            )
            await tx.identities.add(identity)
            await tx.security_log.record(
                security_event(
                    SecurityEventKind.IDENTITY_LINKED,
                    ids=self._ids,
                    at=now,
                    actor=command.actor,
                    user_id=command.user_id,
                    client=command.client,
                    identity=identity.id,
                    issuer=identity.issuer,
                )
            )
            return identity

        return await self._transactions.run(work)

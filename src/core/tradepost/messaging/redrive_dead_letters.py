"""Give dead letters to their consumers again."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import Conflict, Invalid
from tradepost.kernel.transactions import Transactions
from tradepost.messaging.ports import HasParking


class RedriveDeadLettersCommand(msgspec.Struct, frozen=True, kw_only=True):
    """Which: those of these messages, those of a consumer, both, or `all_of_them`."""

    actor: Actor
    message_ids: tuple[str, ...] = ()
    consumer: str | None = None
    all_of_them: bool = False


class Redriven(msgspec.Struct, frozen=True, kw_only=True):
    """How many dead letters are due again."""

    redriven: int


class RedriveDeadLetters:
    """Makes them due now, with all their attempts. Each comes after what its aggregate has done since, so its consumer has
    to bear that. Raises `dead_letters.none_named`, and `dead_letters.none_found` when messages were named and none of
    them is dead."""

    access = staff(Permission.EVENTS_WRITE)

    def __init__(self, transactions: Transactions[HasParking], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def __call__(self, command: RedriveDeadLettersCommand) -> Redriven:
        self.access.check(command.actor)
        named = command.message_ids or command.consumer is not None
        if not named and not command.all_of_them:
            raise Invalid("dead_letters.none_named", "Name messages or a consumer, or say that you mean all of them.")
        at = self._clock.now()

        async def work(tx: HasParking) -> int:
            return await tx.parking.redrive(command.consumer, command.message_ids or None, at)

        redriven = await self._transactions.run(work)
        if command.message_ids and not redriven:
            raise Conflict("dead_letters.none_found", "None of these messages is a dead letter; list those there are.")
        return Redriven(redriven=redriven)

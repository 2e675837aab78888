"""The signing keys as a process holds them: in memory, read again every minute, and at once when one is unknown."""

from datetime import datetime, timedelta

from tradepost.kernel.access import system
from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.single_flight import SingleFlight
from tradepost.kernel.transactions import Transactions, Unavailable
from tradepost.users.key_maker import KeyMaker
from tradepost.users.rotate_signing_key import SigningKeysTx
from tradepost.users.security_log import SecurityEventKind, security_event
from tradepost.users.signing_keys import KeySet, SigningKey, SigningKeyViews

RELOAD = timedelta(minutes=1)
"""How old what is held may get. Shorter than the time a new key waits before it signs."""

PAUSE = timedelta(seconds=5)
"""How long to wait at least before asking again about a key nobody knows, or a database that is away."""


class KeyRing:
    """Knows which key signs and which verify. Makes the first key when there is none; of all processes that try at the
    same moment, one makes it."""

    def __init__(
        self, views: SigningKeyViews, transactions: Transactions[SigningKeysTx], maker: KeyMaker, ids: TypeIds
    ) -> None:
        self._views = views
        self._transactions = transactions
        self._maker = maker
        self._ids = ids
        self._held: KeySet | None = None
        self._asked_at: datetime | None = None
        self._good_for = RELOAD
        self._opened: tuple[str, bytes] | None = None
        self._flights = SingleFlight()

    async def signing(self, at: datetime) -> tuple[str, bytes]:
        """The id and the private part of the key that signs now. Looked up each time, so that nothing is signed any more
        with a key that has leaked. Raises `secret.unreadable`."""
        key = (await self._read(at)).signing(at)
        if key is None:
            await self._flights.run("first", lambda: self._make_first(at))
            key = (await self._read(at)).signing(at)
        if key is None:
            raise Unavailable("signing_key", "No key signs tokens at this moment; try again.")
        if self._opened is None or self._opened[0] != key.id:
            self._opened = key.id, self._maker.open(key)
        return self._opened

    async def verifying(self, key_id: str, at: datetime) -> SigningKey | None:
        """The key with this id, if what it signed is good now."""
        held = await self._current(at)
        if key_id not in held and not self._asked_within(PAUSE, at):
            held = await self._read(at)  # another process may have made it since
        return held.verifying(key_id, at)

    async def published(self, at: datetime) -> tuple[SigningKey, ...]:
        """Those by which others may verify. The first key is made, if need be, so that there is one."""
        if not (await self._current(at)).published(at):
            await self.signing(at)
        return (await self._current(at)).published(at)

    async def refresh(self, at: datetime) -> None:
        """Look at the keys again, now. Raises `Unavailable` when that can not be done: one of them may have leaked."""
        await self._flights.run("look", lambda: self._look(at))

    @property
    def latest_generation(self) -> int:
        """Of all keys held here."""
        return 0 if self._held is None else self._held.next_generation() - 1

    async def _current(self, at: datetime) -> KeySet:
        if self._held is not None and self._asked_within(self._good_for, at):
            return self._held
        return await self._read(at)

    def _asked_within(self, time: timedelta, at: datetime) -> bool:
        return self._asked_at is not None and abs(at - self._asked_at) < time

    async def _read(self, at: datetime) -> KeySet:
        return await self._flights.run("read", lambda: self._read_once(at))

    async def _read_once(self, at: datetime) -> KeySet:
        """The keys as they are now. While the database is away those held are as good as they were."""
        try:
            return await self._look(at)
        except TradepostError as error:
            if self._held is None or error.kind is not Kind.UNAVAILABLE:
                raise
            self._asked_at, self._good_for = at, PAUSE
            return self._held

    async def _look(self, at: datetime) -> KeySet:
        self._held = held = KeySet(await self._views.all())
        self._asked_at, self._good_for = at, RELOAD
        return held

    async def _make_first(self, at: datetime) -> None:
        async def work(tx: SigningKeysTx) -> None:
            keys = KeySet(await tx.signing_keys.all())
            if keys.signing(at) is not None:
                return
            key = self._maker.make(keys.next_generation(), at=at, signs_from=at)
            await tx.signing_keys.add(key)
            kind = SecurityEventKind.SIGNING_KEY_ROTATED
            await tx.security_log.record(
                security_event(kind, ids=self._ids, at=at, actor=system("keys"), key_id=key.id)
            )

        await self._transactions.run(work)

"""Keys that sign access tokens, as several processes of one shop see them."""

import asyncio
from datetime import timedelta

import pytest

from tradepost.kernel.access import Actor, Role, operator
from tradepost.kernel.clock import ManualClock
from tradepost.kernel.errors import Conflict, NotFound, TradepostError
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.secret_box import SecretUnreadable
from tradepost.kernel.transactions import Unavailable
from tradepost.users.key_maker import KeyMaker
from tradepost.users.key_ring import PAUSE, RELOAD, KeyRing
from tradepost.users.list_signing_keys import ListSigningKeys, ListSigningKeysQuery
from tradepost.users.publish_keys import PublishKeys
from tradepost.users.retire_signing_key import RetireSigningKey, RetireSigningKeyCommand
from tradepost.users.rotate_signing_key import RotateSigningKey, RotateSigningKeyCommand
from tradepost.users.signed_tokens import SignedTokens
from tradepost.users.signing_keys import KEPT, LEAD, SKEW, KeySet, SigningKey, SigningKeyStatus, SigningKeyView
from tradepost.users.tokens import Claims, Grant, InvalidToken
from tradepost_adapters.cryptography import AesGcmSecretBox
from tradepost_adapters.jose import JwtSigner
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.memory.security_log import SECURITY_EVENTS

LIFETIME = timedelta(minutes=15)
GRANT = Grant(subject="user_1", session_id="sess_1", session_version=1)
OPERATOR = operator("test")


class CountedViews:
    """The keys as a process reads them: how often, and whether the database is there."""

    def __init__(self, backend: MemoryBackend) -> None:
        self._views = backend.signing_key_views
        self.reads = 0
        self.away = False

    async def all(self) -> tuple[SigningKey, ...]:
        self.reads += 1
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("database", "It is away.")
        return await self._views.all()


class Process:
    """One process of the shop."""

    def __init__(self, backend: MemoryBackend, clock: ManualClock, secret: bytes = b"s" * 32) -> None:
        ids, self.signer = TypeIds(), JwtSigner()
        self.views, self.clock = CountedViews(backend), clock
        maker = KeyMaker(self.signer, AesGcmSecretBox(secret), ids)
        self.ring = KeyRing(self.views, backend.transactions, maker, ids)
        self.tokens = SignedTokens(self.ring, self.signer, LIFETIME)
        self.rotate_key = RotateSigningKey(backend.transactions, maker, clock, ids, LIFETIME)
        self.retire_key = RetireSigningKey(backend.transactions, clock, ids)
        self.list_keys = ListSigningKeys(backend.signing_key_views, clock)
        self.publish = PublishKeys(self.ring, self.signer, clock)

    async def issue(self) -> str:
        return await self.tokens.issue(GRANT, self.clock.now())

    async def accepts(self, token: str) -> bool:
        try:
            return await self.tokens.verify(token, self.clock.now()) == GRANT
        except InvalidToken:
            return False

    async def rotate(self, *, leaked: bool = False) -> SigningKeyView:
        return await self.rotate_key(RotateSigningKeyCommand(actor=OPERATOR, leaked=leaked))

    async def retire(self, key_id: str) -> SigningKeyView:
        return await self.retire_key(RetireSigningKeyCommand(actor=OPERATOR, key_id=key_id))

    async def keys(self) -> tuple[SigningKeyView, ...]:
        return await self.list_keys(ListSigningKeysQuery(actor=OPERATOR))

    async def statuses(self) -> list[str]:
        return [key.status.value for key in reversed(await self.keys())]

    async def published(self) -> list[str]:
        return [key["kid"] for key in (await self.publish()).keys]

    def key_of(self, token: str) -> str:
        return self.signer.key_id(token)


class World:
    def __init__(self) -> None:
        self.backend, self.clock = MemoryBackend(), ManualClock()
        self.one, self.two = self.process(), self.process()

    def process(self, secret: bytes = b"s" * 32) -> Process:
        return Process(self.backend, self.clock, secret)

    def trail(self) -> list[tuple[str, dict[str, str]]]:
        with self.backend._database.reading() as session:
            return [(event.kind.value, event.data) for event in session.table(SECURITY_EVENTS).values()]


@pytest.fixture
def world() -> World:
    return World()


async def test_the_first_key_is_made_when_it_is_needed_and_by_one_process_alone(world: World) -> None:
    processes = [world.process() for _ in range(8)]
    tokens = await asyncio.gather(*[process.issue() for process in processes for _ in range(4)])
    assert len({world.one.key_of(token) for token in tokens}) == 1
    assert await world.one.statuses() == ["signing"]
    for token in tokens:
        assert await world.two.accepts(token)
    assert [kind for kind, _ in world.trail()] == ["signing_key.rotated"]


async def test_a_token_is_good_for_its_lifetime_and_no_longer(world: World) -> None:
    token = await world.one.issue()
    assert await world.one.accepts(token)
    world.clock.advance(LIFETIME - timedelta(seconds=1))
    assert await world.one.accepts(token)
    world.clock.advance(timedelta(seconds=1))
    assert not await world.one.accepts(token)


async def test_a_signature_is_checked_once_for_as_long_as_its_token_is_used(world: World) -> None:
    token = await world.one.issue()
    assert await world.one.accepts(token)
    world.one.signer.read = None  # type: ignore[method-assign, assignment] # it would fail if it were asked again
    assert await world.one.accepts(token)


async def test_a_new_key_is_published_at_once_signs_later_and_the_old_one_verifies_to_the_end(world: World) -> None:
    first = world.one.key_of(await world.one.issue())
    new = await world.one.rotate()
    assert (new.status, new.signs_from) == (SigningKeyStatus.NEXT, world.clock.now() + LEAD)
    world.clock.advance(RELOAD)
    assert await world.two.published() == [first, new.id]
    world.clock.advance(LEAD - RELOAD - timedelta(seconds=1))
    last = await world.two.issue()
    assert world.one.key_of(last) == first
    world.clock.advance(timedelta(seconds=1))
    for process in (world.one, world.two):
        assert process.key_of(await process.issue()) == new.id
    assert await world.one.statuses() == ["verifying", "signing"]
    world.clock.advance(LIFETIME - timedelta(seconds=2))
    assert await world.one.accepts(last)
    assert await world.two.published() == [first, new.id]
    world.clock.advance(SKEW + timedelta(seconds=2))
    assert await world.two.published() == [new.id]
    assert await world.one.statuses() == ["ended", "signing"]


async def test_nobody_is_signed_out_by_rotating_whenever_processes_last_looked(world: World) -> None:
    """For hours, keys are rotated while two processes that look at different times use each other's tokens."""
    recent: list[str] = []
    keys = set()
    for second in range(0, 4 * 3600, 20):
        if second % 2400 == 1200:
            await world.one.rotate()
        issuer, reader = (world.one, world.two) if second % 40 else (world.two, world.one)
        recent = [*recent[-40:], await issuer.issue()]
        keys.add(issuer.key_of(recent[-1]))
        assert all([await reader.accepts(token) for token in recent[::8]]), second
        world.clock.advance(timedelta(seconds=20))
    assert len(keys) == 7


async def test_a_leaked_key_ends_with_everything_it_signed(world: World) -> None:
    token = await world.one.issue()
    await world.one.rotate()
    new = await world.one.rotate(leaked=True)
    fresh = world.process()
    assert new.status is SigningKeyStatus.SIGNING
    assert not await fresh.accepts(token)
    assert fresh.key_of(await fresh.issue()) == new.id
    assert await fresh.published() == [new.id]
    assert await world.one.statuses() == ["ended", "ended", "signing"]
    assert all(key.private is None for key in await world.backend.signing_key_views.all() if key.id != new.id)


async def test_nothing_is_signed_with_a_leaked_key_from_the_moment_it_ends(world: World) -> None:
    await world.two.issue()
    new = await world.one.rotate(leaked=True)
    assert world.two.key_of(await world.two.issue()) == new.id


async def test_the_first_token_of_a_new_key_tells_a_process_that_the_leaked_one_has_ended(world: World) -> None:
    old = await world.two.issue()
    await world.one.issue()
    world.clock.advance(PAUSE)
    await world.one.rotate(leaked=True)
    new = await world.process().issue()
    assert await world.two.accepts(new)
    assert not await world.two.accepts(old)


async def test_a_remembered_signature_ends_with_its_key(world: World) -> None:
    token = await world.one.issue()
    assert await world.one.accepts(token)
    await world.two.rotate(leaked=True)
    world.clock.advance(RELOAD)
    assert not await world.one.accepts(token)


async def test_keys_are_read_once_a_minute_and_by_one_caller_for_all(world: World) -> None:
    token = await world.one.issue()
    before = world.one.views.reads
    for _ in range(11):
        await asyncio.gather(*[world.one.accepts(token) for _ in range(20)])
        world.clock.advance(timedelta(seconds=12))
    assert world.one.views.reads - before == 2


async def test_unknown_keys_are_asked_about_at_most_every_few_seconds(world: World) -> None:
    await world.one.issue()
    forged = [JwtSigner().sign(_claims(), f"sig_{n}", JwtSigner().new_pair().private) for n in range(50)]
    world.clock.advance(PAUSE)
    before = world.one.views.reads
    assert not any(await asyncio.gather(*[world.one.accepts(each) for each in forged]))
    assert not any([await world.one.accepts(each) for each in forged])
    assert world.one.views.reads - before == 1


async def test_while_the_database_is_away_known_keys_are_as_good_as_before(world: World) -> None:
    token = await world.one.issue()
    world.one.views.away = True
    world.clock.advance(RELOAD)
    before = world.one.views.reads
    assert await world.one.accepts(token)
    assert await world.one.accepts(token)
    assert world.one.views.reads - before == 1
    world.clock.advance(PAUSE)
    world.one.views.away = False
    assert await world.one.accepts(token)
    fresh = world.process()
    fresh.views.away = True
    with pytest.raises(Unavailable):
        await fresh.accepts(token)


async def test_whether_a_key_has_leaked_is_never_guessed(world: World) -> None:
    token = await world.one.issue()
    assert await world.one.accepts(token)
    assert not world.one.tokens.newer_key(1)
    await world.two.rotate(leaked=True)
    assert world.one.tokens.newer_key(2)  # as the request's own read of the database says
    world.one.views.away = True
    with pytest.raises(Unavailable):
        await world.one.tokens.verify(token, world.clock.now(), fresh=True)
    world.one.views.away = False
    with pytest.raises(InvalidToken):
        await world.one.tokens.verify(token, world.clock.now(), fresh=True)
    assert not world.one.tokens.newer_key(2)


async def test_two_rotations_at_the_same_moment_are_one(world: World) -> None:
    await world.one.issue()
    results = await asyncio.gather(*[p.rotate() for p in (world.one, world.two)], return_exceptions=True)
    assert [error.code for error in results if isinstance(error, Conflict)] == ["signing_key.rotation_pending"]
    assert await world.one.statuses() == ["signing", "next"]


async def test_a_key_that_signs_is_not_retired_and_one_that_signs_no_more_is(world: World) -> None:
    old = await world.one.issue()
    new = await world.one.rotate()
    for key_id in (world.one.key_of(old), new.id):
        with pytest.raises(Conflict) as error:
            await world.one.retire(key_id)
        assert error.value.code == "signing_key.in_use"
    world.clock.advance(LEAD)
    assert await world.one.accepts(old)
    assert (await world.one.retire(world.one.key_of(old))).status is SigningKeyStatus.ENDED
    world.clock.advance(RELOAD)
    assert not await world.one.accepts(old)
    assert (await world.one.retire(world.one.key_of(old))).status is SigningKeyStatus.ENDED
    with pytest.raises(NotFound):
        await world.one.retire("sig_none")
    assert [kind for kind, _ in world.trail()] == ["signing_key.rotated"] * 2 + ["signing_key.retired"]


async def test_private_parts_are_forgotten_when_they_sign_no_more_and_keys_some_months_later(world: World) -> None:
    first = world.one.key_of(await world.one.issue())
    for _ in range(2):
        await world.one.rotate()
        world.clock.advance(LEAD + LIFETIME + SKEW)
    stored = await world.backend.signing_key_views.all()
    assert [key.private is None for key in stored] == [True, False, False]
    world.clock.advance(KEPT)
    await world.one.rotate()
    world.clock.advance(LEAD)
    assert first not in [key.id for key in await world.one.keys()]


async def test_a_key_is_no_use_without_the_servers_secret(world: World) -> None:
    token = await world.one.issue()
    stranger = world.process(b"o" * 32)
    assert await stranger.accepts(token)  # the public part is no secret
    with pytest.raises(SecretUnreadable):
        await stranger.issue()
    (stored,) = await world.backend.signing_key_views.all()
    assert stored.private is not None
    assert "private" not in repr(stored)
    await stranger.rotate(leaked=True)
    assert await stranger.accepts(await stranger.issue())


async def test_only_those_with_the_permission_see_and_change_keys(world: World) -> None:
    manager = Actor(id="user_1", role=Role.MANAGER)
    calls = (
        world.one.list_keys(ListSigningKeysQuery(actor=manager)),
        world.one.rotate_key(RotateSigningKeyCommand(actor=manager)),
        world.one.retire_key(RetireSigningKeyCommand(actor=manager, key_id="sig_1")),
    )
    for call in calls:
        with pytest.raises(TradepostError) as error:
            await call
        assert error.value.code == "auth.forbidden"


def test_a_key_made_by_a_process_whose_clock_is_ahead_signs_when_there_is_no_other() -> None:
    now = ManualClock().now()
    ahead = SigningKey(
        id="sig_1",
        generation=1,
        public="p",
        private="s",
        created_at=now + timedelta(seconds=3),
        signs_from=now + timedelta(seconds=3),
    )
    assert KeySet([ahead]).signing(now) == ahead
    assert KeySet([ahead]).waiting(now) is None


def _claims() -> Claims:
    return Claims(grant=GRANT, issued_at=0, expires_at=2**40)

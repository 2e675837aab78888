"""How often a password may be tried, and that this keeps nobody out of their own account."""

import pytest

from tradepost.kernel.clock import ManualClock
from tradepost.kernel.contacts import email_key
from tradepost.kernel.errors import TradepostError
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.pages import PageRequest
from tradepost.users.client import Client
from tradepost.users.familiar_addresses import AddressDigests
from tradepost.users.password_step import PasswordStep
from tradepost.users.passwords import Verdict
from tradepost.users.security_log import SecurityEventFilter, SecurityEventKind
from tradepost.users.sign_in_throttle import FROM_ELSEWHERE, FROM_ONE_PLACE, SignInThrottle
from tradepost_adapters.contracts.users import a_user
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.memory.rate_limiter import MemoryRateLimiter

HOME = Client(address="192.0.2.1")
ADA = "ada@example.com"


class PlainHasher:
    """Takes the password as its hash, and counts."""

    def __init__(self) -> None:
        self.verified = 0

    async def hash(self, password: str, /) -> str:
        return password

    async def verify(self, password: str, made: str | None, /) -> Verdict:
        self.verified += 1
        return Verdict(right=password == made)


class Door:
    """One account, and the step where its password is asked for. Ada has signed in from HOME before."""

    def __init__(self) -> None:
        self.backend, self.hasher, self.clock = MemoryBackend(), PlainHasher(), ManualClock()
        self.places = AddressDigests(b"a secret of sixteen bytes or more")
        limiter = MemoryRateLimiter(now=lambda: self.clock.now().timestamp())
        throttle = SignInThrottle(limiter, self.backend.familiar_address_views, self.places)
        transactions, views = self.backend.transactions, self.backend.user_views
        self.step = PasswordStep(transactions, views, self.hasher, throttle, self.clock, TypeIds())
        self.ada = a_user(ADA)

    async def open(self) -> "Door":
        await self.backend.transactions.run(lambda tx: tx.users.add(self.ada))
        await self.seen_at(HOME)
        return self

    async def seen_at(self, client: Client) -> None:
        place = self.places.of(client)
        assert place is not None
        now = self.clock.now()
        await self.backend.transactions.run(lambda tx: tx.familiar_addresses.note(self.ada.id, place, now))

    async def tried(self, client: Client, email: str = ADA, password: str = "wrong") -> str:
        """What became of it: `in`, or the code of the refusal."""
        try:
            await self.step(email, password, client)
        except TradepostError as error:
            return error.code
        return "in"

    async def ada_signs_in(self, client: Client) -> str:
        return await self.tried(client, password=self.ada.password_hash or "")

    async def attacked(self, times: int, email: str = ADA) -> list[str]:
        """Tries from as many addresses."""
        return [await self.tried(_somewhere(number), email) for number in range(times)]


def _somewhere(number: int) -> Client:
    return Client(address=f"198.51.{number // 250}.{number % 250 + 1}")


@pytest.fixture
async def door() -> Door:
    return await Door().open()


async def test_one_place_has_ten_tries_in_a_quarter_of_an_hour(door: Door) -> None:
    codes = [await door.tried(HOME) for _ in range(FROM_ONE_PLACE.quota + 2)]
    assert codes == ["auth.failed"] * FROM_ONE_PLACE.quota + ["rate.limited"] * 2
    assert door.hasher.verified == FROM_ONE_PLACE.quota, "what is throttled is not looked at"
    door.clock.advance(2 * FROM_ONE_PLACE.window)
    assert await door.ada_signs_in(HOME) == "in"


async def test_the_right_password_does_not_get_around_the_limit(door: Door) -> None:
    for _ in range(FROM_ONE_PLACE.quota):
        await door.tried(HOME)
    assert await door.ada_signs_in(HOME) == "rate.limited"


async def test_who_attacks_from_everywhere_is_stopped_and_ada_is_not(door: Door) -> None:
    codes = await door.attacked(FROM_ELSEWHERE.quota + 50)
    assert codes[FROM_ELSEWHERE.quota :] == ["rate.limited"] * 50
    assert await door.ada_signs_in(HOME) == "in"


async def test_an_address_becomes_familiar_by_signing_in_and_stays_so_for_ninety_days(door: Door) -> None:
    hotel = Client(address="203.0.113.9")
    await door.attacked(FROM_ELSEWHERE.quota + 1)
    assert await door.ada_signs_in(hotel) == "rate.limited"
    await door.seen_at(hotel)
    assert await door.ada_signs_in(hotel) == "in"


async def test_an_account_that_is_not_there_is_throttled_like_any_other(door: Door) -> None:
    nobody = [await door.tried(HOME, "nobody@example.com") for _ in range(FROM_ONE_PLACE.quota + 1)]
    assert nobody == ["auth.failed"] * FROM_ONE_PLACE.quota + ["rate.limited"]
    assert (await door.attacked(FROM_ELSEWHERE.quota + 1, "other@example.com"))[-1] == "rate.limited"


async def test_an_address_however_it_is_written_is_one_account(door: Door) -> None:
    codes = [await door.tried(HOME, email) for email in (ADA, ADA.upper()) * FROM_ONE_PLACE.quota]
    assert codes.count("auth.failed") == FROM_ONE_PLACE.quota
    assert email_key(ADA) == email_key(ADA.upper())


async def test_a_household_with_ipv6_is_one_place(door: Door) -> None:
    codes = [await door.tried(Client(address=f"2001:db8:1:2::{number:x}")) for number in range(1, 13)]
    assert codes.count("auth.failed") == FROM_ONE_PLACE.quota
    assert Client(address="::ffff:192.0.2.1").network == HOME.network
    assert Client(address="2001:db8:1:2::1").network != Client(address="2001:db8:1:3::1").network


async def test_a_try_from_nobody_knows_where_is_counted_too(door: Door) -> None:
    codes = [await door.tried(Client()) for _ in range(FROM_ONE_PLACE.quota + 1)]
    assert codes[-1] == "rate.limited"


async def test_the_trail_shows_what_was_throttled_and_no_password(door: Door) -> None:
    for _ in range(FROM_ONE_PLACE.quota + 1):
        await door.tried(HOME, password="hunter2hunter2")
    wanted = SecurityEventFilter(kind=SecurityEventKind.SIGN_IN_THROTTLED)
    (entry,) = (await door.backend.security_event_views.list(wanted, PageRequest())).items
    assert (entry.user_id, entry.client) == (door.ada.id, HOME)
    assert "hunter2" not in repr(entry)


def test_digests_of_addresses_differ_from_shop_to_shop() -> None:
    ours, theirs = (AddressDigests(secret * 4) for secret in (b"ours", b"them"))
    assert ours.of(HOME) != theirs.of(HOME)
    assert ours.of(Client(address="no address")) is None

"""What it costs to know who asks, and whether the time of a sign-in tells who has an account.

python -m benchmarks.access
"""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import perf_counter

import uvloop

from benchmarks.load import load
from benchmarks.services import Running, service_environment, tradepost
from tradepost.customers import RegisterUserCommand
from tradepost.kernel.access import Role, operator
from tradepost.kernel.errors import TradepostError
from tradepost.shop import Shop
from tradepost.users import SignedIn, SignInCommand
from tradepost.users.create_api_key import CreateApiKeyCommand
from tradepost.users.credential import BearerToken
from tradepost_adapters.argon2 import Argon2Hasher
from tradepost_adapters.cryptography import AesGcmSecretBox
from tradepost_adapters.jose import JwtSigner
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.simulated_gateway import open_gateway
from tradepost_adapters.sql.migrations import migrate_up
from tradepost_entrypoints.container import Container, opened
from tradepost_entrypoints.settings import load as load_settings

TRIES = 500
SECONDS, ROUNDS, CLIENTS = 2.0, 5, 4
EMAIL, PASSWORD = "bench@example.com", "a password nobody has to guess"


async def sign_ins() -> None:
    """How long a wrong password takes, for an address with an account and for one without, in turn."""
    secret = b"s" * 32
    shop = Shop(
        MemoryBackend(),
        gateway=open_gateway("simulated://memory"),
        secret=secret,
        hasher=Argon2Hasher(),
        signer=JwtSigner(),
        box=AesGcmSecretBox(secret),
    )
    await _register(shop, Role.CUSTOMER)
    times: dict[str, list[float]] = {EMAIL: [], "nobody@example.com": []}
    for _ in range(TRIES):
        for email, taken in times.items():
            begun = perf_counter()
            with suppress(TradepostError):
                await shop.sign_in(SignInCommand(email=email, password="not the password"))
            taken.append(perf_counter() - begun)
    known, unknown = (median(taken) * 1e3 for taken in times.values())
    print(f"\nSign-in with a wrong password, median of {TRIES} tries each")
    print(f"  known address {known:.2f} ms, unknown address {unknown:.2f} ms: {unknown / known:.3f}×")


async def requests(folder: Path) -> None:
    """A cheap public request by a guest and by callers who are known, with limits and without, round by round in turn."""
    url = f"sqlite:///{folder / 'access.db'}"
    migrate_up(url)
    token, key = await _callers(url, folder)
    limited = await tradepost(url, folder)
    off = {f"TRADEPOST_RATE_LIMIT_{name}": "off" for name in ("ADDRESS", "USER", "KEY", "CREDENTIALS")}
    unlimited = await tradepost(url, folder, **off)
    contestants = [
        ("guest, no limits", unlimited, ""),
        ("guest", limited, ""),
        ("user by token, no limits", unlimited, token),
        ("user by token", limited, token),
        ("machine by API key", limited, key),
    ]
    cpu: dict[str, list[float]] = {name: [] for name, _, _ in contestants}
    try:
        for _ in range(ROUNDS):
            for name, service, credential in contestants:
                cpu[name].append(await _cpu(service, credential))
    finally:
        limited.stop()
        unlimited.stop()
    base = median(cpu["guest, no limits"])
    print(f"\nGET /api/v1/shipping-methods on SQLite, app CPU a request, median of {ROUNDS} rounds")
    for name, found in cpu.items():
        print(f"  {name:26} {median(found) * 1e6:>6,.0f} µs   {(median(found) - base) * 1e6:>+6,.0f} µs")


async def _cpu(service: Running, credential: str) -> float:
    before = service.cpu()
    measured = await load(service.port, CLIENTS, SECONDS, _request(credential))
    refused = {status: count for status, count in measured.statuses.items() if status != 200}
    if refused:
        raise RuntimeError(f"answers other than 200: {refused}")
    return (service.cpu() - before) / len(measured.latencies)


def _request(credential: str) -> Callable[[], bytes]:
    header = f"Authorization: Bearer {credential}\r\n" if credential else ""
    whole = f"GET /api/v1/shipping-methods HTTP/1.1\r\nHost: bench\r\n{header}\r\n".encode()
    return lambda: whole


async def _callers(url: str, folder: Path) -> tuple[str, str]:
    """An owner's access token, and an API key."""
    container = Container(settings=load_settings(service_environment(url, folder), env_file=None))
    async with opened(container) as shop:
        await _register(shop, Role.OWNER)
        signed_in = await shop.sign_in(SignInCommand(email=EMAIL, password=PASSWORD))
        assert isinstance(signed_in, SignedIn)
        actor = await shop.identify(BearerToken(signed_in.access_token))
        made = await shop.create_api_key(CreateApiKeyCommand(actor=actor, name="bench", scopes=("orders:read",)))
        return signed_in.access_token, made.api_key


async def _register(shop: Shop, role: Role) -> None:
    await shop.register_user(
        RegisterUserCommand(actor=operator("bench"), email=EMAIL, name="Bench", password=PASSWORD, role=role)
    )


async def main() -> None:
    await sign_ins()
    with tempfile.TemporaryDirectory(prefix="tradepost-bench-") as name:
        await requests(Path(name))


if __name__ == "__main__":
    uvloop.run(main())

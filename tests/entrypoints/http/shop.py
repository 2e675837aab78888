"""A whole service as the container puts it together, with its data in memory, and people who use it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx
from dependency_injector import providers
from litestar import Litestar
from tests.entrypoints.http.toy import client

from tradepost.catalog.product import Product, ProductStatus, Variant
from tradepost.customers import RegisterUserCommand
from tradepost.kernel.access import Role, operator
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.mail import Mail
from tradepost.shop import Shop
from tradepost.stock.level import DEFAULT_LOCATION, LevelChange, Reason
from tradepost.users import SignInCommand
from tradepost_adapters.argon2 import Argon2Hasher
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.memory.mailer import MemoryMailer
from tradepost_adapters.memory.webhook_sender import MemoryWebhookSender
from tradepost_adapters.simulated_gateway import open_gateway
from tradepost_entrypoints.container import Container
from tradepost_entrypoints.http.app import create_app
from tradepost_entrypoints.service import Service
from tradepost_entrypoints.settings import load
from tradepost_entrypoints.worker.background import tell_and_work

PASSWORD = "correct horse battery staple"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ADDRESS = {"name": "Ada", "line1": "Main Street 1", "city": "Berlin", "postal_code": "10115", "country": "DE"}


@dataclass
class Person:
    """Somebody with an account, signed in."""

    id: str
    email: str
    customer_id: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


class Present:
    """Stands where the database would be asked whether it is there."""

    async def ping(self) -> None:
        pass


@dataclass
class Stand:
    """The service under test, and hands to reach behind the counter."""

    app: Litestar
    shop: Shop
    backend: MemoryBackend
    container: Container
    mailer: MemoryMailer
    webhook_sender: MemoryWebhookSender
    ids: TypeIds = field(default_factory=TypeIds)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    @classmethod
    def open(cls, **given: str) -> "Stand":
        """With these settings besides (`TRADEPOST_…`)."""
        return cls._over(MemoryBackend(), given)

    @classmethod
    def beside(cls, other: "Stand", **given: str) -> "Stand":
        """Another process of the same shop: it shares the data and nothing else."""
        return cls._over(other.backend, given)

    @classmethod
    def _over(cls, backend: MemoryBackend, given: Mapping[str, str]) -> "Stand":
        needed = {"TRADEPOST_TOKEN_SECRET": "s" * 40, "TRADEPOST_DATABASE_URL": "sqlite:///nowhere.db"}
        settings = load({**needed, **given}, env_file=None)
        container = Container(settings=settings)
        container.database.override(providers.Object(Present()))
        container.backend.override(providers.Object(backend))
        container.gateway.override(providers.Object(open_gateway("simulated://memory")))
        container.hasher.override(providers.Object(Argon2Hasher(memory_kib=8, passes=1)))
        mailer = MemoryMailer()
        container.mailer.override(providers.Object(mailer))
        sender = MemoryWebhookSender()
        container.webhook_sender.override(providers.Object(sender))
        return cls(create_app(Service(container)), container.shop(), backend, container, mailer, sender)

    def client(self) -> httpx.AsyncClient:
        return client(self.app)

    async def person(self, role: Role = Role.CUSTOMER) -> Person:
        """A new one, with this role."""
        email = f"{role}-{next(self._numbers)}@example.com"
        command = RegisterUserCommand(actor=operator(), email=email, name="Ada", password=PASSWORD, role=role)
        user = await self.shop.register_user(command)
        signed_in = await self.shop.sign_in(SignInCommand(email=email, password=PASSWORD))
        assert user.customer_id is not None
        return Person(user.id, email, user.customer_id, signed_in.access_token)

    async def mails(self) -> list[Mail]:
        """What has been sent since this was asked last, once everything that waits has gone out."""
        await tell_and_work(self.container)
        sent = list(self.mailer.sent)
        self.mailer.sent.clear()
        return sent

    async def link(self, email: str) -> str:
        """The token of the link that was sent to an address last."""
        return [mail for mail in await self.mails() if mail.to == email][-1].text.partition("#token=")[2].split()[0]

    async def sell(self, sku: str, *, price: int = 1000, stock: int = 1000) -> None:
        """Put an active product with one tracked variant on the shelf."""
        variant = Variant(id=self.ids.new("var"), sku=sku, prices=(Money(price, "EUR"),), tracked=True)
        product = Product(
            id=self.ids.new("prod"),
            slug=sku.lower(),
            title=f"Product {sku}",
            status=ProductStatus.ACTIVE,
            variants=(variant,),
            created_at=NOW,
            updated_at=NOW,
        )

        async def work(tx: Any) -> None:
            await tx.products.add(product)
            await tx.stock.open([sku], location=DEFAULT_LOCATION)
            await tx.stock.apply(
                [LevelChange(sku=sku, on_hand=stock)],
                reason=Reason.RECEIVED,
                reference="test",
                actor="test",
                at=NOW,
            )

        await self.backend.transactions.run(work)


async def send(
    client: httpx.AsyncClient, method: str, path: str, person: Person | None = None, **options: Any
) -> httpx.Response:
    """Ask as somebody; a guest without."""
    headers: Mapping[str, str] = {**options.pop("headers", {}), **(person.headers if person else {})}
    whole = path.startswith(("/api/", "/oauth/", "/.well-known/", "/live", "/ready", "/health", "/metrics"))
    url = path if whole else f"/api/v1{path}"
    return await client.request(method, url, headers=headers, **options)

"""A shop with something to sell, on every backend: what is bought here is bought the same way everywhere."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tradepost.catalog.product import Product, ProductStatus, Variant
from tradepost.kernel.access import Actor, Role
from tradepost.kernel.clock import ManualClock
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.orders import (
    Address,
    OrderItem,
    OrderPolicy,
    OrderStoryQuery,
    OrderView,
    PaymentInput,
    PlaceOrderCommand,
)
from tradepost.payments.gateway import ActionRequired, Approved
from tradepost.shop import Shop
from tradepost.stock.level import DEFAULT_LOCATION, LevelChange, Reason
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.simulated_gateway import SimulatedGateway, open_gateway

OWNER = Actor(id="user_owner", role=Role.OWNER)
BUYER = Actor(id="user_buyer", role=Role.CUSTOMER, customer_id="cus_buyer")
STRANGER = Actor(id="user_stranger", role=Role.CUSTOMER, customer_id="cus_stranger")
SECRET = b"0123456789abcdef"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ADDRESS = Address(name="Ada", line1="Main Street 1", city="Berlin", postal_code="10115", country="DE")


@dataclass
class Stand:
    """The shop under test, and hands to reach behind the counter."""

    shop: Shop
    backend: Any
    gateway: SimulatedGateway
    clock: ManualClock
    ids: TypeIds = field(default_factory=TypeIds)
    products: dict[str, str] = field(default_factory=dict)

    async def sell(
        self, sku: str, *, price: int = 1000, stock: int | None = 100, currency: str = "EUR", **more: Any
    ) -> None:
        """Put an active product with one variant on the shelf; no stock: not tracked."""
        status = more.pop("status", ProductStatus.ACTIVE)
        variant = Variant(
            id=self.ids.new("var"), sku=sku, prices=(Money(price, currency),), tracked=stock is not None, **more
        )
        product = Product(
            id=self.ids.new("prod"),
            slug=sku.lower(),
            title=f"Product {sku}",
            status=status,
            variants=(variant,),
            created_at=NOW,
            updated_at=NOW,
        )

        self.products[sku] = product.id

        async def work(tx: Any) -> None:
            await tx.products.add(product)
            if stock is not None:
                await tx.stock.open([sku], location=DEFAULT_LOCATION)
                await tx.stock.apply(
                    [LevelChange(sku=sku, on_hand=stock)],
                    reason=Reason.RECEIVED,
                    reference="test",
                    actor="test",
                    at=NOW,
                )

        await self.backend.transactions.run(work)

    async def change_price(self, sku: str, price: int) -> None:
        """Everybody else sees the old one until they look again."""

        def changed(product: Product) -> None:
            variants = tuple(msgspec.structs.replace(each, prices=(Money(price, "EUR"),)) for each in product.variants)
            product.variants = variants
            product.changed(at=NOW)

        await self._change(sku, changed)

    async def withdraw(self, sku: str) -> None:
        """Take its product out of the catalog."""
        await self._change(sku, lambda product: product.set_status(ProductStatus.ARCHIVED, at=NOW))

    async def _change(self, sku: str, change: Callable[[Product], None]) -> None:
        async def work(tx: Any) -> None:
            product = await tx.products.get(self.products[sku])
            change(product)
            await tx.products.save(product)

        await self.backend.transactions.run(work)

    async def level(self, sku: str) -> tuple[int, int]:
        """(on hand, reserved)."""
        (level,) = await self.backend.stock_views.of_sku(sku)
        return level.on_hand, level.reserved

    async def approve(self, view: OrderView) -> None:
        """Do at the gateway what the buyer was asked to."""
        story = await self.shop.get_order_story(OrderStoryQuery(actor=OWNER, order_id=view.id))
        answer = await self.gateway.find(story.payments[0].operations[0].id)
        assert isinstance(answer, ActionRequired)
        await self.gateway.confirm(answer.reference, approve=True)

    async def money(self) -> int:
        """What the gateway took and has not given back, by its own books."""
        entries, _ = await self.gateway.entries(datetime.min.replace(tzinfo=UTC))
        sign = {"sale": 1, "capture": 1, "refund": -1}
        return sum(
            sign.get(entry.kind, 0) * (entry.amount.amount if entry.amount else 0)
            for entry in entries
            if isinstance(entry.answer, Approved)
        )


def order(
    *lines: tuple[str, int], actor: Actor = BUYER, token: str | None = "tok_success", **more: Any
) -> PlaceOrderCommand:
    """A command to buy these; `token=None` pays later."""
    payment = more.pop("payment", None) or (
        PaymentInput(method="card", token=token) if token else PaymentInput(method="manual")  # type: ignore[arg-type]
    )
    return PlaceOrderCommand(
        actor=actor,
        lines=tuple(OrderItem(sku=sku, quantity=quantity) for sku, quantity in lines),
        currency=more.pop("currency", "EUR"),
        payment=payment,
        email="ada@example.com",
        shipping_address=ADDRESS,
        **more,
    )


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def stand(request: pytest.FixtureRequest) -> AsyncIterator[Stand]:
    """A shop on each backend, with the simulated gateway's books in memory."""
    gateway = open_gateway("simulated://memory?slow_seconds=0.01&timeout_seconds=0.05")
    assert isinstance(gateway, SimulatedGateway)
    clock = ManualClock(NOW)
    backend: Any
    if request.param == "memory":
        backend = MemoryBackend()
    else:
        from tradepost_adapters.sql.backend import SqlBackend

        backend = await SqlBackend.open(request.getfixturevalue(f"{request.param}_url"))
    shop = Shop(backend, gateway=gateway, secret=SECRET, policy=OrderPolicy(home_country="DE"), clock=clock)
    yield Stand(shop, backend, gateway, clock)
    if request.param != "memory":
        await backend.close()
    await gateway.close()

"""Put a new product into the catalog."""

from collections.abc import Mapping

import msgspec

from tradepost.catalog.inputs import VariantInput, require_categories, variants_of
from tradepost.catalog.ports import CatalogTx
from tradepost.catalog.product import Image, Option, Product, ProductStatus
from tradepost.catalog.reading import CatalogReading
from tradepost.catalog.territory import territory
from tradepost.catalog.views import ProductView
from tradepost.catalog.words import slug_of
from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.idempotency import IdempotencyKey, run_once
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions


class CreateProductCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`slug` is made of the title unless given; `external_id` is what another system calls the product."""

    actor: Actor
    title: str
    slug: str | None = None
    description: str = ""
    status: ProductStatus = ProductStatus.DRAFT
    options: tuple[Option, ...] = ()
    variants: tuple[VariantInput, ...] = ()
    category_ids: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()
    external_id: str | None = None
    metadata: Mapping[str, str] = {}
    idempotency: IdempotencyKey | None = None


class CreateProduct:
    """It is a draft, unless it is created active.

    Raises `product.invalid` with every fault, `product.not_sellable`, and `product.slug_taken`, `product.sku_taken` or
    `product.external_id_taken`.
    """

    access = staff(Permission.CATALOG_WRITE)

    def __init__(
        self, transactions: Transactions[CatalogTx], reading: CatalogReading, clock: Clock, ids: TypeIds
    ) -> None:
        self._transactions = transactions
        self._reading = reading
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: CreateProductCommand) -> ProductView:
        self.access.check(command.actor)
        now = self._clock.now()
        product_id = self._ids.new("prod")

        async def work(tx: CatalogTx) -> ProductView:
            self.access.check(command.actor, await territory(tx, command.actor, *command.category_ids))
            product = Product(
                id=product_id,
                slug=command.slug if command.slug is not None else slug_of(command.title, product_id),
                title=command.title,
                description=command.description,
                status=command.status,
                options=command.options,
                variants=variants_of(command.variants, (), self._ids),
                category_ids=await require_categories(tx, command.category_ids),
                images=command.images,
                external_id=command.external_id,
                metadata=command.metadata,
                created_at=now,
                updated_at=now,
            )
            product.created(at=now)
            await tx.products.add(product)
            return ProductView.of(product)

        view = await run_once(
            self._transactions, command.idempotency, work, ProductView, resource_id=product_id, at=now
        )
        await self._reading.forget_product(view.id)
        return await self._reading.stocked(view)

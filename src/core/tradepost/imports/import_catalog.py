"""Take over the products of another system, or bring those that came from it up to date."""

from typing import BinaryIO, NamedTuple

import msgspec

from tradepost.catalog.product import Product
from tradepost.imports.batches import Batch, batches, each_batch, in_order
from tradepost.imports.csv_rows import CsvRows
from tradepost.imports.groups import Group
from tradepost.imports.planned_product import PlannedProduct
from tradepost.imports.ports import CatalogImportTx, Rejects
from tradepost.imports.product_columns import ProductColumns
from tradepost.imports.progress import Progress, no_progress
from tradepost.imports.report import CatalogReport
from tradepost.imports.shopify import ShopifyColumns
from tradepost.kernel.access import Actor, Permission, Resource
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import staff
from tradepost.kernel.errors import Conflict, Invalid
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.stock.level import DEFAULT_LOCATION, LevelChange, Reason

_ROWS = 1_000
_TWICE = "its product was in the file before; the rows of one product must follow each other"


class ImportCatalogCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`file` is read once, to its end, as our own columns or as Shopify's, which its header tells; `currency` is what
    Shopify's prices are in. `rejects` takes the rows that can not be imported. With `dry_run` everything is checked and
    nothing written."""

    actor: Actor
    file: BinaryIO
    rejects: Rejects
    currency: str | None = None
    dry_run: bool = False
    progress: Progress = no_progress


class _Written(msgspec.Struct, frozen=True):
    """What became of a batch; `refused` names the products, by their place in it, that can not be, and why."""

    created: int
    updated: int
    unchanged: int
    opened_stock: int
    refused: dict[int, Invalid | Conflict]


class ImportCatalog:
    """Every batch is one transaction. A product that is there already, by what the other system calls it, is changed
    where the file says something else; so an import that was interrupted is simply run again.

    Stock is taken from the file for SKUs that have none yet and never again: the shop has sold since. Raises
    `import.unreadable`, `import.header_invalid` and `import.currency_missing` before anything is written.
    """

    access = staff(Permission.IMPORTS_WRITE, Permission.CATALOG_WRITE)

    def __init__(self, transactions: Transactions[CatalogImportTx], clock: Clock, ids: TypeIds) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: ImportCatalogCommand) -> CatalogReport:
        self.access.check(command.actor, Resource(kind="catalog", categories=frozenset()))  # of no category alone
        rows = CsvRows(command.file)
        columns = _columns(rows.header, command.currency)
        report = CatalogReport(dry_run=command.dry_run, format=columns.format, ignored_columns=columns.ignored)
        seen: set[int] = set()  # a number of 64 bits for each product: the names would take much more

        def plan(group: Group) -> PlannedProduct | None:
            number = hash(group.key)
            if number in seen:
                group.blame(group.rows[0], _TWICE)
            seen.add(number)
            return columns.plan(group)

        async def write(batch: Batch[PlannedProduct]) -> None:
            written = await self._write([product for _, product in batch.things], command)
            rejected = list(batch.rejected)
            for place, error in written.refused.items():
                group, product = batch.things[place]
                product.blame(group, error)
                rejected += group.rejected("product")
            for row in in_order(rejected):
                report.reject(row)
                command.rejects.add(rows.header, row)
            _count(report, batch, written)
            command.progress(batch.rows)

        await each_batch(batches(rows, columns.key, plan, "product", most_rows=_ROWS), write)
        return report

    async def _write(self, planned: list[PlannedProduct], command: ImportCatalogCommand) -> _Written:
        now = self._clock.now()

        async def work(tx: CatalogImportTx) -> _Written:
            book = tx.catalog_book
            there = await book.products([each.external_id for each in planned])
            skus = dict(await book.owners_of_skus([variant.sku for each in planned for variant in each.variants]))
            slugs = dict(await book.owners_of_slugs([slug for each in planned for slug in each.slugs()]))
            names = _Names(skus, slugs)
            new: list[Product] = []
            changed: list[Product] = []
            refused: dict[int, Invalid | Conflict] = {}
            for place, each in enumerate(planned):
                before = there.get(each.external_id)
                try:
                    product = each.onto(before, names.slug(each, before), ids=self._ids, at=now)
                    names.take(product)
                    if before is None:
                        product.created(at=now)
                        new.append(product)
                    elif msgspec.structs.asdict(product) != msgspec.structs.asdict(before):
                        product.changed(at=now)
                        changed.append(product)
                except (Invalid, Conflict) as error:
                    refused[place] = error
            opened = 0
            if not command.dry_run:
                await book.add(new)
                for product in changed:
                    await tx.products.save(product)
                accepted = [each for place, each in enumerate(planned) if place not in refused]
                opened = await self._stock(tx, accepted, command.actor)
            unchanged = len(planned) - len(new) - len(changed) - len(refused)
            return _Written(len(new), len(changed), unchanged, opened, refused)

        return await self._transactions.run(work)

    async def _stock(self, tx: CatalogImportTx, planned: list[PlannedProduct], actor: Actor) -> int:
        counted = {
            variant.sku: variant.stock for each in planned for variant in each.variants if variant.stock is not None
        }
        if not counted:
            return 0
        opened = await tx.stock.open(sorted(counted), location=DEFAULT_LOCATION)
        changes = [LevelChange(sku=sku, on_hand=counted[sku]) for sku in opened if counted[sku]]
        if changes:
            await tx.stock.apply(
                changes, reason=Reason.IMPORTED, reference="import", actor=actor.id, at=self._clock.now()
            )
        return len(opened)


class _Names(NamedTuple):
    """Which SKUs and slugs are whose: ids of products, those of this batch as they come."""

    skus: dict[str, str]
    slugs: dict[str, str]

    def slug(self, planned: PlannedProduct, before: Product | None) -> str:
        """The one it has, the one the file wants, or the first that is free."""
        if before is not None and planned.slug is None:
            return before.slug
        own = None if before is None else before.id
        for slug in planned.slugs():
            if self.slugs.get(slug, own) == own:
                return slug
        raise Conflict("product.slug_taken", f"slug: {planned.slugs()[-1]!r} is another product's")

    def take(self, product: Product) -> None:
        """Raises `product.sku_taken` when another product has one of its SKUs."""
        taken = [variant.sku for variant in product.variants if self.skus.get(variant.sku, product.id) != product.id]
        if taken:
            raise Conflict("product.sku_taken", f"sku: {', '.join(taken[:5])} is another product's already")
        self.slugs[product.slug] = product.id
        self.skus.update({variant.sku: product.id for variant in product.variants})


def _columns(header: tuple[str, ...], currency: str | None) -> ProductColumns | ShopifyColumns:
    """Shopify's files are known by their handle."""
    return ShopifyColumns(header, currency) if "Handle" in header else ProductColumns(header)


def _count(report: CatalogReport, batch: Batch[PlannedProduct], written: _Written) -> None:
    report.rows += batch.rows
    report.rejected_products += batch.rejected_things + len(written.refused)
    report.created += written.created
    report.updated += written.updated
    report.unchanged += written.unchanged
    report.opened_stock += written.opened_stock
    for place, (_, product) in enumerate(batch.things):
        if place not in written.refused:
            report.variants += len(product.variants)
            report.generated_skus += sum(1 for variant in product.variants if variant.generated)
            report.stock_below_zero += product.stock_below_zero

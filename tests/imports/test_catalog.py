"""Products come in from our own columns and from Shopify's, and are brought up to date by the next file."""

from typing import Any

import pytest
from tests.imports.conftest import OPERATOR, Counter

from tradepost.catalog import GetProductQuery, ListProductsQuery, ProductStatus, ProductView, UpdateProductCommand
from tradepost.kernel.errors import Invalid
from tradepost.kernel.money import Money
from tradepost.kernel.pages import PageRequest

OWN = (
    "product_id,title,slug,description,status,images,sku,variant_title,price.USD,price.EUR,"
    "option.Size,tax_category,weight_g,tracked,barcode,stock,metadata.origin\n"
    "P1,Shirt,,<b>Soft</b>,active,https://x.example/1.png https://x.example/2.png,"
    "SHIRT-S,Small,10.00,9.50,S,standard,200,true,123,7,Peru\n"
    "P1,,,,,,SHIRT-M,Medium,11.00,,M,food,210,false,,,\n"
    "P2,Shirt,,,draft,,CAP,,,,,,,,,,\n"
)

SHOPIFY_HEADER = (
    "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,"
    "Option2 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,"
    "Variant Price,Variant Taxable,Variant Barcode,Image Src,Image Position,Image Alt Text,Cost per item,Status\n"
)
SHOPIFY = SHOPIFY_HEADER + (
    'example-shirt,Example Shirt,"<p>Soft, <script>alert(1)</script>\nand ""warm""</p>",Acme,,Shirts,"cotton, sale",TRUE,'
    "Size,Small,Color,Red,,200.0,shopify,3,deny,19.99,TRUE,'0123,https://cdn.example/b.png,2,Back,5.00,active\n"
    "example-shirt,,,,,,,,,Large,,Red,SHIRT-L,220,shopify,-2,deny,21.50,false,,https://cdn.example/a.png,1,Front,,\n"
    "example-shirt,,,,,,,,,,,,,,,,,,,,https://cdn.example/c.png,3,,,\n"
    "gift--card,Gift,,,,,,FALSE,Title,Default Title,,,,0,,,continue,25.00,TRUE,,,,,,active\n"
)


async def product(counter: Counter, slug: str) -> ProductView:
    return await counter.shop.get_product(GetProductQuery(actor=OPERATOR, product=slug))


async def every_product(counter: Counter) -> dict[str | None, ProductView]:
    page = await counter.shop.list_products(ListProductsQuery(actor=OPERATOR, page=PageRequest(limit=100)))
    return {each.external_id: each for each in page.items}


async def on_hand(counter: Counter, sku: str) -> int | None:
    levels = await counter.backend.stock_views.of_sku(sku)
    return levels[0].on_hand if levels else None


async def test_our_own_columns_make_products(counter: Counter) -> None:
    report = await counter.catalog(OWN)
    assert counter.bin.rows == []
    assert (report.format, report.created, report.variants, report.opened_stock) == ("tradepost", 2, 3, 1)
    products = await every_product(counter)
    shirt, cap = products["P1"], products["P2"]
    assert (shirt.slug, cap.slug) == ("shirt", "shirt-p2")
    assert (shirt.description, shirt.status, shirt.metadata) == (
        "<b>Soft</b>",
        ProductStatus.ACTIVE,
        {"origin": "Peru"},
    )
    assert [image.url for image in shirt.images] == ["https://x.example/1.png", "https://x.example/2.png"]
    small, medium = shirt.variants
    assert (small.sku, small.title, small.options, small.weight_g) == ("SHIRT-S", "Small", {"Size": "S"}, 200)
    assert set(small.prices) == {Money(950, "EUR"), Money(1000, "USD")}
    assert (medium.tax_category, medium.tracked, medium.prices) == ("food", False, (Money(1100, "USD"),))
    assert (await on_hand(counter, "SHIRT-S"), await on_hand(counter, "SHIRT-M")) == (7, None)


async def test_shopify_rows_make_products(counter: Counter) -> None:
    report = await counter.catalog(SHOPIFY, currency="USD")
    assert counter.bin.rows == []
    assert (report.format, report.created, report.variants, report.generated_skus) == ("shopify", 2, 3, 2)
    assert (report.stock_below_zero, report.opened_stock) == (1, 2)
    assert report.ignored_columns == ("Product Category", "Cost per item")
    products = await every_product(counter)
    shirt, gift = products["example-shirt"], products["gift--card"]
    assert shirt.slug == "example-shirt"
    assert shirt.description == '<p>Soft, <script>alert(1)</script>\nand "warm"</p>'
    assert [(image.url[-5:], image.alt) for image in shirt.images] == [
        ("a.png", "Front"),
        ("b.png", "Back"),
        ("c.png", ""),
    ]
    assert shirt.metadata == {"vendor": "Acme", "type": "Shirts", "tags": "cotton, sale"}
    assert [(option.name, option.values) for option in shirt.options] == [
        ("Size", ("Small", "Large")),
        ("Color", ("Red",)),
    ]
    small, large = shirt.variants
    assert (small.sku, small.title, small.weight_g, small.barcode) == (
        "example-shirt-small-red",
        "Small / Red",
        200,
        "0123",
    )
    assert (large.sku, large.tax_category, large.prices) == ("SHIRT-L", "exempt", (Money(2150, "USD"),))
    assert (await on_hand(counter, small.sku), await on_hand(counter, "SHIRT-L")) == (3, 0)
    (card,) = gift.variants
    assert (gift.slug, gift.status, gift.options, card.tracked) == ("gift-card", ProductStatus.DRAFT, (), False)

    again = await counter.catalog(SHOPIFY, currency="USD")
    assert (again.created, again.updated, again.unchanged, again.opened_stock) == (0, 0, 2, 0)


async def test_a_shopify_file_needs_to_be_told_its_currency(counter: Counter) -> None:
    with pytest.raises(Invalid) as error:
        await counter.catalog(SHOPIFY)
    assert error.value.code == "import.currency_missing"


async def test_the_next_file_changes_what_it_says_and_nothing_else(counter: Counter) -> None:
    await counter.catalog(OWN)
    before = (await every_product(counter))["P1"]
    again = await counter.catalog(OWN)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    assert (await every_product(counter))["P1"].version == before.version

    report = await counter.catalog(
        "product_id,title,sku,price.USD,stock\nP1,Warm shirt,SHIRT-S,12.00,99\nP2,Shirt,CAP,,\n"
    )
    assert (report.created, report.updated, report.unchanged) == (0, 1, 1)
    after = (await every_product(counter))["P1"]
    assert (after.id, after.title, after.slug, after.description) == (
        before.id,
        "Warm shirt",
        "shirt",
        before.description,
    )
    (small,) = after.variants
    assert (small.id, small.weight_g) == (before.variants[0].id, 200)
    assert set(small.prices) == {Money(950, "EUR"), Money(1200, "USD")}
    assert await on_hand(counter, "SHIRT-S") == 7


async def test_every_fault_of_a_row_is_told_and_its_product_held_back_whole(counter: Counter) -> None:
    header = "product_id,title,sku,status,price.USD,price.EUR,weight_g,tracked,images,stock\n"
    rows = [
        "P1,Good,GOOD,active,1.00,,,,,",
        "P2,,BAD,sold,1.005,x,-1,maybe,ftp://x,-3",  # line 3
        "P3,Two,TWO-1,active,1.00,,,,,",  # line 4
        'P3,Other,"TWO\n2",,-1.00,,,,,',  # line 5, and 6
        "P4,Free?,NONE,active,,,,,,",  # line 7
        "P5,Twice,SAME,draft,,,,,,",
        "P6,Twice,SAME,draft,,,,,,",  # line 9
        "P1,Good,GOOD-2,active,1.00,,,,,",  # line 10
    ]
    report = await counter.catalog(header + "\n".join(rows))
    assert set(await every_product(counter)) == {"P1", "P5"}
    assert counter.bin.lines == [3, 4, 5, 7, 9, 10]
    assert (report.rows, report.created, report.rejected_rows, report.rejected_products) == (8, 2, 6, 5)
    for word in ("status: 'sold'", "price.USD", "price.EUR", "weight_g", "tracked", "stock", "title", "images/0/url"):
        assert word in counter.bin.reasons(3)
    assert counter.bin.reasons(4) == "product P3 is held back because of line 5"
    for word in ("title: it differs from that of line 4", "price.USD: '-1.00' is below zero", "sku"):
        assert word in counter.bin.reasons(5)
    assert "no variant with a price" in counter.bin.reasons(7)
    assert "sku: SAME is another product's already" in counter.bin.reasons(9)
    assert "must follow each other" in counter.bin.reasons(10)


async def test_what_belongs_to_another_product_of_the_shop_is_refused(counter: Counter) -> None:
    await counter.catalog("product_id,title,sku,slug\nP1,Milk,MILK,milk\n")
    report = await counter.catalog("product_id,title,sku,slug\nP2,Milk,MILK,\nP3,Tea,TEA,milk\nP4,Milk,OAT,\n")
    assert (report.created, counter.bin.lines) == (1, [2, 3])
    assert "MILK is another product's" in counter.bin.reasons(2)
    assert "'milk' is another product's" in counter.bin.reasons(3)
    assert (await product(counter, "milk-p4")).external_id == "P4"


async def test_what_the_shop_added_itself_stays(counter: Counter) -> None:
    await counter.catalog("product_id,title,sku,metadata.origin\nP1,Milk,MILK,Peru\n")
    before = await product(counter, "milk")
    changed: dict[str, Any] = {"description": "Ours", "metadata": {"origin": "Peru", "shelf": "4"}}
    await counter.shop.update_product(UpdateProductCommand(actor=OPERATOR, product_id=before.id, **changed))
    report = await counter.catalog("product_id,title,sku,metadata.origin\nP1,Milk,MILK,\n")
    after = await product(counter, "milk")
    assert (report.updated, after.description, after.metadata) == (1, "Ours", {"shelf": "4"})


async def test_a_dry_run_writes_nothing(counter: Counter) -> None:
    report = await counter.catalog(OWN, dry_run=True)
    assert (report.created, report.rejected_rows) == (2, 0)
    assert await every_product(counter) == {}


async def test_long_titles_and_languages_without_an_alphabet_get_addresses(counter: Counter) -> None:
    rows = "".join(f"P{n},{'长' * 80},SKU{n}\n" for n in range(3))
    report = await counter.catalog("product_id,title,sku\n" + rows)
    assert (report.created, counter.bin.rows) == (3, [])
    assert len({each.slug for each in (await every_product(counter)).values()}) == 3


async def test_made_up_skus_are_the_same_every_time_and_short_enough(counter: Counter) -> None:
    handle = "a-very-long-handle-" * 6 + "x"
    rows = "".join(f"{handle},{'T' if not n else ''},Size,{size},9.00\n" for n, size in enumerate(("S", "M")))
    report = await counter.catalog("Handle,Title,Option1 Name,Option1 Value,Variant Price\n" + rows, currency="EUR")
    assert (report.created, report.generated_skus, counter.bin.rows) == (1, 2, [])
    (found,) = (await every_product(counter)).values()
    assert len({variant.sku for variant in found.variants}) == 2
    assert all(len(variant.sku) <= 64 for variant in found.variants)

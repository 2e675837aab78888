"""The catalog: products to browse, search and change."""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from tradepost.catalog import (
    CreateProduct,
    CreateProductCommand,
    GetProduct,
    GetProductQuery,
    Image,
    ListProducts,
    ListProductsQuery,
    Option,
    ProductFilter,
    ProductStatus,
    ProductView,
    SetPrices,
    SetPricesCommand,
    SetProductStatus,
    SetProductStatusCommand,
    UpdateProduct,
    UpdateProductCommand,
    VariantInput,
)
from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Fault, Invalid, Kind
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost.kernel.ids import id_pattern
from tradepost.kernel.money import Money
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import Many, One
from tradepost_entrypoints.http.parameters import PageQuery
from tradepost_entrypoints.http.routes.orders import Currency, Metadata, Text

ProductId = Annotated[str, msgspec.Meta(pattern=id_pattern("prod"), max_length=40, description="A product's id.")]
ProductRef = Annotated[
    str, msgspec.Meta(pattern="^[a-z0-9_-]+$", max_length=255, description="A product's id, or its slug.")
]
CategoryId = Annotated[str, msgspec.Meta(pattern=id_pattern("cat"), max_length=40, description="A category's id.")]
CategoryRef = Annotated[
    str, msgspec.Meta(pattern="^[a-z0-9_-]+$", max_length=255, description="A category's id, or its slug.")
]
Slug = Annotated[
    str,
    msgspec.Meta(
        pattern="^[a-z0-9]+(-[a-z0-9]+)*$",
        max_length=255,
        description="Its address: lower-case letters, digits, hyphens.",
    ),
]
Sku = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Description = Annotated[str, msgspec.Meta(max_length=50_000)]
Variants = Annotated[tuple[VariantInput, ...], msgspec.Meta(max_length=250)]
Options = Annotated[tuple[Option, ...], msgspec.Meta(max_length=100)]
Images = Annotated[tuple[Image, ...], msgspec.Meta(max_length=100)]
CategoryIds = Annotated[tuple[CategoryId, ...], msgspec.Meta(max_length=100)]
Prices = Annotated[
    tuple[Money, ...], msgspec.Meta(max_length=200, description="At most one a currency, in minor units (cents).")
]
Amount = Annotated[int, msgspec.Meta(ge=0, description="In minor units of `currency`.")]

_GONE = Refusal(Kind.NOT_FOUND, "product.not_found", "There is no product 'blue-mug'.")
_INVALID = Refusal(Kind.INVALID, "product.invalid", "The product can not be saved as it is: see errors.")
_SLUG = Refusal(Kind.CONFLICT, "product.slug_taken", "Another product has this slug; choose a different one.")
_SKU = Refusal(Kind.CONFLICT, "product.sku_taken", "Another variant has this SKU; SKUs are unique in the whole shop.")
_EXTERNAL = Refusal(
    Kind.CONFLICT, "product.external_id_taken", "Another product has this external id; change that one instead."
)
_UNSELLABLE = Refusal(
    Kind.CONFLICT, "product.not_sellable", "Product blue-mug has no variant with a price; add one first."
)


class ProductQuery(PageQuery, frozen=True, kw_only=True):
    """Which products; everything given has to hold."""

    q: (
        Annotated[
            str,
            msgspec.Meta(
                min_length=1,
                max_length=200,
                description="Words to find in titles, descriptions, SKUs, barcodes and option values: all of them, "
                "of the last one the beginning. Case and accents do not count.",
            ),
        ]
        | None
    ) = None
    category: (
        Annotated[CategoryRef, msgspec.Meta(description="A category's id or slug; what lies under it counts.")] | None
    ) = None
    status: Annotated[ProductStatus, msgspec.Meta(description="Others than `active` are for staff.")] | None = None
    currency: (
        Annotated[Currency, msgspec.Meta(description="Only products with a price in it; required to ask after prices.")]
        | None
    ) = None
    price_min: Amount | None = None
    price_max: Amount | None = None
    in_stock: Annotated[bool, msgspec.Meta(description="Whether any variant can be bought now.")] | None = None
    option: Annotated[
        tuple[Text, ...],
        msgspec.Meta(max_length=10, description="`Size:M`; several have to meet in one variant."),
    ] = ()


@endpoint(
    "GET",
    "/products",
    tag="Products",
    errors=(Refusal(Kind.INVALID, "product.currency_required", "Prices differ by currency: say which one."),),
)
async def list_products(query: ProductQuery, actor: Actor, list_products: ListProducts) -> Many[ProductView]:
    """Browse and search. Sort by `created_at`, `title` or, with a currency, `price`. Staff see drafts too."""
    wanted = ProductFilter(
        status=query.status,
        category=query.category,
        currency=query.currency,
        price_min=query.price_min,
        price_max=query.price_max,
        in_stock=query.in_stock,
        options=_options(query.option),
    )
    page = await list_products(ListProductsQuery(actor=actor, wanted=wanted, text=query.q, page=query.page_request()))
    return Many(page, query)


def _options(texts: tuple[str, ...]) -> dict[str, str] | None:
    options: dict[str, str] = {}
    for text in texts:
        name, colon, value = text.partition(":")
        if not colon or not name or not value or options.get(name, value) != value:
            detail = f"Write options as name:value, each name once, such as option=Size:M; not {text!r}."
            raise Invalid("product.option_invalid", detail, Fault("/option", detail))
        options[name] = value
    return options or None


@endpoint("GET", "/products/{product}", tag="Products", errors=(_GONE,))
async def get_product(product: ProductRef, actor: Actor, get_product: GetProduct) -> One[ProductView]:
    """One product, by its id or its slug, with what is available now."""
    return _product(await get_product(GetProductQuery(actor=actor, product=product)))


class CreateProductBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A product. Without `slug`, one is made of the title."""

    title: Text
    slug: Slug | None = None
    description: Description = ""
    status: ProductStatus = ProductStatus.DRAFT
    options: Options = ()
    variants: Variants = ()
    category_ids: CategoryIds = ()
    images: Images = ()
    external_id: Text | None = None
    metadata: Metadata = {}


@endpoint(
    "POST",
    "/products",
    tag="Products",
    status=201,
    errors=(_INVALID, _SLUG, _SKU, _EXTERNAL, _UNSELLABLE),
    example={
        "title": "Blue mug",
        "status": "active",
        "options": [{"name": "Size", "values": ["Small", "Large"]}],
        "variants": [
            {
                "sku": "MUG-BLUE-S",
                "title": "Small",
                "options": {"Size": "Small"},
                "prices": [{"amount": 1290, "currency": "EUR"}],
                "weight_g": 350,
            }
        ],
        "images": [{"url": "https://example.com/mug.png", "alt": "A blue mug"}],
    },
)
async def create_product(
    data: CreateProductBody, actor: Actor, key: IdempotencyKey | None, create_product: CreateProduct
) -> One[ProductView]:
    """Put a product into the catalog. For staff."""
    view = await create_product(
        CreateProductCommand(
            actor=actor,
            title=data.title,
            slug=data.slug,
            description=data.description,
            status=data.status,
            options=data.options,
            variants=data.variants,
            category_ids=data.category_ids,
            images=data.images,
            external_id=data.external_id,
            metadata=data.metadata,
            idempotency=key,
        )
    )
    return _product(view, status=201)


class UpdateProductBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays as it is; what is given replaces the whole of it. A variant keeps its id by its SKU."""

    title: Text | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    options: Options | UnsetType = UNSET
    variants: Variants | UnsetType = UNSET
    category_ids: CategoryIds | UnsetType = UNSET
    images: Images | UnsetType = UNSET
    external_id: Text | UnsetType | None = UNSET
    metadata: Metadata | UnsetType = UNSET


@endpoint(
    "PATCH",
    "/products/{product_id}",
    tag="Products",
    errors=(_GONE, _INVALID, _SLUG, _SKU, _EXTERNAL, _UNSELLABLE),
    example={"title": "Dark blue mug"},
)
async def update_product(
    product_id: ProductId,
    data: UpdateProductBody,
    actor: Actor,
    expected_version: int | None,
    update_product: UpdateProduct,
) -> One[ProductView]:
    """Change a product. For staff."""
    view = await update_product(
        UpdateProductCommand(
            actor=actor,
            product_id=product_id,
            expected_version=expected_version,
            slug=data.slug,
            title=data.title,
            description=data.description,
            options=data.options,
            variants=data.variants,
            category_ids=data.category_ids,
            images=data.images,
            external_id=data.external_id,
            metadata=data.metadata,
        )
    )
    return _product(view)


class StatusBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`active` publishes, `draft` withdraws, `archived` puts away."""

    status: ProductStatus


@endpoint(
    "PUT",
    "/products/{product_id}/status",
    tag="Products",
    errors=(_GONE, _UNSELLABLE),
    example={"status": "active"},
)
async def set_product_status(
    product_id: ProductId,
    data: StatusBody,
    actor: Actor,
    expected_version: int | None,
    set_product_status: SetProductStatus,
) -> One[ProductView]:
    """Publish, withdraw or archive a product. For staff."""
    command = SetProductStatusCommand(
        actor=actor, product_id=product_id, status=data.status, expected_version=expected_version
    )
    return _product(await set_product_status(command))


class PricesBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All prices of one SKU."""

    sku: Sku
    prices: Prices


@endpoint(
    "PUT",
    "/prices",
    tag="Products",
    errors=(_GONE, _INVALID, _UNSELLABLE),
    example={"sku": "MUG-BLUE-S", "prices": [{"amount": 1190, "currency": "EUR"}, {"amount": 1390, "currency": "USD"}]},
)
async def set_prices(
    data: PricesBody, actor: Actor, expected_version: int | None, set_prices: SetPrices
) -> One[ProductView]:
    """Set what one SKU costs, in every currency it is sold in. For staff."""
    command = SetPricesCommand(actor=actor, sku=data.sku, prices=data.prices, expected_version=expected_version)
    return _product(await set_prices(command))


def _product(view: ProductView, *, status: int = 200) -> One[ProductView]:
    return One(view, status=status, location=f"/products/{view.id}")


ROUTES = (list_products, get_product, create_product, update_product, set_product_status, set_prices)

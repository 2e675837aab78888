"""The catalog: products, variants, their prices, categories."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from tradepost.catalog.product import Image, Option
from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import Flag, Json, UtcDateTime

products = Table(
    "products",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("slug", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("options", Json(tuple[Option, ...]), nullable=False),
    Column("images", Json(tuple[Image, ...]), nullable=False),
    Column("external_id", Text, unique=True),
    Column("metadata", Json(dict[str, str]), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("ix_products_status", "status", "created_at", "id"),
    Index("ix_products_title", "title", "id"),
)

variants = Table(
    "variants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("product_id", Text, ForeignKey("products.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("sku", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("options", Json(dict[str, str]), nullable=False),
    Column("tax_category", Text, nullable=False),
    Column("weight_g", BigInteger, nullable=False),
    Column("tracked", Flag, nullable=False),
    Column("barcode", Text),
    Index("ix_variants_product_id", "product_id"),
)

variant_prices = Table(
    "variant_prices",
    metadata,
    Column("variant_id", Text, ForeignKey("variants.id"), nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    PrimaryKeyConstraint("variant_id", "currency"),
    CheckConstraint("amount >= 0", name="amount"),
    sqlite_with_rowid=False,
)

categories = Table(
    "categories",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("parent_id", Text, ForeignKey("categories.id")),
    Column("position", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

product_categories = Table(
    "product_categories",
    metadata,
    Column("category_id", Text, ForeignKey("categories.id"), nullable=False),
    Column("product_id", Text, ForeignKey("products.id"), nullable=False),
    PrimaryKeyConstraint("category_id", "product_id"),
    Index("ix_product_categories_product_id", "product_id"),
    sqlite_with_rowid=False,
)

"""The catalog: products, variants, their prices, categories."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from tradepost.catalog.product import Image, Option
from tradepost_adapters.sql.tables import metadata
from tradepost_adapters.sql.types import Flag, Json, RowId, UtcDateTime

# Sorted by code point on both databases, whatever the collation of the Postgres database is.
_Sorted = Text().with_variant(Text(collation="C"), "postgresql")

products = Table(
    "products",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("slug", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("title_key", _Sorted, nullable=False),
    Column("description", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("options", Json(tuple[Option, ...]), nullable=False),
    Column("images", Json(tuple[Image, ...]), nullable=False),
    Column("external_id", Text, unique=True),
    Column("metadata", Json(dict[str, str]), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("ix_products_created_at", "created_at", "id"),
    Index("ix_products_title_key", "title_key", "id"),
    Index("ix_products_status_created_at", "status", "created_at", "id"),
    Index("ix_products_status_title_key", "status", "title_key", "id"),
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

# What a product costs at least, with its status beside it, so that a page sorted by price is one walk along an index.
product_prices = Table(
    "product_prices",
    metadata,
    Column("product_id", Text, ForeignKey("products.id"), nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("lowest", BigInteger, nullable=False),
    PrimaryKeyConstraint("product_id", "currency"),
    Index("ix_product_prices_lowest", "currency", "lowest", "product_id"),
    Index("ix_product_prices_status_lowest", "currency", "status", "lowest", "product_id"),
    sqlite_with_rowid=False,
)

# The words a product is found by, made alike for both databases by `catalog.search`. They lie in a table of their own
# because SQLite's index needs a number for every row that stays (a bare rowid does not survive VACUUM). That index,
# `product_search_index`, is a virtual table that triggers keep; migrations alone know it.
product_search = Table(
    "product_search",
    metadata,
    Column("id", RowId, Identity(), primary_key=True),
    Column("product_id", Text, ForeignKey("products.id"), nullable=False, unique=True),
    Column("words", Text, nullable=False),
    Index(
        "ix_product_search_words", text("array_to_tsvector(string_to_array(words, ' '))"), postgresql_using="gin"
    ).ddl_if(dialect="postgresql"),
)

categories = Table(
    "categories",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("name_key", _Sorted, nullable=False),
    Column("parent_id", Text, ForeignKey("categories.id")),
    Column("position", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_categories_parent_id", "parent_id", "position", "id"),
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

"""Products, variants, their prices, the words they are found by, categories."""

import sqlalchemy as sa
from alembic import op

from tradepost_adapters.sql.migrations.columns import INSTANT, JSON, ROW_ID, SORTED_TEXT, on_sqlite

TABLES = (
    "products",
    "variants",
    "variant_prices",
    "product_prices",
    "product_search",
    "categories",
    "product_categories",
)

# The words are plain already, so the tokenizer only has to split at the spaces: `ascii` takes every other script's
# letters for parts of a word. An index of the content elsewhere is told what to forget in the words it was given.
_SEARCH_INDEX = (
    """
    CREATE VIRTUAL TABLE product_search_index USING fts5(
        words, content = 'product_search', content_rowid = 'id', tokenize = 'ascii', detail = none, prefix = '2 3'
    )
    """,
    """
    CREATE TRIGGER product_search_added AFTER INSERT ON product_search BEGIN
        INSERT INTO product_search_index (rowid, words) VALUES (new.id, new.words);
    END
    """,
    """
    CREATE TRIGGER product_search_changed AFTER UPDATE ON product_search BEGIN
        INSERT INTO product_search_index (product_search_index, rowid, words) VALUES ('delete', old.id, old.words);
        INSERT INTO product_search_index (rowid, words) VALUES (new.id, new.words);
    END
    """,
    """
    CREATE TRIGGER product_search_removed AFTER DELETE ON product_search BEGIN
        INSERT INTO product_search_index (product_search_index, rowid, words) VALUES ('delete', old.id, old.words);
    END
    """,
)


def create() -> None:
    _create_products()
    _create_prices()
    _create_search()
    _create_categories()


def _create_products() -> None:
    op.create_table(
        "products",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("title_key", SORTED_TEXT, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("options", JSON, nullable=False),
        sa.Column("images", JSON, nullable=False),
        sa.Column("external_id", sa.Text),
        sa.Column("metadata", JSON, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_products"),
        sa.UniqueConstraint("slug", name="uq_products_slug"),
        sa.UniqueConstraint("external_id", name="uq_products_external_id"),
    )
    op.create_index("ix_products_created_at", "products", ["created_at", "id"])
    op.create_index("ix_products_status_created_at", "products", ["status", "created_at", "id"])
    op.create_index("ix_products_status_title_key", "products", ["status", "title_key", "id"])
    op.create_index("ix_products_title_key", "products", ["title_key", "id"])
    op.create_table(
        "variants",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("product_id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("options", JSON, nullable=False),
        sa.Column("tax_category", sa.Text, nullable=False),
        sa.Column("weight_g", sa.BigInteger, nullable=False),
        sa.Column("tracked", sa.Boolean, nullable=False),
        sa.Column("barcode", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_variants"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_variants_product_id"),
        sa.UniqueConstraint("sku", name="uq_variants_sku"),
    )
    op.create_index("ix_variants_product_id", "variants", ["product_id"])


def _create_prices() -> None:
    op.create_table(
        "variant_prices",
        sa.Column("variant_id", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("variant_id", "currency", name="pk_variant_prices"),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_variant_prices_amount")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name="fk_variant_prices_variant_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "product_prices",
        sa.Column("product_id", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("lowest", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("product_id", "currency", name="pk_product_prices"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_product_prices_product_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_product_prices_lowest", "product_prices", ["currency", "lowest", "product_id"])
    op.create_index("ix_product_prices_status_lowest", "product_prices", ["currency", "status", "lowest", "product_id"])


def _create_search() -> None:
    op.create_table(
        "product_search",
        sa.Column("id", ROW_ID, sa.Identity(), nullable=False),
        sa.Column("product_id", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_product_search"),
        sa.UniqueConstraint("product_id", name="uq_product_search_product_id"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_product_search_product_id"),
    )
    if on_sqlite():
        for statement in _SEARCH_INDEX:
            op.execute(statement)
    else:
        words = sa.text("array_to_tsvector(string_to_array(words, ' '))")
        op.create_index("ix_product_search_words", "product_search", [words], postgresql_using="gin")


def _create_categories() -> None:
    op.create_table(
        "categories",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", SORTED_TEXT, nullable=False),
        sa.Column("parent_id", sa.Text),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_categories"),
        sa.UniqueConstraint("slug", name="uq_categories_slug"),
        sa.ForeignKeyConstraint(["parent_id"], ["categories.id"], name="fk_categories_parent_id"),
    )
    op.create_index("ix_categories_parent_id", "categories", ["parent_id", "position", "id"])
    op.create_table(
        "product_categories",
        sa.Column("category_id", sa.Text, nullable=False),
        sa.Column("product_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("category_id", "product_id", name="pk_product_categories"),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name="fk_product_categories_category_id"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_product_categories_product_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_product_categories_product_id", "product_categories", ["product_id"])

"""Catalog: products, their variants, what each can be bought for, and the categories they are found in."""

from tradepost.catalog.category import Category, CategoryId
from tradepost.catalog.create_category import CreateCategory, CreateCategoryCommand
from tradepost.catalog.create_product import CreateProduct, CreateProductCommand
from tradepost.catalog.delete_category import DeleteCategory, DeleteCategoryCommand
from tradepost.catalog.errors import CategoryNotEmpty, CategorySlugTaken, ExternalIdTaken, SkuTaken, SlugTaken
from tradepost.catalog.get_category import GetCategory, GetCategoryQuery
from tradepost.catalog.get_product import GetProduct, GetProductQuery
from tradepost.catalog.inputs import VariantInput
from tradepost.catalog.list_categories import ListCategories, ListCategoriesQuery
from tradepost.catalog.list_products import ListProducts, ListProductsQuery
from tradepost.catalog.offer import Offer
from tradepost.catalog.ports import ProductFilter
from tradepost.catalog.product import Image, Option, Product, ProductId, ProductStatus, Variant, VariantId
from tradepost.catalog.reading import CatalogReading
from tradepost.catalog.set_prices import SetPrices, SetPricesCommand
from tradepost.catalog.set_product_status import SetProductStatus, SetProductStatusCommand
from tradepost.catalog.update_category import UpdateCategory, UpdateCategoryCommand
from tradepost.catalog.update_product import UpdateProduct, UpdateProductCommand
from tradepost.catalog.views import CategoryView, ProductView, VariantView

__all__ = [
    "CatalogReading",
    "Category",
    "CategoryId",
    "CategoryNotEmpty",
    "CategorySlugTaken",
    "CategoryView",
    "CreateCategory",
    "CreateCategoryCommand",
    "CreateProduct",
    "CreateProductCommand",
    "DeleteCategory",
    "DeleteCategoryCommand",
    "ExternalIdTaken",
    "GetCategory",
    "GetCategoryQuery",
    "GetProduct",
    "GetProductQuery",
    "Image",
    "ListCategories",
    "ListCategoriesQuery",
    "ListProducts",
    "ListProductsQuery",
    "Offer",
    "Option",
    "Product",
    "ProductFilter",
    "ProductId",
    "ProductStatus",
    "ProductView",
    "SetPrices",
    "SetPricesCommand",
    "SetProductStatus",
    "SetProductStatusCommand",
    "SkuTaken",
    "SlugTaken",
    "UpdateCategory",
    "UpdateCategoryCommand",
    "UpdateProduct",
    "UpdateProductCommand",
    "Variant",
    "VariantId",
    "VariantInput",
    "VariantView",
]

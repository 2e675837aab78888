"""What is for sale."""

from functools import cached_property

from tradepost.catalog.create_category import CreateCategory
from tradepost.catalog.create_product import CreateProduct
from tradepost.catalog.delete_category import DeleteCategory
from tradepost.catalog.get_category import GetCategory
from tradepost.catalog.get_product import GetProduct
from tradepost.catalog.list_categories import ListCategories
from tradepost.catalog.list_products import ListProducts
from tradepost.catalog.reading import CatalogReading
from tradepost.catalog.set_prices import SetPrices
from tradepost.catalog.set_product_status import SetProductStatus
from tradepost.catalog.update_category import UpdateCategory
from tradepost.catalog.update_product import UpdateProduct
from tradepost.shop.parts import Parts


class Catalog(Parts):
    """The use cases of the catalog."""

    @cached_property
    def catalog_reading(self) -> CatalogReading:
        return CatalogReading(self._backend.product_views, self._cache)

    @cached_property
    def create_product(self) -> CreateProduct:
        return CreateProduct(self._transactions, self.catalog_reading, self._clock, self._ids)

    @cached_property
    def update_product(self) -> UpdateProduct:
        return UpdateProduct(self._transactions, self.catalog_reading, self._clock, self._ids)

    @cached_property
    def set_product_status(self) -> SetProductStatus:
        return SetProductStatus(self._transactions, self.catalog_reading, self._clock)

    @cached_property
    def set_prices(self) -> SetPrices:
        return SetPrices(self._transactions, self.catalog_reading, self._clock)

    @cached_property
    def get_product(self) -> GetProduct:
        return GetProduct(self.catalog_reading)

    @cached_property
    def list_products(self) -> ListProducts:
        return ListProducts(self.catalog_reading)

    @cached_property
    def create_category(self) -> CreateCategory:
        return CreateCategory(self._transactions, self.catalog_reading, self._clock, self._ids)

    @cached_property
    def update_category(self) -> UpdateCategory:
        return UpdateCategory(self._transactions, self.catalog_reading, self._clock)

    @cached_property
    def delete_category(self) -> DeleteCategory:
        return DeleteCategory(self._transactions, self.catalog_reading, self._clock)

    @cached_property
    def get_category(self) -> GetCategory:
        return GetCategory(self.catalog_reading)

    @cached_property
    def list_categories(self) -> ListCategories:
        return ListCategories(self.catalog_reading)

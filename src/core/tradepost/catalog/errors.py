"""Refusals of the catalog that a database decides."""

from tradepost.kernel.errors import Conflict


class SkuTaken(Conflict):
    """Two variants can not share a SKU: it names what lies in the warehouse."""

    def __init__(self) -> None:
        super().__init__("product.sku_taken", "Another variant has this SKU; SKUs are unique in the whole shop.")


class SlugTaken(Conflict):
    """Two products can not share an address."""

    def __init__(self) -> None:
        super().__init__("product.slug_taken", "Another product has this slug; choose a different one.")


class ExternalIdTaken(Conflict):
    """Two products can not be the same one of another system."""

    def __init__(self) -> None:
        super().__init__("product.external_id_taken", "Another product has this external id; change that one instead.")


class CategorySlugTaken(Conflict):
    """Two categories can not share an address."""

    def __init__(self) -> None:
        super().__init__("category.slug_taken", "Another category has this slug; choose a different one.")


class CategoryNotEmpty(Conflict):
    """Products, or other categories, still lie in it."""

    def __init__(self, category_id: str) -> None:
        super().__init__(
            "category.not_empty",
            "The category still holds products or other categories; move them first.",
            {"category_id": category_id},
        )

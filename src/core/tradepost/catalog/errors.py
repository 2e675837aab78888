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

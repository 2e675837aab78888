"""What a text search looks at.

A product is found when every word of the question is one of its words; of the last one, the beginning is enough. Case
and accents do not count; `words` says what a word is.
"""

from tradepost.catalog.product import Product
from tradepost.catalog.words import words

MAX_WORDS = 12
"""Of a question; the rest of it is left out."""


def searchable(product: Product) -> str:
    """Every word a product is found by, once, with spaces between: its texts, SKUs, barcodes and option values."""
    texts = [product.title, product.description]
    for variant in product.variants:
        texts += [variant.sku, variant.title, variant.barcode or "", *variant.options.values()]
    return " ".join(sorted({word for text in texts for word in words(text)}))


def question(text: str) -> tuple[str, ...]:
    """The words that have to be there, the last one as a beginning; none when the text has no word."""
    return tuple(words(text)[:MAX_WORDS])

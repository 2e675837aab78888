"""What a text search looks at: the words of a product, and of a question, made alike.

Case and accents do not count (Unicode NFKD without combining marks, casefolded), and everything that is neither a letter
nor a digit separates words: `Größe-42` is `grosse` and `42`. A product is found when every word of the question is one
of its words; of the last one, the beginning is enough. Writing without spaces (Chinese, Japanese) is one word up to the
next mark, so it is found by its beginning.
"""

import re
import unicodedata

from tradepost.catalog.product import Product

MAX_WORDS = 12
"""Of a question; the rest of it is left out."""

_MAX_LENGTH = 100
_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """The words of a text, in their order."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return [word[:_MAX_LENGTH] for word in _WORD.findall(plain)]


def sort_key(title: str) -> str:
    """What titles are sorted by: as people read them, with neither case nor accents."""
    return " ".join(words(title))[:255]


def searchable(product: Product) -> str:
    """Every word a product is found by, once, with spaces between: its texts, SKUs, barcodes and option values."""
    texts = [product.title, product.description]
    for variant in product.variants:
        texts += [variant.sku, variant.title, variant.barcode or "", *variant.options.values()]
    return " ".join(sorted({word for text in texts for word in words(text)}))


def question(text: str) -> tuple[str, ...]:
    """The words that have to be there, the last one as a beginning; none when the text has no word."""
    return tuple(words(text)[:MAX_WORDS])

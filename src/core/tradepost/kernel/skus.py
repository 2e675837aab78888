"""Stock keeping units: what the shop calls the one thing that is bought, counted and sent."""

import re

SKU_RULE = "1 to 64 characters, not starting with a space"
_SKU = re.compile(r"[^\s\x00-\x1f][^\x00-\x1f]{0,63}")


def is_sku(text: str) -> bool:
    """Whether it has the form of one, as `SKU_RULE` says it."""
    return _SKU.fullmatch(text) is not None

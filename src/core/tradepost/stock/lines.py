"""Lists of SKUs and quantities, as adjustments and transfers take them: what can be wrong with them."""

from collections.abc import Sequence

import msgspec

from tradepost.kernel.errors import Fault
from tradepost.kernel.skus import SKU_RULE, is_sku
from tradepost.stock.level import MAX_QUANTITY

MAX_LINES = 10_000
MAX_REFERENCE = 100


class StockLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many of a SKU."""

    sku: str
    quantity: int


def check_lines(lines: Sequence[StockLine], reference: str | None, *, least: int) -> list[Fault]:
    """Every fault of form. A quantity may be from `least` up."""
    faults = []
    if not 1 <= len(lines) <= MAX_LINES:
        faults.append(Fault("/lines", f"send 1 to {MAX_LINES} lines, not {len(lines)}"))
    for place, line in enumerate(lines):
        faults += check_sku(line.sku, f"/lines/{place}/sku")
        if not least <= line.quantity <= MAX_QUANTITY:
            faults.append(Fault(f"/lines/{place}/quantity", f"must be between {least} and {MAX_QUANTITY}"))
    if reference is not None and not (0 < len(reference) <= MAX_REFERENCE and reference.isprintable()):
        faults.append(Fault("/reference", f"write 1 to {MAX_REFERENCE} printable characters, or nothing"))
    return faults


def check_sku(sku: str, pointer: str) -> list[Fault]:
    """Whether it can be a SKU at all; the catalog need not know it."""
    return [] if is_sku(sku) else [Fault(pointer, SKU_RULE)]

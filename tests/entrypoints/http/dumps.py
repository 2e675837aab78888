"""Everything a stand keeps, as text, so that two moments can be compared."""

from typing import Any

import msgspec
from tests.entrypoints.http.shop import Stand


def dump(stand: Stand) -> dict[str, str]:
    """By table: its rows."""
    stores: dict[str, Any] = stand.backend._database._stores
    return {
        name: repr(sorted((str(key), _plain(row)) for key, row in store.rows.items())) for name, store in stores.items()
    }


def _plain(row: Any) -> str:
    if isinstance(row, msgspec.Struct):
        return repr({name: getattr(row, name) for name in row.__struct_fields__})
    return repr(row)

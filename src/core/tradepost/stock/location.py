"""Locations: where stock lies."""

import re

import msgspec

from tradepost.kernel.errors import Conflict, Fault, Invalid
from tradepost.stock.level import DEFAULT_LOCATION

MAX_NAME = 100
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """A place with stock of its own. Levels and movements name it by `code`, which never changes."""

    code: str
    name: str

    @classmethod
    def new(cls, *, code: str, name: str) -> "Location":
        """Raises `location.invalid` with every fault."""
        faults = []
        if not _CODE.fullmatch(code):
            faults.append(Fault("/code", "use lower-case letters, digits, - and _, at most 40"))
        if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
            faults.append(Fault("/name", f"write 1 to {MAX_NAME} printable characters"))
        if faults:
            raise Invalid("location.invalid", "This location can not be created: see errors.", *faults)
        return cls(code=code, name=name)


MAIN = Location(code=DEFAULT_LOCATION, name="Main")
"""The one every shop begins with, and the one that orders take from."""


class LocationTaken(Conflict):
    """There is a location with this code already."""

    def __init__(self, code: str) -> None:
        super().__init__(
            "location.code_taken", f"There is a location {code!r} already; choose another code.", {"code": code}
        )

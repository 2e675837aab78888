"""A shipping method: a way to deliver, where to, and what it costs in each currency."""

import re
from datetime import datetime
from typing import NewType

from tradepost.kernel.errors import Conflict, Fault, Invalid, PreconditionFailed
from tradepost.kernel.events import Aggregate
from tradepost.pricing.events import ShippingMethodChanged, ShippingMethodCreated
from tradepost.pricing.shipping import ShippingKind, Tariff, country_faults, tariff_faults

ShippingMethodId = NewType("ShippingMethodId", str)

MAX_NAME = 200
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class ShippingMethod(Aggregate, kw_only=True):
    """A way to deliver. `code` is what orders name it by: unique, and never changed.

    `countries` it delivers to are ISO 3166-1 alpha-2; none listed means everywhere. One that is not `active` is not
    offered, and stays for the orders that used it.
    """

    code: str
    name: str
    kind: ShippingKind
    tariffs: tuple[Tariff, ...]
    countries: tuple[str, ...] = ()
    active: bool = True

    def create(self, *, at: datetime) -> None:
        """Note that it is new. Raises `shipping_method.invalid` with every fault."""
        self._check()
        self.record(ShippingMethodCreated(occurred_at=at, shipping_method_id=self.id, code=self.code))

    def change(
        self,
        *,
        expected: int | None,
        at: datetime,
        name: str | None = None,
        kind: ShippingKind | None = None,
        tariffs: tuple[Tariff, ...] | None = None,
        countries: tuple[str, ...] | None = None,
        active: bool | None = None,
    ) -> bool:
        """Replace what is given and keep what is None; whether that changed anything.

        Raises `precondition.failed` unless it is at the version the caller had read, if any, and
        `shipping_method.invalid` with every fault.
        """
        if expected is not None and expected != self.version:
            raise PreconditionFailed(self.id, expected=expected, actual=self.version)
        before = (self.name, self.kind, self.tariffs, self.countries, self.active)
        self.name = self.name if name is None else name
        self.kind = self.kind if kind is None else kind
        self.tariffs = self.tariffs if tariffs is None else tariffs
        self.countries = self.countries if countries is None else countries
        self.active = self.active if active is None else active
        self._check()
        if (self.name, self.kind, self.tariffs, self.countries, self.active) == before:
            return False
        self.record(
            ShippingMethodChanged(occurred_at=at, shipping_method_id=self.id, code=self.code, active=self.active)
        )
        return True

    def _check(self) -> None:
        faults = tariff_faults(self.kind, self.tariffs) + country_faults(self.countries)
        if not _CODE.fullmatch(self.code):
            faults.append(Fault("/code", "use lower-case letters, digits, - and _, at most 40"))
        if not self.name.strip() or len(self.name) > MAX_NAME:
            faults.append(Fault("/name", f"give it a name of at most {MAX_NAME} characters"))
        if faults:
            raise Invalid("shipping_method.invalid", "This shipping method can not be saved: see errors.", *faults)


class CodeTaken(Conflict):
    """Another shipping method has this code."""

    def __init__(self, code: str) -> None:
        super().__init__(
            "shipping_method.code_taken",
            f"There is a shipping method {code!r} already; change that one, or choose another code.",
            {"code": code},
        )

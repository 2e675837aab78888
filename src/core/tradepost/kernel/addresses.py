"""Postal addresses, as customers keep them and orders copy them."""

import msgspec

from tradepost.kernel.countries import COUNTRIES
from tradepost.kernel.errors import Fault

MAX_TEXT = 255
_REQUIRED = frozenset({"name", "line1", "city", "country"})


class Address(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A postal address. `country` is ISO 3166-1 alpha-2, `region` what the country uses."""

    name: str
    line1: str
    line2: str | None = None
    city: str
    region: str | None = None
    postal_code: str | None = None
    country: str
    phone: str | None = None


def address_faults(address: Address, pointer: str) -> list[Fault]:
    """What is wrong with it, if anything: a country that is none, a part that is missing or too long."""
    faults = []
    for field in address.__struct_fields__:
        text = getattr(address, field)
        if text is None:
            continue
        if field in _REQUIRED and not text.strip():
            faults.append(Fault(f"{pointer}/{field}", "an address needs this part", "required"))
        elif len(text) > MAX_TEXT:
            faults.append(Fault(f"{pointer}/{field}", f"at most {MAX_TEXT} characters"))
    if address.country.strip() and address.country not in COUNTRIES:
        faults.append(Fault(f"{pointer}/country", "use an ISO 3166-1 country code, such as DE, GB or US"))
    return faults


class Contact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who buys, in which language they are written to (BCP 47), and where it goes: personal data, stored apart from orders
    and carts so that it can be erased apart."""

    email: str | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    locale: str | None = None

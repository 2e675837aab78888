"""Letters about orders nobody has placed: to look at, and to try templates with before anybody gets a mail of them."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from tradepost.kernel.addresses import Address
from tradepost.kernel.money import Money
from tradepost.orders.letter_data import (
    ORDER_CANCELED,
    ORDER_CONFIRMED,
    ORDER_REFUNDED,
    ORDER_SHIPPED,
    LetterLine,
    LetterOrder,
    LetterParcel,
    LetterRefund,
    LetterShipping,
    OrderLetter,
    OrderRefundedLetter,
    OrderShippedLetter,
)
from tradepost.users.letter_texts import Site

_AT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
_MUG = LetterLine(name="Mug, blue", sku="MUG-BLUE", quantity=2, total=Money(2500, "EUR"))
_TABLE = LetterLine(name="Table for <six> & more", sku="TABLE", quantity=1, total=Money(123_456, "EUR"))
_HOME = Address(
    name="Ada Lovelace", line1="Main Street 1", line2="Back yard", city="Berlin", postal_code="10115", country="DE"
)


def samples(site: Site) -> Mapping[str, tuple[OrderLetter, ...]]:
    """For each letter the fullest it can be, and then the barest."""
    full = LetterOrder(
        number=100_001,
        placed_at=_AT,
        lines=(_MUG, _TABLE),
        subtotal=Money(125_956, "EUR"),
        shipping=LetterShipping(name="Standard", total=Money(490, "EUR")),
        tax=Money(20_189, "EUR"),
        prices_include_tax=True,
        total=Money(126_446, "EUR"),
        paid=Money(20_000, "EUR"),
        due=Money(106_446, "EUR"),
        address=_HOME,
    )
    bare = LetterOrder(
        number=100_002,
        placed_at=_AT,
        lines=(_MUG,),
        subtotal=Money(2500, "EUR"),
        shipping=None,
        tax=Money(475, "EUR"),
        prices_include_tax=False,
        total=Money(2975, "EUR"),
        paid=Money(0, "EUR"),
        due=Money(0, "EUR"),
        address=None,
    )
    parcel = LetterParcel(
        sent_at=_AT,
        lines=(_MUG,),
        carrier="DHL",
        tracking_number="00340434161094000000",
        tracking_url="https://tracking.example/00340434161094000000",
        complete=False,
    )
    alone = LetterParcel(
        sent_at=_AT, lines=(_MUG,), carrier=None, tracking_number=None, tracking_url=None, complete=True
    )
    link, of_account = site.link("orders/order_sample", "sample"), site.page("orders/order_sample")
    whole = OrderLetter(shop=site.name, order=full, link=link)
    plain = OrderLetter(shop=site.name, order=bare, link=of_account)
    back = LetterRefund(amount=Money(1250, "EUR"), store_credit=False)
    credit = LetterRefund(amount=Money(2975, "EUR"), store_credit=True)
    return {
        ORDER_CONFIRMED: (whole, plain),
        ORDER_SHIPPED: (
            OrderShippedLetter(shop=site.name, order=full, link=link, parcel=parcel),
            OrderShippedLetter(shop=site.name, order=bare, link=of_account, parcel=alone),
        ),
        ORDER_REFUNDED: (
            OrderRefundedLetter(shop=site.name, order=full, link=link, refund=back),
            OrderRefundedLetter(shop=site.name, order=bare, link=of_account, refund=credit),
        ),
        ORDER_CANCELED: (
            OrderLetter(shop=site.name, order=msgspec.structs.replace(full, due=Money(0, "EUR")), link=link),
            plain,
        ),
    }

"""How an order comes about, shared by buying a list of SKUs and by checking out a cart."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from tradepost.kernel.addresses import Contact, address_faults
from tradepost.kernel.contacts import email_faults, metadata_faults
from tradepost.kernel.errors import Fault, Invalid
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.locales import locale_faults
from tradepost.kernel.money import Money, is_currency
from tradepost.ledger.chart import WALLET
from tradepost.orders.lines import OrderLine, ShippingLine
from tradepost.orders.order import Order, OrderStatus
from tradepost.orders.policy import OrderPolicy
from tradepost.orders.ports import SaleTx
from tradepost.payments.payment import Method, Operation, Payment
from tradepost.pricing.terms import SaleTerms, quote
from tradepost.pricing.totals import TaxedLine
from tradepost.stock.level import Reason

MAX_LINES = 200
MAX_QUANTITY = 100_000


class OrderItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """So many of a SKU."""

    sku: str
    quantity: int


class PaymentInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """How the buyer pays: `card` with a gateway's `token`, `manual` (pay later), or all of it by `store_credit`.

    With `capture` false the money is only held, until it is captured. `store_credit` is how much, in minor units, comes
    out of the buyer's wallet first.
    """

    method: Method = Method.CARD
    token: str | None = None
    capture: bool = True
    store_credit: int = 0

    @property
    def spends_credit(self) -> bool:
        return bool(self.store_credit) or self.method == Method.STORE_CREDIT


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that makes an order, checked for form but not yet against the shop."""

    items: tuple[OrderItem, ...]
    currency: str
    contact: Contact
    shipping_method: str | None
    payment: PaymentInput
    customer_id: str | None
    metadata: Mapping[str, str]


def check_form(draft: Draft) -> None:
    """Raise `order.invalid` with every fault that can be seen without looking anything up."""
    faults = []
    if not 1 <= len(draft.items) <= MAX_LINES:
        faults.append(Fault("/lines", f"an order has 1 to {MAX_LINES} lines, not {len(draft.items)}"))
    for place, item in enumerate(draft.items):
        if not 1 <= item.quantity <= MAX_QUANTITY:
            faults.append(Fault(f"/lines/{place}/quantity", f"must be between 1 and {MAX_QUANTITY}"))
    if not is_currency(draft.currency):
        faults.append(Fault("/currency", "use an ISO 4217 currency code, such as EUR or USD"))
    faults += check_payment(draft.payment, "/payment")
    if draft.customer_id is None and draft.payment.spends_credit:
        faults.append(Fault("/payment/store_credit", "guests have none; sign in to pay with store credit"))
    if draft.contact.email is not None:
        faults += email_faults(draft.contact.email, "/email")
    if draft.contact.locale is not None:
        faults += locale_faults(draft.contact.locale, "/locale")
    for name in ("shipping_address", "billing_address"):
        address = getattr(draft.contact, name)
        if address is not None:
            faults += address_faults(address, f"/{name}")
    if draft.shipping_method is not None and draft.contact.shipping_address is None:
        faults.append(Fault("/shipping_address", "shipping needs an address", "required"))
    faults += metadata_faults(draft.metadata, "/metadata")
    if faults:
        raise Invalid("order.invalid", "The order can not be placed as it is: see errors.", *faults)


def check_payment(payment: PaymentInput, pointer: str) -> list[Fault]:
    """What is wrong with it, if anything. Card numbers are refused wherever they appear; only tokens are taken."""
    if payment.store_credit < 0:
        return [Fault(f"{pointer}/store_credit", "must be zero or above")]
    if payment.method == Method.EXTERNAL:
        return [Fault(f"{pointer}/method", "external payments come with imported orders only; use card or manual")]
    if payment.method != Method.CARD:
        return [Fault(f"{pointer}/token", f"a {payment.method} payment takes no token")] if payment.token else []
    if not payment.token:
        return [Fault(f"{pointer}/token", "a card payment needs the token your payment form gave you")]
    if len(payment.token) > 255:
        return [Fault(f"{pointer}/token", "a token has at most 255 characters")]
    if looks_like_card_number(payment.token):
        return [Fault(f"{pointer}/token", "this is a card number; send a token, and never the number itself")]
    return []


def looks_like_card_number(text: str) -> bool:
    """13 to 19 digits with a right check digit (ISO/IEC 7812-1, Luhn), however they are grouped."""
    digits = [int(c) for c in text if c.isascii() and c.isdigit()]
    if not 13 <= len(digits) <= 19 or any(c.isalpha() for c in text):
        return False
    doubled = [d * 2 - 9 if d > 4 else d * 2 for d in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


async def open_order(
    tx: SaleTx,
    draft: Draft,
    *,
    order_id: str,
    operation_id: str,
    ids: TypeIds,
    policy: OrderPolicy,
    gateway: str,
    by: str,
    at: datetime,
) -> tuple[Order, Operation | None]:
    """Price it, take the stock and write it down: placed when paid later, pending with an operation to send when not."""
    items: dict[str, int] = {}
    places: dict[str, int] = {}
    for place, item in enumerate(draft.items):
        items[item.sku] = items.get(item.sku, 0) + item.quantity
        places.setdefault(item.sku, place)
    address = draft.contact.shipping_address
    terms = await tx.terms.look_up(
        tuple(items),
        currency=draft.currency,
        country=address.country if address else policy.home_country,
        region=address.region if address else None,
        shipping_method=draft.shipping_method,
    )
    totals = quote(items, terms, inclusive=policy.prices_include_tax, places=places)
    order = Order(
        id=order_id,
        number=await tx.orders.next_number(),
        currency=draft.currency,
        status=OrderStatus.PENDING,
        lines=tuple(_line(n, line, terms) for n, line in enumerate(totals.lines, 1)),
        shipping=_shipping(totals.shipping, terms),
        subtotal=totals.subtotal,
        shipping_total=totals.shipping_total,
        tax=totals.tax,
        total=totals.total,
        created_at=at,
        customer_id=draft.customer_id,
        contact=draft.contact,
        expires_at=at + policy.reservation,
        metadata=draft.metadata,
    )
    order.note("created", by=by, at=at)
    held = order.held()
    if held:
        await tx.stock.apply(held, reason=Reason.RESERVED, reference=order.id, actor=by, at=at)
    payments, operation = _payments(order, draft, operation_id, ids=ids, policy=policy, gateway=gateway, by=by, at=at)
    await tx.orders.add(order)
    for payment in payments:
        await tx.payments.add(payment)
    if operation is not None:
        await tx.operations.add(operation)
    return order, operation


def _payments(
    order: Order,
    draft: Draft,
    operation_id: str,
    *,
    ids: TypeIds,
    policy: OrderPolicy,
    gateway: str,
    by: str,
    at: datetime,
) -> tuple[list[Payment], Operation | None]:
    """What it is paid with: store credit at once, then the rest, by a card or later."""
    wanted, method = draft.payment, Method(draft.payment.method)
    credit = order.total if method is Method.STORE_CREDIT else Money(wanted.store_credit, order.currency)
    if credit > order.total:
        too_much = Fault("/payment/store_credit", f"the order comes to {order.total}; use at most that")
        raise Invalid("order.invalid", "The order can not be placed as it is: see errors.", too_much)
    payments = []
    if credit:
        paid = Payment(
            id=ids.new("pay"),
            order_id=order.id,
            method=Method.STORE_CREDIT,
            amount=credit,
            created_at=at,
            reference=WALLET.of(order.currency, draft.customer_id),
        )
        paid.received(credit.amount)
        order.money_authorized(credit.amount, by=by, at=at)
        order.money_captured(paid, credit.amount, by=by, at=at)
        payments.append(paid)
    rest = order.total - credit
    if credit and not rest:
        return payments, None
    card = method is Method.CARD and bool(rest)
    payment = Payment(
        id=ids.new("pay"),
        order_id=order.id,
        method=method,
        amount=rest,
        created_at=at,
        gateway=gateway if card else None,
        capture=wanted.capture,
    )
    payments.append(payment)
    if not card:
        order.place(by=by, at=at)
        return payments, None
    operation = payment.authorize(operation_id, wanted.token or "", at=at)
    operation.lease(at + policy.operation_lease)
    return payments, operation


def _line(number: int, line: TaxedLine, terms: SaleTerms) -> OrderLine:
    offer = terms.offers[line.sku]
    return OrderLine(
        number=number,
        sku=line.sku,
        name=offer.name,
        quantity=line.quantity,
        unit_price=line.unit_price,
        total=line.total,
        net=line.net,
        tax=line.tax,
        gross=line.gross,
        rate=line.rate,
        inclusive=line.inclusive,
        tracked=offer.tracked,
    )


def _shipping(line: TaxedLine | None, terms: SaleTerms) -> ShippingLine | None:
    if line is None or terms.shipping is None:
        return None
    return ShippingLine(
        method=terms.shipping.code,
        name=terms.shipping.name,
        total=line.total,
        net=line.net,
        tax=line.tax,
        gross=line.gross,
        rate=line.rate,
        inclusive=line.inclusive,
    )

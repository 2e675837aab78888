"""How much a refund gives back, and how much of that is tax."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tradepost.kernel.errors import Fault, Invalid
from tradepost.kernel.money import Money
from tradepost.orders.lines import OrderLine
from tradepost.orders.order import Order
from tradepost.payments.payment import Refund, RefundLine, RefundStatus


def units_refunded(earlier: Iterable[Refund]) -> Counter[int]:
    """By line, how many units were given back, or are about to be."""
    found: Counter[int] = Counter()
    for refund in earlier:
        if refund.status is not RefundStatus.FAILED:
            for each in refund.lines:
                found[each.line] += each.quantity
    return found


def check_refund(order: Order, amount: Money | None, lines: Sequence[RefundLine], refunded: Mapping[int, int]) -> None:
    """Raises `order.refund_invalid` with every fault. Where no amount is named no unit is given back twice."""
    faults = []
    seen: Counter[int] = Counter()
    for place, wanted in enumerate(lines):
        line = next((line for line in order.lines if line.number == wanted.line), None)
        seen[wanted.line] += wanted.quantity
        if line is None:
            faults.append(Fault(f"/lines/{place}/line", f"the order has no line {wanted.line}"))
            continue
        before = refunded.get(line.number, 0) if amount is None else 0
        if wanted.quantity < 1 or seen[wanted.line] > line.quantity - before:
            left = max(line.quantity - before, 0)
            faults.append(
                Fault(f"/lines/{place}/quantity", f"line {line.number} has {left} of {line.quantity} left to refund")
            )
    if amount is not None and amount.currency != order.currency:
        faults.append(Fault("/amount/currency", f"the order is in {order.currency}"))
    if amount is not None and amount.amount <= 0:
        faults.append(Fault("/amount/amount", "must be above zero"))
    if faults:
        raise Invalid("order.refund_invalid", "This can not be refunded as it is: see errors.", *faults)


def of_lines(order: Order, lines: Sequence[RefundLine], refunded: Mapping[int, int]) -> tuple[int, int]:
    """What units of lines cost the buyer, and the tax in it. All units of a line together cost what the line did, to
    the cent, in whatever steps they are given back."""
    amount = tax = 0
    for number, quantity in _quantities(lines).items():
        line, before = order.line(number), refunded.get(number, 0)
        amount += _share(line.gross, line, before + quantity) - _share(line.gross, line, before)
        tax += _share(line.tax, line, before + quantity) - _share(line.tax, line, before)
    return amount, tax


def tax_of(order: Order, earlier: Iterable[Refund], amount: int, exact: int | None) -> int:
    """The tax in a refund of `amount`: `exact` where lines tell, else in proportion to what is left of the order, half
    to even. The refund that takes the last of the total takes the last of the tax: never more than was paid goes back."""
    if not order.sold:
        return 0
    counted = [refund for refund in earlier if refund.status is not RefundStatus.FAILED]
    total = order.total.amount - sum(refund.amount.amount for refund in counted)
    tax = order.tax.amount - sum(refund.tax for refund in counted)
    share = _proportion(tax, amount, total) if exact is None else exact
    return min(max(share, tax - (total - amount), 0), tax, amount)


def _quantities(lines: Sequence[RefundLine]) -> Counter[int]:
    wanted: Counter[int] = Counter()
    for line in lines:
        wanted[line.line] += line.quantity
    return wanted


def _share(whole: Money, line: OrderLine, units: int) -> int:
    """What the first `units` of a line come to: the cents that do not divide are in the first ones."""
    each, over = divmod(whole.amount, line.quantity)
    return each * units + min(over, units)


def _proportion(whole: int, part: int, of: int) -> int:
    """`whole` times `part` over `of`, half to even."""
    if of <= 0:
        return 0
    found, rest = divmod(whole * part, of)
    return found + (rest * 2 > of or (rest * 2 == of and found % 2))

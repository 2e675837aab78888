"""How much of an order somebody has given back: what a limit of their role is compared with."""

from collections.abc import Sequence

from tradepost.kernel.access import Actor, Resource
from tradepost.kernel.money import Money
from tradepost.orders.views import RefundView
from tradepost.payments.payment import Refund, RefundStatus

_MACHINE = "key_"


def refund_in_all(order_id: str, earlier: Sequence[Refund | RefundView], more: Money, *, by: Actor) -> Resource:
    """The order, with all that `by` will have given back on it: their earlier refunds and `more`. What the gateway
    refused does not count, and neither does what others gave back.

    Whose machine gave something back is not kept with the refund. So what any machine did counts for everybody under a
    limit: somebody who may make keys does not get past theirs by making one more."""
    own = {by.id, by.on_behalf_of}
    before = sum(
        refund.amount.amount
        for refund in earlier
        if (refund.created_by in own or refund.created_by.startswith(_MACHINE))
        and refund.status is not RefundStatus.FAILED
    )
    return Resource(kind="order", id=order_id, amount=Money(before + more.amount, more.currency))

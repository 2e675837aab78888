"""Who a customer is, as far as access goes: a customer belongs to themselves."""

from tradepost.kernel.access import Resource


def one_self(customer_id: str) -> Resource:
    """The customer, as the thing that is to be read or changed."""
    return Resource(kind="customer", id=customer_id, customer_id=customer_id)

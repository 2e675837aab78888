"""Facts about customers. They carry ids, never personal data."""

from tradepost.kernel.events import Event


class CustomerCreated(Event, frozen=True, kw_only=True, tag="tradepost.customer.created.v1"):
    customer_id: str
    external_id: str | None
    user_id: str | None


class CustomerChanged(Event, frozen=True, kw_only=True, tag="tradepost.customer.changed.v1"):
    """Something about them is different; whoever may know reads what."""

    customer_id: str

"""Which facts may be told to others than the shop itself: streams and outgoing webhooks carry these alone."""

PUBLIC: tuple[str, ...] = (
    "tradepost.cart.",
    "tradepost.category.",
    "tradepost.customer.",
    "tradepost.order.",
    "tradepost.product.",
    "tradepost.shipping_method.",
    "tradepost.tax_rate.",
)
"""What their types begin with. It says what may leave, not what may not: a new kind of fact stays inside until somebody
has thought about it. Those about users (who may do what, links that let somebody in) are not on it."""

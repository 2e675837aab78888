"""What the shop writes to people, about their accounts and their orders."""

from functools import cached_property

from tradepost.mail.letters import Letters
from tradepost.mail.rendering import LetterRenderer
from tradepost.orders.order_letters import OrderLetters, PostOrderLetters
from tradepost.shop.parts import Parts
from tradepost.users.account_letters import AccountLetters, PostAccountLetters
from tradepost.users.letter_texts import Site
from tradepost.webhooks.webhook_letters import WebhookLetters


class Correspondence(Parts):
    """Who posts letters, and who writes them."""

    @cached_property
    def post_account_letters(self) -> PostAccountLetters:
        """The handler of a consumer of `users.account_letters.EVENTS`."""
        return PostAccountLetters(self._ids)

    @cached_property
    def post_order_letters(self) -> PostOrderLetters:
        """The handler of a consumer of `orders.order_letters.events_of(…)`."""
        return PostOrderLetters(self._ids)

    def letters(self, site: Site, renderer: LetterRenderer | None = None) -> Letters:
        """Every letter the shop writes, with links to these pages: for `SendMail`. Those about orders need somebody who
        puts them into words."""
        letters = Letters()
        AccountLetters(self._transactions, self._links, site, self._clock).add_to(letters)
        WebhookLetters(self._backend.webhook_endpoint_views, site.name, self._clock).add_to(letters)
        if renderer is not None:
            backend = self._backend
            orders = OrderLetters(backend.order_views, backend.customer_views, renderer, self._tokens, site)
            orders.add_to(letters)
        return letters

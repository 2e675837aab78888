"""The letter about an endpoint that is told nothing any more."""

from collections.abc import Mapping
from html import escape

from tradepost.kernel.clock import Clock
from tradepost.kernel.errors import NotFound
from tradepost.mail.letters import Letter, Letters
from tradepost.webhooks.endpoint import StateReason
from tradepost.webhooks.ports import WebhookEndpointViews
from tradepost.webhooks.views import WebhookEndpointView

STOPPED = "webhooks.endpoint_stopped"


class WebhookLetters:
    """Writes it, from what is true when it leaves: nothing when somebody has seen to the endpoint meanwhile."""

    def __init__(self, views: WebhookEndpointViews, shop_name: str, clock: Clock) -> None:
        self._views = views
        self._shop_name = shop_name
        self._clock = clock

    def add_to(self, letters: Letters) -> None:
        """Register as the one who writes it."""
        letters.add(STOPPED, self.stopped)

    async def stopped(self, about: Mapping[str, str]) -> Letter | None:
        try:
            endpoint = await self._views.get(about["endpoint_id"], self._clock.now())
        except NotFound:
            return None
        if endpoint.reason not in (StateReason.GONE, StateReason.FAILING) or endpoint.owner_email is None:
            return None
        paragraphs = _paragraphs(endpoint, self._shop_name)
        return Letter(
            to=endpoint.owner_email,
            subject=f"{self._shop_name} sends no more webhooks to {_host(endpoint.url)}"[:200],
            text="\n\n".join(paragraphs) + "\n",
            html="".join(f"<p>{escape(paragraph)}</p>\n" for paragraph in paragraphs),
        )


def _paragraphs(endpoint: WebhookEndpointView, shop_name: str) -> list[str]:
    where = f"the endpoint {endpoint.id} of {shop_name}, {endpoint.url}"
    if endpoint.reason is StateReason.GONE:
        return [
            "Hello,",
            f"{where} answered with 410: that it is gone. It is disabled, and told of nothing that happens from now on.",
            "If that is not what you want, see to it that it answers with 200, and resume it: what was waiting is sent"
            " then. What failed can be redelivered.",
        ]
    since = "" if endpoint.failing_since is None else f" since {endpoint.failing_since:%Y-%m-%d %H:%M} UTC"
    return [
        "Hello,",
        f"nothing has reached {where}{since}, in {endpoint.failures} attempts. It is paused.",
        "What happens meanwhile is kept for it for 30 days. Look at its deliveries to see what went wrong, send it a"
        " test, and resume it: what was kept is sent then. What failed can be redelivered.",
    ]


def _host(url: str) -> str:
    return url.split("/", 3)[2] if url.count("/") > 1 else url

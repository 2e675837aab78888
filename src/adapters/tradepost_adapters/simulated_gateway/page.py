"""The page a buyer is sent to when the bank wants to hear from them: Approve or Decline."""

from tradepost.kernel.money import Money
from tradepost_adapters.simulated_gateway.rules import Authorization, State

_OUTCOMES = {
    State.OPEN: "The payment is confirmed. You can close this page and go back to the shop.",
    State.REFUSED: "The payment was declined. Go back to the shop to pay in another way.",
    State.VOIDED: "The shop has called this payment off. No money was taken.",
}
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f3f4f6;color:#1f2937}"
    "main{max-width:22rem;margin:12vh auto;padding:2rem;background:#fff;border-radius:12px;box-shadow:0 1px 8px #0002}"
    "h1{font-size:1.1rem;margin:0 0 1rem}p{margin:0 0 1rem}.amount{font-size:2rem;font-weight:600}"
    "form{display:flex;gap:.75rem}button{flex:1;font:inherit;padding:.7rem;border-radius:8px;border:1px solid #9ca3af;"
    "background:#fff;cursor:pointer}button.approve{background:#166534;border-color:#166534;color:#fff}"
    "small{color:#6b7280}"
)


def action_page(authorization: Authorization) -> str:
    """HTML for the authorization as it stands: two buttons while it awaits the buyer, and the outcome afterward.

    What it shows is made by the gateway (amount and state), so nothing on it needs escaping.
    """
    if authorization.state is State.AWAITING:
        rest = (
            '<form method="post"><button class="approve" name="approve" value="true">Approve</button>'
            '<button name="approve" value="false">Decline</button></form>'
        )
    else:
        paid = State.OPEN if authorization.captured else authorization.state  # a void may have let go of the rest only
        rest = f"<p>{_OUTCOMES[paid]}</p>"
    return _page(f'<p class="amount">{Money(authorization.authorized, authorization.currency)}</p>{rest}')


def unknown_page() -> str:
    """HTML for a link that leads nowhere."""
    return _page("<p>There is no payment under this link.</p>")


def _page(content: str) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Confirm your payment</title><style>{_STYLE}</style><main><h1>Confirm your payment</h1>{content}"
        "<small>This is Tradepost's simulated payment gateway. No real money moves.</small></main></html>"
    )

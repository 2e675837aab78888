"""The gateway's own rules: what an authorization allows next. Pure: the state before in, the answer and the state after out."""

from enum import StrEnum

import msgspec

from tradepost.payments.gateway import Approved, Authorize, Capture, Declined, GatewayAnswer, Refund, Void


class State(StrEnum):
    """Where an authorization stands."""

    AWAITING = "awaiting"  # the buyer has not decided yet; nothing is held
    OPEN = "open"
    REFUSED = "refused"  # the buyer, or the bank after the buyer, said no
    VOIDED = "voided"  # let go of, wholly or what was left of it


class Authorization(msgspec.Struct, frozen=True, kw_only=True):
    """An authorization and what became of its money, in minor units of `currency`."""

    reference: str
    operation_id: str
    token: str
    sale: bool
    currency: str
    authorized: int
    captured: int = 0
    refunded: int = 0
    state: State = State.OPEN
    disputed: int = 0  # of what was captured, taken back from the shop by disputes

    def opened(self) -> "Authorization":
        """The authorization as it stands once it is approved: a sale is captured whole at once."""
        return msgspec.structs.replace(self, state=State.OPEN, captured=self.authorized if self.sale else 0)


def new_authorization(request: Authorize, reference: str) -> Authorization:
    """What an approved `request` makes."""
    return Authorization(
        reference=reference,
        operation_id=request.operation_id,
        token=request.token,
        sale=request.capture,
        currency=request.amount.currency,
        authorized=request.amount.amount,
    ).opened()


def follow(
    request: Capture | Void | Refund, current: Authorization, *, several_captures: bool = True
) -> tuple[GatewayAnswer, Authorization]:
    """Carry out what follows an authorization: the answer, and how the authorization stands afterward."""
    declined = _void_refusal(current) if isinstance(request, Void) else _money_refusal(request, current)
    if declined is None and isinstance(request, Capture) and not (request.final or several_captures):
        declined = Declined(code="capture_not_final", message="It is captured once here: the capture has to be final.")
    if declined is not None:
        return declined, current
    if isinstance(request, Capture):
        captured = current.captured + request.amount.amount
        rest_is_let_go = request.final and captured < current.authorized
        state = State.VOIDED if rest_is_let_go else current.state
        after = msgspec.structs.replace(current, captured=captured, state=state)
    elif isinstance(request, Refund):
        after = msgspec.structs.replace(current, refunded=current.refunded + request.amount.amount)
    else:
        after = msgspec.structs.replace(current, state=State.VOIDED)
    return Approved(reference=current.reference), after


def _void_refusal(current: Authorization) -> Declined | None:
    if current.state is State.REFUSED:
        return Declined(code="authorization_declined", message="The authorization was declined; it holds nothing.")
    if current.state is State.VOIDED:
        return Declined(code="already_voided", message="The authorization has been voided already.")
    if current.captured == current.authorized:
        return Declined(code="already_captured", message="All of it has been captured; refund it instead.")
    return None


def _money_refusal(request: Capture | Refund, current: Authorization) -> Declined | None:
    if current.state is State.AWAITING:
        return Declined(code="action_pending", message="The buyer has not confirmed the authorization yet.")
    if current.state is State.REFUSED:
        return Declined(code="authorization_declined", message="The authorization was declined; it holds nothing.")
    if request.amount.currency != current.currency:
        return Declined(code="currency_mismatch", message=f"The authorization is in {current.currency}.")
    if isinstance(request, Refund):
        if request.amount.amount > current.captured - current.refunded:
            return Declined(
                code="refund_exceeds_captured", message="More than what was captured and has not been refunded."
            )
        if request.amount.amount > current.captured - current.refunded - current.disputed:
            return Declined(code="charge_disputed", message="The buyer's bank has taken it back: it is disputed.")
        return None
    if current.state is State.VOIDED:
        return Declined(code="authorization_voided", message="The authorization has been voided.")
    if request.amount.amount > current.authorized - current.captured:
        return Declined(code="capture_exceeds_authorized", message="More than the authorization still holds.")
    return None

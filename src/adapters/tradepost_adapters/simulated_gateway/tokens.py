"""The test tokens: which one causes what, always, documented in docs/reference/simulated-gateway.md.

A token decides about the authorization made with it and about every capture, void and refund of that authorization.
"""

from enum import StrEnum

import msgspec


class Effect(StrEnum):
    """What a token causes. A request that the gateway's rules forbid is declined by them, whatever the token."""

    APPROVE = "approve"
    DECLINE = "decline"
    REQUIRE_ACTION = "require_action"  # the buyer decides on a page first
    ANSWER_SLOWLY = "answer_slowly"  # carried out at once, the first answer comes late
    HANG_AFTER = "hang_after"  # carried out at once, the first answer comes later than anybody waits
    FAIL_AFTER = "fail_after"  # carried out, and the first answer is lost
    FAIL_BEFORE = "fail_before"  # the first try fails and nothing is carried out
    SILENT = "silent"  # carried out, and no answer to sending is ever given: only the books tell
    DEAD = "dead"  # never carried out, never answered
    PEND = "pend"  # a refund that is on its way until it is settled
    PEND_AND_SUCCEED = "pend_and_succeed"  # answered as being on its way, and has arrived right afterward
    PEND_AND_FAIL = "pend_and_fail"  # answered as being on its way, and has failed right afterward
    FAIL_LATER = "fail_later"  # a refund that is approved, and has failed right afterward


class Behavior(msgspec.Struct, frozen=True):
    """An effect; `code` and `message` say why where it declines (at once, or once the buyer has confirmed)."""

    effect: Effect
    code: str = ""
    message: str = ""


APPROVE = Behavior(Effect.APPROVE)
_CARD_DECLINED = Behavior(Effect.DECLINE, "card_declined", "The card was declined.")

AUTHORIZING = {
    "tok_success": APPROVE,
    "tok_declined": _CARD_DECLINED,
    "tok_insufficient_funds": Behavior(
        Effect.DECLINE, "insufficient_funds", "The card does not have enough money left for this."
    ),
    "tok_expired": Behavior(Effect.DECLINE, "card_expired", "The card has expired."),
    "tok_requires_action": Behavior(Effect.REQUIRE_ACTION),
    "tok_requires_action_declined": Behavior(Effect.REQUIRE_ACTION, _CARD_DECLINED.code, _CARD_DECLINED.message),
    "tok_slow": Behavior(Effect.ANSWER_SLOWLY),
    "tok_timeout": Behavior(Effect.HANG_AFTER),
    "tok_error_after_charge": Behavior(Effect.FAIL_AFTER),
    "tok_error_before_charge": Behavior(Effect.FAIL_BEFORE),
    "tok_silent": Behavior(Effect.SILENT),
    "tok_dead": Behavior(Effect.DEAD),
    "tok_disputed": APPROVE,
}
"""Tokens that decide about the authorization; what follows it is approved."""

FOLLOWING = {
    f"tok_{kind}_{name}": (kind, behavior)
    for kind in ("capture", "void", "refund")
    for name, behavior in (
        ("declined", Behavior(Effect.DECLINE, f"{kind}_declined", f"The bank declined the {kind}.")),
        ("error_after", Behavior(Effect.FAIL_AFTER)),
        ("error_before", Behavior(Effect.FAIL_BEFORE)),
        ("timeout", Behavior(Effect.HANG_AFTER)),
        ("silent", Behavior(Effect.SILENT)),
    )
} | {
    "tok_refund_pending": ("refund", Behavior(Effect.PEND)),
    "tok_refund_pending_succeeded": ("refund", Behavior(Effect.PEND_AND_SUCCEED)),
    "tok_refund_pending_failed": ("refund", Behavior(Effect.PEND_AND_FAIL)),
    "tok_refund_failed_later": ("refund", Behavior(Effect.FAIL_LATER)),
}
"""Tokens whose authorization is approved and which decide about one kind of request that follows it."""


DISPUTED = frozenset({"tok_disputed"})
"""Tokens whose buyer asks their bank for the money as soon as it is captured."""


def is_known(token: str) -> bool:
    return token in AUTHORIZING or token in FOLLOWING


def behavior(token: str, kind: str) -> Behavior:
    """What a known `token` causes for `authorize`, `capture`, `void` or `refund`."""
    if kind == "authorize":
        return AUTHORIZING.get(token, APPROVE)
    concerned, caused = FOLLOWING.get(token, ("", APPROVE))
    return caused if concerned == kind else APPROVE

"""A user's second factor: an authenticator app, recovery codes beside it, and the sign-ins that wait for one of them."""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from tradepost.kernel.errors import Conflict, Fault, Invalid, Kind, TradepostError

SETUP = timedelta(minutes=15)
"""How long there is between seeing the QR code and giving the first code."""
CHALLENGE = timedelta(minutes=5)
"""How long a sign-in waits for its second step."""
MOST_TRIES = 5
"""Codes a challenge takes, right or wrong."""

_FREE_FAILURES = 4
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(days=1)


class Totp(msgspec.Struct, frozen=True, kw_only=True):
    """A user's authenticator app: `sealed` is the secret it shares with us. Until `confirmed_at` it was only begun.

    `last_counter` is the period of the last code that was taken. `failures` counts the wrong ones since, the latest at
    `failed_at`.
    """

    user_id: str
    sealed: str
    created_at: datetime
    confirmed_at: datetime | None = None
    last_counter: int | None = None
    failures: int = 0
    failed_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Totp({self.user_id})"

    def paused_until(self) -> datetime | None:
        """When codes are looked at again: after five wrong ones in a row not for a minute, after each further one for
        twice as long, at most a day.

        A million codes are guessed through in no time otherwise, by somebody who has the password already. Recovery
        codes are taken all the while, so their owner can always get in.
        """
        if self.failed_at is None or self.failures <= _FREE_FAILURES:
            return None
        doublings = min(self.failures - _FREE_FAILURES - 1, 20)
        pause: timedelta = _FIRST_PAUSE * 2**doublings
        return self.failed_at + min(pause, _LONGEST_PAUSE)


def purpose_of(user_id: str) -> str:
    """What a user's secret is sealed for."""
    return f"totp:{user_id}"


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in whose password was right and that waits for the second step: good for that, once, and for nothing else.

    `hash` is that of the secret its owner was given; `session_version` that of the user then, so a new password or a
    suspension ends it. `tries` counts the codes that were given, right or wrong.
    """

    hash: str
    user_id: str
    session_version: int
    created_at: datetime
    expires_at: datetime
    tries: int = 0
    finished_at: datetime | None = None


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody shows as their second factor: a code of their app, or a recovery code."""

    code: str | None = None
    recovery_code: str | None = None

    def __repr__(self) -> str:
        return "Proof([hidden])"

    def __bool__(self) -> bool:
        return self.code is not None or self.recovery_code is not None


class Proved(StrEnum):
    """What came of a proof."""

    CODE = "totp"
    RECOVERY_CODE = "recovery_code"
    WRONG = "wrong"


class SecondFactorView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether somebody signs in with a second factor, since when, and how many recovery codes they have left."""

    enabled: bool
    enabled_at: datetime | None = None
    recovery_codes_left: int = 0


class TotpSetup(msgspec.Struct, frozen=True, kw_only=True):
    """What an authenticator app is told: `uri` as a QR code, or `secret` typed by hand. Shown once."""

    secret: str
    uri: str
    expires_at: datetime

    def __repr__(self) -> str:
        return "TotpSetup([hidden])"


class RecoveryCodesView(msgspec.Struct, frozen=True, kw_only=True):
    """A new set of recovery codes, each good once. Shown once; those before it are good no more."""

    codes: tuple[str, ...]

    def __repr__(self) -> str:
        return "RecoveryCodesView([hidden])"


class MfaRequired(msgspec.Struct, frozen=True, kw_only=True, tag_field="status", tag="mfa_required"):
    """The password was right, and this account has a second factor: show `challenge` with a code of it within
    `expires_in` seconds. The challenge is good for that alone, and for five tries."""

    challenge: str
    expires_in: int

    def __repr__(self) -> str:
        return "MfaRequired([hidden])"


class CodeWrong(Invalid):
    """Not a code that is good now, or one that was used."""

    def __init__(self, pointer: str = "/code") -> None:
        sentence = "This code is not good, or was used already; wait for the next one, or give a recovery code."
        super().__init__("second_factor.code_wrong", sentence, Fault(pointer, sentence))


class NotEnabled(Conflict):
    """There is no second factor to do this with."""

    def __init__(self) -> None:
        super().__init__("second_factor.not_enabled", "This account has no second factor; set one up first.")


class AlreadyEnabled(Conflict):
    """There is one already, and it is not replaced without being given up first."""

    def __init__(self) -> None:
        super().__init__(
            "second_factor.enabled", "This account has a second factor already; disable it to set up another one."
        )


class NotBegun(Conflict):
    """Nothing waits for its first code."""

    def __init__(self) -> None:
        super().__init__(
            "second_factor.not_begun",
            "No authenticator app waits for its first code, or it waited too long; begin again with a new QR code.",
        )


class CodeNeeded(Invalid):
    """The account has a second factor, and only the password was shown."""

    def __init__(self) -> None:
        sentence = "This account has a second factor; give a code of the authenticator app, or a recovery code, too."
        super().__init__("second_factor.code_needed", sentence, Fault("/code", sentence))


class ChallengeEnded(TradepostError):
    """No sign-in waits for a second step under this, or not any more, for whatever reason."""

    def __init__(self) -> None:
        super().__init__(
            Kind.UNAUTHENTICATED,
            "auth.challenge_ended",
            "This sign-in waited too long, had too many wrong codes or is done; begin again with the password.",
        )


class SecondStepFailed(TradepostError):
    """The second step of a sign-in was wrong."""

    def __init__(self, tries_left: int) -> None:
        super().__init__(
            Kind.UNAUTHENTICATED,
            "auth.code_wrong",
            "This code is not good, or was used already; wait for the next one, or give a recovery code.",
            {"tries_left": tries_left},
        )


class Paused(TradepostError):
    """Too many wrong codes in a row."""

    def __init__(self, until: datetime, at: datetime) -> None:
        super().__init__(
            Kind.RATE_LIMITED,
            "second_factor.paused",
            "Too many codes were wrong; wait, or give a recovery code.",
            {"retry_after": max(1, int((until - at).total_seconds()) + 1)},
        )

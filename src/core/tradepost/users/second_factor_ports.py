"""What second factors need from outside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from tradepost.users.second_factor import Challenge, SecondFactorView, Totp
from tradepost.users.security_log import HasSecurityLog
from tradepost.users.session_ports import SignInTx


class Totps(Protocol):
    """The users' authenticator apps, inside a transaction."""

    async def find(self, user_id: str, /) -> Totp | None:
        """It stays as it is until the transaction ends, unless the transaction itself changes it: of two who try a code
        at the same moment, the second sees what came of the first."""
        ...

    async def begin(self, totp: Totp, /) -> bool:
        """Keep one that was begun, in the place of any begun before; false when there is a confirmed one."""
        ...

    async def confirm(self, user_id: str, sealed: str, counter: int, at: datetime, /) -> bool:
        """The first code, of period `counter`, was right; false when that secret is not waiting for one any more."""
        ...

    async def take(self, user_id: str, counter: int, /) -> bool:
        """Take the code of this period, once: false when it, or that of a later period, was taken before. Forgets the
        wrong ones."""
        ...

    async def failed(self, user_id: str, at: datetime, /) -> None:
        """Count a wrong code."""
        ...

    async def remove(self, user_id: str, /) -> bool:
        """Forget it; whether it was confirmed."""
        ...


class RecoveryCodes(Protocol):
    """The users' recovery codes by their hashes, inside a transaction."""

    async def replace(self, user_id: str, hashes: Sequence[str], at: datetime, /) -> None:
        """From now on these are the user's, and no others."""
        ...

    async def use(self, user_id: str, code_hash: str, at: datetime, /) -> bool:
        """Use one up; false when there is no such code, or it was used before."""
        ...


class SignInChallenges(Protocol):
    """The sign-ins that wait for their second step, inside a transaction."""

    async def add(self, challenge: Challenge, /) -> None:
        """Keep it, and forget those of the same user that have run out."""
        ...

    async def attempt(self, secret_hash: str, at: datetime, most: int, /) -> Challenge | None:
        """Use up one try, and give the challenge with it counted; None when there is none that is open, or it has had
        `most`. Nobody else has it until the transaction ends."""
        ...

    async def finish(self, secret_hash: str, at: datetime, /) -> bool:
        """It has led to a session; false when it had before."""
        ...


class SecondFactorViews(Protocol):
    """Second factors to look at, outside any transaction."""

    async def of(self, user_id: str, /) -> SecondFactorView:
        """For anybody who has none, too."""
        ...


class HasTotps(Protocol):
    @property
    def totps(self) -> Totps: ...


class HasRecoveryCodes(Protocol):
    @property
    def recovery_codes(self) -> RecoveryCodes: ...


class HasSignInChallenges(Protocol):
    @property
    def sign_in_challenges(self) -> SignInChallenges: ...


class HasSecondFactors(HasTotps, HasRecoveryCodes, Protocol):
    """Everything a second factor consists of."""


class ProvingTx(HasSecondFactors, HasSecurityLog, Protocol):
    """What proving one touches."""


class SecondFactorTx(SignInTx, HasSecondFactors, Protocol):
    """What changing one touches."""


class AdmissionTx(SignInTx, HasSecondFactors, HasSignInChallenges, Protocol):
    """What signing in in two steps touches."""

"""What signing in takes besides a password, and proving again who one is."""

from functools import cached_property

from tradepost.shop.signing_in import SigningIn
from tradepost.users.begin_totp import BeginTotp
from tradepost.users.complete_sign_in import CompleteSignIn
from tradepost.users.complete_sign_in_browser import CompleteSignInBrowser
from tradepost.users.confirm_totp import ConfirmTotp
from tradepost.users.disable_totp import DisableTotp
from tradepost.users.get_second_factor import GetSecondFactor
from tradepost.users.regenerate_recovery_codes import RegenerateRecoveryCodes
from tradepost.users.reset_second_factor import ResetSecondFactor
from tradepost.users.second_factor_changes import SecondFactorChanges
from tradepost.users.step_up import StepUp


class SecondFactors(SigningIn):
    """The use cases of second factors."""

    @cached_property
    def _second_factor_changes(self) -> SecondFactorChanges:
        return SecondFactorChanges(self._ending, self._ids)

    @cached_property
    def complete_sign_in(self) -> CompleteSignIn:
        return CompleteSignIn(self._transactions, self._admission, self._opening, self._clock)

    @cached_property
    def complete_sign_in_browser(self) -> CompleteSignInBrowser:
        return CompleteSignInBrowser(self._transactions, self._admission, self._opening, self._clock)

    @cached_property
    def step_up(self) -> StepUp:
        return StepUp(
            self._transactions,
            self._password_proof,
            self._second_factor_check,
            self._clock,
            self._ids,
            self._session_policy,
        )

    @cached_property
    def get_second_factor(self) -> GetSecondFactor:
        return GetSecondFactor(self._backend.user_views, self._backend.second_factor_views)

    @cached_property
    def begin_totp(self) -> BeginTotp:
        return BeginTotp(self._transactions, self._password_proof, self._box, self._clock, issuer=self._totp_issuer)

    @cached_property
    def confirm_totp(self) -> ConfirmTotp:
        return ConfirmTotp(self._transactions, self._box, self._second_factor_changes, self._clock)

    @cached_property
    def disable_totp(self) -> DisableTotp:
        return DisableTotp(self._transactions, self._second_factor_changes, self._clock)

    @cached_property
    def regenerate_recovery_codes(self) -> RegenerateRecoveryCodes:
        return RegenerateRecoveryCodes(self._transactions, self._clock, self._ids)

    @cached_property
    def reset_second_factor(self) -> ResetSecondFactor:
        return ResetSecondFactor(self._transactions, self._second_factor_changes, self._clock)

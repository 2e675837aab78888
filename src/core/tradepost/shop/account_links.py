"""What accounts do by mail: proving an address, replacing a forgotten password."""

from functools import cached_property

from tradepost.shop.accounts import Accounts
from tradepost.users.purge_one_time_tokens import PurgeOneTimeTokens
from tradepost.users.request_email_verification import RequestEmailVerification
from tradepost.users.request_password_reset import RequestPasswordReset
from tradepost.users.reset_password import ResetPassword
from tradepost.users.verify_email import VerifyEmail


class AccountLinks(Accounts):
    """The use cases of links that come by mail."""

    @cached_property
    def request_email_verification(self) -> RequestEmailVerification:
        return RequestEmailVerification(self._transactions, self._links, self._clock, self._ids)

    @cached_property
    def verify_email(self) -> VerifyEmail:
        return VerifyEmail(self._transactions, self._links, self._clock, self._ids)

    @cached_property
    def request_password_reset(self) -> RequestPasswordReset:
        views = self._backend.user_views
        return RequestPasswordReset(self._transactions, views, self._links, self._clock, self._ids)

    @cached_property
    def reset_password(self) -> ResetPassword:
        return ResetPassword(
            self._transactions,
            self._links,
            self._hasher,
            self._breached,
            self._ending,
            self._places,
            self._clock,
            self._ids,
        )

    @cached_property
    def purge_one_time_tokens(self) -> PurgeOneTimeTokens:
        return PurgeOneTimeTokens(self._transactions, self._clock)

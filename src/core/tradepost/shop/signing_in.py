"""Who is asking: signing in and out, and what one is signed in with."""

from functools import cached_property

from tradepost.shop.signing import Signing
from tradepost.users.admission import Admission
from tradepost.users.end_session import EndSession
from tradepost.users.end_sessions import EndSessions
from tradepost.users.entrance import Entrance
from tradepost.users.familiar_addresses import AddressDigests
from tradepost.users.get_session import GetSession
from tradepost.users.identify import Identify
from tradepost.users.identify_again import IdentifyAgain
from tradepost.users.list_sessions import ListSessions
from tradepost.users.password_proof import PasswordProof
from tradepost.users.password_step import PasswordStep
from tradepost.users.passwords import PasswordHasher
from tradepost.users.purge_sessions import PurgeSessions
from tradepost.users.refresh_tokens import RefreshTokens
from tradepost.users.second_factor_check import SecondFactorCheck
from tradepost.users.session_ending import SessionEnding
from tradepost.users.session_opening import SessionOpening
from tradepost.users.sign_in import SignIn
from tradepost.users.sign_in_browser import SignInBrowser
from tradepost.users.sign_in_throttle import SignInThrottle
from tradepost.users.sign_out import SignOut


class SigningIn(Signing):
    """The use cases of sessions."""

    @property
    def _hasher(self) -> PasswordHasher:
        if self._given_hasher is None:
            raise TypeError("This shop has no accounts: give it a password hasher, Shop(…, hasher=…).")
        return self._given_hasher

    @cached_property
    def _ending(self) -> SessionEnding:
        return SessionEnding(self._ids)

    @cached_property
    def _places(self) -> AddressDigests:
        return AddressDigests(self._secret)

    @cached_property
    def _throttle(self) -> SignInThrottle | None:
        if self._limiter is None:
            return None
        return SignInThrottle(self._limiter, self._backend.familiar_address_views, self._places)

    @cached_property
    def _opening(self) -> SessionOpening:
        return SessionOpening(self.access_tokens, self._ids, self._session_policy, self._ending, self._places)

    @cached_property
    def _password_step(self) -> PasswordStep:
        return PasswordStep(
            self._transactions, self._backend.user_views, self._hasher, self._throttle, self._clock, self._ids
        )

    @cached_property
    def _password_proof(self) -> PasswordProof:
        return PasswordProof(self._transactions, self._hasher, self._throttle, self._clock, self._ids)

    @cached_property
    def _second_factor_check(self) -> SecondFactorCheck:
        return SecondFactorCheck(self._box, self._ids)

    @cached_property
    def _admission(self) -> Admission:
        return Admission(self._opening, self._second_factor_check, self._ids)

    @cached_property
    def _entrance(self) -> Entrance:
        return Entrance(self._transactions, self._admission, self._opening, self._clock)

    @cached_property
    def sign_in(self) -> SignIn:
        return SignIn(self._password_step, self._entrance)

    @cached_property
    def sign_in_browser(self) -> SignInBrowser:
        return SignInBrowser(self._password_step, self._entrance)

    @cached_property
    def refresh_tokens(self) -> RefreshTokens:
        return RefreshTokens(self._transactions, self._opening, self._clock, self._session_policy, self._ending)

    @cached_property
    def identify(self) -> Identify:
        return Identify(
            self.access_tokens, self._backend.principals, self._transactions, self._clock, self._session_policy
        )

    @cached_property
    def identify_again(self) -> IdentifyAgain:
        return IdentifyAgain(self.access_tokens, self._backend.principals, self._clock, self._session_policy)

    @cached_property
    def sign_out(self) -> SignOut:
        return SignOut(self._transactions, self._ending, self._clock)

    @cached_property
    def get_session(self) -> GetSession:
        return GetSession(self._backend.session_views)

    @cached_property
    def list_sessions(self) -> ListSessions:
        return ListSessions(self._backend.session_views, self._clock)

    @cached_property
    def end_session(self) -> EndSession:
        return EndSession(self._transactions, self._ending, self._clock)

    @cached_property
    def end_sessions(self) -> EndSessions:
        return EndSessions(self._transactions, self._ending, self._clock)

    @cached_property
    def purge_sessions(self) -> PurgeSessions:
        return PurgeSessions(self._transactions, self._clock)

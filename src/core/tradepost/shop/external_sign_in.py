"""Signing in with accounts elsewhere."""

from functools import cached_property

from tradepost.customers.complete_external_sign_in import CompleteExternalSignIn
from tradepost.customers.complete_external_sign_in_browser import CompleteExternalSignInBrowser
from tradepost.customers.external_step import ExternalStep
from tradepost.shop.signing_in import SigningIn
from tradepost.users.begin_external_sign_in import BeginExternalSignIn
from tradepost.users.external_answer import AnswerReading
from tradepost.users.link_identity import LinkIdentity
from tradepost.users.list_identities import ListIdentities
from tradepost.users.purge_external_attempts import PurgeExternalAttempts
from tradepost.users.unlink_identity import UnlinkIdentity


class ExternalSignIn(SigningIn):
    """The use cases of accounts elsewhere."""

    @cached_property
    def _answer_reading(self) -> AnswerReading:
        return AnswerReading(self._transactions, self._providers, self._clock)

    @cached_property
    def _external_step(self) -> ExternalStep:
        return ExternalStep(self._transactions, self._answer_reading, self._links, self._clock, self._ids)

    @cached_property
    def begin_external_sign_in(self) -> BeginExternalSignIn:
        return BeginExternalSignIn(self._transactions, self._providers, self._redirects, self._clock)

    @cached_property
    def complete_external_sign_in(self) -> CompleteExternalSignIn:
        return CompleteExternalSignIn(self._external_step, self._entrance)

    @cached_property
    def complete_external_sign_in_browser(self) -> CompleteExternalSignInBrowser:
        return CompleteExternalSignInBrowser(self._external_step, self._entrance)

    @cached_property
    def link_identity(self) -> LinkIdentity:
        return LinkIdentity(self._transactions, self._answer_reading, self._clock, self._ids)

    @cached_property
    def list_identities(self) -> ListIdentities:
        return ListIdentities(self._backend.identity_views)

    @cached_property
    def unlink_identity(self) -> UnlinkIdentity:
        return UnlinkIdentity(self._transactions, self._clock, self._ids)

    @cached_property
    def purge_external_attempts(self) -> PurgeExternalAttempts:
        return PurgeExternalAttempts(self._transactions, self._clock)

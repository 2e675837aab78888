"""Who asks without being anybody: machines and their keys."""

from functools import cached_property

from tradepost.shop.signing import Signing
from tradepost.users.api_key_ports import PublicKeys
from tradepost.users.client_authentication import ClientAuthentication
from tradepost.users.create_api_key import CreateApiKey
from tradepost.users.get_api_key import GetApiKey
from tradepost.users.introspect_token import IntrospectToken
from tradepost.users.issue_client_token import IssueClientToken
from tradepost.users.list_api_keys import ListApiKeys
from tradepost.users.purge_nonces import PurgeNonces
from tradepost.users.revoke_api_key import RevokeApiKey
from tradepost.users.revoke_client_token import RevokeClientToken
from tradepost.users.rotate_api_key import RotateApiKey


class Machines(Signing):
    """The use cases of machines and their keys."""

    @property
    def _public_keys(self) -> PublicKeys:
        if self._given_public_keys is None:
            raise TypeError("This shop can not read public keys: give it something that does, Shop(…, public_keys=…).")
        return self._given_public_keys

    @cached_property
    def create_api_key(self) -> CreateApiKey:
        return CreateApiKey(self._transactions, self._public_keys, self._clock, self._ids)

    @cached_property
    def get_api_key(self) -> GetApiKey:
        return GetApiKey(self._backend.api_key_views, self._clock)

    @cached_property
    def list_api_keys(self) -> ListApiKeys:
        return ListApiKeys(self._backend.api_key_views, self._clock)

    @cached_property
    def rotate_api_key(self) -> RotateApiKey:
        return RotateApiKey(self._transactions, self._clock, self._ids)

    @cached_property
    def revoke_api_key(self) -> RevokeApiKey:
        return RevokeApiKey(self._transactions, self._clock, self._ids)

    @cached_property
    def _authenticate_client(self) -> ClientAuthentication:
        return ClientAuthentication(self._backend.principals)

    @cached_property
    def issue_client_token(self) -> IssueClientToken:
        return IssueClientToken(
            self._transactions, self._authenticate_client, self.access_tokens, self._clock, self._ids
        )

    @cached_property
    def revoke_client_token(self) -> RevokeClientToken:
        return RevokeClientToken(
            self._transactions, self._authenticate_client, self.access_tokens, self._clock, self._ids
        )

    @cached_property
    def introspect_token(self) -> IntrospectToken:
        return IntrospectToken(
            self._authenticate_client, self.access_tokens, self._backend.principals, self._clock, self._session_policy
        )

    @cached_property
    def purge_nonces(self) -> PurgeNonces:
        return PurgeNonces(self._transactions, self._clock)

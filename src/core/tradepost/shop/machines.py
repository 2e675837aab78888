"""Who asks without being anybody: machines and their keys."""

from functools import cached_property

from tradepost.shop.parts import Parts
from tradepost.users.api_key_ports import PublicKeys
from tradepost.users.create_api_key import CreateApiKey
from tradepost.users.get_api_key import GetApiKey
from tradepost.users.list_api_keys import ListApiKeys
from tradepost.users.purge_nonces import PurgeNonces
from tradepost.users.revoke_api_key import RevokeApiKey
from tradepost.users.rotate_api_key import RotateApiKey


class Machines(Parts):
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
    def purge_nonces(self) -> PurgeNonces:
        return PurgeNonces(self._transactions, self._clock)

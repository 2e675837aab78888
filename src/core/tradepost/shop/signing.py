"""What access tokens are signed with."""

from functools import cached_property

from tradepost.shop.parts import Parts
from tradepost.users.key_maker import KeyMaker
from tradepost.users.key_ring import KeyRing
from tradepost.users.list_signing_keys import ListSigningKeys
from tradepost.users.publish_keys import PublishKeys
from tradepost.users.retire_signing_key import RetireSigningKey
from tradepost.users.rotate_signing_key import RotateSigningKey
from tradepost.users.signed_tokens import SignedTokens
from tradepost.users.tokens import AccessTokens, TokenSigner


class Signing(Parts):
    """The use cases of signing keys, and the tokens that are signed with them."""

    @property
    def _signer(self) -> TokenSigner:
        if self._given_signer is None:
            raise TypeError("Nobody can sign in to this shop: give it a signer of tokens, Shop(…, signer=…).")
        return self._given_signer

    @cached_property
    def _key_maker(self) -> KeyMaker:
        return KeyMaker(self._signer, self._box, self._ids)

    @cached_property
    def _key_ring(self) -> KeyRing:
        return KeyRing(self._backend.signing_key_views, self._transactions, self._key_maker, self._ids)

    @cached_property
    def access_tokens(self) -> AccessTokens:
        return SignedTokens(self._key_ring, self._signer, self._token_lifetime)

    @cached_property
    def rotate_signing_key(self) -> RotateSigningKey:
        return RotateSigningKey(self._transactions, self._key_maker, self._clock, self._ids, self._token_lifetime)

    @cached_property
    def list_signing_keys(self) -> ListSigningKeys:
        return ListSigningKeys(self._backend.signing_key_views, self._clock)

    @cached_property
    def retire_signing_key(self) -> RetireSigningKey:
        return RetireSigningKey(self._transactions, self._clock, self._ids)

    @cached_property
    def publish_keys(self) -> PublishKeys:
        return PublishKeys(self._key_ring, self._signer, self._clock)

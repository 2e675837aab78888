"""Makes signing keys, with the private part sealed, and opens them again."""

from datetime import datetime

from tradepost.kernel.ids import TypeIds
from tradepost.kernel.secret_box import SecretBox
from tradepost.kernel.transactions import Unavailable
from tradepost.users.signing_keys import SigningKey
from tradepost.users.tokens import TokenSigner


class KeyMaker:
    """The pair comes from the signer, the seal from the box."""

    def __init__(self, signer: TokenSigner, box: SecretBox, ids: TypeIds) -> None:
        self._signer = signer
        self._box = box
        self._ids = ids

    def make(self, generation: int, *, at: datetime, signs_from: datetime) -> SigningKey:
        key_id = self._ids.new("sig")
        pair = self._signer.new_pair()
        return SigningKey(
            id=key_id,
            generation=generation,
            public=pair.public,
            private=self._box.seal(pair.private, _purpose(key_id)),
            created_at=at,
            signs_from=signs_from,
        )

    def open(self, key: SigningKey) -> bytes:
        """The private part. Raises `secret.unreadable`."""
        if key.private is None:
            raise Unavailable("signing_key", "No key signs tokens at this moment; try again.")
        return self._box.open(key.private, _purpose(key.id))


def _purpose(key_id: str) -> str:
    return f"signing key:{key_id}"

"""The hash chain over entries: what was sealed can not be changed unseen.

Every entry has a digest of all that is known of it. A block holds the digests of some entries, in order of position, and
its hash is made of them and of the block before, so the hash of the last block stands for everything before it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

import msgspec

_encode = msgspec.json.Encoder().encode
_POSITION = 8
_STEP = _POSITION + 32
GENESIS = bytes(32)
"""What the first block follows."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A posting as it lies in the ledger, with its transfer. `amount` is above zero for a debit."""

    position: int
    transfer_id: str
    line: int
    account: str
    type: str
    currency: str
    amount: int
    at: datetime
    subject: str | None
    reference: str
    recorded_at: datetime
    actor: str
    description: str
    entries: int

    def digest(self) -> bytes:
        """SHA-256 of everything, as a JSON array in the order of the fields, times in microseconds since 1970."""
        return sha256(_encode([_plain(value) for value in msgspec.structs.astuple(self)])).digest()


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Sealed entries, from the one after the last of the block before up to `last_position`. `seals` are their positions
    (8 bytes) and digests (32 bytes), one after the other."""

    number: int
    last_position: int
    seals: bytes
    previous: bytes
    hash: bytes
    sealed_at: datetime

    @classmethod
    def seal(cls, entries: Sequence[Entry], last: "Block | None", at: datetime) -> "Block":
        """The block that follows `last`, over entries in order of position."""
        number = 1 if last is None else last.number + 1
        previous = GENESIS if last is None else last.hash
        seals = b"".join(entry.position.to_bytes(_POSITION, "big") + entry.digest() for entry in entries)
        return cls(
            number=number,
            last_position=entries[-1].position,
            seals=seals,
            previous=previous,
            hash=_hash(number, previous, seals),
            sealed_at=at,
        )

    @property
    def count(self) -> int:
        return len(self.seals) // _STEP

    def follows(self, last: "Block | None") -> bool:
        """Whether it is whole in itself and comes after `last`."""
        number, previous = (1, GENESIS) if last is None else (last.number + 1, last.hash)
        return (
            self.number == number
            and self.previous == previous
            and self.hash == _hash(self.number, self.previous, self.seals)
        )

    def broken(self, entries: Sequence[Entry]) -> tuple[int, ...]:
        """The positions at which these entries differ from those that were sealed: changed, gone, or put between."""
        sealed = {
            int.from_bytes(self.seals[at : at + _POSITION], "big"): self.seals[at + _POSITION : at + _STEP]
            for at in range(0, len(self.seals), _STEP)
        }
        found = {entry.position: entry.digest() for entry in entries}
        return tuple(sorted(at for at in sealed.keys() | found.keys() if sealed.get(at) != found.get(at)))


def _plain(value: object) -> object:
    return _microseconds(value) if isinstance(value, datetime) else value


def _microseconds(moment: datetime) -> int:
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _hash(number: int, previous: bytes, seals: bytes) -> bytes:
    return sha256(previous + number.to_bytes(_POSITION, "big") + seals).digest()

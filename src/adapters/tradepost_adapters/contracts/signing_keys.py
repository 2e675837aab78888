"""What every adapter of signing keys keeps to, and every signer of tokens."""

# ruff: noqa: S101 - a suite asserts

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import msgspec
import pytest

from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import StaleVersion, Transactions
from tradepost.users.signing_keys import HasSigningKeys, SigningKey, SigningKeyViews
from tradepost.users.tokens import Claims, Grant, InvalidToken, TokenSigner

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
_ids = TypeIds()


class SigningKeysAdapter(Protocol):
    """An adapter under test, empty at the start of each test."""

    @property
    def transactions(self) -> Transactions[HasSigningKeys]: ...

    @property
    def signing_key_views(self) -> SigningKeyViews: ...


def a_key(generation: int, **fields: Any) -> SigningKey:
    key = SigningKey(
        id=_ids.new("sig"), generation=generation, public="public", private="sealed", created_at=NOW, signs_from=NOW
    )
    return msgspec.structs.replace(key, **fields)


class SigningKeysContract:
    """Bind it with a fixture `keys` that gives a `SigningKeysAdapter`."""

    async def test_keys_come_back_as_they_were_written(self, keys: SigningKeysAdapter) -> None:
        first = a_key(1, signs_until=NOW + timedelta(hours=1), verifies_until=NOW + timedelta(hours=2), private=None)
        second = a_key(2)
        await _run(keys, lambda tx: _all_of(tx.signing_keys.add(first), tx.signing_keys.add(second)))
        assert await keys.signing_key_views.all() == (first, second)
        assert await _run(keys, lambda tx: tx.signing_keys.all()) == (first, second)

    async def test_of_those_who_make_the_same_generation_one_does(self, keys: SigningKeysAdapter) -> None:
        async def once(generation: int) -> None:
            async def work(tx: HasSigningKeys) -> None:
                found = await tx.signing_keys.all()
                if not any(key.generation == generation for key in found):
                    await tx.signing_keys.add(a_key(generation))

            await keys.transactions.run(work)

        await asyncio.gather(*[once(1) for _ in range(8)])
        assert [key.generation for key in await keys.signing_key_views.all()] == [1]
        with pytest.raises(StaleVersion):
            await _run(keys, lambda tx: tx.signing_keys.add(a_key(1)))

    async def test_a_key_is_saved_once_for_each_version(self, keys: SigningKeysAdapter) -> None:
        key = a_key(1)
        await _run(keys, lambda tx: tx.signing_keys.add(key))
        ended = key.ended(NOW + timedelta(minutes=1))
        await _run(keys, lambda tx: tx.signing_keys.save(ended))
        (found,) = await keys.signing_key_views.all()
        assert found == msgspec.structs.replace(ended, version=2)
        with pytest.raises(StaleVersion):
            await _run(keys, lambda tx: tx.signing_keys.save(key))

    async def test_a_key_is_forgotten(self, keys: SigningKeysAdapter) -> None:
        key = a_key(1)
        await _run(keys, lambda tx: tx.signing_keys.add(key))
        await _run(keys, lambda tx: tx.signing_keys.remove(key.id))
        await _run(keys, lambda tx: tx.signing_keys.remove(key.id))
        assert await keys.signing_key_views.all() == ()


class TokenSignerContract:
    """Bind it with fixtures `signer`, and `stranger`: one of another service."""

    CLAIMS = Claims(
        grant=Grant(subject="user_1", session_id="sess_1", session_version=3), issued_at=1_000, expires_at=2_000
    )

    def test_a_token_says_what_was_signed_and_by_which_key(self, signer: TokenSigner) -> None:
        pair = signer.new_pair()
        machine = Grant(subject="key_1", session_id="sess_1", session_version=1, scope=("orders:read", "orders:write"))
        for claims in (self.CLAIMS, Claims(grant=machine, issued_at=1, expires_at=2)):
            token = signer.sign(claims, "sig_1", pair.private)
            assert signer.key_id(token) == "sig_1"
            assert signer.read(token, "sig_1", pair.public) == claims

    def test_two_tokens_of_one_grant_differ(self, signer: TokenSigner) -> None:
        private = signer.new_pair().private
        assert len({signer.sign(self.CLAIMS, "sig_1", private) for _ in range(3)}) == 3

    def test_the_token_of_another_key_or_service_is_refused(self, signer: TokenSigner, stranger: TokenSigner) -> None:
        one, other = signer.new_pair(), signer.new_pair()
        for token, key_id in (
            (signer.sign(self.CLAIMS, "sig_1", other.private), "sig_1"),
            (signer.sign(self.CLAIMS, "sig_1", one.private), "sig_2"),
            (stranger.sign(self.CLAIMS, "sig_1", one.private), "sig_1"),
        ):
            with pytest.raises(InvalidToken):
                signer.read(token, key_id, one.public)

    def test_an_altered_token_is_refused(self, signer: TokenSigner) -> None:
        pair = signer.new_pair()
        token = signer.sign(self.CLAIMS, "sig_1", pair.private)
        for place in range(len(token)):
            other = "A" if token[place] != "A" else "B"
            with pytest.raises(InvalidToken):
                signer.read(token[:place] + other + token[place + 1 :], "sig_1", pair.public)

    def test_what_is_no_token_is_refused(self, signer: TokenSigner) -> None:
        pair = signer.new_pair()
        token = signer.sign(self.CLAIMS, "sig_1", pair.private)
        for text in ("", ".", "..", "a.b.c", "ä.ö.ü", "\0", token[:-1], f"{token}.x", "a" * 100_000, f"{token} "):
            with pytest.raises(InvalidToken):
                signer.read(text, signer.key_id(text), pair.public)

    def test_the_public_key_tells_nothing_of_the_private_one(self, signer: TokenSigner) -> None:
        pair = signer.new_pair()
        jwk = signer.jwk("sig_1", pair.public)
        assert jwk["kid"] == "sig_1"
        assert "d" not in jwk
        assert "hidden" in repr(pair)


async def _run(keys: SigningKeysAdapter, work: Callable[[HasSigningKeys], Any]) -> Any:
    async def step(tx: HasSigningKeys) -> Any:
        return await work(tx)

    return await keys.transactions.run(step)


async def _all_of(*steps: Any) -> None:
    for step in steps:
        await step

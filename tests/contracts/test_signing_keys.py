"""The contract of signing keys, held against memory, SQLite and Postgres, and that of signers, against JWTs."""

from collections.abc import AsyncIterator

import pytest

from tradepost.users.tokens import TokenSigner
from tradepost_adapters.contracts.signing_keys import SigningKeysAdapter, SigningKeysContract, TokenSignerContract
from tradepost_adapters.jose import JwtSigner
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


class TestMemory(SigningKeysContract):
    @pytest.fixture
    def keys(self) -> SigningKeysAdapter:
        return MemoryBackend()


class TestSqlite(SigningKeysContract):
    @pytest.fixture
    async def keys(self, sqlite_url: str) -> AsyncIterator[SigningKeysAdapter]:
        backend = await SqlBackend.open(sqlite_url)
        yield backend
        await backend.close()


class TestPostgres(SigningKeysContract):
    @pytest.fixture
    async def keys(self, postgres_url: str) -> AsyncIterator[SigningKeysAdapter]:
        backend = await SqlBackend.open(postgres_url)
        yield backend
        await backend.close()


class TestJwt(TokenSignerContract):
    @pytest.fixture
    def signer(self) -> TokenSigner:
        return JwtSigner()

    @pytest.fixture
    def stranger(self) -> TokenSigner:
        return JwtSigner(audience="another")

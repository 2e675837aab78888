"""Machines on real databases: what knowing them costs, and that what ends is over in every process at once."""

from typing import Any

import httpx
import pytest
from tests.entrypoints.http.machines import bearer
from tests.entrypoints.http.test_read_budget import service

from tradepost.kernel.access import operator
from tradepost.shop import Shop
from tradepost.users.create_api_key import CreateApiKeyCommand
from tradepost.users.issue_client_token import IssueClientTokenCommand
from tradepost.users.revoke_api_key import RevokeApiKeyCommand
from tradepost.users.rotate_signing_key import RotateSigningKeyCommand


@pytest.fixture
def url(database_url: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)  # the gateway keeps its books there
    return database_url


async def issued(shop: Shop) -> tuple[str, str, str]:
    """A key's id, the key, and a token for it."""
    command = CreateApiKeyCommand(actor=operator(), name="Feed", scopes=("stock:read", "orders:read"))
    key = await shop.create_api_key(command)
    token = await shop.issue_client_token(IssueClientTokenCommand(client_id=key.key.id, client_secret=key.api_key))
    return key.key.id, key.api_key, token.access_token


async def status(http: httpx.AsyncClient, credential: str) -> int:
    return (await http.get("/api/v1/stock/locations", headers=bearer(credential))).status_code


async def test_knowing_which_machine_asks_is_one_read(url: str) -> None:
    async with service(url) as (container, counted, http):
        _, key, token = await issued(container.shop())

        async def noted(credential: str) -> list[str]:
            counted.noted.clear()
            assert await status(http, credential) == 200
            return list(counted.noted)

        asked = "stock_locations.list"
        assert await noted(key) == ["principals.of_key", asked]  # its use was noted when it got a token
        for _ in range(2):
            assert await noted(token) == ["principals.of_session", asked]


async def test_a_revoked_key_is_over_at_the_next_request_in_every_process(url: str) -> None:
    async with service(url) as (one, _, _), service(url) as (_, _, elsewhere):
        key_id, key, token = await issued(one.shop())
        assert [await status(elsewhere, each) for each in (key, token)] == [200, 200]
        await one.shop().revoke_api_key(RevokeApiKeyCommand(actor=operator(), key_id=key_id))
        assert [await status(elsewhere, each) for each in (key, token)] == [401, 401]


async def test_a_leaked_signing_key_is_over_at_the_next_request_in_every_process(url: str) -> None:
    async with service(url) as (one, _, _), service(url) as (another, _, elsewhere):
        _, key, token = await issued(one.shop())
        assert await status(elsewhere, token) == 200
        await one.shop().rotate_signing_key(RotateSigningKeyCommand(actor=operator(), leaked=True))
        assert await status(elsewhere, token) == 401
        assert await status(elsewhere, key) == 200  # nothing was signed with it
        _, _, fresh = await issued(another.shop())
        assert await status(elsewhere, fresh) == 200

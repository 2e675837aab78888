"""What knowing who asks costs: one read of the database, and nothing else, on both databases."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from dependency_injector import providers
from tests.entrypoints.http.shop import PASSWORD
from tests.entrypoints.http.toy import client as client_of

from tradepost.customers import RegisterUserCommand
from tradepost.kernel.access import operator
from tradepost.users import SignedIn, SignInCommand
from tradepost_adapters.argon2 import Argon2Hasher
from tradepost_adapters.sql.connection import NOTHING, Params, Row
from tradepost_adapters.sql.statements import Statement
from tradepost_entrypoints.container import Container, opened
from tradepost_entrypoints.http.app import create_app
from tradepost_entrypoints.service import Service
from tradepost_entrypoints.settings import load


class Counted:
    """The reads and the transactions of a database, noted by name."""

    def __init__(self, database: Any) -> None:
        self.noted: list[str] = []
        self._reads, self._transactions = database.reads, database.transactions
        self.dialect = self._reads.dialect
        database.reads = database.transactions = self

    async def all(self, statement: Statement, params: Params = NOTHING, /) -> list[Row]:
        self.noted.append(statement.name)
        rows: list[Row] = await self._reads.all(statement, params)
        return rows

    async def one(self, statement: Statement, params: Params = NOTHING, /) -> Row | None:
        self.noted.append(statement.name)
        row: Row | None = await self._reads.one(statement, params)
        return row

    async def run(self, work: Any, /) -> Any:
        self.noted.append("transaction")
        return await self._transactions.run(work)


@asynccontextmanager
async def service(url: str) -> AsyncIterator[tuple[Container, Counted, httpx.AsyncClient]]:
    environment = {"TRADEPOST_TOKEN_SECRET": "s" * 40, "TRADEPOST_DATABASE_URL": url}
    container = Container(settings=load(environment, env_file=None))
    container.hasher.override(providers.Object(Argon2Hasher(memory_kib=8, passes=1)))
    counted = Counted(container.database())
    async with opened(container), client_of(create_app(Service(container))) as http:
        yield container, counted, http


@pytest.fixture
def url(database_url: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)  # the gateway keeps its books there
    return database_url


async def test_knowing_who_asks_is_one_read(url: str) -> None:
    async with service(url) as (container, counted, http):
        shop = container.shop()
        command = RegisterUserCommand(actor=operator(), email="ada@example.com", name="Ada", password=PASSWORD)
        await shop.register_user(command)
        signed_in = await shop.sign_in(SignInCommand(email="ada@example.com", password=PASSWORD))
        assert isinstance(signed_in, SignedIn)
        bearer = {"authorization": f"Bearer {signed_in.access_token}"}
        body = {"email": "ada@example.com", "password": PASSWORD}
        ours = {"origin": "http://shop.test"}
        browser = await http.post("/api/v1/auth/session", json=body, headers=ours)
        http.cookies.clear()
        cookie = {"cookie": browser.headers["set-cookie"].partition(";")[0]}

        async def noted(method: str, path: str, headers: dict[str, str], **options: Any) -> list[str]:
            counted.noted.clear()
            answer = await http.request(method, f"/api/v1{path}", headers=headers, **options)
            assert answer.is_success, answer.text
            return list(counted.noted)

        for path in ("/tax-rates", "/shipping-methods"):
            as_guest = await noted("GET", path, {})
            assert await noted("GET", path, bearer) == ["principals.of_session", *as_guest]
            assert await noted("GET", path, cookie) == ["principals.of_cookie", *as_guest]

        cart = {"currency": "EUR"}
        as_guest = await noted("POST", "/carts", {}, json=cart)
        assert await noted("POST", "/carts", bearer, json=cart) == ["principals.of_session", *as_guest]
        csrf = {**cookie, **ours, "x-csrf-token": browser.json()["data"]["csrf_token"]}
        assert await noted("POST", "/carts", csrf, json=cart) == ["principals.of_cookie", *as_guest]
        assert await noted("GET", "/users/me", bearer) == ["principals.of_session", "users.get"]

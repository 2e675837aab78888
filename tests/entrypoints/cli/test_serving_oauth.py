"""OAuth against `tradepost serve` as a process, over the network, by Authlib's own client."""

import json
from pathlib import Path

from authlib.integrations.httpx_client import AsyncOAuth2Client
from tests.entrypoints.cli.test_serving import SECRET, ended, get, running


async def test_authlibs_client_works_with_the_served_shop(sqlite_url: str, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": sqlite_url, "TOKEN_SECRET": SECRET}
    code, out, err = ended(
        "api-keys", "create", "Feed", "--scope", "orders:read", "--scope", "keys:read", "--json",
        folder=tmp_path, **settings,
    )  # fmt: skip
    assert code == 0, err
    issued = json.loads(out)
    with running("serve", "--port", "0", folder=tmp_path, **settings) as server:
        address = server.line().split()[-1]
        metadata = get(f"{address}/.well-known/oauth-authorization-server")
        paths = {name: value.removeprefix(metadata["issuer"]) for name, value in metadata.items() if "endpoint" in name
                 and isinstance(value, str)}  # fmt: skip
        options = {"token_endpoint": address + paths["token_endpoint"], "scope": "orders:read"}
        async with AsyncOAuth2Client(issued["key"]["id"], issued["api_key"], **options) as machine:
            token = await machine.fetch_token(grant_type="client_credentials")
            assert token["scope"] == "orders:read"
            assert (await machine.get(f"{address}/api/v1/orders")).status_code == 200
            about = {"token": token["access_token"]}
            told = await machine.introspect_token(address + paths["introspection_endpoint"], **about)
            assert told.json()["active"] is True
            # While it runs, the operator replaces a key that has leaked.
            assert ended("keys", "rotate", "--now", "--yes", folder=tmp_path, **settings)[0] == 0
            assert (await machine.get(f"{address}/api/v1/orders")).status_code == 401
            await machine.fetch_token(grant_type="client_credentials")
            assert (await machine.get(f"{address}/api/v1/orders")).status_code == 200
            assert ended("api-keys", "revoke", issued["key"]["id"], folder=tmp_path, **settings)[0] == 0
            assert (await machine.get(f"{address}/api/v1/orders")).status_code == 401

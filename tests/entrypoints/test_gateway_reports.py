"""A gateway and a shop in processes of their own: what happens at the gateway reaches the shop, though nobody asks for it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.processes import answering, fill_shelves, free_port, gateway_process, service_process

from tradepost_adapters.simulated_gateway import RemoteSimulatedGateway

_SECRET = "a-secret-of-both-0123456789"


async def _until(read: Callable[[], Awaitable[Any]], wanted: Any) -> None:
    async with asyncio.timeout(30):
        while await read() != wanted:  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_a_buyer_who_confirms_and_never_comes_back_has_bought(tmp_path: Path, sqlite_url: str) -> None:
    gateway_port, port = free_port(), free_port()
    url, gateway_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{gateway_port}"
    told = ("--webhooks-to", f"{url}/api/v1/webhooks/simulated", "--webhook-secret", _SECRET)
    faults = ("--faults", "event.1:duplicated,event.2:duplicated", "--action-url", gateway_url)
    gateway_server = gateway_process(gateway_port, tmp_path, *told, *faults)
    service = service_process(
        port,
        tmp_path,
        database_url=sqlite_url,
        gateway_url=gateway_url,
        TRADEPOST_SIMULATED_WEBHOOK_SECRETS=f"the-one-before-0123456789,{_SECRET}",
        TRADEPOST_RESERVATION="5m",
    )
    gateway = RemoteSimulatedGateway(gateway_url)
    try:
        await answering(f"{gateway_url}/health", gateway_server)
        await answering(f"{url}/ready", service)
        await fill_shelves(sqlite_url, ["MUG"], price=700, stock=5)
        async with httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=20) as http:
            body = {
                "lines": [{"sku": "MUG", "quantity": 1}],
                "currency": "EUR",
                "payment": {"method": "card", "token": "tok_requires_action"},
                "email": "ada@example.com",
            }
            answer = await http.post("/orders", json=body, headers={"Idempotency-Key": "confirmed-elsewhere"})
            order = answer.json()["data"]
            assert order["status"] == "pending", answer.text

            async def status() -> Any:
                read = await http.get(f"/orders/{order['id']}", headers={"X-Order-Token": order["token"]})
                return read.json()["data"]["status"]

            await gateway.confirm(order["next_action"]["url"].rpartition("/")[2], approve=True)
            await _until(status, "placed")
    finally:
        await gateway.close()
        service.kill()
        gateway_server.kill()

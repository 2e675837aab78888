"""What a row of the matrix of access is made of: who asks, what about, and what they are told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
from tests.entrypoints.http.shop import ADDRESS, Person, Stand, send

from tradepost_adapters.simulated_gateway import SimulatedGateway

CALLERS = ("guest", "theirs", "stranger", "support", "manager", "owner")
"""`theirs` is the customer to whom the thing belongs, `stranger` another one."""

OK = 200  # any success
Statuses = tuple[int, int, int, int, int, int]

ANYBODY: Statuses = (OK, OK, OK, OK, OK, OK)
SIGNED_IN: Statuses = (401, OK, OK, OK, OK, OK)
SUPPORT: Statuses = (401, 403, 403, OK, OK, OK)
MANAGER: Statuses = (401, 403, 403, 403, OK, OK)
OWNER: Statuses = (401, 403, 403, 403, 403, OK)
THEIRS_OR_SUPPORT: Statuses = (401, OK, 404, OK, OK, OK)
THEIRS_OR_SUPPORT_OR_TOKEN: Statuses = (404, OK, 404, OK, OK, OK)  # a guest would show a token
THEIRS_OR_MANAGER_OR_TOKEN: Statuses = (404, OK, 404, 403, OK, OK)  # support sees orders, so may know that there is one
THEIRS_OR_MANAGER_SEEN: Statuses = (401, OK, 404, 403, OK, OK)  # support sees customers, so may know of them
THEIRS_ALONE: Statuses = (401, OK, 404, 404, 404, 404)
THEIRS_OR_MANAGER: Statuses = (401, OK, 404, 404, OK, OK)
THEIRS_OR_OWNER: Statuses = (401, OK, 404, 404, 403, OK)  # a manager sees users, so may know that there is one
CLIENTS: Statuses = (400, 400, 400, 400, 400, 400)  # no form, and nobody is asked for a token

Ask = tuple[str, Any]


@dataclass
class Scene:
    """What one call is about, made anew for each: `theirs` owns it."""

    stand: Stand
    http: httpx.AsyncClient
    staff: Person
    theirs: Person

    async def made(self, method: str, path: str, person: Person, **options: Any) -> Any:
        answer = await send(self.http, method, path, person, **options)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()["data"]

    async def order(self, *, paid: bool = True, sent: bool = False, token: str = "tok_success", **payment: Any) -> str:
        """The path of an order of theirs."""
        how = payment or {"method": "card", "token": token}
        body = {"lines": [{"sku": "MUG", "quantity": 1}], "currency": "EUR", "payment": how}
        answer = await send(self.http, "POST", "/orders", self.theirs, json=body)
        order_id = answer.json().get("order_id") or answer.json()["data"]["id"]
        assert answer.status_code == (201 if paid else 402 if token == "tok_declined" else 202), answer.text
        if sent:
            await self.made("POST", f"/orders/{order_id}/fulfillments", self.staff, json={})
        return f"/orders/{order_id}"

    async def cart(self) -> str:
        """The path of a cart of theirs, with something in it."""
        cart = await self.made("POST", "/carts", self.theirs, json={"currency": "EUR"})
        here = f"/carts/{cart['id']}"
        await self.made("POST", f"{here}/lines", self.theirs, json={"sku": "MUG", "quantity": 1})
        return here

    async def address(self) -> str:
        """The path of an address of theirs."""
        here = f"/customers/{self.theirs.customer_id}/addresses"
        customer = await self.made("POST", here, self.theirs, json={"address": ADDRESS})
        return f"{here}/{customer['addresses'][-1]['id']}"

    async def wallet_transfer(self) -> Ask:
        """Store credit of theirs, to be sent to another customer."""
        here, amount = f"/customers/{self.theirs.customer_id}/wallet", {"amount": 500, "currency": "EUR"}
        await self.made("POST", f"{here}/credits", self.staff, json={"amount": amount, "reason": "Sorry"})
        other = await self.stand.person()
        return f"{here}/transfers", {"to": other.customer_id, "amount": amount}

    async def dispute(self) -> str:
        """The path of a dispute about an order of theirs."""
        order = await self.order()
        history = await self.made("GET", f"{order}/history", self.staff)
        gateway = self.stand.container.gateway()
        assert isinstance(gateway, SimulatedGateway)
        told = await gateway.open_dispute(history["payments"][0]["reference"])
        await self.stand.shop.record_dispute("simulated", told.reference)
        (found,) = (await self.made("GET", f"{order}/history", self.staff))["disputes"]
        return f"/disputes/{found['id']}"

    def unique(self) -> str:
        return self.stand.ids.new("x")[2:]


@dataclass
class Row:
    """Who may, and how to ask: a path with a body, once the thing is there."""

    statuses: Statuses
    ask: Callable[[Scene], Awaitable[Ask]]


def fixed(path: str, body: Any = None) -> Callable[[Scene], Awaitable[Ask]]:
    """A request about nothing of anybody's, or about `theirs` themselves."""

    async def ask(scene: Scene) -> Ask:
        return path.format(user=scene.theirs.id, customer=scene.theirs.customer_id), body

    return ask


def about(
    thing: Callable[[Scene], Awaitable[str]], rest: str = "", body: Any = None
) -> Callable[[Scene], Awaitable[Ask]]:
    """A request about a thing of theirs."""

    async def ask(scene: Scene) -> Ask:
        return await thing(scene) + rest, body

    return ask

"""The demo shop: a folder of its own with its settings, its database and its gateway's books."""

import os
import secrets
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tradepost.customers.create_owner import CreateOwnerCommand
from tradepost.kernel.access import operator
from tradepost.kernel.errors import TradepostError
from tradepost_entrypoints.cli.demo_catalog import seed

if TYPE_CHECKING:
    from tradepost_entrypoints.settings import Settings

OWNER = "owner@example.com"
_ENV_FILE = "demo.env"


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """Who owns the demo, and the password nobody will be told again."""

    email: str
    password: str


def env_file_in(folder: Path) -> Path:
    """The settings of the demo in `folder`, made when they are not there: readable by their owner alone, and with the
    secret that keeps sessions and order tokens good from one run to the next."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _ENV_FILE
    if path.exists():
        return path
    # Three slashes and a path: relative if `folder` is, so that demo and settings can be moved together.
    values = {
        "TRADEPOST_DATABASE_URL": f"sqlite:///{folder / 'tradepost.db'}",
        "TRADEPOST_PAYMENT_GATEWAY": f"simulated:///{folder / 'gateway.db'}",
        "TRADEPOST_MAIL_URL": f"file:{folder / 'mail'}",
        "TRADEPOST_TOKEN_SECRET": secrets.token_urlsafe(48),
        "TRADEPOST_LOG_FORMAT": "text",
    }
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("# The demo's settings. The secret signs sessions and order tokens: keep it to yourself.\n")
        file.writelines(f"{name}={value}\n" for name, value in values.items())
    new.rename(path)
    return path


async def prepare(settings: "Settings") -> Owner | None:
    """Tables, catalog and owner, each where it is missing. The owner, when one had to be made."""
    from tradepost_entrypoints.container import Container, migrate_up, opened

    actor = operator("demo")
    try:
        async with opened(Container(settings=settings)):
            pass
    except TradepostError as error:
        if error.code != "database.not_migrated":
            raise
        migrate_up(settings)
    async with opened(Container(settings=settings)) as shop:
        await seed(shop, actor)
        owner = Owner(email=OWNER, password=secrets.token_urlsafe(12))
        made = await shop.create_owner(
            CreateOwnerCommand(actor=actor, email=owner.email, name="Demo owner", password=owner.password)
        )
    return None if made is None else owner


def requests(url: str) -> tuple[tuple[str, str], ...]:
    """Three purchases: what each shows, and the command to paste."""
    berlin = _address("Ada Lovelace", "Main Street 1", "Berlin", "DE", postal_code="10115")
    london = _address("Alan Turing", "2 Warrington Crescent", "London", "GB", postal_code="W9 1ER")
    fresno = _address("Grace Hopper", "1 Fulton Street", "Fresno", "US", region="CA", postal_code="93721")
    return (
        (
            "Two mugs to Berlin, paid by card. Paste it twice: its key makes it one order.",
            _curl(
                url,
                [("MUG-BLUE", 2)],
                "EUR",
                {"method": "card", "token": "tok_success"},
                berlin,
                "standard",
                key="dbd911d2-0500-444c-a4c3-ee87a94eb55e",
            ),
        ),
        (
            "A grinder and coffee to London: the card is only charged when somebody captures it.",
            _curl(
                url,
                [("GRINDER", 1), ("COFFEE-FILTER", 2)],
                "EUR",
                {"method": "card", "token": "tok_success", "capture": False},
                london,
                "express",
            ),
        ),
        (
            "A gift box to California, in dollars, paid later.",
            _curl(url, [("GIFT-BOX", 1)], "USD", {"method": "manual"}, fresno, "standard"),
        ),
    )


def _address(name: str, line1: str, city: str, country: str, **more: str) -> dict[str, str]:
    return {"name": name, "line1": line1, "city": city, "country": country, **more}


def _curl(
    url: str,
    lines: list[tuple[str, int]],
    currency: str,
    payment: dict[str, Any],
    address: dict[str, str],
    shipping_method: str,
    key: str | None = None,
) -> str:
    body = {
        "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines],
        "currency": currency,
        "payment": payment,
        "email": "ada@example.com",
        "shipping_address": address,
        "shipping_method": shipping_method,
    }
    parts = [f"curl -sS {url}/api/v1/orders -H 'Content-Type: application/json'"]
    if key is not None:
        parts.append(f"-H 'Idempotency-Key: {key}'")
    parts.append(f"-d {shlex.quote(msgspec.json.encode(body).decode())}")
    return " \\\n  ".join(parts)

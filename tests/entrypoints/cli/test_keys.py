"""`tradepost keys` and `tradepost api-keys`: what signs tokens, and what machines ask with."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.entrypoints.cli.conftest import Terminal

from tradepost.shop import Shop
from tradepost.users import BearerToken


def test_keys_that_sign_are_rotated_with_overlap_and_retired(terminal: Terminal) -> None:
    assert "no key yet" in terminal.said("keys", "list")
    first = terminal.json("keys", "rotate")
    assert first["status"] == "signing"
    second = terminal.json("keys", "rotate")
    assert [key["status"] for key in terminal.json("keys", "list")] == ["next", "signing"]
    pending = terminal.run("keys", "rotate")
    assert pending.returncode == 4
    assert second["id"] in pending.stderr
    assert terminal.run("keys", "retire", first["id"]).returncode == 4
    assert terminal.run("keys", "retire", "sig_none").returncode == 3
    assert "signing" in terminal.said("keys", "list")


def test_a_leaked_key_is_replaced_at_once_when_one_is_sure(terminal: Terminal) -> None:
    first = terminal.json("keys", "rotate")
    assert terminal.run("keys", "rotate", "--now", given="n\n").returncode != 0
    said = terminal.said("keys", "rotate", "--now", "--yes")
    assert "signs from now on" in said
    assert [key["status"] for key in terminal.json("keys", "list")] == ["signing", "ended"]
    assert terminal.json("keys", "list")[1]["id"] == first["id"]


def test_nothing_is_sealed_without_the_servers_secret(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRADEPOST_TOKEN_SECRET")
    refused = terminal.run("keys", "rotate")
    assert refused.returncode == 2
    assert "TRADEPOST_TOKEN_SECRET" in refused.stderr
    assert "no key yet" in terminal.said("keys", "list")


def test_a_machines_key_is_made_shown_once_renewed_and_revoked(terminal: Terminal) -> None:
    made = terminal.json(
        "api-keys", "create", "Warehouse", "--scope", "orders:read", "--scope", "stock:write", "--expires", "2030-01-01"
    )
    key_id, key = made["key"]["id"], made["api_key"]
    assert key.startswith("tp_live_")
    assert made["key"]["scopes"] == ["orders:read", "stock:write"]
    assert made["key"]["created_by"].startswith("operator:")
    for said in (terminal.said("api-keys", "list"), terminal.said("api-keys", "show", key_id)):
        assert "Warehouse" in said
        assert key not in said

    async def works(shop: Shop) -> str:
        return (await shop.identify(BearerToken(key))).id

    assert terminal.in_shop(works) == key_id
    assert terminal.json("api-keys", "show", key_id)["last_used_at"] is not None
    renewed = terminal.said("api-keys", "rotate", key_id, "--overlap", "24")
    assert "not shown again" in renewed
    assert terminal.in_shop(works) == key_id
    assert "opens nothing" in terminal.said("api-keys", "revoke", key_id)
    assert terminal.json("api-keys", "list", "--status", "revoked")["items"][0]["id"] == key_id
    assert terminal.json("api-keys", "list", "--status", "active")["items"] == []
    assert terminal.run("api-keys", "rotate", key_id).returncode == 4
    assert terminal.run("api-keys", "show", "key_none").returncode == 3


def test_a_key_that_makes_no_sense_is_refused_with_all_that_is_wrong(terminal: Terminal) -> None:
    refused = terminal.run("api-keys", "create", " ", "--scope", "everything", "--expires", "2001-01-01")
    assert refused.returncode == 2
    assert all(word in refused.stderr for word in ("name", "everything", "future"))


def test_a_key_for_signed_requests_takes_the_machines_public_key(terminal: Terminal, tmp_path: Path) -> None:
    public = Ed25519PrivateKey.generate().public_key()
    path = tmp_path / "machine.pem"
    path.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    made = terminal.json("api-keys", "create", "Payouts", "--scope", "refunds:create", "--public-key", str(path))
    assert made["key"]["signed_only"] is True
    path.write_text("nonsense")
    refused = terminal.run("api-keys", "create", "P", "--scope", "orders:read", "--public-key", str(path))
    assert (refused.returncode, "Ed25519" in refused.stderr) == (2, True)

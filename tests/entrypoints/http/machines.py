"""Machines that call the service: by a key, a token, and with signatures made by a library nobody here wrote."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms
from tests.entrypoints.http.shop import Person, send


async def made(http: httpx.AsyncClient, owner: Person, *scopes: str, **fields: Any) -> dict[str, Any]:
    """A key with its secret, as the owner gets it."""
    body = {"name": "Warehouse", "scopes": list(scopes), **fields}
    answer = await send(http, "POST", "/api-keys", owner, json=body)
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@dataclass
class Signer:
    """Signs requests as RFC 9421 says."""

    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def pem(self) -> str:
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, request: httpx.Request, **changes: Any) -> httpx.Request:
        how: dict[str, Any] = {
            "created": datetime.now(UTC),
            "nonce": uuid4().hex,
            "tag": "tradepost",
            "covered_component_ids": ("@method", "@target-uri"),
            "body": request.content if request.method not in ("GET", "DELETE") else None,
            **changes,
        }
        keys = MappingKeyResolver(public_keys={}, private_keys={"machine": self.private})
        signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=keys)
        signer.sign(request, key_id="machine", **how)
        return request


AN_HOUR = timedelta(hours=1)

"""Keys for machines."""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.errors import Kind
from tradepost.users import Client
from tradepost.users.api_key import API_KEY_PATTERN, MAX_NAME, MAX_OVERLAP, ApiKeyStatus, ApiKeyView, IssuedApiKey
from tradepost.users.api_key_ports import ApiKeyFilter
from tradepost.users.create_api_key import CreateApiKey, CreateApiKeyCommand
from tradepost.users.get_api_key import GetApiKey, GetApiKeyQuery
from tradepost.users.list_api_keys import ListApiKeys, ListApiKeysQuery
from tradepost.users.revoke_api_key import RevokeApiKey, RevokeApiKeyCommand
from tradepost.users.rotate_api_key import RotateApiKey, RotateApiKeyCommand
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import Many, One
from tradepost_entrypoints.http.parameters import PageQuery

_TAG = "Access"
ApiKeyId = Annotated[str, msgspec.Meta(pattern=API_KEY_PATTERN, max_length=40)]

_GONE = Refusal(Kind.NOT_FOUND, "api_key.not_found", "There is no api_key 'key_01m7y7tsamexgajdq8dqk7k2b9'.")
_INVALID = Refusal(Kind.INVALID, "api_key.invalid", "This key can not be made as it is: see errors.")
_ENDED = Refusal(Kind.CONFLICT, "api_key.ended", "This key has expired or was revoked; make another in its place.")
_STEP_UP = Refusal(
    Kind.UNAUTHENTICATED,
    "auth.step_up_required",
    "This lets others in or keeps them out: show your password (and second factor) again first.",
)
_TOO_MUCH = Refusal(
    Kind.FORBIDDEN,
    "auth.escalation",
    "Nobody gives or takes away more than they may do themselves, and you may not do this: users:write.",
)


class ApiKeyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a machine may do, and until when. With `public_key`, an Ed25519 key (PEM, or its 32 bytes in base64), its
    requests have to be signed."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]
    scopes: Annotated[tuple[Permission, ...], msgspec.Meta(min_length=1, max_length=100)]
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    public_key: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)] | None = None


class RotateApiKeyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For how long the secret until now stays good besides the new one: not at all unless it is said."""

    overlap_seconds: Annotated[int, msgspec.Meta(ge=0, le=int(MAX_OVERLAP.total_seconds()))] = 0


class ApiKeysQuery(PageQuery, frozen=True, kw_only=True):
    """Which keys."""

    status: ApiKeyStatus | None = None
    user_id: Annotated[str, msgspec.Meta(max_length=40)] | None = None


@endpoint(
    "POST",
    "/api-keys",
    tag=_TAG,
    status=201,
    errors=(_INVALID, _TOO_MUCH, _STEP_UP),
    example={"name": "Warehouse", "scopes": ["orders:read", "stock:write"], "expires_at": "2027-01-01T00:00:00Z"},
)
async def create_api_key(
    data: ApiKeyBody, actor: Actor, client: Client, create_api_key: CreateApiKey
) -> One[IssuedApiKey]:
    """Make a key for a machine. For the owner.

    `api_key` is shown this once; the machine sends it as `Authorization: Bearer tp_live_…`, or gets tokens with it at
    `/oauth/token`. It may no more than you may, now and later, and ends with your account. Takes no Idempotency-Key: a
    secret is issued once.
    """
    command = CreateApiKeyCommand(
        actor=actor,
        name=data.name,
        scopes=tuple(scope.value for scope in data.scopes),
        expires_at=data.expires_at,
        public_key=data.public_key,
        client=client,
    )
    return _issued(await create_api_key(command), status=201)


@endpoint("GET", "/api-keys", tag=_TAG)
async def list_api_keys(query: ApiKeysQuery, actor: Actor, list_api_keys: ListApiKeys) -> Many[ApiKeyView]:
    """The keys of machines, without their secrets. For the owner. Sort by `created_at`."""
    wanted = ApiKeyFilter(status=query.status, user_id=query.user_id)
    return Many(await list_api_keys(ListApiKeysQuery(actor=actor, wanted=wanted, page=query.page_request())), query)


@endpoint("GET", "/api-keys/{key_id}", tag=_TAG, errors=(_GONE,))
async def get_api_key(key_id: ApiKeyId, actor: Actor, get_api_key: GetApiKey) -> One[ApiKeyView]:
    """One key, with when it was used last, to the minute. For the owner."""
    return _shown(await get_api_key(GetApiKeyQuery(actor=actor, key_id=key_id)))


@endpoint(
    "POST", "/api-keys/{key_id}/rotate", tag=_TAG, errors=(_GONE, _ENDED, _INVALID, _TOO_MUCH, _STEP_UP),
    example={"overlap_seconds": 3600},
)  # fmt: skip
async def rotate_api_key(
    key_id: ApiKeyId, data: RotateApiKeyBody | None, actor: Actor, client: Client, rotate_api_key: RotateApiKey
) -> One[IssuedApiKey]:
    """Give a key another secret, shown this once. For the owner.

    The one until now ends at once, or stays good for `overlap_seconds` while the machine is changed over.
    """
    overlap = timedelta(seconds=0 if data is None else data.overlap_seconds)
    command = RotateApiKeyCommand(actor=actor, key_id=key_id, overlap=overlap, client=client)
    return _issued(await rotate_api_key(command))


@endpoint("POST", "/api-keys/{key_id}/revoke", tag=_TAG, errors=(_GONE, _STEP_UP))
async def revoke_api_key(
    key_id: ApiKeyId, actor: Actor, client: Client, revoke_api_key: RevokeApiKey
) -> One[ApiKeyView]:
    """End a key, and every token that was issued for it, from the next request on. For the owner. Safe to repeat."""
    return _shown(await revoke_api_key(RevokeApiKeyCommand(actor=actor, key_id=key_id, client=client)))


def _shown(key: ApiKeyView) -> One[ApiKeyView]:
    return One(key, location=f"/api-keys/{key.id}")


def _issued(issued: IssuedApiKey, *, status: int = 200) -> One[IssuedApiKey]:
    return One(issued, status=status, location=f"/api-keys/{issued.key.id}", secret=True)


ROUTES = (create_api_key, list_api_keys, get_api_key, rotate_api_key, revoke_api_key)

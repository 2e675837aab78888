"""The categories that products are found in."""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from tradepost.catalog import (
    CategoryView,
    CreateCategory,
    CreateCategoryCommand,
    DeleteCategory,
    DeleteCategoryCommand,
    GetCategory,
    GetCategoryQuery,
    ListCategories,
    ListCategoriesQuery,
    UpdateCategory,
    UpdateCategoryCommand,
)
from tradepost.kernel.access import Actor
from tradepost.kernel.errors import Kind
from tradepost.kernel.idempotency import IdempotencyKey
from tradepost_entrypoints.http.endpoint import Refusal, endpoint
from tradepost_entrypoints.http.envelope import Many, Nothing, One
from tradepost_entrypoints.http.parameters import PageQuery
from tradepost_entrypoints.http.routes.catalog import CategoryId, CategoryRef, Slug
from tradepost_entrypoints.http.routes.orders import Text

Position = Annotated[int, msgspec.Meta(ge=0, le=1_000_000, description="Siblings are shown in this order.")]

_GONE = Refusal(Kind.NOT_FOUND, "category.not_found", "There is no category 'mugs'.")
_INVALID = Refusal(Kind.INVALID, "category.invalid", "The category can not be saved as it is: see errors.")
_SLUG = Refusal(Kind.CONFLICT, "category.slug_taken", "Another category has this slug; choose a different one.")
_CYCLE = Refusal(Kind.CONFLICT, "category.cycle", "mugs can not be put under itself; choose a category outside of it.")
_FULL = Refusal(
    Kind.CONFLICT,
    "category.not_empty",
    "The category still holds products or other categories; move them first.",
    {"category_id": "cat_01m7y7tsamexgajdq8dqk7k2b9"},
)


class CategoryQuery(PageQuery, frozen=True, kw_only=True):
    """Which categories."""

    parent_id: Annotated[CategoryId, msgspec.Meta(description="Only those right under it.")] | None = None


@endpoint("GET", "/categories", tag="Categories")
async def list_categories(query: CategoryQuery, list_categories: ListCategories) -> Many[CategoryView]:
    """All categories; `parent_id` says where each stands. Sort by `position` or `name`."""
    page = await list_categories(ListCategoriesQuery(parent_id=query.parent_id, page=query.page_request()))
    return Many(page, query)


@endpoint("GET", "/categories/{category}", tag="Categories", errors=(_GONE,))
async def get_category(category: CategoryRef, get_category: GetCategory) -> One[CategoryView]:
    """One category, by its id or its slug."""
    return _category(await get_category(GetCategoryQuery(category=category)))


class CreateCategoryBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A category, at the top or under another one. Without `slug`, one is made of the name."""

    name: Text
    slug: Slug | None = None
    parent_id: CategoryId | None = None
    position: Position = 0


@endpoint(
    "POST",
    "/categories",
    tag="Categories",
    status=201,
    errors=(_INVALID, _SLUG),
    example={"name": "Mugs", "position": 1},
)
async def create_category(
    data: CreateCategoryBody, actor: Actor, key: IdempotencyKey | None, create_category: CreateCategory
) -> One[CategoryView]:
    """Add a category. For staff."""
    view = await create_category(
        CreateCategoryCommand(
            actor=actor,
            name=data.name,
            slug=data.slug,
            parent_id=data.parent_id,
            position=data.position,
            idempotency=key,
        )
    )
    return _category(view, status=201)


class UpdateCategoryBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays as it is. `parent_id` moves it; null moves it to the top."""

    name: Text | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    parent_id: CategoryId | UnsetType | None = UNSET
    position: Position | UnsetType = UNSET


@endpoint(
    "PATCH",
    "/categories/{category_id}",
    tag="Categories",
    errors=(_GONE, _INVALID, _SLUG, _CYCLE),
    example={"parent_id": None, "position": 2},
)
async def update_category(
    category_id: CategoryId,
    data: UpdateCategoryBody,
    actor: Actor,
    expected_version: int | None,
    update_category: UpdateCategory,
) -> One[CategoryView]:
    """Rename a category, or move it with all that lies under it. For staff."""
    view = await update_category(
        UpdateCategoryCommand(
            actor=actor,
            category_id=category_id,
            expected_version=expected_version,
            slug=data.slug,
            name=data.name,
            parent_id=data.parent_id,
            position=data.position,
        )
    )
    return _category(view)


@endpoint("DELETE", "/categories/{category_id}", tag="Categories", status=204, errors=(_GONE, _FULL))
async def delete_category(
    category_id: CategoryId, actor: Actor, expected_version: int | None, delete_category: DeleteCategory
) -> Nothing:
    """Delete a category that nothing lies in. For staff."""
    await delete_category(
        DeleteCategoryCommand(actor=actor, category_id=category_id, expected_version=expected_version)
    )
    return Nothing()


def _category(view: CategoryView, *, status: int = 200) -> One[CategoryView]:
    return One(view, status=status, location=f"/categories/{view.id}")


ROUTES = (list_categories, get_category, create_category, update_category, delete_category)

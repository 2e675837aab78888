"""What a question about access can be about, by its id: orders, customers, users, products, categories."""

from collections.abc import Awaitable, Callable

from tradepost.catalog.ports import ProductViews
from tradepost.kernel.access import Actor, Resource
from tradepost.kernel.errors import NotFound
from tradepost.kernel.money import Money
from tradepost.orders.refund_limit import refund_in_all
from tradepost.shop.parts import Backend
from tradepost.users.role import RoleDefinition

_Find = Callable[[str, Money | None, Actor], Awaitable[Resource]]


class ShopResources:
    """`Resources` of a shop."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._by_prefix: dict[str, _Find] = {
            "order": self._order,
            "cus": self._customer,
            "user": self._user,
            "prod": self._product,
            "cat": self._category,
        }

    async def find(self, resource_id: str, amount: Money | None, actor: Actor, /) -> Resource:
        find = self._by_prefix.get(resource_id.partition("_")[0])
        if find is None:
            raise NotFound("resource", resource_id)
        return await find(resource_id, amount, actor)

    async def _order(self, order_id: str, amount: Money | None, actor: Actor) -> Resource:
        views = self._backend.order_views
        order = await views.get(order_id)
        more = order.captured - order.refunded if amount is None else amount
        in_all = refund_in_all(order.id, await views.refunds(order.id), more, by=actor)
        return Resource(kind="order", id=order.id, customer_id=order.customer_id, amount=in_all.amount)

    async def _customer(self, customer_id: str, _: Money | None, __: Actor) -> Resource:
        customer = await self._backend.customer_views.get(customer_id)
        return Resource(kind="customer", id=customer.id, customer_id=customer.id)

    async def _user(self, user_id: str, _: Money | None, __: Actor) -> Resource:
        user = await self._backend.user_views.get(user_id)
        try:
            role = await self._backend.role_views.get(user.role)
        except NotFound:
            role = RoleDefinition(name=user.role)
        return Resource(kind="user", id=user.id, user_id=user.id, powers=role.powers(user.categories))

    async def _product(self, product_id: str, _: Money | None, actor: Actor) -> Resource:
        product = await self._backend.product_views.get(product_id)
        categories = [await self._owned(each, actor) for each in product.category_ids]
        return Resource(kind="product", id=product.id, categories=frozenset(categories))

    async def _category(self, category_id: str, _: Money | None, actor: Actor) -> Resource:
        return Resource(kind="category", id=category_id, categories=frozenset({await self._owned(category_id, actor)}))

    async def _owned(self, category_id: str, actor: Actor) -> str:
        """The category, or the one of theirs that it lies under."""
        views: ProductViews = self._backend.product_views
        above: str | None = (await views.category(category_id)).id
        while actor.categories is not None and above is not None:
            if above in actor.categories:
                return above
            above = (await views.category(above)).parent_id
        return category_id

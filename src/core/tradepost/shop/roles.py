"""Who may do what: roles."""

from functools import cached_property
from typing import get_type_hints

from tradepost.kernel.declared import Access
from tradepost.shop.parts import Parts
from tradepost.shop.resources import ShopResources
from tradepost.users.change_categories import ChangeCategories
from tradepost.users.create_role import CreateRole
from tradepost.users.delete_role import DeleteRole
from tradepost.users.explain_access import ExplainAccess
from tradepost.users.get_role import GetRole
from tradepost.users.list_roles import ListRoles
from tradepost.users.update_role import UpdateRole


class Roles(Parts):
    """The use cases of roles."""

    @cached_property
    def list_roles(self) -> ListRoles:
        return ListRoles(self._backend.role_views)

    @cached_property
    def get_role(self) -> GetRole:
        return GetRole(self._backend.role_views)

    @cached_property
    def create_role(self) -> CreateRole:
        return CreateRole(self._transactions, self._clock, self._ids)

    @cached_property
    def update_role(self) -> UpdateRole:
        return UpdateRole(self._transactions, self._clock, self._ids)

    @cached_property
    def delete_role(self) -> DeleteRole:
        return DeleteRole(self._transactions, self._clock, self._ids)

    @cached_property
    def explain_access(self) -> ExplainAccess:
        backend = self._backend
        return ExplainAccess(backend.user_views, backend.role_views, ShopResources(backend), _declared(type(self)))

    @cached_property
    def change_categories(self) -> ChangeCategories:
        return ChangeCategories(self._transactions, self._clock, self._ids)


def _declared(shop: type) -> dict[str, Access]:
    """What the use cases of a shop declare, by their names."""
    found = {}
    for name in dir(shop):
        made = getattr(shop, name)
        if isinstance(made, cached_property) and not name.startswith("_"):
            access = getattr(get_type_hints(made.func)["return"], "access", None)
            if isinstance(access, Access):
                found[name] = access
    return found

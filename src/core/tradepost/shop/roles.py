"""Who may do what: roles."""

from functools import cached_property

from tradepost.shop.parts import Parts
from tradepost.users.change_categories import ChangeCategories
from tradepost.users.create_role import CreateRole
from tradepost.users.delete_role import DeleteRole
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
    def change_categories(self) -> ChangeCategories:
        return ChangeCategories(self._transactions, self._clock, self._ids)

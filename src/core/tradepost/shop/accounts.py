"""Who buys and who works here: users and customers."""

from functools import cached_property

from tradepost.customers.add_address import AddAddress
from tradepost.customers.change_address import ChangeAddress
from tradepost.customers.create_customer import CreateCustomer
from tradepost.customers.create_owner import CreateOwner
from tradepost.customers.get_customer import GetCustomer
from tradepost.customers.list_customers import ListCustomers
from tradepost.customers.register_user import RegisterUser
from tradepost.customers.remove_address import RemoveAddress
from tradepost.customers.update_customer import UpdateCustomer
from tradepost.shop.signing_in import SigningIn
from tradepost.users.change_password import ChangePassword
from tradepost.users.change_role import ChangeRole
from tradepost.users.delete_user import DeleteUser
from tradepost.users.get_user import GetUser
from tradepost.users.list_security_events import ListSecurityEvents
from tradepost.users.list_users import ListUsers
from tradepost.users.purge_security_events import PurgeSecurityEvents
from tradepost.users.restore_user import RestoreUser
from tradepost.users.suspend_user import SuspendUser
from tradepost.users.update_profile import UpdateProfile


class Accounts(SigningIn):
    """The use cases of users and customers."""

    @cached_property
    def register_user(self) -> RegisterUser:
        return RegisterUser(self._transactions, self._hasher, self._breached, self._links, self._clock, self._ids)

    @cached_property
    def create_owner(self) -> CreateOwner:
        return CreateOwner(self._transactions, self._hasher, self._breached, self._clock, self._ids)

    @cached_property
    def get_user(self) -> GetUser:
        return GetUser(self._backend.user_views)

    @cached_property
    def list_users(self) -> ListUsers:
        return ListUsers(self._backend.user_views)

    @cached_property
    def update_profile(self) -> UpdateProfile:
        views = self._backend.user_views
        return UpdateProfile(self._transactions, views, self._links, self._clock, self._ids)

    @cached_property
    def change_password(self) -> ChangePassword:
        return ChangePassword(
            self._transactions,
            self._password_proof,
            self._hasher,
            self._breached,
            self._ending,
            self._clock,
            self._ids,
        )

    @cached_property
    def change_role(self) -> ChangeRole:
        return ChangeRole(self._transactions, self._clock, self._ids)

    @cached_property
    def delete_user(self) -> DeleteUser:
        return DeleteUser(self._transactions, self._ending, self._clock, self._ids)

    @cached_property
    def suspend_user(self) -> SuspendUser:
        return SuspendUser(self._transactions, self._ending, self._clock, self._ids)

    @cached_property
    def restore_user(self) -> RestoreUser:
        return RestoreUser(self._transactions, self._clock, self._ids)

    @cached_property
    def list_security_events(self) -> ListSecurityEvents:
        return ListSecurityEvents(self._backend.security_event_views)

    @cached_property
    def purge_security_events(self) -> PurgeSecurityEvents:
        return PurgeSecurityEvents(self._transactions, self._clock)

    @cached_property
    def create_customer(self) -> CreateCustomer:
        return CreateCustomer(self._transactions, self._clock, self._ids)

    @cached_property
    def update_customer(self) -> UpdateCustomer:
        return UpdateCustomer(self._transactions, self._clock)

    @cached_property
    def add_address(self) -> AddAddress:
        return AddAddress(self._transactions, self._clock, self._ids)

    @cached_property
    def change_address(self) -> ChangeAddress:
        return ChangeAddress(self._transactions, self._clock)

    @cached_property
    def remove_address(self) -> RemoveAddress:
        return RemoveAddress(self._transactions, self._clock)

    @cached_property
    def get_customer(self) -> GetCustomer:
        return GetCustomer(self._backend.customer_views)

    @cached_property
    def list_customers(self) -> ListCustomers:
        return ListCustomers(self._backend.customer_views)

"""Customers: who buys, how to reach them, where their orders go; and opening the account one signs in with."""

from tradepost.customers.add_address import AddAddress, AddAddressCommand
from tradepost.customers.change_address import ChangeAddress, ChangeAddressCommand
from tradepost.customers.complete_external_sign_in import CompleteExternalSignIn, CompleteExternalSignInCommand
from tradepost.customers.complete_external_sign_in_browser import (
    CompleteExternalSignInBrowser,
    CompleteExternalSignInBrowserCommand,
)
from tradepost.customers.create_customer import CreateCustomer, CreateCustomerCommand
from tradepost.customers.create_owner import CreateOwner, CreateOwnerCommand
from tradepost.customers.customer import CustomerAddress, CustomerId, ExternalIdTaken
from tradepost.customers.get_customer import GetCustomer, GetCustomerQuery
from tradepost.customers.list_customers import ListCustomers, ListCustomersQuery
from tradepost.customers.ports import CustomerFilter
from tradepost.customers.register_user import RegisterUser, RegisterUserCommand
from tradepost.customers.remove_address import RemoveAddress, RemoveAddressCommand
from tradepost.customers.update_customer import UpdateCustomer, UpdateCustomerCommand
from tradepost.customers.views import CustomerView
from tradepost.kernel.addresses import Address

__all__ = [
    "AddAddress",
    "AddAddressCommand",
    "Address",
    "ChangeAddress",
    "ChangeAddressCommand",
    "CompleteExternalSignIn",
    "CompleteExternalSignInBrowser",
    "CompleteExternalSignInBrowserCommand",
    "CompleteExternalSignInCommand",
    "CreateCustomer",
    "CreateCustomerCommand",
    "CreateOwner",
    "CreateOwnerCommand",
    "CustomerAddress",
    "CustomerFilter",
    "CustomerId",
    "CustomerView",
    "ExternalIdTaken",
    "GetCustomer",
    "GetCustomerQuery",
    "ListCustomers",
    "ListCustomersQuery",
    "RegisterUser",
    "RegisterUserCommand",
    "RemoveAddress",
    "RemoveAddressCommand",
    "UpdateCustomer",
    "UpdateCustomerCommand",
]

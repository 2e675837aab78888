"""A whole shop: every use case, wired from the adapters it is given.

This is the one place that knows what each use case takes. The HTTP service, the command line, a test and a script that
imports the core all hold a `Shop` and differ in the adapters alone.
"""

from functools import cached_property
from typing import Protocol

from tradepost.carts.accept_cart import AcceptCart
from tradepost.carts.claim_cart import ClaimCart
from tradepost.carts.create_cart import CreateCart
from tradepost.carts.get_cart import GetCart
from tradepost.carts.list_shipping_options import ListShippingOptions
from tradepost.carts.set_cart_line import SetCartLine
from tradepost.carts.update_cart import UpdateCart
from tradepost.catalog.create_category import CreateCategory
from tradepost.catalog.create_product import CreateProduct
from tradepost.catalog.delete_category import DeleteCategory
from tradepost.catalog.get_category import GetCategory
from tradepost.catalog.get_product import GetProduct
from tradepost.catalog.list_categories import ListCategories
from tradepost.catalog.list_products import ListProducts
from tradepost.catalog.ports import CatalogTx, ProductViews
from tradepost.catalog.reading import CatalogReading
from tradepost.catalog.set_prices import SetPrices
from tradepost.catalog.set_product_status import SetProductStatus
from tradepost.catalog.update_category import UpdateCategory
from tradepost.catalog.update_product import UpdateProduct
from tradepost.checkout.check_out_cart import CheckOutCart, CheckoutTx
from tradepost.customers.add_address import AddAddress
from tradepost.customers.change_address import ChangeAddress
from tradepost.customers.create_customer import CreateCustomer
from tradepost.customers.create_owner import CreateOwner
from tradepost.customers.get_customer import GetCustomer
from tradepost.customers.list_customers import ListCustomers
from tradepost.customers.ports import AccountTx, CustomerViews
from tradepost.customers.register_user import RegisterUser
from tradepost.customers.remove_address import RemoveAddress
from tradepost.customers.update_customer import UpdateCustomer
from tradepost.imports.import_catalog import ImportCatalog
from tradepost.imports.import_orders import ImportOrders
from tradepost.imports.ports import CatalogImportTx, HistoryTx
from tradepost.kernel.cache import Cache, NoCache
from tradepost.kernel.clock import Clock, SystemClock
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.tokens import GuestTokens
from tradepost.kernel.transactions import Transactions
from tradepost.orders.cancel_order import CancelOrder
from tradepost.orders.capture_payment import CapturePayment
from tradepost.orders.check_books import Books, CheckBooks
from tradepost.orders.complete_order import CompleteOrder
from tradepost.orders.confirm_payment import ConfirmPayment
from tradepost.orders.expire_orders import ExpireOrders
from tradepost.orders.fulfill_order import FulfillOrder
from tradepost.orders.get_order import GetOrder
from tradepost.orders.get_order_story import GetOrderStory
from tradepost.orders.list_orders import ListOrders
from tradepost.orders.operation_runner import OperationRunner
from tradepost.orders.pay_order import PayOrder
from tradepost.orders.place_order import PlaceOrder
from tradepost.orders.policy import OrderPolicy
from tradepost.orders.ports import OrderViews
from tradepost.orders.recover_operations import RecoverOperations
from tradepost.orders.refund_order import RefundOrder
from tradepost.orders.total_orders import TotalOrders
from tradepost.payments.gateway import PaymentGateway
from tradepost.pricing.create_shipping_method import CreateShippingMethod
from tradepost.pricing.delete_tax_rate import DeleteTaxRate
from tradepost.pricing.get_shipping_method import GetShippingMethod
from tradepost.pricing.list_shipping_methods import ListShippingMethods
from tradepost.pricing.list_tax_rates import ListTaxRates
from tradepost.pricing.ports import HasShippingMethods, HasTaxRates, PricingViews
from tradepost.pricing.quote_shipping import QuoteShipping
from tradepost.pricing.set_tax_rate import SetTaxRate
from tradepost.pricing.update_shipping_method import UpdateShippingMethod
from tradepost.stock.adjust_stock import AdjustStock
from tradepost.stock.create_location import CreateLocation
from tradepost.stock.get_availability import GetAvailability
from tradepost.stock.list_levels import ListLevels
from tradepost.stock.list_locations import ListLocations
from tradepost.stock.list_movements import ListMovements
from tradepost.stock.ports import StockTx, StockViews
from tradepost.stock.set_low_stock import SetLowStock
from tradepost.stock.transfer_stock import TransferStock
from tradepost.users.change_password import ChangePassword
from tradepost.users.change_role import ChangeRole
from tradepost.users.delete_user import DeleteUser
from tradepost.users.get_user import GetUser
from tradepost.users.identify import Identify
from tradepost.users.list_users import ListUsers
from tradepost.users.passwords import PasswordHasher
from tradepost.users.ports import UserViews
from tradepost.users.sign_in import SignIn
from tradepost.users.tokens import AccessTokens
from tradepost.users.update_profile import UpdateProfile


class ShopTx(
    CheckoutTx, AccountTx, CatalogTx, CatalogImportTx, HistoryTx, HasTaxRates, HasShippingMethods, StockTx, Protocol
):
    """What the whole shop touches in a transaction."""


class Backend(Protocol):
    """Where a shop keeps its data: the memory adapter's, or the SQL adapter's."""

    @property
    def transactions(self) -> Transactions[ShopTx]: ...

    @property
    def books(self) -> Books: ...

    @property
    def order_views(self) -> OrderViews: ...

    @property
    def product_views(self) -> ProductViews: ...

    @property
    def pricing_views(self) -> PricingViews: ...

    @property
    def stock_views(self) -> StockViews: ...

    @property
    def user_views(self) -> UserViews: ...

    @property
    def customer_views(self) -> CustomerViews: ...


class Shop:
    """Every use case of a shop, each made when it is first used.

    `gateway` takes the money; `secret` (16 bytes at least) signs the tokens by which guests read their orders. Clock
    and ids can be replaced to make a run repeatable. `hasher` and `access_tokens` are for shops that people sign in to: a
    script that sells without accounts does without, and whatever needs them says so. `cache` keeps what is published.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        gateway: PaymentGateway,
        secret: bytes,
        hasher: PasswordHasher | None = None,
        access_tokens: AccessTokens | None = None,
        cache: Cache | None = None,
        policy: OrderPolicy | None = None,
        clock: Clock | None = None,
        ids: TypeIds | None = None,
    ) -> None:
        self._backend = backend
        self._transactions = backend.transactions
        self._gateway = gateway
        self._tokens = GuestTokens(secret)
        self._given_hasher = hasher
        self._cache = cache or NoCache()
        self._given_access_tokens = access_tokens
        self._policy = policy or OrderPolicy()
        self._clock = clock or SystemClock()
        self._ids = ids or TypeIds()

    # -- users and customers

    @property
    def _hasher(self) -> PasswordHasher:
        if self._given_hasher is None:
            raise TypeError("This shop has no accounts: give it a password hasher, Shop(…, hasher=…).")
        return self._given_hasher

    @property
    def _access_tokens(self) -> AccessTokens:
        if self._given_access_tokens is None:
            raise TypeError("Nobody can sign in to this shop: give it tokens, Shop(…, access_tokens=…).")
        return self._given_access_tokens

    @cached_property
    def register_user(self) -> RegisterUser:
        return RegisterUser(self._transactions, self._hasher, self._clock, self._ids)

    @cached_property
    def create_owner(self) -> CreateOwner:
        return CreateOwner(self._transactions, self._hasher, self._clock, self._ids)

    @cached_property
    def sign_in(self) -> SignIn:
        return SignIn(self._transactions, self._backend.user_views, self._hasher, self._access_tokens, self._clock)

    @cached_property
    def identify(self) -> Identify:
        return Identify(self._access_tokens, self._clock)

    @cached_property
    def get_user(self) -> GetUser:
        return GetUser(self._backend.user_views)

    @cached_property
    def list_users(self) -> ListUsers:
        return ListUsers(self._backend.user_views)

    @cached_property
    def update_profile(self) -> UpdateProfile:
        return UpdateProfile(self._transactions)

    @cached_property
    def change_password(self) -> ChangePassword:
        return ChangePassword(self._transactions, self._hasher, self._clock)

    @cached_property
    def change_role(self) -> ChangeRole:
        return ChangeRole(self._transactions, self._clock)

    @cached_property
    def delete_user(self) -> DeleteUser:
        return DeleteUser(self._transactions, self._clock)

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

    # -- pricing

    @cached_property
    def create_shipping_method(self) -> CreateShippingMethod:
        return CreateShippingMethod(self._transactions, self._ids, self._clock)

    @cached_property
    def delete_tax_rate(self) -> DeleteTaxRate:
        return DeleteTaxRate(self._transactions, self._clock)

    @cached_property
    def get_shipping_method(self) -> GetShippingMethod:
        return GetShippingMethod(self._backend.pricing_views)

    @cached_property
    def list_shipping_methods(self) -> ListShippingMethods:
        return ListShippingMethods(self._backend.pricing_views)

    @cached_property
    def list_tax_rates(self) -> ListTaxRates:
        return ListTaxRates(self._backend.pricing_views)

    @cached_property
    def quote_shipping(self) -> QuoteShipping:
        return QuoteShipping(self._backend.pricing_views)

    @cached_property
    def set_tax_rate(self) -> SetTaxRate:
        return SetTaxRate(self._transactions, self._ids, self._clock)

    @cached_property
    def update_shipping_method(self) -> UpdateShippingMethod:
        return UpdateShippingMethod(self._transactions, self._clock)

    # -- stock

    @cached_property
    def adjust_stock(self) -> AdjustStock:
        return AdjustStock(self._transactions, self._clock, self._ids)

    @cached_property
    def transfer_stock(self) -> TransferStock:
        return TransferStock(self._transactions, self._clock, self._ids)

    @cached_property
    def set_low_stock(self) -> SetLowStock:
        return SetLowStock(self._transactions)

    @cached_property
    def create_location(self) -> CreateLocation:
        return CreateLocation(self._transactions, self._clock)

    @cached_property
    def list_locations(self) -> ListLocations:
        return ListLocations(self._backend.stock_views)

    @cached_property
    def list_levels(self) -> ListLevels:
        return ListLevels(self._backend.stock_views)

    @cached_property
    def list_movements(self) -> ListMovements:
        return ListMovements(self._backend.stock_views)

    @cached_property
    def get_availability(self) -> GetAvailability:
        return GetAvailability(self._backend.stock_views)

    # -- carts and checkout

    @cached_property
    def create_cart(self) -> CreateCart:
        return CreateCart(self._transactions, self._clock, self._ids, self._tokens, self._policy)

    @cached_property
    def get_cart(self) -> GetCart:
        return GetCart(self._transactions, self._tokens, self._policy)

    @cached_property
    def set_cart_line(self) -> SetCartLine:
        return SetCartLine(self._transactions, self._clock, self._tokens, self._policy)

    @cached_property
    def update_cart(self) -> UpdateCart:
        return UpdateCart(self._transactions, self._clock, self._tokens, self._policy)

    @cached_property
    def accept_cart(self) -> AcceptCart:
        return AcceptCart(self._transactions, self._clock, self._tokens, self._policy)

    @cached_property
    def claim_cart(self) -> ClaimCart:
        return ClaimCart(self._transactions, self._clock, self._tokens, self._policy)

    @cached_property
    def list_shipping_options(self) -> ListShippingOptions:
        return ListShippingOptions(self._transactions, self._backend.pricing_views, self._tokens, self._policy)

    @cached_property
    def check_out_cart(self) -> CheckOutCart:
        return CheckOutCart(
            self._transactions, self._runner, self._clock, self._ids, self._tokens, self._policy, self._gateway.name
        )

    # -- catalog

    @cached_property
    def catalog_reading(self) -> CatalogReading:
        return CatalogReading(self._backend.product_views, self._cache)

    @cached_property
    def create_product(self) -> CreateProduct:
        return CreateProduct(self._transactions, self.catalog_reading, self._clock, self._ids)

    @cached_property
    def update_product(self) -> UpdateProduct:
        return UpdateProduct(self._transactions, self.catalog_reading, self._clock, self._ids)

    @cached_property
    def set_product_status(self) -> SetProductStatus:
        return SetProductStatus(self._transactions, self.catalog_reading, self._clock)

    @cached_property
    def set_prices(self) -> SetPrices:
        return SetPrices(self._transactions, self.catalog_reading, self._clock)

    @cached_property
    def get_product(self) -> GetProduct:
        return GetProduct(self.catalog_reading)

    @cached_property
    def list_products(self) -> ListProducts:
        return ListProducts(self.catalog_reading)

    @cached_property
    def create_category(self) -> CreateCategory:
        return CreateCategory(self._transactions, self.catalog_reading, self._clock, self._ids)

    @cached_property
    def update_category(self) -> UpdateCategory:
        return UpdateCategory(self._transactions, self.catalog_reading, self._clock)

    @cached_property
    def delete_category(self) -> DeleteCategory:
        return DeleteCategory(self._transactions, self.catalog_reading, self._clock)

    @cached_property
    def get_category(self) -> GetCategory:
        return GetCategory(self.catalog_reading)

    @cached_property
    def list_categories(self) -> ListCategories:
        return ListCategories(self.catalog_reading)

    # -- orders

    @cached_property
    def _runner(self) -> OperationRunner:
        return OperationRunner(
            self._transactions,
            {self._gateway.name: self._gateway},
            self._clock,
            self._ids,
            self._policy.operation_lease,
        )

    @cached_property
    def place_order(self) -> PlaceOrder:
        return PlaceOrder(
            self._transactions, self._runner, self._clock, self._ids, self._tokens, self._policy, self._gateway.name
        )

    @cached_property
    def pay_order(self) -> PayOrder:
        return PayOrder(self._transactions, self._runner, self._clock, self._ids, self._tokens)

    @cached_property
    def confirm_payment(self) -> ConfirmPayment:
        return ConfirmPayment(self._transactions, self._runner, self._tokens)

    @cached_property
    def capture_payment(self) -> CapturePayment:
        return CapturePayment(self._transactions, self._runner, self._clock, self._ids)

    @cached_property
    def cancel_order(self) -> CancelOrder:
        return CancelOrder(self._transactions, self._clock, self._ids, self._tokens)

    @cached_property
    def fulfill_order(self) -> FulfillOrder:
        return FulfillOrder(self._transactions, self._clock, self._ids)

    @cached_property
    def complete_order(self) -> CompleteOrder:
        return CompleteOrder(self._transactions, self._clock)

    @cached_property
    def refund_order(self) -> RefundOrder:
        return RefundOrder(self._transactions, self._runner, self._clock, self._ids)

    @cached_property
    def get_order(self) -> GetOrder:
        return GetOrder(self._backend.order_views, self._tokens)

    @cached_property
    def get_order_story(self) -> GetOrderStory:
        return GetOrderStory(self._backend.order_views, self._tokens)

    @cached_property
    def list_orders(self) -> ListOrders:
        return ListOrders(self._backend.order_views)

    @cached_property
    def total_orders(self) -> TotalOrders:
        return TotalOrders(self._backend.order_views)

    @cached_property
    def check_books(self) -> CheckBooks:
        return CheckBooks(self._backend.books)

    @cached_property
    def expire_orders(self) -> ExpireOrders:
        return ExpireOrders(self._transactions, self._clock, self._ids)

    @cached_property
    def recover_operations(self) -> RecoverOperations:
        return RecoverOperations(self._transactions, self._runner, self._clock)

    # -- imports

    @cached_property
    def import_catalog(self) -> ImportCatalog:
        return ImportCatalog(self._transactions, self._clock, self._ids)

    @cached_property
    def import_orders(self) -> ImportOrders:
        return ImportOrders(self._transactions, self._clock, self._ids)

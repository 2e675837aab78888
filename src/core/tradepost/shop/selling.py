"""From the cart to the last refund: carts, checkout, orders and their payments."""

from collections.abc import Mapping
from functools import cached_property

from tradepost.carts.accept_cart import AcceptCart
from tradepost.carts.claim_cart import ClaimCart
from tradepost.carts.create_cart import CreateCart
from tradepost.carts.get_cart import GetCart
from tradepost.carts.list_shipping_options import ListShippingOptions
from tradepost.carts.purge_carts import PurgeCarts
from tradepost.carts.report_abandoned_carts import ReportAbandonedCarts
from tradepost.carts.set_cart_line import SetCartLine
from tradepost.carts.update_cart import UpdateCart
from tradepost.checkout.check_out_cart import CheckOutCart
from tradepost.orders.book_balance import BookBalance
from tradepost.orders.cancel_order import CancelOrder
from tradepost.orders.capture_payment import CapturePayment
from tradepost.orders.check_books import CheckBooks
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
from tradepost.orders.process_webhook import ProcessWebhook
from tradepost.orders.record_dispute import RecordDispute
from tradepost.orders.recover_operations import RecoverOperations
from tradepost.orders.refund_order import RefundOrder
from tradepost.orders.total_orders import TotalOrders
from tradepost.payments.gateway import PaymentGateway
from tradepost.payments.get_dispute import GetDispute
from tradepost.payments.list_disputes import ListDisputes
from tradepost.payments.purge_webhooks import PurgeWebhooks
from tradepost.payments.receive_webhook import ReceiveWebhook
from tradepost.payments.reconcile_payments import ReconcilePayments
from tradepost.payments.reconcile_recent_payments import ReconcileRecentPayments
from tradepost.shop.parts import Parts


class Selling(Parts):
    """The use cases of carts, checkout and orders."""

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
    def report_abandoned_carts(self) -> ReportAbandonedCarts:
        return ReportAbandonedCarts(self._transactions, self._clock, self._cart_policy)

    @cached_property
    def purge_carts(self) -> PurgeCarts:
        return PurgeCarts(self._transactions, self._clock, self._cart_policy)

    @cached_property
    def check_out_cart(self) -> CheckOutCart:
        return CheckOutCart(
            self._transactions, self._runner, self._clock, self._ids, self._tokens, self._policy, self._gateway.name
        )

    @cached_property
    def _gateways(self) -> Mapping[str, PaymentGateway]:
        return {self._gateway.name: self._gateway}

    @cached_property
    def _runner(self) -> OperationRunner:
        return OperationRunner(
            self._transactions,
            self._gateways,
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
        return PayOrder(self._transactions, self._runner, self._clock, self._ids, self._tokens, self._gateway.name)

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
        return GetOrderStory(self._backend.order_views, self._backend.dispute_views, self._tokens)

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
    def get_dispute(self) -> GetDispute:
        return GetDispute(self._backend.dispute_views)

    @cached_property
    def list_disputes(self) -> ListDisputes:
        return ListDisputes(self._backend.dispute_views)

    @cached_property
    def expire_orders(self) -> ExpireOrders:
        return ExpireOrders(self._transactions, self._clock, self._ids)

    @cached_property
    def recover_operations(self) -> RecoverOperations:
        return RecoverOperations(self._transactions, self._runner, self._clock)

    @cached_property
    def receive_webhook(self) -> ReceiveWebhook:
        return ReceiveWebhook(self._transactions, self._webhooks, self._clock, self._ids)

    @cached_property
    def record_dispute(self) -> RecordDispute:
        return RecordDispute(self._transactions, self._gateways, self._clock, self._ids)

    @cached_property
    def book_balance(self) -> BookBalance:
        return BookBalance(
            self._transactions,
            self._gateways,
            self._backend.settled_money,
            self._runner,
            self.record_dispute,
            self._clock,
            self._ids,
        )

    @cached_property
    def reconcile_payments(self) -> ReconcilePayments:
        return ReconcilePayments(
            self._gateways,
            self._backend.settled_money,
            self._backend.ledger_views,
            self._backend.ledger_balances,
            self._clock,
        )

    @cached_property
    def reconcile_recent_payments(self) -> ReconcileRecentPayments:
        return ReconcileRecentPayments(
            self._gateways, self.reconcile_payments, self._backend.settled_money, self._clock
        )

    @cached_property
    def process_webhook(self) -> ProcessWebhook:
        return ProcessWebhook(self._transactions, self._runner, self.record_dispute, self._clock)

    @cached_property
    def purge_webhooks(self) -> PurgeWebhooks:
        return PurgeWebhooks(self._transactions, self._clock)

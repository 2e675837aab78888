"""Orders: buying, paying, canceling, sending, refunding, and what became of each."""

from tradepost.kernel.addresses import Address, Contact
from tradepost.orders.book_balance import BookBalance
from tradepost.orders.cancel_order import CancelOrder, CancelOrderCommand
from tradepost.orders.capture_payment import CapturePayment, CapturePaymentCommand
from tradepost.orders.check_books import CheckBooks, CheckBooksQuery, CheckView
from tradepost.orders.complete_order import CompleteOrder, CompleteOrderCommand
from tradepost.orders.confirm_payment import ConfirmPayment, ConfirmPaymentCommand
from tradepost.orders.expire_orders import ExpireOrders
from tradepost.orders.fulfill_order import FulfillOrder, FulfillOrderCommand, ParcelLine
from tradepost.orders.get_order import GetOrder, GetOrderQuery
from tradepost.orders.get_order_story import GetOrderStory, OrderStory, OrderStoryQuery
from tradepost.orders.list_orders import ListOrders, ListOrdersQuery
from tradepost.orders.operation_runner import OperationRunner
from tradepost.orders.order import FulfillmentStatus, OrderStatus, PaymentStatus
from tradepost.orders.pay_order import PayOrder, PayOrderCommand
from tradepost.orders.place_order import PlaceOrder, PlaceOrderCommand
from tradepost.orders.placing import OrderItem, PaymentInput
from tradepost.orders.policy import OrderPolicy
from tradepost.orders.ports import OrderFilter, OrderTotal
from tradepost.orders.recover_operations import RecoverOperations
from tradepost.orders.refund_order import RefundOrder, RefundOrderCommand
from tradepost.orders.total_orders import TotalOrders, TotalOrdersQuery
from tradepost.orders.verify_books import VerifyBooks
from tradepost.orders.views import HistoryView, OrderSummary, OrderView, PaymentView, RefundView
from tradepost.payments.payment import Method, RefundLine

__all__ = [
    "Address",
    "BookBalance",
    "CancelOrder",
    "CancelOrderCommand",
    "CapturePayment",
    "CapturePaymentCommand",
    "CheckBooks",
    "CheckBooksQuery",
    "CheckView",
    "CompleteOrder",
    "CompleteOrderCommand",
    "ConfirmPayment",
    "ConfirmPaymentCommand",
    "Contact",
    "ExpireOrders",
    "FulfillOrder",
    "FulfillOrderCommand",
    "FulfillmentStatus",
    "GetOrder",
    "GetOrderQuery",
    "GetOrderStory",
    "HistoryView",
    "ListOrders",
    "ListOrdersQuery",
    "Method",
    "OperationRunner",
    "OrderFilter",
    "OrderItem",
    "OrderPolicy",
    "OrderStatus",
    "OrderStory",
    "OrderStoryQuery",
    "OrderSummary",
    "OrderTotal",
    "OrderView",
    "ParcelLine",
    "PayOrder",
    "PayOrderCommand",
    "PaymentInput",
    "PaymentStatus",
    "PaymentView",
    "PlaceOrder",
    "PlaceOrderCommand",
    "RecoverOperations",
    "RefundLine",
    "RefundOrder",
    "RefundOrderCommand",
    "RefundView",
    "TotalOrders",
    "TotalOrdersQuery",
    "VerifyBooks",
]

"""The transaction of the memory adapter: one lazily made property for each repository."""

from functools import cached_property

from tradepost.kernel.wakeups import Topic
from tradepost_adapters.memory.carts import MemoryCarts
from tradepost_adapters.memory.catalog import MemoryCategories, MemoryProducts
from tradepost_adapters.memory.customers import MemoryCustomers
from tradepost_adapters.memory.database import Session
from tradepost_adapters.memory.idempotency import MemoryIdempotencyRecords
from tradepost_adapters.memory.imports import MemoryCatalogBook, MemoryHistoryBook
from tradepost_adapters.memory.inbox import MemoryInbox
from tradepost_adapters.memory.jobs import MemoryJobQueue, MemoryJobs, MemoryJobSchedules
from tradepost_adapters.memory.orders import MemoryOrders
from tradepost_adapters.memory.outbox import MemoryDeliveries, MemoryOutbox
from tradepost_adapters.memory.payments import MemoryOperations, MemoryPayments, MemoryRefunds
from tradepost_adapters.memory.pricing import MemoryShippingMethods, MemoryTaxRates
from tradepost_adapters.memory.stock import MemoryLocations, MemoryStockLevels
from tradepost_adapters.memory.terms import MemoryTerms
from tradepost_adapters.memory.users import MemoryUsers


class MemoryTransaction:
    """Satisfies every use case's narrow transaction. `MemoryTransactions(database, MemoryTransaction)` makes them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.wakes: set[Topic] = set()

    @cached_property
    def outbox(self) -> MemoryOutbox:
        return MemoryOutbox(self._session, self.wakes)

    @cached_property
    def deliveries(self) -> MemoryDeliveries:
        return MemoryDeliveries(self._session)

    @cached_property
    def inbox(self) -> MemoryInbox:
        return MemoryInbox(self._session)

    @cached_property
    def jobs(self) -> MemoryJobs:
        return MemoryJobs(self._session, self.wakes)

    @cached_property
    def job_queue(self) -> MemoryJobQueue:
        return MemoryJobQueue(self._session)

    @cached_property
    def job_schedules(self) -> MemoryJobSchedules:
        return MemoryJobSchedules(self._session)

    @cached_property
    def idempotency(self) -> MemoryIdempotencyRecords:
        return MemoryIdempotencyRecords(self._session)

    @cached_property
    def users(self) -> MemoryUsers:
        return MemoryUsers(self._session, self.outbox)

    @cached_property
    def customers(self) -> MemoryCustomers:
        return MemoryCustomers(self._session, self.outbox)

    @cached_property
    def products(self) -> MemoryProducts:
        return MemoryProducts(self._session, self.outbox)

    @cached_property
    def categories(self) -> MemoryCategories:
        return MemoryCategories(self._session, self.outbox)

    @cached_property
    def stock(self) -> MemoryStockLevels:
        return MemoryStockLevels(self._session)

    @cached_property
    def locations(self) -> MemoryLocations:
        return MemoryLocations(self._session)

    @cached_property
    def tax_rates(self) -> MemoryTaxRates:
        return MemoryTaxRates(self._session, self.outbox)

    @cached_property
    def shipping_methods(self) -> MemoryShippingMethods:
        return MemoryShippingMethods(self._session, self.outbox)

    @cached_property
    def carts(self) -> MemoryCarts:
        return MemoryCarts(self._session, self.outbox)

    @cached_property
    def orders(self) -> MemoryOrders:
        return MemoryOrders(self._session, self.outbox)

    @cached_property
    def catalog_book(self) -> MemoryCatalogBook:
        return MemoryCatalogBook(self.products)

    @cached_property
    def history_book(self) -> MemoryHistoryBook:
        return MemoryHistoryBook(self._session, self.orders)

    @cached_property
    def payments(self) -> MemoryPayments:
        return MemoryPayments(self._session, self.outbox)

    @cached_property
    def operations(self) -> MemoryOperations:
        return MemoryOperations(self._session, self.outbox)

    @cached_property
    def refunds(self) -> MemoryRefunds:
        return MemoryRefunds(self._session, self.outbox)

    @cached_property
    def terms(self) -> MemoryTerms:
        return MemoryTerms(self._session, self.tax_rates, self.shipping_methods)

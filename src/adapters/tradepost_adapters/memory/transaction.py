"""The transaction of the memory adapter: one lazily made property for each repository."""

from tradepost.kernel.ids import TypeIds
from tradepost.kernel.lazy import lazy
from tradepost.kernel.wakeups import Topic
from tradepost.ledger.account import Account
from tradepost.ledger.bookkeeping import Bookkeeper
from tradepost_adapters.memory.api_keys import MemoryApiKeys
from tradepost_adapters.memory.carts import MemoryCarts
from tradepost_adapters.memory.catalog import MemoryCategories, MemoryProducts
from tradepost_adapters.memory.customers import MemoryCustomers
from tradepost_adapters.memory.database import Session
from tradepost_adapters.memory.familiar_addresses import MemoryFamiliarAddresses
from tradepost_adapters.memory.gateway_balances import MemoryGatewayBalances
from tradepost_adapters.memory.idempotency import MemoryIdempotencyRecords
from tradepost_adapters.memory.identities import MemoryAttempts, MemoryIdentities
from tradepost_adapters.memory.imports import MemoryCatalogBook, MemoryHistoryBook
from tradepost_adapters.memory.inbox import MemoryInbox
from tradepost_adapters.memory.jobs import MemoryJobQueue, MemoryJobs, MemoryJobSchedules
from tradepost_adapters.memory.ledger import (
    MemoryLedgerAccounts,
    MemoryLedgerBlocks,
    MemoryLedgerSnapshots,
    MemoryLedgerTransfers,
)
from tradepost_adapters.memory.nonces import MemoryNonces
from tradepost_adapters.memory.one_time_tokens import MemoryOneTimeTokens
from tradepost_adapters.memory.orders import MemoryOrders
from tradepost_adapters.memory.outbox import MemoryDeliveries, MemoryOutbox
from tradepost_adapters.memory.parking import MemoryParking
from tradepost_adapters.memory.payments import MemoryDisputes, MemoryOperations, MemoryPayments, MemoryRefunds
from tradepost_adapters.memory.pricing import MemoryShippingMethods, MemoryTaxRates
from tradepost_adapters.memory.roles import MemoryRoles
from tradepost_adapters.memory.second_factors import MemoryRecoveryCodes, MemorySignInChallenges, MemoryTotps
from tradepost_adapters.memory.security_log import MemorySecurityLog
from tradepost_adapters.memory.sessions import MemoryRefreshTokens, MemorySessions
from tradepost_adapters.memory.signing_keys import MemorySigningKeys
from tradepost_adapters.memory.stock import MemoryLocations, MemoryStockLevels
from tradepost_adapters.memory.terms import MemoryTerms
from tradepost_adapters.memory.users import MemoryUsers
from tradepost_adapters.memory.webhook_events import MemoryWebhookEvents
from tradepost_adapters.memory.webhooks import MemoryWebhookDeliveries, MemoryWebhookEndpoints

_IDS = TypeIds()


class MemoryTransaction:
    """Satisfies every use case's narrow transaction. `MemoryTransactions(database, MemoryTransaction)` makes them.

    `known_accounts` is what a `Bookkeeper` shares with those of other transactions of the database.
    """

    def __init__(self, session: Session, known_accounts: dict[str, Account] | None = None) -> None:
        self._session = session
        self._known_accounts = {} if known_accounts is None else known_accounts
        self.wakes: set[Topic] = set()

    @lazy
    def outbox(self) -> MemoryOutbox:
        return MemoryOutbox(self._session, self.wakes)

    @lazy
    def deliveries(self) -> MemoryDeliveries:
        return MemoryDeliveries(self._session, self.wakes)

    @lazy
    def parking(self) -> MemoryParking:
        return MemoryParking(self._session, self.wakes)

    @lazy
    def inbox(self) -> MemoryInbox:
        return MemoryInbox(self._session)

    @lazy
    def jobs(self) -> MemoryJobs:
        return MemoryJobs(self._session, self.wakes)

    @lazy
    def job_queue(self) -> MemoryJobQueue:
        return MemoryJobQueue(self._session)

    @lazy
    def job_schedules(self) -> MemoryJobSchedules:
        return MemoryJobSchedules(self._session)

    @lazy
    def idempotency(self) -> MemoryIdempotencyRecords:
        return MemoryIdempotencyRecords(self._session)

    @lazy
    def users(self) -> MemoryUsers:
        return MemoryUsers(self._session, self.outbox)

    @lazy
    def roles(self) -> MemoryRoles:
        return MemoryRoles(self._session)

    @lazy
    def security_log(self) -> MemorySecurityLog:
        return MemorySecurityLog(self._session)

    @lazy
    def sessions(self) -> MemorySessions:
        return MemorySessions(self._session)

    @lazy
    def refresh_tokens(self) -> MemoryRefreshTokens:
        return MemoryRefreshTokens(self._session)

    @lazy
    def totps(self) -> MemoryTotps:
        return MemoryTotps(self._session)

    @lazy
    def recovery_codes(self) -> MemoryRecoveryCodes:
        return MemoryRecoveryCodes(self._session)

    @lazy
    def sign_in_challenges(self) -> MemorySignInChallenges:
        return MemorySignInChallenges(self._session)

    @lazy
    def one_time_tokens(self) -> MemoryOneTimeTokens:
        return MemoryOneTimeTokens(self._session, self.outbox)

    @lazy
    def signing_keys(self) -> MemorySigningKeys:
        return MemorySigningKeys(self._session)

    @lazy
    def familiar_addresses(self) -> MemoryFamiliarAddresses:
        return MemoryFamiliarAddresses(self._session)

    @lazy
    def identities(self) -> MemoryIdentities:
        return MemoryIdentities(self._session)

    @lazy
    def external_attempts(self) -> MemoryAttempts:
        return MemoryAttempts(self._session)

    @lazy
    def api_keys(self) -> MemoryApiKeys:
        return MemoryApiKeys(self._session, self.outbox)

    @lazy
    def nonces(self) -> MemoryNonces:
        return MemoryNonces(self._session)

    @lazy
    def customers(self) -> MemoryCustomers:
        return MemoryCustomers(self._session, self.outbox)

    @lazy
    def products(self) -> MemoryProducts:
        return MemoryProducts(self._session, self.outbox)

    @lazy
    def categories(self) -> MemoryCategories:
        return MemoryCategories(self._session, self.outbox)

    @lazy
    def stock(self) -> MemoryStockLevels:
        return MemoryStockLevels(self._session)

    @lazy
    def locations(self) -> MemoryLocations:
        return MemoryLocations(self._session)

    @lazy
    def tax_rates(self) -> MemoryTaxRates:
        return MemoryTaxRates(self._session, self.outbox)

    @lazy
    def shipping_methods(self) -> MemoryShippingMethods:
        return MemoryShippingMethods(self._session, self.outbox)

    @lazy
    def carts(self) -> MemoryCarts:
        return MemoryCarts(self._session, self.outbox)

    @lazy
    def bookkeeper(self) -> Bookkeeper:
        return Bookkeeper(self.ledger_accounts, self.ledger_transfers, self._known_accounts, _IDS.new)

    @lazy
    def orders(self) -> MemoryOrders:
        return MemoryOrders(self._session, self.outbox, self.bookkeeper)

    @lazy
    def catalog_book(self) -> MemoryCatalogBook:
        return MemoryCatalogBook(self.products)

    @lazy
    def history_book(self) -> MemoryHistoryBook:
        return MemoryHistoryBook(self._session, self.orders)

    @lazy
    def payments(self) -> MemoryPayments:
        return MemoryPayments(self._session, self.outbox)

    @lazy
    def operations(self) -> MemoryOperations:
        return MemoryOperations(self._session, self.outbox)

    @lazy
    def refunds(self) -> MemoryRefunds:
        return MemoryRefunds(self._session, self.outbox)

    @lazy
    def disputes(self) -> MemoryDisputes:
        return MemoryDisputes(self._session, self.outbox)

    @lazy
    def webhook_events(self) -> MemoryWebhookEvents:
        return MemoryWebhookEvents(self._session)

    @lazy
    def webhook_endpoints(self) -> MemoryWebhookEndpoints:
        return MemoryWebhookEndpoints(self._session, self.outbox)

    @lazy
    def webhook_deliveries(self) -> MemoryWebhookDeliveries:
        return MemoryWebhookDeliveries(self._session, self.outbox)

    @lazy
    def gateway_balances(self) -> MemoryGatewayBalances:
        return MemoryGatewayBalances(self._session)

    @lazy
    def ledger_accounts(self) -> MemoryLedgerAccounts:
        return MemoryLedgerAccounts(self._session)

    @lazy
    def ledger_transfers(self) -> MemoryLedgerTransfers:
        return MemoryLedgerTransfers(self._session)

    @lazy
    def ledger_blocks(self) -> MemoryLedgerBlocks:
        return MemoryLedgerBlocks(self._session)

    @lazy
    def ledger_snapshots(self) -> MemoryLedgerSnapshots:
        return MemoryLedgerSnapshots(self._session)

    @lazy
    def terms(self) -> MemoryTerms:
        return MemoryTerms(self._session, self.tax_rates, self.shipping_methods)

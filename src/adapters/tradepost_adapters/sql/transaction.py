"""The transaction of the SQL adapter: one lazily made property for each repository."""

from collections.abc import Callable

from tradepost.kernel.ids import TypeIds
from tradepost.kernel.lazy import lazy
from tradepost.kernel.wakeups import Topic
from tradepost.ledger.account import Account
from tradepost.ledger.bookkeeping import Bookkeeper
from tradepost_adapters.sql.api_keys import SqlApiKeys
from tradepost_adapters.sql.carts import SqlCarts
from tradepost_adapters.sql.catalog import SqlProducts
from tradepost_adapters.sql.catalog_book import SqlCatalogBook
from tradepost_adapters.sql.categories import SqlCategories
from tradepost_adapters.sql.connection import Connection
from tradepost_adapters.sql.customers import SqlCustomers
from tradepost_adapters.sql.familiar_addresses import SqlFamiliarAddresses
from tradepost_adapters.sql.gateway_balances import SqlGatewayBalances
from tradepost_adapters.sql.history_book import SqlHistoryBook
from tradepost_adapters.sql.idempotency import SqlIdempotencyRecords
from tradepost_adapters.sql.identities import SqlAttempts, SqlIdentities
from tradepost_adapters.sql.inbox import SqlInbox
from tradepost_adapters.sql.jobs import SqlJobQueue, SqlJobs, SqlJobSchedules
from tradepost_adapters.sql.ledger import (
    SqlLedgerAccounts,
    SqlLedgerBatch,
    SqlLedgerBlocks,
    SqlLedgerSnapshots,
    SqlLedgerTransfers,
)
from tradepost_adapters.sql.nonces import SqlNonces
from tradepost_adapters.sql.numbers import Numbers
from tradepost_adapters.sql.one_time_tokens import SqlOneTimeTokens
from tradepost_adapters.sql.orders import SqlOrders
from tradepost_adapters.sql.outbox import SqlOutbox
from tradepost_adapters.sql.parking import SqlParking
from tradepost_adapters.sql.payments import SqlDisputes, SqlOperations, SqlPayments, SqlRefunds
from tradepost_adapters.sql.pricing import SqlShippingMethods, SqlTaxRates
from tradepost_adapters.sql.relay import SqlDeliveries
from tradepost_adapters.sql.roles import SqlRoles
from tradepost_adapters.sql.second_factors import SqlRecoveryCodes, SqlSignInChallenges, SqlTotps
from tradepost_adapters.sql.security_log import SqlSecurityLog
from tradepost_adapters.sql.sessions import SqlRefreshTokens, SqlSessions
from tradepost_adapters.sql.signing_keys import SqlSigningKeys
from tradepost_adapters.sql.stock import SqlLocations, SqlStockLevels
from tradepost_adapters.sql.terms import SqlTerms
from tradepost_adapters.sql.users import SqlUsers
from tradepost_adapters.sql.webhook_events import SqlWebhookEvents
from tradepost_adapters.sql.webhooks import SqlWebhookDeliveries, SqlWebhookEndpoints


class _Shared:
    """What all transactions of a database remember: unused order numbers, and accounts that were found in the ledger."""

    def __init__(self) -> None:
        self.numbers = Numbers()
        self.accounts: dict[str, Account] = {}
        self.ids = TypeIds()


class SqlTransaction:
    """Satisfies every use case's narrow transaction, on SQLite and on Postgres alike."""

    def __init__(self, connection: Connection, shared: _Shared) -> None:
        self._connection = connection
        self._shared = shared
        self.wakes: set[Topic] = set()

    @property
    def connection(self) -> Connection:
        """For tables of your own, which are written in the same transaction."""
        return self._connection

    @lazy
    def outbox(self) -> SqlOutbox:
        return SqlOutbox(self._connection, self.wakes)

    @lazy
    def deliveries(self) -> SqlDeliveries:
        return SqlDeliveries(self._connection, self.wakes)

    @lazy
    def parking(self) -> SqlParking:
        return SqlParking(self._connection, self.wakes)

    @lazy
    def inbox(self) -> SqlInbox:
        return SqlInbox(self._connection)

    @lazy
    def jobs(self) -> SqlJobs:
        return SqlJobs(self._connection, self.wakes)

    @lazy
    def job_queue(self) -> SqlJobQueue:
        return SqlJobQueue(self._connection)

    @lazy
    def job_schedules(self) -> SqlJobSchedules:
        return SqlJobSchedules(self._connection)

    @lazy
    def idempotency(self) -> SqlIdempotencyRecords:
        return SqlIdempotencyRecords(self._connection)

    @lazy
    def users(self) -> SqlUsers:
        return SqlUsers(self._connection, self.outbox)

    @lazy
    def roles(self) -> SqlRoles:
        return SqlRoles(self._connection)

    @lazy
    def security_log(self) -> SqlSecurityLog:
        return SqlSecurityLog(self._connection)

    @lazy
    def sessions(self) -> SqlSessions:
        return SqlSessions(self._connection)

    @lazy
    def refresh_tokens(self) -> SqlRefreshTokens:
        return SqlRefreshTokens(self._connection)

    @lazy
    def totps(self) -> SqlTotps:
        return SqlTotps(self._connection)

    @lazy
    def recovery_codes(self) -> SqlRecoveryCodes:
        return SqlRecoveryCodes(self._connection)

    @lazy
    def sign_in_challenges(self) -> SqlSignInChallenges:
        return SqlSignInChallenges(self._connection)

    @lazy
    def one_time_tokens(self) -> SqlOneTimeTokens:
        return SqlOneTimeTokens(self._connection, self.outbox)

    @lazy
    def signing_keys(self) -> SqlSigningKeys:
        return SqlSigningKeys(self._connection)

    @lazy
    def familiar_addresses(self) -> SqlFamiliarAddresses:
        return SqlFamiliarAddresses(self._connection)

    @lazy
    def identities(self) -> SqlIdentities:
        return SqlIdentities(self._connection)

    @lazy
    def external_attempts(self) -> SqlAttempts:
        return SqlAttempts(self._connection)

    @lazy
    def api_keys(self) -> SqlApiKeys:
        return SqlApiKeys(self._connection, self.outbox)

    @lazy
    def nonces(self) -> SqlNonces:
        return SqlNonces(self._connection)

    @lazy
    def customers(self) -> SqlCustomers:
        return SqlCustomers(self._connection, self.outbox)

    @lazy
    def products(self) -> SqlProducts:
        return SqlProducts(self._connection, self.outbox)

    @lazy
    def categories(self) -> SqlCategories:
        return SqlCategories(self._connection, self.outbox)

    @lazy
    def stock(self) -> SqlStockLevels:
        return SqlStockLevels(self._connection)

    @lazy
    def locations(self) -> SqlLocations:
        return SqlLocations(self._connection)

    @lazy
    def gateway_balances(self) -> SqlGatewayBalances:
        return SqlGatewayBalances(self._connection)

    @lazy
    def ledger_accounts(self) -> SqlLedgerAccounts:
        return SqlLedgerAccounts(self._connection)

    @lazy
    def ledger_transfers(self) -> SqlLedgerTransfers:
        return SqlLedgerTransfers(self._connection)

    @lazy
    def ledger_blocks(self) -> SqlLedgerBlocks:
        return SqlLedgerBlocks(self._connection)

    @lazy
    def ledger_snapshots(self) -> SqlLedgerSnapshots:
        return SqlLedgerSnapshots(self._connection)

    @lazy
    def bookkeeper(self) -> Bookkeeper:
        return self._bookkeeper(self.ledger_transfers)

    @lazy
    def terms(self) -> SqlTerms:
        return SqlTerms(self._connection)

    @lazy
    def tax_rates(self) -> SqlTaxRates:
        return SqlTaxRates(self._connection, self.outbox)

    @lazy
    def shipping_methods(self) -> SqlShippingMethods:
        return SqlShippingMethods(self._connection, self.outbox)

    @lazy
    def carts(self) -> SqlCarts:
        return SqlCarts(self._connection, self.outbox)

    @lazy
    def orders(self) -> SqlOrders:
        return SqlOrders(self._connection, self.outbox, self._shared.numbers, self.bookkeeper)

    @lazy
    def catalog_book(self) -> SqlCatalogBook:
        return SqlCatalogBook(self._connection, self.products)

    @lazy
    def history_book(self) -> SqlHistoryBook:
        batch = SqlLedgerBatch(self._connection)
        return SqlHistoryBook(self._connection, self._shared.numbers, batch, self._bookkeeper(batch))

    @lazy
    def payments(self) -> SqlPayments:
        return SqlPayments(self._connection, self.outbox)

    @lazy
    def operations(self) -> SqlOperations:
        return SqlOperations(self._connection, self.outbox)

    @lazy
    def refunds(self) -> SqlRefunds:
        return SqlRefunds(self._connection, self.outbox)

    @lazy
    def disputes(self) -> SqlDisputes:
        return SqlDisputes(self._connection, self.outbox)

    @lazy
    def webhook_events(self) -> SqlWebhookEvents:
        return SqlWebhookEvents(self._connection)

    @lazy
    def webhook_endpoints(self) -> SqlWebhookEndpoints:
        return SqlWebhookEndpoints(self._connection, self.outbox)

    @lazy
    def webhook_deliveries(self) -> SqlWebhookDeliveries:
        return SqlWebhookDeliveries(self._connection, self.outbox)

    def _bookkeeper(self, transfers: SqlLedgerTransfers) -> Bookkeeper:
        return Bookkeeper(self.ledger_accounts, transfers, self._shared.accounts, self._shared.ids.new)


def sql_transactions() -> Callable[[Connection], SqlTransaction]:
    """The factory `open_database` takes. One for all transactions of a database."""
    shared = _Shared()
    return lambda connection: SqlTransaction(connection, shared)

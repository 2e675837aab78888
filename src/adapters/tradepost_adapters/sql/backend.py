"""Everything a shop keeps, in SQL."""

from functools import cached_property

from tradepost.kernel.transactions import Transactions
from tradepost.kernel.wakeups import WakeUps, WakingTransactions
from tradepost_adapters.sql.api_keys import SqlApiKeyViews
from tradepost_adapters.sql.books import SqlBooks
from tradepost_adapters.sql.catalog_views import SqlProductViews
from tradepost_adapters.sql.customers import SqlCustomerViews
from tradepost_adapters.sql.database import Database, open_database
from tradepost_adapters.sql.dispute_views import SqlDisputeViews
from tradepost_adapters.sql.event_log import SqlEventLog
from tradepost_adapters.sql.familiar_addresses import SqlFamiliarAddressViews
from tradepost_adapters.sql.identities import SqlIdentityViews
from tradepost_adapters.sql.job_views import SqlJobViews
from tradepost_adapters.sql.ledger_audit import SqlLedgerAudit
from tradepost_adapters.sql.ledger_views import SqlLedgerBalances, SqlLedgerViews
from tradepost_adapters.sql.order_views import SqlOrderViews
from tradepost_adapters.sql.parking import SqlParkedViews
from tradepost_adapters.sql.pricing import SqlPricingViews
from tradepost_adapters.sql.principals import SqlPrincipalViews, SqlSessionViews
from tradepost_adapters.sql.roles import SqlRoleViews
from tradepost_adapters.sql.second_factors import SqlSecondFactorViews
from tradepost_adapters.sql.security_log import SqlSecurityEventViews
from tradepost_adapters.sql.settled_money import SqlSettledMoney
from tradepost_adapters.sql.signing_keys import SqlSigningKeyViews
from tradepost_adapters.sql.stock_views import SqlStockViews
from tradepost_adapters.sql.transaction import SqlTransaction, sql_transactions
from tradepost_adapters.sql.users import SqlUserViews
from tradepost_adapters.sql.webhook_views import SqlWebhookDeliveryViews, SqlWebhookEndpointViews


class SqlBackend:
    """A shop's data in SQLite or Postgres: `Shop(SqlBackend(database), …)`; the database is closed by who opened it.

    `wakeups` tell a relay and a job runner, in this process or another, that there is something for them.
    """

    def __init__(self, database: Database[SqlTransaction], wakeups: WakeUps | None = None) -> None:
        self.database = database
        self.transactions: Transactions[SqlTransaction] = database.transactions
        if wakeups is not None:
            self.transactions = WakingTransactions(database.transactions, wakeups)

    @classmethod
    async def open(cls, url: str) -> "SqlBackend":
        """Open the database that `url` names. Raises what `open_database` raises."""
        return cls(await open_database(url, sql_transactions()))

    async def close(self) -> None:
        await self.database.close()

    @cached_property
    def books(self) -> SqlBooks:
        return SqlBooks(self.database.reads)

    @cached_property
    def event_log(self) -> SqlEventLog:
        return SqlEventLog(self.database.reads)

    @cached_property
    def parked_views(self) -> SqlParkedViews:
        return SqlParkedViews(self.database.reads)

    @cached_property
    def job_views(self) -> SqlJobViews:
        return SqlJobViews(self.database.reads)

    @cached_property
    def user_views(self) -> SqlUserViews:
        return SqlUserViews(self.database.reads)

    @cached_property
    def role_views(self) -> SqlRoleViews:
        return SqlRoleViews(self.database.reads)

    @cached_property
    def security_event_views(self) -> SqlSecurityEventViews:
        return SqlSecurityEventViews(self.database.reads)

    @cached_property
    def principals(self) -> SqlPrincipalViews:
        return SqlPrincipalViews(self.database.reads)

    @cached_property
    def session_views(self) -> SqlSessionViews:
        return SqlSessionViews(self.database.reads)

    @cached_property
    def second_factor_views(self) -> SqlSecondFactorViews:
        return SqlSecondFactorViews(self.database.reads)

    @cached_property
    def signing_key_views(self) -> SqlSigningKeyViews:
        return SqlSigningKeyViews(self.database.reads)

    @cached_property
    def familiar_address_views(self) -> SqlFamiliarAddressViews:
        return SqlFamiliarAddressViews(self.database.reads)

    @cached_property
    def identity_views(self) -> SqlIdentityViews:
        return SqlIdentityViews(self.database.reads)

    @cached_property
    def api_key_views(self) -> SqlApiKeyViews:
        return SqlApiKeyViews(self.database.reads)

    @cached_property
    def webhook_endpoint_views(self) -> SqlWebhookEndpointViews:
        return SqlWebhookEndpointViews(self.database.reads)

    @cached_property
    def webhook_delivery_views(self) -> SqlWebhookDeliveryViews:
        return SqlWebhookDeliveryViews(self.database.reads)

    @cached_property
    def customer_views(self) -> SqlCustomerViews:
        return SqlCustomerViews(self.database.reads)

    @cached_property
    def order_views(self) -> SqlOrderViews:
        return SqlOrderViews(self.database.reads)

    @cached_property
    def dispute_views(self) -> SqlDisputeViews:
        return SqlDisputeViews(self.database.reads)

    @cached_property
    def stock_views(self) -> SqlStockViews:
        return SqlStockViews(self.database.reads)

    @cached_property
    def ledger_views(self) -> SqlLedgerViews:
        return SqlLedgerViews(self.database.reads)

    @cached_property
    def ledger_balances(self) -> SqlLedgerBalances:
        return SqlLedgerBalances(self.database.reads)

    @cached_property
    def ledger_audit(self) -> SqlLedgerAudit:
        return SqlLedgerAudit(self.database.reads)

    @cached_property
    def settled_money(self) -> SqlSettledMoney:
        return SqlSettledMoney(self.database.reads)

    @cached_property
    def pricing_views(self) -> SqlPricingViews:
        return SqlPricingViews(self.database.reads)

    @cached_property
    def product_views(self) -> SqlProductViews:
        return SqlProductViews(self.database.reads)

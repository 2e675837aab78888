"""Everything a shop keeps, in memory."""

from functools import cached_property

from tradepost.ledger.account import Account
from tradepost_adapters.memory.api_keys import MemoryApiKeyViews
from tradepost_adapters.memory.books import MemoryBooks
from tradepost_adapters.memory.catalog_views import MemoryProductViews
from tradepost_adapters.memory.customers import MemoryCustomerViews
from tradepost_adapters.memory.database import MemoryDatabase, MemoryTransactions
from tradepost_adapters.memory.event_log import MemoryEventLog
from tradepost_adapters.memory.familiar_addresses import MemoryFamiliarAddressViews
from tradepost_adapters.memory.identities import MemoryIdentityViews
from tradepost_adapters.memory.jobs import MemoryJobViews
from tradepost_adapters.memory.ledger_views import MemoryLedgerAudit, MemoryLedgerBalances, MemoryLedgerViews
from tradepost_adapters.memory.orders import MemoryOrderViews
from tradepost_adapters.memory.parking import MemoryParkedViews
from tradepost_adapters.memory.payments import MemoryDisputeViews
from tradepost_adapters.memory.pricing import MemoryPricingViews
from tradepost_adapters.memory.roles import MemoryRoleViews
from tradepost_adapters.memory.second_factors import MemorySecondFactorViews
from tradepost_adapters.memory.security_log import MemorySecurityEventViews
from tradepost_adapters.memory.sessions import MemoryPrincipalViews, MemorySessionViews
from tradepost_adapters.memory.settled_money import MemorySettledMoney
from tradepost_adapters.memory.signing_keys import MemorySigningKeyViews
from tradepost_adapters.memory.stock import MemoryStockViews
from tradepost_adapters.memory.transaction import MemoryTransaction
from tradepost_adapters.memory.users import MemoryUserViews
from tradepost_adapters.memory.webhooks import MemoryWebhookDeliveryViews, MemoryWebhookEndpointViews


class MemoryBackend:
    """A shop's data for as long as the process lives: `Shop(MemoryBackend(), …)`."""

    def __init__(self) -> None:
        self._database = MemoryDatabase()
        accounts: dict[str, Account] = {}
        self.transactions = MemoryTransactions(
            self._database, lambda session: MemoryTransaction(session, known_accounts=accounts)
        )

    @cached_property
    def books(self) -> MemoryBooks:
        return MemoryBooks(self._database)

    @cached_property
    def event_log(self) -> MemoryEventLog:
        return MemoryEventLog(self._database)

    @cached_property
    def parked_views(self) -> MemoryParkedViews:
        return MemoryParkedViews(self._database)

    @cached_property
    def job_views(self) -> MemoryJobViews:
        return MemoryJobViews(self._database)

    @cached_property
    def user_views(self) -> MemoryUserViews:
        return MemoryUserViews(self._database)

    @cached_property
    def role_views(self) -> MemoryRoleViews:
        return MemoryRoleViews(self._database)

    @cached_property
    def security_event_views(self) -> MemorySecurityEventViews:
        return MemorySecurityEventViews(self._database)

    @cached_property
    def principals(self) -> MemoryPrincipalViews:
        return MemoryPrincipalViews(self._database)

    @cached_property
    def session_views(self) -> MemorySessionViews:
        return MemorySessionViews(self._database)

    @cached_property
    def second_factor_views(self) -> MemorySecondFactorViews:
        return MemorySecondFactorViews(self._database)

    @cached_property
    def signing_key_views(self) -> MemorySigningKeyViews:
        return MemorySigningKeyViews(self._database)

    @cached_property
    def familiar_address_views(self) -> MemoryFamiliarAddressViews:
        return MemoryFamiliarAddressViews(self._database)

    @cached_property
    def identity_views(self) -> MemoryIdentityViews:
        return MemoryIdentityViews(self._database)

    @cached_property
    def api_key_views(self) -> MemoryApiKeyViews:
        return MemoryApiKeyViews(self._database)

    @cached_property
    def webhook_endpoint_views(self) -> MemoryWebhookEndpointViews:
        return MemoryWebhookEndpointViews(self._database)

    @cached_property
    def webhook_delivery_views(self) -> MemoryWebhookDeliveryViews:
        return MemoryWebhookDeliveryViews(self._database)

    @cached_property
    def customer_views(self) -> MemoryCustomerViews:
        return MemoryCustomerViews(self._database)

    @cached_property
    def order_views(self) -> MemoryOrderViews:
        return MemoryOrderViews(self._database)

    @cached_property
    def dispute_views(self) -> MemoryDisputeViews:
        return MemoryDisputeViews(self._database)

    @cached_property
    def stock_views(self) -> MemoryStockViews:
        return MemoryStockViews(self._database)

    @cached_property
    def ledger_views(self) -> MemoryLedgerViews:
        return MemoryLedgerViews(self._database)

    @cached_property
    def ledger_balances(self) -> MemoryLedgerBalances:
        return MemoryLedgerBalances(self._database)

    @cached_property
    def ledger_audit(self) -> MemoryLedgerAudit:
        return MemoryLedgerAudit(self._database)

    @cached_property
    def settled_money(self) -> MemorySettledMoney:
        return MemorySettledMoney(self._database)

    @cached_property
    def pricing_views(self) -> MemoryPricingViews:
        return MemoryPricingViews(self._database)

    @cached_property
    def product_views(self) -> MemoryProductViews:
        return MemoryProductViews(self._database)

"""What a shop is given: where it keeps its data, who takes the money, what signs its tokens."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Protocol

from tradepost.carts.policy import CartPolicy
from tradepost.catalog.ports import CatalogTx, ProductViews
from tradepost.checkout.check_out_cart import CheckoutTx
from tradepost.customers.ports import AccountTx, CustomerViews
from tradepost.imports.ports import CatalogImportTx, HistoryTx
from tradepost.kernel.cache import Cache, NoCache
from tradepost.kernel.clock import Clock, SystemClock
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.rate_limits import RateLimiter
from tradepost.kernel.secret_box import SecretBox
from tradepost.kernel.tokens import GuestTokens
from tradepost.kernel.transactions import Transactions
from tradepost.kernel.wakeups import LocalWakeUps, WakeUps
from tradepost.ledger.ports import LedgerAudit, LedgerBalances, LedgerTx, LedgerViews
from tradepost.messaging.log import EventLog
from tradepost.messaging.ports import HasInbox, HasParking, ParkedViews
from tradepost.orders.check_books import Books
from tradepost.orders.policy import OrderPolicy
from tradepost.orders.ports import OrderViews
from tradepost.payments.balance import HasGatewayBalances
from tradepost.payments.gateway import PaymentGateway
from tradepost.payments.ports import DisputeViews, HasDisputes
from tradepost.payments.receive_webhook import ReceiveWebhookTx
from tradepost.payments.reconciliation import SettledMoney
from tradepost.payments.webhooks import WebhookReader
from tradepost.pricing.ports import HasShippingMethods, HasTaxRates, PricingViews
from tradepost.stock.ports import StockTx, StockViews
from tradepost.streams.follow_events import StreamLimits
from tradepost.users.api_key_ports import ApiKeyViews, HasApiKeys, PublicKeys
from tradepost.users.familiar_addresses import FamiliarAddressViews, HasFamiliarAddresses
from tradepost.users.identity_ports import HasAttempts, HasIdentities, IdentityViews
from tradepost.users.identity_provider import IdentityProvider
from tradepost.users.one_time_links import OneTimeLinks
from tradepost.users.passwords import BreachedPasswords, NoList, PasswordHasher
from tradepost.users.ports import UserViews
from tradepost.users.role_ports import HasRoles, RoleViews
from tradepost.users.second_factor_ports import HasSecondFactors, HasSignInChallenges, SecondFactorViews
from tradepost.users.security_log import SecurityEventViews
from tradepost.users.session import SessionPolicy
from tradepost.users.session_ports import HasRefreshTokens, HasSessions, PrincipalViews, SessionViews
from tradepost.users.signatures import HasNonces
from tradepost.users.signing_keys import HasSigningKeys, SigningKeyViews
from tradepost.users.tokens import TokenSigner
from tradepost.webhooks.ports import WebhookDeliveryViews, WebhookEndpointViews, WebhookSender, WebhooksTx


class ShopTx(
    CheckoutTx,
    AccountTx,
    ReceiveWebhookTx,
    HasDisputes,
    HasGatewayBalances,
    HasRoles,
    HasSigningKeys,
    HasApiKeys,
    HasNonces,
    HasSessions,
    HasRefreshTokens,
    HasFamiliarAddresses,
    HasIdentities,
    HasAttempts,
    HasSecondFactors,
    HasSignInChallenges,
    CatalogTx,
    CatalogImportTx,
    HistoryTx,
    HasTaxRates,
    HasShippingMethods,
    StockTx,
    LedgerTx,
    WebhooksTx,
    HasInbox,
    HasParking,
    Protocol,
):
    """What the whole shop touches in a transaction."""


class Backend(Protocol):
    """Where a shop keeps its data: the memory adapter's, or the SQL adapter's."""

    @property
    def transactions(self) -> Transactions[ShopTx]: ...

    @property
    def event_log(self) -> EventLog: ...

    @property
    def parked_views(self) -> ParkedViews: ...

    @property
    def books(self) -> Books: ...

    @property
    def order_views(self) -> OrderViews: ...

    @property
    def dispute_views(self) -> DisputeViews: ...

    @property
    def product_views(self) -> ProductViews: ...

    @property
    def pricing_views(self) -> PricingViews: ...

    @property
    def stock_views(self) -> StockViews: ...

    @property
    def ledger_views(self) -> LedgerViews: ...

    @property
    def ledger_balances(self) -> LedgerBalances: ...

    @property
    def ledger_audit(self) -> LedgerAudit: ...

    @property
    def settled_money(self) -> SettledMoney: ...

    @property
    def user_views(self) -> UserViews: ...

    @property
    def role_views(self) -> RoleViews: ...

    @property
    def security_event_views(self) -> SecurityEventViews: ...

    @property
    def principals(self) -> PrincipalViews: ...

    @property
    def familiar_address_views(self) -> FamiliarAddressViews: ...

    @property
    def identity_views(self) -> IdentityViews: ...

    @property
    def session_views(self) -> SessionViews: ...

    @property
    def second_factor_views(self) -> SecondFactorViews: ...

    @property
    def signing_key_views(self) -> SigningKeyViews: ...

    @property
    def api_key_views(self) -> ApiKeyViews: ...

    @property
    def webhook_endpoint_views(self) -> WebhookEndpointViews: ...

    @property
    def webhook_delivery_views(self) -> WebhookDeliveryViews: ...

    @property
    def customer_views(self) -> CustomerViews: ...


class Parts:
    """What a shop is put together from. The groups of use cases build on it."""

    def __init__(
        self,
        backend: Backend,
        *,
        gateway: PaymentGateway,
        secret: bytes,
        hasher: PasswordHasher | None = None,
        breached: BreachedPasswords | None = None,
        signer: TokenSigner | None = None,
        token_lifetime: timedelta = timedelta(minutes=15),
        box: SecretBox | None = None,
        public_keys: PublicKeys | None = None,
        limiter: RateLimiter | None = None,
        webhooks: Mapping[str, WebhookReader] | None = None,
        webhook_sender: WebhookSender | None = None,
        event_source: str = "urn:tradepost",
        providers: Mapping[str, IdentityProvider] | None = None,
        redirects: Collection[str] = (),
        totp_issuer: str = "Tradepost",
        cache: Cache | None = None,
        policy: OrderPolicy | None = None,
        carts: CartPolicy | None = None,
        sessions: SessionPolicy | None = None,
        wakeups: WakeUps | None = None,
        streams: StreamLimits | None = None,
        clock: Clock | None = None,
        ids: TypeIds | None = None,
    ) -> None:
        self._backend = backend
        self._transactions = backend.transactions
        self._gateway = gateway
        self._webhooks = dict(webhooks or {})
        self._given_webhook_sender = webhook_sender
        self._event_source = event_source
        self._secret = secret
        self._tokens = GuestTokens(secret)
        self._links = OneTimeLinks(secret)
        self._given_hasher = hasher
        self._breached = breached or NoList()
        self._cache = cache or NoCache()
        self._given_signer = signer
        self._token_lifetime = token_lifetime
        self._given_box = box
        self._given_public_keys = public_keys
        self._limiter = limiter
        self._providers = dict(providers or {})
        self._redirects = redirects
        self._totp_issuer = totp_issuer
        self._policy = policy or OrderPolicy()
        self._cart_policy = carts or CartPolicy()
        self._session_policy = sessions or SessionPolicy()
        self._wakeups = wakeups or LocalWakeUps()
        self._stream_limits = streams
        self._clock = clock or SystemClock()
        self._ids = ids or TypeIds()

    @property
    def _box(self) -> SecretBox:
        if self._given_box is None:
            raise TypeError("This shop can keep no secrets: give it a box to seal them in, Shop(…, box=…).")
        return self._given_box

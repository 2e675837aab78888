"""A whole shop: every use case, wired from the adapters it is given.

This is the one place that knows what each use case takes. The HTTP service, the command line, a test and a script that
imports the core all hold a `Shop` and differ in the adapters alone. A new use case is a cached property in the module of
its group, and takes what it needs from `Parts`.
"""

from tradepost.shop.account_links import AccountLinks
from tradepost.shop.catalog import Catalog
from tradepost.shop.correspondence import Correspondence
from tradepost.shop.events import Events
from tradepost.shop.external_sign_in import ExternalSignIn
from tradepost.shop.imports import Imports
from tradepost.shop.ledger import Ledger
from tradepost.shop.machines import Machines
from tradepost.shop.parts import Backend, ShopTx
from tradepost.shop.pricing import Pricing
from tradepost.shop.roles import Roles
from tradepost.shop.second_factors import SecondFactors
from tradepost.shop.selling import Selling
from tradepost.shop.stock import Stock
from tradepost.shop.streaming import Streaming
from tradepost.shop.wallets import Wallets
from tradepost.shop.webhooks import Webhooks

__all__ = ["Backend", "Shop", "ShopTx"]


class Shop(
    AccountLinks,
    Correspondence,
    ExternalSignIn,
    Machines,
    SecondFactors,
    Roles,
    Catalog,
    Stock,
    Pricing,
    Selling,
    Ledger,
    Wallets,
    Webhooks,
    Streaming,
    Imports,
    Events,
):
    """Every use case of a shop, each made when it is first used.

    `gateway` takes the money and `webhooks` read what gateways report, by their names; `secret` (16 bytes at least) signs the tokens by which guests read their orders, and those of links that
    come by mail. Clock
    and ids can be replaced to make a run repeatable. `hasher`, `signer` and `box` are for shops that people sign in to: a
    script that sells without accounts does without, and whatever needs them says so. `breached` are passwords nobody may
    choose. `cache` keeps what is published. `webhook_sender` tells other systems what happens; `event_source` is the URI by which
    they know the shop.
    """

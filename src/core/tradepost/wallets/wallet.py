"""Wallets: a liability of the shop for each customer and currency, opened when first used, that never goes below zero."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tradepost.kernel.errors import Conflict, Fault, TradepostError
from tradepost.kernel.money import Money, is_currency
from tradepost.ledger.account import MAX_AMOUNT
from tradepost.ledger.chart import WALLET
from tradepost.ledger.transfer import MAX_TEXT


def wallet_code(customer_id: str, currency: str) -> str:
    """The account that a customer's store credit of one currency is on."""
    return WALLET.of(currency, customer_id)


def wallets_prefix(customer_id: str) -> str:
    """What the codes of all their wallets begin with, and no other code does."""
    return WALLET.of("", customer_id)


class InsufficientStoreCredit(Conflict):
    """There is less in the wallet than was to be taken out of it. Nothing has happened."""

    def __init__(self, currency: str) -> None:
        super().__init__(
            "wallet.insufficient_funds",
            f"The store credit does not cover this: there is not enough {currency} in the wallet. Use less of it, or pay "
            "in some other way.",
            {"currency": currency},
        )


@contextmanager
def told_of_wallets() -> Iterator[None]:
    """Whoever owns a wallet is told of it in their words, not in the ledger's; also by a stored answer."""
    try:
        yield
    except TradepostError as error:
        if error.code != "ledger.insufficient_funds":
            raise
        wallets = [code for code in error.data["accounts"] if code.startswith(f"{WALLET.code}:")]
        if not wallets:
            raise
        refused = InsufficientStoreCredit(wallets[0].rpartition(".")[2])
        refused.replayed = error.replayed
        raise refused from error


def amount_faults(amount: Money) -> Iterable[Fault]:
    """What is wrong with an amount that is to go into a wallet."""
    if not is_currency(amount.currency):
        yield Fault("/amount/currency", f"{amount.currency!r} is not an active ISO 4217 code, such as EUR")
    if not 1 <= amount.amount <= MAX_AMOUNT:
        yield Fault("/amount/amount", f"write 1 to {MAX_AMOUNT:,} minor units")


def text_faults(text: str, pointer: str, *, least: int) -> Iterable[Fault]:
    """What is wrong with what the customer will read."""
    if not least <= len(text.strip()) or len(text) > MAX_TEXT or not text.isprintable():
        yield Fault(pointer, f"write {least or 'at most'}{' to' if least else ''} {MAX_TEXT} printable characters")

"""Requests to the gateway, with ids of their own."""

from itertools import count

from tradepost.kernel.money import Money
from tradepost.payments.gateway import Approved, Authorize, Capture, Refund
from tradepost_adapters.simulated_gateway import Book

_numbers = count(1)


def sale(token: str = "tok_success", amount: int = 1000, currency: str = "EUR") -> Authorize:
    return Authorize(operation_id=f"sale_{next(_numbers)}", amount=Money(amount, currency), token=token, capture=True)


def capture(reference: str, amount: int = 1000, *, final: bool = False) -> Capture:
    return Capture(
        operation_id=f"capture_{next(_numbers)}", reference=reference, amount=Money(amount, "EUR"), final=final
    )


def refund(reference: str, amount: int = 400) -> Refund:
    return Refund(operation_id=f"refund_{next(_numbers)}", reference=reference, amount=Money(amount, "EUR"))


def sold(book: Book, token: str = "tok_success", amount: int = 1000, currency: str = "EUR") -> str:
    """The reference of a sale."""
    answer = book.send(sale(token, amount, currency)).answer
    assert isinstance(answer, Approved)
    return answer.reference

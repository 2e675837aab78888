"""The forms in which the ledger leaves: for beancount, for a spreadsheet, for programs."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol, TextIO

import msgspec

from tradepost.ledger.account import AccountType
from tradepost.ledger.views import AccountView, LedgerTransferView
from tradepost_entrypoints.cli.csv_files import text_file, writing


class Writer(Protocol):
    """Is told all accounts, and after them all transfers."""

    def account(self, account: AccountView) -> None: ...

    def transfer(self, transfer: LedgerTransferView) -> None: ...


_ROOTS = {
    AccountType.ASSET: "Assets",
    AccountType.LIABILITY: "Liabilities",
    AccountType.EQUITY: "Equity",
    AccountType.REVENUE: "Income",
    AccountType.EXPENSE: "Expenses",
}
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9-]")
_TRANSFER = ("id", "reference", "at", "recorded_at", "actor", "description")
_POSTING = ("account", "debit", "credit", "currency", "subject")


class _Beancount:
    """Plain text for beancount (v3). Its amounts are signed, as ours are: debits above zero."""

    def __init__(self, file: TextIO) -> None:
        self._write = file.write
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()

    def account(self, account: AccountView) -> None:
        name = self._names[account.code] = self._free(_beancount_name(account))
        # Accounts may be posted to for a time before they were opened, and beancount wants them open by then.
        self._write(f"1970-01-01 open {name} {account.currency}\n")
        self._write(f"  code: {_quoted(account.code)}\n  name: {_quoted(account.name)}\n")

    def transfer(self, transfer: LedgerTransferView) -> None:
        self._write(f"\n{transfer.at:%Y-%m-%d} * {_quoted(transfer.description or transfer.reference)}\n")
        self._write(f"  reference: {_quoted(transfer.reference)}\n  transfer: {_quoted(transfer.id)}\n")
        self._write(f"  time: {_quoted(transfer.at.isoformat())}\n")
        for posting in transfer.postings:
            amount = posting.amount if posting.side == "debit" else -posting.amount
            self._write(f"  {self._names[posting.account]}  {amount}\n")
            if posting.subject is not None:
                self._write(f"    subject: {_quoted(posting.subject)}\n")

    def _free(self, name: str) -> str:
        """Codes that differ only in what beancount does not take get a number."""
        found, number = name, 1
        while found in self._taken:
            number += 1
            found = f"{name}-{number}"
        self._taken.add(found)
        return found


class _Csv:
    """A row for each posting, amounts in major units."""

    def __init__(self, write: Callable[[list[object]], None]) -> None:
        self._write = write

    def account(self, account: AccountView) -> None:
        """Has no row of its own."""

    def transfer(self, transfer: LedgerTransferView) -> None:
        head = [getattr(transfer, name) for name in _TRANSFER]
        for posting in transfer.postings:
            sides = [posting.amount, None] if posting.side == "debit" else [None, posting.amount]
            self._write([*head, posting.account, *sides, posting.amount.currency, posting.subject])


class _Jsonl:
    """A line of JSON for each account and each transfer, as the API has them, with what it is as `kind`."""

    def __init__(self, file: TextIO) -> None:
        self._write = file.write

    def account(self, account: AccountView) -> None:
        self._line("account", account)

    def transfer(self, transfer: LedgerTransferView) -> None:
        self._line("transfer", transfer)

    def _line(self, kind: str, view: msgspec.Struct) -> None:
        self._write(msgspec.json.encode({"kind": kind, **msgspec.structs.asdict(view)}).decode() + "\n")


@contextmanager
def _as_beancount(target: Path) -> Iterator[Writer]:
    with text_file(target) as file:
        yield _Beancount(file)


@contextmanager
def _as_csv(target: Path) -> Iterator[Writer]:
    with writing(target, (*_TRANSFER, *_POSTING)) as write:
        yield _Csv(write)


@contextmanager
def _as_jsonl(target: Path) -> Iterator[Writer]:
    with text_file(target) as file:
        yield _Jsonl(file)


FORMS: Mapping[str, Callable[[Path], AbstractContextManager[Writer]]] = {
    "beancount": _as_beancount,
    "csv": _as_csv,
    "jsonl": _as_jsonl,
}


def _beancount_name(account: AccountView) -> str:
    """`wallet:cus_01k9` as `Liabilities:Wallet:Cus-01k9`."""
    parts = (_NOT_IN_NAMES.sub("-", part).lstrip("-") or "X" for part in account.code.split(":"))
    return ":".join((_ROOTS[account.type], *(part[0].upper() + part[1:] for part in parts)))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

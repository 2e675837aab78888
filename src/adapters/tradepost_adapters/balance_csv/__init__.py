"""A balance in columns of our own: for gateways that have no reports, or none that is read."""

from tradepost_adapters.balance_csv.reader import COLUMNS, read_report

__all__ = ["COLUMNS", "read_report"]

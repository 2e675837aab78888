"""Passwords that are known to those who break in: a list that ships with Tradepost, and one that is mounted."""

from tradepost_adapters.breached_passwords.digests import CommonPasswords
from tradepost_adapters.breached_passwords.mounted import UnusableList, open_list

__all__ = ["CommonPasswords", "UnusableList", "open_list"]

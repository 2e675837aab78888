"""Roles of the shop's own in memory."""

from tradepost.users.principal import CustomRole
from tradepost_adapters.memory.database import TableOf

ROLES = TableOf[str, CustomRole]("roles")

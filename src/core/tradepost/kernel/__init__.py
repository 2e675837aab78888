"""Words that every feature shares: money, ids, time, who is asking, what can go wrong, transactions."""

from tradepost.kernel.access import GUEST, Actor, Permission, Role, operator, system
from tradepost.kernel.clock import Clock, ManualClock, SystemClock
from tradepost.kernel.errors import Conflict, Fault, Invalid, Kind, NotFound, PreconditionFailed, TradepostError
from tradepost.kernel.events import Aggregate, Event, Message
from tradepost.kernel.idempotency import IdempotencyKey, scope_of
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.kernel.pages import Page, PageRequest
from tradepost.kernel.transactions import Transactions

__all__ = [
    "GUEST",
    "Actor",
    "Aggregate",
    "Clock",
    "Conflict",
    "Event",
    "Fault",
    "IdempotencyKey",
    "Invalid",
    "Kind",
    "ManualClock",
    "Message",
    "Money",
    "NotFound",
    "Page",
    "PageRequest",
    "Permission",
    "PreconditionFailed",
    "Role",
    "SystemClock",
    "TradepostError",
    "Transactions",
    "TypeIds",
    "operator",
    "scope_of",
    "system",
]

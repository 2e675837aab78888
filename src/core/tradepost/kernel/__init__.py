"""Words that every feature shares: money, ids, time, who is asking, what can go wrong, transactions."""

from tradepost.kernel.access import GUEST, Actor, Decision, Permission, Resource, Role, decide, operator, system
from tradepost.kernel.clock import Clock, ManualClock, SystemClock
from tradepost.kernel.declared import Access, anybody, own, own_or, signed_in, staff, the_shop_itself
from tradepost.kernel.errors import Conflict, Fault, Invalid, Kind, NotFound, PreconditionFailed, TradepostError
from tradepost.kernel.events import Aggregate, Event, Message
from tradepost.kernel.idempotency import IdempotencyKey, scope_of
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.money import Money
from tradepost.kernel.pages import Page, PageRequest
from tradepost.kernel.transactions import Transactions

__all__ = [
    "GUEST",
    "Access",
    "Actor",
    "Aggregate",
    "Clock",
    "Conflict",
    "Decision",
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
    "Resource",
    "Role",
    "SystemClock",
    "TradepostError",
    "Transactions",
    "TypeIds",
    "anybody",
    "decide",
    "operator",
    "own",
    "own_or",
    "scope_of",
    "signed_in",
    "staff",
    "system",
    "the_shop_itself",
]

"""Facts for others: the outbox, the relays that hand them to a broker, and the inbox of those who consume.

An aggregate's events are written to the outbox in its own transaction. A `Relay` hands each to a `Broker` at least once,
those of one aggregate in their order; `ReceiveMessages` gives them to `Consumers`. A consumer notes in its inbox what it
has dealt with, so the effect happens once; what it can not take is parked for it, and holds up nobody else.
"""

from tradepost.messaging.broker import Broker, Receive, Subscription
from tradepost.messaging.consumers import AtLeastOnce, Consumer, Consumers, OnceInEffect, read_event
from tradepost.messaging.deliver_messages import DeliverMessages
from tradepost.messaging.delivery import PARTITIONS, PartitionLease, Term, Waiting, partition_of
from tradepost.messaging.log import EventLog, LoggedEvent
from tradepost.messaging.parking import Parked, ParkedFilter, ParkedView
from tradepost.messaging.ports import (
    Deliveries,
    HasDeliveries,
    HasInbox,
    HasOutbox,
    HasParking,
    Inbox,
    Outbox,
    ParkedViews,
    Parking,
)
from tradepost.messaging.purge_messages import PurgeMessages
from tradepost.messaging.receive_messages import ReceiveMessages
from tradepost.messaging.relay import Relay
from tradepost.messaging.retry_parked import RetryParked

__all__ = [
    "PARTITIONS",
    "AtLeastOnce",
    "Broker",
    "Consumer",
    "Consumers",
    "DeliverMessages",
    "Deliveries",
    "EventLog",
    "HasDeliveries",
    "HasInbox",
    "HasOutbox",
    "HasParking",
    "Inbox",
    "LoggedEvent",
    "OnceInEffect",
    "Outbox",
    "Parked",
    "ParkedFilter",
    "ParkedView",
    "ParkedViews",
    "Parking",
    "PartitionLease",
    "PurgeMessages",
    "Receive",
    "ReceiveMessages",
    "Relay",
    "RetryParked",
    "Subscription",
    "Term",
    "Waiting",
    "partition_of",
    "read_event",
]

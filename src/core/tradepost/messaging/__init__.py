"""Facts for others: the outbox, the relay that delivers from it, and the inbox of those who consume.

An aggregate's events are written to the outbox in its own transaction. A `Relay` hands each to its `Consumers` at least
once, those of one aggregate in their order; a consumer notes in its inbox what it has dealt with, so the effect happens
once.
"""

from tradepost.messaging.consumers import AtLeastOnce, Consumer, Consumers, OnceInEffect, read_event
from tradepost.messaging.deliver_messages import DeliverMessages
from tradepost.messaging.delivery import PARTITIONS, DeliveryFailure, PartitionLease, Term, Waiting, partition_of
from tradepost.messaging.ports import Deliveries, HasDeliveries, HasInbox, HasOutbox, Inbox, Outbox
from tradepost.messaging.purge_messages import PurgeMessages
from tradepost.messaging.relay import Relay

__all__ = [
    "PARTITIONS",
    "AtLeastOnce",
    "Consumer",
    "Consumers",
    "DeliverMessages",
    "Deliveries",
    "DeliveryFailure",
    "HasDeliveries",
    "HasInbox",
    "HasOutbox",
    "Inbox",
    "OnceInEffect",
    "Outbox",
    "PartitionLease",
    "PurgeMessages",
    "Relay",
    "Term",
    "Waiting",
    "partition_of",
    "read_event",
]

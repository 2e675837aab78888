"""Streams: what happens in the shop, told to those who follow while it happens.

    stream = await shop.follow_events(FollowEventsQuery(actor=actor, types=("tradepost.order.*",)))
    async for event in stream:
        ...

The log of events is the truth. Whoever was away goes on behind the last event they have seen.
"""

from tradepost.streams.event_stream import EventStream
from tradepost.streams.follow_events import FollowEvents, FollowEventsQuery, StreamLimits

__all__ = ["EventStream", "FollowEvents", "FollowEventsQuery", "StreamLimits"]

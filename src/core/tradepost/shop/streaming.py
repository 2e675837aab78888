"""Streams of what happens."""

from functools import cached_property

from tradepost.messaging.public import PUBLIC
from tradepost.shop.parts import Parts
from tradepost.streams.follow_events import FollowEvents


class Streaming(Parts):
    """The use case of streams. It holds those of this process: close it when the process stops."""

    @cached_property
    def follow_events(self) -> FollowEvents:
        return FollowEvents(
            self._backend.event_log,
            self._backend.order_views,
            self._wakeups,
            leaving=PUBLIC,
            limits=self._stream_limits,
        )

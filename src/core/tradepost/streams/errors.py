"""Why a stream is not opened, and why one ends."""

from tradepost.kernel.errors import Kind, TradepostError


class TooManyStreams(TradepostError):
    """The caller has as many open as one may have."""

    def __init__(self, most: int) -> None:
        super().__init__(
            Kind.RATE_LIMITED,
            "events.too_many_streams",
            f"You have {most} streams open, which is as many as one may have; close one first.",
            {"retry_after": 10},
        )


class StreamsFull(TradepostError):
    """This process serves as many as it can."""

    def __init__(self) -> None:
        super().__init__(
            Kind.UNAVAILABLE,
            "events.streams_full",
            "No more streams can be opened here; try again.",
            {"retry_after": 5},
        )


class TooSlow(TradepostError):
    """Events came faster than they were read."""

    def __init__(self) -> None:
        super().__init__(
            Kind.CONFLICT,
            "events.too_slow",
            "This stream was not read as fast as events came, and ends; resume after the last one that was read.",
        )


class StreamsClosing(TradepostError):
    """The process is about to stop."""

    def __init__(self) -> None:
        super().__init__(
            Kind.UNAVAILABLE, "events.closing", "This process is stopping; resume, and another one goes on.", {}
        )


class AccessChanged(TradepostError):
    """Whoever follows may see other events now than when the stream was opened."""

    def __init__(self) -> None:
        super().__init__(
            Kind.FORBIDDEN, "events.access_changed", "What you may see has changed, so this stream ends; open another."
        )

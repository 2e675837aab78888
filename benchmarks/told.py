"""The consumer that is measured: TRADEPOST_CONSUMERS=benchmarks.told:make.

It writes down how old an order is when its consumer hears of it, a line each, in microseconds from `occurred_at`.
"""

import os
import time
from collections.abc import Sequence
from typing import Any

from tradepost.kernel.events import Message
from tradepost.messaging import OnceInEffect
from tradepost.orders.events import OrderPlaced
from tradepost_entrypoints.consumers import Host

FILE = "BENCH_TOLD"


def make(host: Host) -> Sequence[OnceInEffect[Any]]:
    """Once in effect, as most consumers should be: with a row in the inbox."""
    file = os.open(os.environ[FILE], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    async def note(_: Any, message: Message) -> None:
        os.write(file, b"%d\n" % ((time.time() - message.occurred_at.timestamp()) * 1e6))

    return [OnceInEffect("bench", [OrderPlaced], note, host.transactions, host.clock)]

"""`tradepost worker`: background work without HTTP."""

import signal

from tradepost_entrypoints.cli import output
from tradepost_entrypoints.cli.shop import settings


async def worker() -> None:
    """Do recurring jobs and deliver messages, until Ctrl-C or SIGTERM.

    Any number of workers and servers share the work. A server does it too unless TRADEPOST_BACKGROUND_WORK is false.
    """
    import asyncio  # not above: it would cost every `--help` a tenth of its time

    from tradepost_entrypoints import logs
    from tradepost_entrypoints.container import Container, opened
    from tradepost_entrypoints.worker.background import background, process_name

    chosen = settings(secrets=True)
    logs.configure(chosen.log_level, chosen.log_format)
    made = Container(settings=chosen)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with opened(made):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        async with background(made):
            output.done("Working; Ctrl-C stops after the jobs under way.", {"worker": process_name()})
            await stop.wait()

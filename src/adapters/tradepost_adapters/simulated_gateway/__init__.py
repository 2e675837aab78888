"""A payment gateway that behaves like a real one, keeps its books outside the shop and commits before it answers.

`open_gateway(url)` gives the one a setting names. `python -m tradepost_adapters.simulated_gateway` runs it as a process
of its own. Which test token causes what is in `tokens` and in docs/reference/simulated-gateway.md.
"""

from tradepost_adapters.simulated_gateway.book import Book, Terms
from tradepost_adapters.simulated_gateway.faults import Fault
from tradepost_adapters.simulated_gateway.gateway import SimulatedGateway
from tradepost_adapters.simulated_gateway.opening import open_gateway
from tradepost_adapters.simulated_gateway.remote import RemoteSimulatedGateway
from tradepost_adapters.simulated_gateway.webhooks import SignedEvent, SimulatedWebhooks

__all__ = [
    "Book",
    "Fault",
    "RemoteSimulatedGateway",
    "SignedEvent",
    "SimulatedGateway",
    "SimulatedWebhooks",
    "Terms",
    "open_gateway",
]

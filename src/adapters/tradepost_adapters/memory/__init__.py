"""Real adapters without a database: atomic, isolated and strict, for tests, simulations and scripts."""

from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.memory.cache import MemoryCache

__all__ = ["MemoryBackend", "MemoryCache"]

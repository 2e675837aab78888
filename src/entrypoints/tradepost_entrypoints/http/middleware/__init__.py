"""What happens around every request: its id, its log line, its metrics, the headers every response carries."""

from tradepost_entrypoints.http.middleware.front import Front
from tradepost_entrypoints.http.middleware.metrics import Metrics

__all__ = ["Front", "Metrics"]

"""Payments: intended collections, the operations that carry them out, refunds, and the gateway they need."""

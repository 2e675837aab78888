"""Words every feature shares: money, ids, clock, errors, events, pages, transactions, idempotency, access."""

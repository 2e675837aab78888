"""Facts for others: the outbox, the relay that delivers from it, and the inbox of those who consume."""

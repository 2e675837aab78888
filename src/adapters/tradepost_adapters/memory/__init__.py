"""Real adapters without a database: atomic, isolated and strict, for tests, simulations and scripts."""

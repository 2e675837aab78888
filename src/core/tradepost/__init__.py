"""The business of a shop, with the power off: no framework, no database, no network."""

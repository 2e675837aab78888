"""The command line. It calls the same use cases as HTTP, never the tables."""

"""Turns the outside into commands: HTTP, the command line, the worker."""

"""Asking for a password: at the terminal, or from standard input. Never an argument, which everybody on the machine sees."""

import sys

import typer

from tradepost.kernel.errors import Invalid


def ask_password(prompt: str) -> str:
    """Twice at a terminal, without showing it; otherwise the first line of standard input."""
    if sys.stdin.isatty():
        given: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=True, err=True)
        return given
    line = sys.stdin.readline()
    if not line.strip("\r\n"):
        raise Invalid("user.password_missing", "Give the password at the terminal, or as a line on standard input.")
    return line.rstrip("\r\n")

"""One folder per technology: what the core needs from outside, made real."""

"""One module for each command or group of commands; `cli.app` says where it stands. Slow imports stay inside functions."""

"""What `tradepost` on the command line starts. Works without any extra, if only to say which one to install."""

import sys

from tradepost_entrypoints.cli.extras import advice


def main() -> None:
    try:
        from tradepost_entrypoints.cli.app import app
        from tradepost_entrypoints.cli.errors import execute

        code = execute(app)
    except ModuleNotFoundError as missing:
        sentence = advice(missing)
        if sentence is None:
            raise
        print(sentence, file=sys.stderr)  # noqa: T201 - nothing nicer is installed
        code = 2
    sys.exit(code)

"""Make the list that ships: `python -m tradepost_adapters.breached_passwords common.sha256 < passwords-by-frequency.txt`."""

import sys
from itertools import islice
from pathlib import Path

from tradepost.users.passwords import MAX_PASSWORD, MIN_PASSWORD, normal_password
from tradepost_adapters.breached_passwords.digests import digests

_MOST = 25_000

if __name__ == "__main__":
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    chosen = dict.fromkeys(normal_password(line.rstrip("\r\n")).lower() for line in sys.stdin)
    usable = (each for each in chosen if MIN_PASSWORD <= len(each) <= MAX_PASSWORD and "\ufffd" not in each)
    Path(sys.argv[1]).write_bytes(digests(islice(usable, _MOST)))

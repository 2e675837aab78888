"""Codes by time (TOTP, RFC 6238): SHA-1, six digits, a new one every thirty seconds, as every authenticator app has them."""

import base64
import hashlib
import hmac
import re
from datetime import datetime
from urllib.parse import quote, urlencode

DIGITS = 6
PERIOD = 30
SECRET_BYTES = 20
"""As long as the hash, which RFC 4226, section 4, asks for."""

_WINDOW = 1
"""Periods before and after now whose codes are good as well: clocks differ, and people type slowly (RFC 6238, 5.2)."""
_SPACES = re.compile(r"[\s-]+")
_CODE = re.compile(rf"[0-9]{{{DIGITS}}}")


def counter_at(at: datetime) -> int:
    """The number of the period this moment lies in."""
    return int(at.timestamp()) // PERIOD


def code_of(secret: bytes, counter: int) -> str:
    """The code of a period (HOTP, RFC 4226, section 5.3)."""
    digest = hmac.digest(secret, counter.to_bytes(8, "big"), hashlib.sha1)
    place = digest[-1] & 15
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def normal_code(code: str) -> str | None:
    """A code as it was typed, without the spaces apps show it with; None for what can be no code."""
    bare = _SPACES.sub("", code)
    return bare if _CODE.fullmatch(bare) else None


def counter_of(secret: bytes, code: str, at: datetime, *, after: int | None = None) -> int | None:
    """The period this code is that of, among those that are good now; None for none of them.

    Periods up to `after`, the last one a code was taken for, are over: a code is good once (RFC 6238, section 5.2).
    """
    given = normal_code(code)
    if given is None:
        return None
    now = counter_at(at)
    found = None
    for counter in range(max(0, now - _WINDOW), now + _WINDOW + 1):
        # all are compared, in constant time each, so that time does not tell which came close
        right = hmac.compare_digest(code_of(secret, counter).encode(), given.encode())
        if right and found is None and (after is None or counter > after):
            found = counter
    return found


def secret_text(secret: bytes) -> str:
    """A secret as people type it into an app: base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def otpauth_uri(secret: bytes, *, issuer: str, account: str) -> str:
    """What the QR code says to an authenticator app: the Key URI format, which all of them read."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='@')}"
    parameters = {
        "secret": secret_text(secret),
        "issuer": issuer,
        "algorithm": "SHA1",
        "digits": DIGITS,
        "period": PERIOD,
    }
    return f"otpauth://totp/{label}?{urlencode(parameters, quote_via=quote)}"

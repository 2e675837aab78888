"""Second factors in memory."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from tradepost.users.second_factor import Challenge, SecondFactorView, Totp
from tradepost_adapters.memory.database import Index, MemoryDatabase, Session, TableOf


class _Code(msgspec.Struct, frozen=True):
    user_id: str
    hash: str
    used_at: datetime | None = None


TOTPS = TableOf[str, Totp]("user_totp")
CODES = TableOf[tuple[str, str], _Code]("recovery_codes", user=Index(lambda code: code.user_id))
CHALLENGES = TableOf[str, Challenge]("sign_in_challenges", user=Index(lambda challenge: challenge.user_id))


class MemoryTotps:
    """`Totps` in memory."""

    def __init__(self, session: Session) -> None:
        self._rows = session.table(TOTPS)

    async def find(self, user_id: str, /) -> Totp | None:
        return self._rows.get(user_id)

    async def begin(self, totp: Totp, /) -> bool:
        current = self._rows.get(totp.user_id)
        if current is not None and current.confirmed_at is not None:
            return False
        self._rows[totp.user_id] = totp
        return True

    async def confirm(self, user_id: str, sealed: str, counter: int, at: datetime, /) -> bool:
        current = self._rows.get(user_id)
        if current is None or current.sealed != sealed or current.confirmed_at is not None:
            return False
        self._rows[user_id] = replace(current, confirmed_at=at, last_counter=counter, failures=0, failed_at=None)
        return True

    async def take(self, user_id: str, counter: int, /) -> bool:
        current = self._rows.get(user_id)
        if current is None or current.confirmed_at is None:
            return False
        if current.last_counter is not None and current.last_counter >= counter:
            return False
        self._rows[user_id] = replace(current, last_counter=counter, failures=0, failed_at=None)
        return True

    async def failed(self, user_id: str, at: datetime, /) -> None:
        current = self._rows.get(user_id)
        if current is not None:
            self._rows[user_id] = replace(current, failures=current.failures + 1, failed_at=at)

    async def remove(self, user_id: str, /) -> bool:
        removed = self._rows.pop(user_id)
        return removed is not None and removed.confirmed_at is not None


class MemoryRecoveryCodes:
    """`RecoveryCodes` in memory."""

    def __init__(self, session: Session) -> None:
        self._rows = session.table(CODES)

    async def replace(self, user_id: str, hashes: Sequence[str], at: datetime, /) -> None:
        for old in self._rows.by("user", user_id):
            del self._rows[user_id, old.hash]
        for each in hashes:
            self._rows.add((user_id, each), _Code(user_id, each))

    async def use(self, user_id: str, code_hash: str, at: datetime, /) -> bool:
        code = self._rows.get((user_id, code_hash))
        if code is None or code.used_at is not None:
            return False
        self._rows[user_id, code_hash] = replace(code, used_at=at)
        return True


class MemorySignInChallenges:
    """`SignInChallenges` in memory."""

    def __init__(self, session: Session) -> None:
        self._rows = session.table(CHALLENGES)

    async def add(self, challenge: Challenge, /) -> None:
        for old in self._rows.by("user", challenge.user_id):
            if old.expires_at <= challenge.created_at:
                del self._rows[old.hash]
        self._rows.add(challenge.hash, challenge)

    async def attempt(self, secret_hash: str, at: datetime, most: int, /) -> Challenge | None:
        found = self._rows.get(secret_hash)
        if found is None or found.finished_at is not None or found.expires_at <= at or found.tries >= most:
            return None
        self._rows[secret_hash] = tried = replace(found, tries=found.tries + 1)
        return tried

    async def finish(self, secret_hash: str, at: datetime, /) -> bool:
        found = self._rows.get(secret_hash)
        if found is None or found.finished_at is not None:
            return False
        self._rows[secret_hash] = replace(found, finished_at=at)
        return True


class MemorySecondFactorViews:
    """`SecondFactorViews` over committed rows."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def of(self, user_id: str, /) -> SecondFactorView:
        with self._database.reading() as session:
            totp = session.table(TOTPS).get(user_id)
            codes = session.table(CODES).by("user", user_id)
        if totp is None or totp.confirmed_at is None:
            return SecondFactorView(enabled=False)
        left = sum(code.used_at is None for code in codes)
        return SecondFactorView(enabled=True, enabled_at=totp.confirmed_at, recovery_codes_left=left)

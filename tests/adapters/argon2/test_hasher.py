"""Argon2id as OWASP asks for it, on two threads, for so many at a time."""

import asyncio

from tradepost.kernel.transactions import Unavailable
from tradepost_adapters.argon2 import Argon2Hasher


async def test_a_hash_says_it_was_made_by_argon2id_with_19_mib_and_two_passes() -> None:
    assert (await Argon2Hasher().hash("correct horse")).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_who_comes_while_a_hundred_wait_is_told_to_come_back() -> None:
    hasher = Argon2Hasher(memory_kib=8, passes=1)
    answers = await asyncio.gather(*[hasher.verify("x", None) for _ in range(200)], return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, Unavailable)]
    assert len(refused) == 200 - 102
    assert refused[0].code == "sign_in.unavailable"
    assert not (await hasher.verify("x", None)).right


async def test_who_goes_away_makes_room() -> None:
    hasher = Argon2Hasher(memory_kib=8, passes=1)
    for _ in range(3):
        waiting = [asyncio.create_task(hasher.verify("x", None)) for _ in range(100)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    assert not (await hasher.verify("x", None)).right

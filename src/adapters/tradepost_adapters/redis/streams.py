"""What the broker says to Redis: a stream a partition, and for each group who holds which partition.

All keys share one hash tag, so a cluster keeps them together and what is published is kept as a whole or not at all.

Within a group there is one consumer, whoever it is at the moment: the holder of a partition. So the entries that a
former holder was given and did not acknowledge are the next holder's own, in their order, without being claimed one by
one. Reading looks for the lock in the same step, so nothing is given to a process that has just lost it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from tradepost.messaging.delivery import PARTITIONS, partition_of

_FIELD = b"event"
_HOLDER = b"holder"

# KEYS: streams. ARGV: the group, after which entry it begins. Where there is no group yet it begins with the first entry:
# nobody has received what is there, as when it was published again for a Redis that had lost everything.
_CREATE = """
for _, stream in ipairs(KEYS) do
  local groups = redis.call('EXISTS', stream) == 1 and redis.call('XINFO', 'GROUPS', stream) or {}
  local made = redis.pcall('XGROUP', 'CREATE', stream, ARGV[1], #groups > 0 and ARGV[2] or '0', 'MKSTREAM')
  if made.err and not string.find(made.err, 'BUSYGROUP') then return made end
end
"""

# KEYS: the members, the lock of each partition. ARGV: who asks, for how many milliseconds, and for each partition 1, or 0
# where it shall not be held any longer. Gives the fair share of the partitions (what the division leaves over goes to the
# first in the alphabet), those that are held further, and those that are held newly. Who lets go of one is no member for
# the time being: it takes nothing, and the others may take all that it does not hold.
_SHARE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local kept, free, taken = {}, {}, {}
for place = 2, #KEYS do
  if string.sub(ARGV[3], place - 1, place - 1) == '1' then
    local holder = redis.call('GET', KEYS[place])
    if holder == ARGV[1] then
      redis.call('PEXPIRE', KEYS[place], ARGV[2])
      kept[#kept + 1] = place - 2
    elseif not holder then
      free[#free + 1] = place
    end
  end
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if string.find(ARGV[3], '0') then
  redis.call('ZREM', KEYS[1], ARGV[1])
  return {#kept, kept, taken}
end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], 3600000)
local members = redis.call('ZRANGE', KEYS[1], 0, -1)
table.sort(members)
local share, rest = math.floor((#KEYS - 1) / #members), (#KEYS - 1) % #members
for rank, member in ipairs(members) do
  if member == ARGV[1] and rank <= rest then share = share + 1 end
end
for _, place in ipairs(free) do
  if #kept + #taken >= share then break end
  redis.call('SET', KEYS[place], ARGV[1], 'PX', ARGV[2])
  taken[#taken + 1] = place - 2
end
return {share, kept, taken}
"""

# KEYS: lock and stream of each partition. ARGV: who asks, the group, the consumer, how many at most, and for each partition
# 0 where what is not acknowledged comes first. Gives for each partition 0 when it is another's, 1 when there was no room
# for it, and otherwise whether its entries are new ones, and these.
_READ = """
local room, found = tonumber(ARGV[4]), {}
local function read(stream, after)
  local reply = redis.call('XREADGROUP', 'GROUP', ARGV[2], ARGV[3], 'COUNT', room, 'STREAMS', stream, after)
  return reply and reply[1] and reply[1][2] or {}
end
for place = 1, #KEYS / 2 do
  local stream = KEYS[2 * place]
  if redis.call('GET', KEYS[2 * place - 1]) ~= ARGV[1] then
    found[place] = 0
  elseif room < 1 then
    found[place] = 1
  else
    local entries, new = {}, 1
    if ARGV[4 + place] == '0' then entries = read(stream, '0') end
    if #entries > 0 then new = 0 else entries = read(stream, '>') end
    found[place] = {new, entries}
    room = room - #entries
  end
end
return found
"""

# KEYS: locks. ARGV: who holds them.
_RELEASE = """
for _, lock in ipairs(KEYS) do
  if redis.call('GET', lock) == ARGV[1] then redis.call('DEL', lock) end
end
"""

# KEYS: streams. Forgets what every group has acknowledged; without any group, nothing.
_TRIM = """
local function earlier(a, b)
  local am, as = string.match(a, '(%d+)-(%d+)')
  local bm, bs = string.match(b, '(%d+)-(%d+)')
  if am == bm then return tonumber(as) < tonumber(bs) end
  return tonumber(am) < tonumber(bm)
end
local forgotten = 0
for _, stream in ipairs(KEYS) do
  local oldest = nil
  for _, group in ipairs(redis.call('EXISTS', stream) == 1 and redis.call('XINFO', 'GROUPS', stream) or {}) do
    local its = {}
    for place = 1, #group, 2 do its[group[place]] = group[place + 1] end
    local wanted = its['last-delivered-id']
    if its['pending'] > 0 then wanted = redis.call('XPENDING', stream, its['name'])[2] end
    if not oldest or earlier(wanted, oldest) then oldest = wanted end
  end
  if oldest then forgotten = forgotten + redis.call('XTRIM', stream, 'MINID', '~', oldest) end
end
return forgotten
"""


class Share(NamedTuple):
    """How many partitions are one's own by right, those held as before, and those held newly."""

    size: int
    kept: tuple[int, ...]
    taken: tuple[int, ...]


class Entry(NamedTuple):
    """An entry of a stream. `content` is None where it is no longer there, or never was one of ours."""

    id: bytes
    content: bytes | None


class Found(NamedTuple):
    """What reading a partition gave; `entries` is None when there was no room for it.

    `new` says that all that was not acknowledged before had been given before this.
    """

    new: bool
    entries: tuple[Entry, ...] | None


class NoGroup(Exception):
    """Redis does not know the group (any more)."""


class Streams:
    """The keys of one shop, and what can be done with them. Raises what the client raises."""

    def __init__(self, redis: "Redis", prefix: str) -> None:
        self.redis: Any = redis
        self._prefix = f"{{{prefix}}}:"
        self._streams = [f"{self._prefix}events:{number}" for number in range(PARTITIONS)]
        self._create = redis.register_script(_CREATE)
        self._share = redis.register_script(_SHARE)
        self._read = redis.register_script(_READ)
        self._release = redis.register_script(_RELEASE)
        self._trim = redis.register_script(_TRIM)
        self.bell = f"{self._prefix}bell"
        """Where the partitions are called out that were published to: `3,17`."""

    def door(self, group: str) -> str:
        """Where it is called out that the processes of a group should share anew."""
        return f"{self._prefix}door:{group}"

    async def publish(self, events: Iterable[tuple[str, bytes]]) -> None:
        """Keep what there is about aggregates, all of it or nothing."""
        async with self.redis.pipeline(transaction=True) as pipeline:
            partitions = set()
            for aggregate_id, content in events:
                partition = partition_of(aggregate_id)
                partitions.add(partition)
                pipeline.xadd(self._streams[partition], {_FIELD: content})
            pipeline.publish(self.bell, ",".join(map(str, sorted(partitions))))
            await pipeline.execute()

    async def create(self, group: str, after: str) -> None:
        """Have the group on every stream, beginning after an entry, or with the first where no group has received any;
        where it is already it stays as it is."""
        await self._create(keys=self._streams, args=[group, after])

    async def share(self, group: str, member: str, milliseconds: int, unwanted: Collection[int]) -> Share:
        """Say that a member lives, hold what is its own and take what is free, up to its share.

        What is `unwanted` is not held any longer, and as long as there is any, nothing is taken.
        """
        wanted = "".join("0" if number in unwanted else "1" for number in range(PARTITIONS))
        keys = [f"{self._prefix}members:{group}", *(self._lock(group, number) for number in range(PARTITIONS))]
        size, kept, taken = await self._share(keys=keys, args=[member, milliseconds, wanted])
        return Share(size, tuple(kept), tuple(taken))

    async def read(self, group: str, member: str, fresh: Mapping[int, bool], limit: int) -> dict[int, Found]:
        """The next entries of partitions, `limit` at most. Partitions that the member does not hold are missing.

        Where a partition is not `fresh`, what was given and not acknowledged comes first.
        """
        keys = [key for number in fresh for key in (self._lock(group, number), self._streams[number])]
        after = [">" if one else "0" for one in fresh.values()]
        try:
            replies = await self._read(keys=keys, args=[member, group, _HOLDER, limit, *after])
        except ResponseError as error:
            if "NOGROUP" in str(error):
                raise NoGroup from error
            raise
        return {number: _found(reply) for number, reply in zip(fresh, replies, strict=True) if reply != 0}

    async def acknowledge(self, group: str, ids: Mapping[int, Sequence[bytes]]) -> None:
        async with self.redis.pipeline(transaction=False) as pipeline:
            for number, its in ids.items():
                pipeline.xack(self._streams[number], group, *its)
            await pipeline.execute()

    async def release(self, group: str, member: str, partitions: Iterable[int]) -> None:
        """Give partitions to whoever wants them, and say so."""
        if locks := [self._lock(group, number) for number in partitions]:
            await self._release(keys=locks, args=[member])
            await self.call(group)

    async def leave(self, group: str, member: str, partitions: Iterable[int]) -> None:
        """Be no member any more."""
        await self.redis.zrem(f"{self._prefix}members:{group}", member)
        await self.release(group, member, partitions)

    async def call(self, group: str) -> None:
        """Ask all processes of a group to share anew."""
        await self.redis.publish(self.door(group), b"")

    async def trim(self, partitions: Iterable[int]) -> int:
        """Forget what every group has acknowledged; how much that was."""
        streams = [self._streams[number] for number in partitions]
        return int(await self._trim(keys=streams)) if streams else 0

    def _lock(self, group: str, number: int) -> str:
        return f"{self._prefix}holder:{group}:{number}"


def _found(reply: Any) -> Found:
    if reply == 1:
        return Found(new=False, entries=None)
    new, entries = reply
    return Found(new=bool(new), entries=tuple(Entry(each[0], _content(each[1])) for each in entries))


def _content(fields: list[bytes] | None) -> bytes | None:
    if not fields or fields[0] != _FIELD:
        return None
    return fields[1]

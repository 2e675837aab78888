"""Which machine it is that shows a whole key (`tp_live_…`)."""

from datetime import datetime

from tradepost.users.api_key import read
from tradepost.users.opaque import hash_of
from tradepost.users.principal import Machine
from tradepost.users.session_ports import PrincipalViews


async def known_machine(principals: PrincipalViews, shown: str, at: datetime) -> Machine | None:
    """None where there is no such key, its secret is another, or it has ended: which, would help nobody but a forger."""
    parts = read(shown)
    if parts is None:
        return None
    key_id, secret_hash = parts[0], hash_of(parts[1])
    machine = await principals.of_key(secret_hash)
    if machine is None or machine.key.id != key_id:
        return None
    return machine if machine.good_at(at) and machine.shown_by(secret_hash, at) else None

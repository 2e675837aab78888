"""What flows by link touch in a transaction."""

from typing import Protocol

from tradepost.users.identity_ports import HasIdentities
from tradepost.users.ports import HasOneTimeTokens, HasUsers
from tradepost.users.role_ports import HasRoles
from tradepost.users.security_log import HasSecurityLog
from tradepost.users.session_ports import SignInTx


class ProfileTx(HasUsers, HasRoles, HasOneTimeTokens, Protocol):
    """A user, and the link that an address of theirs is proved by."""


class LinkTx(ProfileTx, HasSecurityLog, Protocol):
    """And the entry in the trail."""


class ResetTx(SignInTx, HasOneTimeTokens, HasIdentities, Protocol):
    """A user, the link, and the ways in that end."""

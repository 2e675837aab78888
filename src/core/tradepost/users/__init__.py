"""Users: who may sign in, and what they are to the shop. Opening an account makes a customer too: `tradepost.customers`."""

from tradepost.users.change_password import ChangePassword, ChangePasswordCommand
from tradepost.users.change_role import ChangeRole, ChangeRoleCommand
from tradepost.users.client import Client
from tradepost.users.delete_user import DeleteUser, DeleteUserCommand
from tradepost.users.get_user import GetUser, GetUserQuery
from tradepost.users.identify import Identify
from tradepost.users.list_security_events import ListSecurityEvents, ListSecurityEventsQuery
from tradepost.users.list_users import ListUsers, ListUsersQuery
from tradepost.users.passwords import MAX_PASSWORD, MIN_PASSWORD, PasswordHasher, Verdict
from tradepost.users.ports import UserFilter
from tradepost.users.purge_security_events import PurgeSecurityEvents
from tradepost.users.security_log import SecurityEvent, SecurityEventFilter, SecurityEventKind
from tradepost.users.sign_in import SignIn, SignInCommand
from tradepost.users.tokens import AccessTokens, Grant, InvalidToken
from tradepost.users.update_profile import UpdateProfile, UpdateProfileCommand
from tradepost.users.user import EmailTaken, UserId, UserStatus
from tradepost.users.views import SignedIn, UserView

__all__ = [
    "MAX_PASSWORD",
    "MIN_PASSWORD",
    "AccessTokens",
    "ChangePassword",
    "ChangePasswordCommand",
    "ChangeRole",
    "ChangeRoleCommand",
    "Client",
    "DeleteUser",
    "DeleteUserCommand",
    "EmailTaken",
    "GetUser",
    "GetUserQuery",
    "Grant",
    "Identify",
    "InvalidToken",
    "ListSecurityEvents",
    "ListSecurityEventsQuery",
    "ListUsers",
    "ListUsersQuery",
    "PasswordHasher",
    "PurgeSecurityEvents",
    "SecurityEvent",
    "SecurityEventFilter",
    "SecurityEventKind",
    "SignIn",
    "SignInCommand",
    "SignedIn",
    "UpdateProfile",
    "UpdateProfileCommand",
    "UserFilter",
    "UserId",
    "UserStatus",
    "UserView",
    "Verdict",
]

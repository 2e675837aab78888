"""Users: who may sign in, and what they are to the shop. Opening an account makes a customer too: `tradepost.customers`."""

from tradepost.users.begin_external_sign_in import BeginExternalSignIn, BeginExternalSignInCommand, ExternalSignInBegun
from tradepost.users.begin_totp import BeginTotp, BeginTotpCommand
from tradepost.users.change_categories import ChangeCategories, ChangeCategoriesCommand
from tradepost.users.change_password import ChangePassword, ChangePasswordCommand
from tradepost.users.change_role import ChangeRole, ChangeRoleCommand
from tradepost.users.client import Client
from tradepost.users.complete_sign_in import CompleteSignIn, CompleteSignInCommand
from tradepost.users.complete_sign_in_browser import CompleteSignInBrowser, CompleteSignInBrowserCommand
from tradepost.users.confirm_totp import ConfirmTotp, ConfirmTotpCommand
from tradepost.users.create_role import CreateRole, CreateRoleCommand
from tradepost.users.credential import BearerToken, Credential, SessionCookie, SessionEnded
from tradepost.users.delete_role import DeleteRole, DeleteRoleCommand
from tradepost.users.delete_user import DeleteUser, DeleteUserCommand
from tradepost.users.disable_totp import DisableTotp, DisableTotpCommand
from tradepost.users.end_session import EndSession, EndSessionCommand
from tradepost.users.end_sessions import EndSessions, EndSessionsCommand
from tradepost.users.explain_access import AccessView, ExplainAccess, ExplainAccessQuery
from tradepost.users.external_answer import ExternalAnswer
from tradepost.users.get_role import GetRole, GetRoleQuery
from tradepost.users.get_second_factor import GetSecondFactor, GetSecondFactorQuery
from tradepost.users.get_session import GetSession, GetSessionQuery
from tradepost.users.get_user import GetUser, GetUserQuery
from tradepost.users.identify import Identify
from tradepost.users.identity import Identity, IdentityTaken
from tradepost.users.identity_provider import AuthorizationRequest, ExternalIdentity, IdentityProvider, IdentityRefused
from tradepost.users.letter_texts import Site
from tradepost.users.link_identity import LinkIdentity, LinkIdentityCommand
from tradepost.users.list_identities import ListIdentities, ListIdentitiesQuery
from tradepost.users.list_roles import ListRoles, ListRolesQuery, RoleList
from tradepost.users.list_security_events import ListSecurityEvents, ListSecurityEventsQuery
from tradepost.users.list_sessions import ListSessions, ListSessionsQuery
from tradepost.users.list_users import ListUsers, ListUsersQuery
from tradepost.users.one_time_links import OneTimeLinks
from tradepost.users.one_time_token import LinkInvalid, OneTimeToken, Purpose
from tradepost.users.passwords import MAX_PASSWORD, MIN_PASSWORD, BreachedPasswords, PasswordHasher, Verdict
from tradepost.users.ports import UserFilter
from tradepost.users.purge_external_attempts import PurgeExternalAttempts
from tradepost.users.purge_one_time_tokens import PurgeOneTimeTokens
from tradepost.users.purge_security_events import PurgeSecurityEvents
from tradepost.users.purge_sessions import PurgeSessions
from tradepost.users.refresh_tokens import InvalidRefreshToken, RefreshTokens, RefreshTokensCommand
from tradepost.users.regenerate_recovery_codes import RegenerateRecoveryCodes, RegenerateRecoveryCodesCommand
from tradepost.users.request_email_verification import RequestEmailVerification, RequestEmailVerificationCommand
from tradepost.users.request_password_reset import RequestPasswordReset, RequestPasswordResetCommand
from tradepost.users.reset_password import ResetPassword, ResetPasswordCommand
from tradepost.users.reset_second_factor import ResetSecondFactor, ResetSecondFactorCommand
from tradepost.users.restore_user import RestoreUser, RestoreUserCommand
from tradepost.users.role import RoleDefinition
from tradepost.users.role_ports import HasRoles, Roles, RoleView, RoleViews
from tradepost.users.second_factor import MfaRequired, Proof, RecoveryCodesView, SecondFactorView, TotpSetup
from tradepost.users.security_log import SecurityEvent, SecurityEventFilter, SecurityEventKind
from tradepost.users.session import EndReason, SessionKind, SessionPolicy
from tradepost.users.sign_in import SignIn, SignInCommand
from tradepost.users.sign_in_browser import SignInBrowser, SignInBrowserCommand
from tradepost.users.sign_out import NoSession, SignOut, SignOutCommand
from tradepost.users.step_up import SteppedUp, StepUp, StepUpCommand
from tradepost.users.suspend_user import SuspendUser, SuspendUserCommand
from tradepost.users.tokens import AccessTokens, Grant, InvalidToken
from tradepost.users.unlink_identity import UnlinkIdentity, UnlinkIdentityCommand
from tradepost.users.update_profile import UpdateProfile, UpdateProfileCommand
from tradepost.users.update_role import UpdateRole, UpdateRoleCommand
from tradepost.users.user import EmailTaken, UserId, UserStatus
from tradepost.users.verify_email import VerifyEmail, VerifyEmailCommand
from tradepost.users.views import BrowserSession, SessionView, SignedIn, UserView

__all__ = [
    "MAX_PASSWORD",
    "MIN_PASSWORD",
    "AccessTokens",
    "AccessView",
    "AuthorizationRequest",
    "BearerToken",
    "BeginExternalSignIn",
    "BeginExternalSignInCommand",
    "BeginTotp",
    "BeginTotpCommand",
    "BreachedPasswords",
    "BrowserSession",
    "ChangeCategories",
    "ChangeCategoriesCommand",
    "ChangePassword",
    "ChangePasswordCommand",
    "ChangeRole",
    "ChangeRoleCommand",
    "Client",
    "CompleteSignIn",
    "CompleteSignInBrowser",
    "CompleteSignInBrowserCommand",
    "CompleteSignInCommand",
    "ConfirmTotp",
    "ConfirmTotpCommand",
    "CreateRole",
    "CreateRoleCommand",
    "Credential",
    "DeleteRole",
    "DeleteRoleCommand",
    "DeleteUser",
    "DeleteUserCommand",
    "DisableTotp",
    "DisableTotpCommand",
    "EmailTaken",
    "EndReason",
    "EndSession",
    "EndSessionCommand",
    "EndSessions",
    "EndSessionsCommand",
    "ExplainAccess",
    "ExplainAccessQuery",
    "ExternalAnswer",
    "ExternalIdentity",
    "ExternalSignInBegun",
    "GetRole",
    "GetRoleQuery",
    "GetSecondFactor",
    "GetSecondFactorQuery",
    "GetSession",
    "GetSessionQuery",
    "GetUser",
    "GetUserQuery",
    "Grant",
    "HasRoles",
    "Identify",
    "Identity",
    "IdentityProvider",
    "IdentityRefused",
    "IdentityTaken",
    "InvalidRefreshToken",
    "InvalidToken",
    "LinkIdentity",
    "LinkIdentityCommand",
    "LinkInvalid",
    "ListIdentities",
    "ListIdentitiesQuery",
    "ListRoles",
    "ListRolesQuery",
    "ListSecurityEvents",
    "ListSecurityEventsQuery",
    "ListSessions",
    "ListSessionsQuery",
    "ListUsers",
    "ListUsersQuery",
    "MfaRequired",
    "NoSession",
    "OneTimeLinks",
    "OneTimeToken",
    "PasswordHasher",
    "Proof",
    "PurgeExternalAttempts",
    "PurgeOneTimeTokens",
    "PurgeSecurityEvents",
    "PurgeSessions",
    "Purpose",
    "RecoveryCodesView",
    "RefreshTokens",
    "RefreshTokensCommand",
    "RegenerateRecoveryCodes",
    "RegenerateRecoveryCodesCommand",
    "RequestEmailVerification",
    "RequestEmailVerificationCommand",
    "RequestPasswordReset",
    "RequestPasswordResetCommand",
    "ResetPassword",
    "ResetPasswordCommand",
    "ResetSecondFactor",
    "ResetSecondFactorCommand",
    "RestoreUser",
    "RestoreUserCommand",
    "RoleDefinition",
    "RoleList",
    "RoleView",
    "RoleViews",
    "Roles",
    "SecondFactorView",
    "SecurityEvent",
    "SecurityEventFilter",
    "SecurityEventKind",
    "SessionCookie",
    "SessionEnded",
    "SessionKind",
    "SessionPolicy",
    "SessionView",
    "SignIn",
    "SignInBrowser",
    "SignInBrowserCommand",
    "SignInCommand",
    "SignOut",
    "SignOutCommand",
    "SignedIn",
    "Site",
    "StepUp",
    "StepUpCommand",
    "SteppedUp",
    "SuspendUser",
    "SuspendUserCommand",
    "TotpSetup",
    "UnlinkIdentity",
    "UnlinkIdentityCommand",
    "UpdateProfile",
    "UpdateProfileCommand",
    "UpdateRole",
    "UpdateRoleCommand",
    "UserFilter",
    "UserId",
    "UserStatus",
    "UserView",
    "Verdict",
    "VerifyEmail",
    "VerifyEmailCommand",
]

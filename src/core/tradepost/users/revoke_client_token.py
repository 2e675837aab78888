"""End a token before its time (RFC 7009)."""

import msgspec

from tradepost.kernel.access import SessionFacts
from tradepost.kernel.clock import Clock
from tradepost.kernel.declared import anybody
from tradepost.kernel.errors import Kind, TradepostError
from tradepost.kernel.ids import TypeIds
from tradepost.kernel.transactions import Transactions
from tradepost.users.client import Client
from tradepost.users.client_authentication import ClientAuthentication
from tradepost.users.issue_client_token import ClientTokenTx
from tradepost.users.security_log import SecurityEventKind, security_event
from tradepost.users.session import EndReason
from tradepost.users.tokens import AccessTokens, InvalidToken


class RevokeClientTokenCommand(msgspec.Struct, frozen=True, kw_only=True):
    client_id: str
    client_secret: str
    token: str
    client: Client = Client()

    def __repr__(self) -> str:
        return f"RevokeClientTokenCommand({self.client_id!r})"


class TokenOfAnother(TradepostError):
    """It was issued to somebody else."""

    def __init__(self) -> None:
        super().__init__(Kind.FORBIDDEN, "oauth.invalid_grant", "This token was not issued to this client.")


class RevokeClientToken:
    """For the machine it was issued to. A token that is no good already is left at that: nothing is wrong then. Raises
    `oauth.invalid_client` and `oauth.invalid_grant`."""

    access = anybody()

    def __init__(
        self,
        transactions: Transactions[ClientTokenTx],
        authenticate: ClientAuthentication,
        tokens: AccessTokens,
        clock: Clock,
        ids: TypeIds,
    ) -> None:
        self._transactions = transactions
        self._authenticate = authenticate
        self._tokens = tokens
        self._clock = clock
        self._ids = ids

    async def __call__(self, command: RevokeClientTokenCommand) -> None:
        now = self._clock.now()
        machine = await self._authenticate(command.client_id, command.client_secret, now)
        try:
            grant = await self._tokens.verify(command.token, now)
        except InvalidToken:
            return
        if grant.subject != machine.key.id:
            raise TokenOfAnother

        async def work(tx: ClientTokenTx) -> None:
            if not await tx.sessions.end(grant.session_id, EndReason.TOKEN_REVOKED, now):
                return
            kind = SecurityEventKind.CLIENT_TOKEN_REVOKED
            actor = machine.actor(SessionFacts(id=grant.session_id, kind="client"))
            entry = security_event(
                kind, ids=self._ids, at=now, actor=actor, user_id=machine.key.user_id, client=command.client
            )
            await tx.security_log.record(entry)

        await self._transactions.run(work)

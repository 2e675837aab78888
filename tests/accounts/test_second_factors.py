"""Setting up an authenticator app, giving it up, and having it taken off, on every backend."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select
from tests.core.users.desk import PASSWORD
from tests.core.users.two_steps import AT_ONCE, TwoSteps, app_of, every_desk, memory

from tradepost.kernel.access import Actor, Role, operator
from tradepost.kernel.errors import Conflict, Invalid, NotFound, TradepostError
from tradepost.users import (
    BeginTotpCommand,
    ConfirmTotpCommand,
    DeleteUserCommand,
    DisableTotpCommand,
    GetSecondFactorQuery,
    RegenerateRecoveryCodesCommand,
    ResetSecondFactorCommand,
    SignedIn,
)
from tradepost_adapters.sql.backend import SqlBackend
from tradepost_adapters.sql.statements import Statement
from tradepost_adapters.sql.tables.messaging import outbox
from tradepost_adapters.sql.tables.second_factors import recovery_codes, sign_in_challenges, user_totp
from tradepost_adapters.sql.tables.security_log import security_events

__all__ = ["every_desk", "memory"]  # fixtures


async def test_a_second_factor_is_not_enabled_before_its_first_code(desk: TwoSteps) -> None:
    user_id, email = await desk.somebody()
    actor = await desk.actor(await desk.first_step(email))
    setup = await desk.shop.begin_totp(BeginTotpCommand(actor=actor, user_id=user_id))
    assert isinstance(await desk.first_step(email), SignedIn)
    app = app_of(setup.uri)
    confirm = ConfirmTotpCommand(actor=actor, user_id=user_id, code=desk.code(app, period=40))
    with pytest.raises(Invalid) as error:
        await desk.shop.confirm_totp(confirm)
    assert error.value.code == "second_factor.code_wrong"
    again = await desk.shop.begin_totp(BeginTotpCommand(actor=actor, user_id=user_id))
    assert again.secret != setup.secret
    with pytest.raises(Invalid):
        await desk.shop.confirm_totp(msgspec.structs.replace(confirm, code=desk.code(app)))
    desk.clock.advance(timedelta(minutes=15))
    newest = app_of(again.uri)
    with pytest.raises(Conflict) as late:
        await desk.shop.confirm_totp(msgspec.structs.replace(confirm, code=desk.code(newest)))
    assert late.value.code == "second_factor.not_begun"
    assert isinstance(await desk.first_step(email), SignedIn)


async def test_enabling_ends_the_other_sessions_and_the_one_that_asks_goes_on(desk: TwoSteps) -> None:
    user_id, email = await desk.somebody()
    here, elsewhere = [await desk.actor(await desk.first_step(email)) for _ in range(2)]
    setup = await desk.shop.begin_totp(BeginTotpCommand(actor=here, user_id=user_id))
    app = app_of(setup.uri)
    await desk.shop.confirm_totp(ConfirmTotpCommand(actor=here, user_id=user_id, code=desk.code(app)))
    assert await desk.is_over(elsewhere)
    kept = await desk.again(here)
    assert kept.session is not None
    assert kept.session.mfa
    with pytest.raises(Conflict) as error:
        await desk.shop.begin_totp(BeginTotpCommand(actor=here, user_id=user_id))
    assert error.value.code == "second_factor.enabled"


async def test_of_fifty_who_confirm_at_once_one_gets_recovery_codes(desk: TwoSteps) -> None:
    actor, _, app = await desk.begun()
    confirm = ConfirmTotpCommand(actor=actor, user_id=actor.id, code=desk.code(app))
    won, refused = await desk.at_once([lambda at: at.shop.confirm_totp(confirm)] * AT_ONCE)
    assert (won, refused) == (1, ["second_factor.enabled"] * (AT_ONCE - 1))


async def test_recovery_codes_are_renewed_together_and_good_once_each(desk: TwoSteps) -> None:
    ada = await desk.enroll()
    renewed = await desk.shop.regenerate_recovery_codes(RegenerateRecoveryCodesCommand(actor=ada.actor, user_id=ada.id))
    assert not set(renewed.codes) & set(ada.codes)
    assert not any(code in repr(renewed) for code in renewed.codes)
    challenge = await desk.challenge(ada.email)
    with pytest.raises(TradepostError):
        await desk.second_step(challenge, recovery_code=ada.codes[0])
    for code in renewed.codes:
        assert await desk.second_step(await desk.challenge(ada.email), recovery_code=code.lower().replace("-", " "))
    with pytest.raises(TradepostError):
        await desk.second_step(challenge, recovery_code=renewed.codes[0])
    assert {"recovery_codes.renewed", "recovery_code.used", "totp.failed"} <= set(await desk.kinds(ada.id))


async def test_giving_it_up_takes_the_codes_along_and_ends_the_other_sessions(desk: TwoSteps) -> None:
    ada = await desk.enroll()
    elsewhere = await desk.actor(await desk.second_step(await desk.challenge(ada.email), recovery_code=ada.codes[0]))
    waiting = await desk.challenge(ada.email)
    await desk.shop.disable_totp(DisableTotpCommand(actor=ada.actor, user_id=ada.id))
    assert await desk.is_over(elsewhere)
    await desk.again(ada.actor)
    with pytest.raises(TradepostError) as error:
        await desk.second_step(waiting, recovery_code=ada.codes[1])
    assert error.value.code == "auth.challenge_ended"
    assert isinstance(await desk.first_step(ada.email), SignedIn)
    with pytest.raises(Conflict) as none:
        await desk.shop.disable_totp(DisableTotpCommand(actor=ada.actor, user_id=ada.id))
    assert none.value.code == "second_factor.not_enabled"


async def test_the_owner_and_the_operator_reset_what_somebody_has_lost(desk: TwoSteps) -> None:
    owner = Actor(id="user_owner", role=Role.OWNER)
    for actor in (operator(), owner):
        ada = await desk.enroll()
        await desk.shop.reset_second_factor(ResetSecondFactorCommand(actor=actor, user_id=ada.id))
        assert await desk.is_over(ada.actor)
        assert isinstance(await desk.first_step(ada.email), SignedIn)
        assert "totp.disabled" in await desk.kinds(ada.id)
        with pytest.raises(Conflict):
            await desk.shop.reset_second_factor(ResetSecondFactorCommand(actor=actor, user_id=ada.id))
    with pytest.raises(NotFound):
        await desk.shop.reset_second_factor(ResetSecondFactorCommand(actor=owner, user_id="user_nobody"))


async def test_nobody_touches_the_second_factor_of_somebody_else(memory: TwoSteps) -> None:
    ada, bob = await memory.enroll(), await memory.enroll()
    owner = Actor(id="user_owner", role=Role.OWNER)
    for actor in (bob.actor, owner):
        for ask in (
            memory.shop.begin_totp(BeginTotpCommand(actor=actor, user_id=ada.id, password=PASSWORD)),
            memory.shop.confirm_totp(ConfirmTotpCommand(actor=actor, user_id=ada.id, code="123456")),
            memory.shop.disable_totp(DisableTotpCommand(actor=actor, user_id=ada.id)),
            memory.shop.regenerate_recovery_codes(RegenerateRecoveryCodesCommand(actor=actor, user_id=ada.id)),
        ):
            with pytest.raises(NotFound):
                await ask
    with pytest.raises(NotFound):
        await memory.shop.get_second_factor(GetSecondFactorQuery(actor=bob.actor, user_id=ada.id))
    with pytest.raises(TradepostError) as error:
        await memory.shop.reset_second_factor(ResetSecondFactorCommand(actor=bob.actor, user_id=ada.id))
    assert error.value.code == "auth.forbidden"
    with pytest.raises(TradepostError):
        await memory.second_step(await memory.challenge(bob.email), code=memory.code(ada.app))
    with pytest.raises(TradepostError):
        await memory.second_step(await memory.challenge(bob.email), recovery_code=ada.codes[0])


async def test_what_is_stored_shows_neither_secrets_nor_codes(database_url: str) -> None:
    backend = await SqlBackend.open(database_url)
    desk = TwoSteps(backend)
    ada = await desk.enroll()
    challenge = await desk.challenge(ada.email)
    bare = [code.replace("-", "") for code in ada.codes]
    for table in (user_totp, recovery_codes, sign_in_challenges, outbox, security_events):
        rows = await backend.database.reads.all(Statement(select(table), name=table.name))
        assert rows, table.name
        for secret in (ada.app.secret, challenge, *ada.codes, *bare):
            assert secret not in str(rows), table.name
    await backend.close()


async def test_a_first_code_is_not_guessed(desk: TwoSteps) -> None:
    actor, _, app = await desk.begun()
    wrong = ConfirmTotpCommand(actor=actor, user_id=actor.id, code=desk.code(app, period=50))
    _, refused = await desk.at_once([lambda at: at.shop.confirm_totp(wrong)] * AT_ONCE)
    assert refused.count("second_factor.code_wrong") == 5
    right = msgspec.structs.replace(wrong, code=desk.code(app))
    assert await desk.code_of(desk.shop.confirm_totp(right)) == "second_factor.not_begun"
    setup = await desk.shop.begin_totp(BeginTotpCommand(actor=actor, user_id=actor.id))
    again = msgspec.structs.replace(wrong, code=desk.code(app_of(setup.uri)))
    assert len((await desk.shop.confirm_totp(again)).codes) == 10


async def test_a_deleted_account_leaves_no_second_factor(desk: TwoSteps) -> None:
    ada = await desk.enroll()
    await desk.shop.delete_user(DeleteUserCommand(actor=ada.actor, user_id=ada.id))
    assert not (await desk.backend.second_factor_views.of(ada.id)).enabled
    reset = ResetSecondFactorCommand(actor=operator(), user_id=ada.id)
    assert await desk.code_of(desk.shop.reset_second_factor(reset)) == "second_factor.not_enabled"

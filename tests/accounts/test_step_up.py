"""Proving again who one is, for what lets others in; and staff who need a second factor."""

from datetime import timedelta

import msgspec
import pytest
from tests.core.users.desk import PASSWORD
from tests.core.users.two_steps import AT_ONCE, TwoSteps, app_of, every_desk, in_memory, memory

from tradepost.kernel.access import Actor, Permission, Role, SessionFacts, operator
from tradepost.kernel.errors import Conflict, Invalid, Kind, TradepostError
from tradepost.users import (
    BeginTotpCommand,
    ChangePasswordCommand,
    ConfirmTotpCommand,
    DisableTotpCommand,
    GetSecondFactorQuery,
    Proof,
    StepUpCommand,
)
from tradepost.users.session import SessionPolicy

__all__ = ["every_desk", "memory"]  # fixtures


async def test_a_session_that_has_grown_old_proves_itself_again(desk: TwoSteps) -> None:
    ada = await desk.enroll()
    desk.clock.advance(timedelta(minutes=10))
    stale = await desk.again(ada.actor)
    begin = DisableTotpCommand(actor=stale, user_id=ada.id)
    with pytest.raises(TradepostError) as error:
        await desk.shop.disable_totp(begin)
    assert (error.value.kind, error.value.code) == (Kind.UNAUTHENTICATED, "auth.step_up_required")
    assert error.value.data == {"max_age": 600}
    for command, code in (
        (StepUpCommand(actor=stale, password="wrong", proof=Proof(code=desk.code(ada.app))), "user.password_wrong"),
        (StepUpCommand(actor=stale, password=PASSWORD), "second_factor.code_needed"),
        (StepUpCommand(actor=stale, password=PASSWORD, proof=Proof(code="000000")), "second_factor.code_wrong"),
        (
            StepUpCommand(actor=stale, password=PASSWORD, proof=Proof(code="000000", recovery_code=ada.codes[0])),
            "second_factor.invalid",
        ),
    ):
        with pytest.raises(Invalid) as refused:
            await desk.shop.step_up(command)
        assert refused.value.code == code
    assert not (await desk.again(stale)).session.fresh  # type: ignore[union-attr]
    done = await desk.shop.step_up(StepUpCommand(actor=stale, password=PASSWORD, proof=Proof(code=desk.code(ada.app))))
    assert done.fresh_until == desk.clock.now() + timedelta(minutes=10)
    assert done.secret is None
    fresh = await desk.again(stale)
    assert fresh.session is not None
    assert fresh.session.fresh
    await desk.shop.disable_totp(DisableTotpCommand(actor=fresh, user_id=ada.id))
    trail = await desk.kinds(ada.id)
    assert (trail.count("step_up.failed"), trail.count("step_up.succeeded")) == (2, 1)


async def test_of_fifty_step_ups_with_one_code_one_succeeds(desk: TwoSteps) -> None:
    ada = await desk.enroll()
    command = StepUpCommand(actor=ada.actor, password=PASSWORD, proof=Proof(code=desk.code(ada.app)))
    won, refused = await desk.at_once([lambda at: at.shop.step_up(command)] * AT_ONCE)
    assert won == 1
    assert set(refused) == {"second_factor.code_wrong", "second_factor.paused"}


async def test_a_step_up_does_not_bring_back_a_session_that_was_ended(memory: TwoSteps) -> None:
    _, email = await memory.somebody()
    actor = await memory.actor(await memory.first_step(email))
    await memory.shop.change_password(
        ChangePasswordCommand(actor=operator(), user_id=actor.id, new_password="a longer stretch of pasture")
    )
    with pytest.raises(TradepostError) as error:
        await memory.shop.step_up(StepUpCommand(actor=actor, password="a longer stretch of pasture"))
    assert error.value.code == "auth.session_ended"
    assert await memory.is_over(actor)


async def test_programs_and_machines_are_not_asked_to_prove_themselves(memory: TwoSteps) -> None:
    program = Actor(id="user_1", role=Role.OWNER)
    machine = Actor(
        id="key_1",
        permissions=frozenset({Permission.USERS_WRITE}),
        session=SessionFacts(id="sess_1", kind="key", fresh=False),
    )
    for actor in (program, machine, msgspec.structs.replace(machine, session=SessionFacts(id="s", kind="client"))):
        actor.require(Permission.USERS_WRITE)
        actor.require_fresh()
        with pytest.raises(Conflict) as error:
            await memory.shop.step_up(StepUpCommand(actor=actor, password=PASSWORD))
        assert error.value.code == "auth.no_session"


async def test_beginning_in_an_old_session_takes_the_password(memory: TwoSteps) -> None:
    user_id, email = await memory.somebody()
    actor = await memory.actor(await memory.first_step(email))
    memory.clock.advance(timedelta(minutes=11))
    stale = await memory.again(actor)
    with pytest.raises(TradepostError) as error:
        await memory.shop.begin_totp(BeginTotpCommand(actor=stale, user_id=user_id))
    assert error.value.code == "auth.step_up_required"
    with pytest.raises(Invalid) as wrong:
        await memory.shop.begin_totp(BeginTotpCommand(actor=stale, user_id=user_id, password="wrong"))
    assert wrong.value.code == "user.password_wrong"
    assert await memory.shop.begin_totp(BeginTotpCommand(actor=stale, user_id=user_id, password=PASSWORD))


async def test_staff_who_need_a_second_factor_can_only_set_one_up() -> None:
    desk = in_memory(sessions=SessionPolicy(staff_need_mfa=True))
    user_id, email = await desk.somebody(Role.OWNER)
    actor = await desk.actor(await desk.first_step(email))
    for permission in Permission:
        with pytest.raises(TradepostError) as error:
            actor.require(permission)
        assert (error.value.kind, error.value.code) == (Kind.FORBIDDEN, "auth.mfa_enrollment_required")
    setup = await desk.shop.begin_totp(BeginTotpCommand(actor=actor, user_id=user_id))
    app = app_of(setup.uri)
    await desk.shop.confirm_totp(ConfirmTotpCommand(actor=actor, user_id=user_id, code=desk.code(app)))
    enrolled = await desk.again(actor)
    for permission in Permission:
        enrolled.require(permission)
    Actor(id="user_program", role=Role.OWNER).require(Permission.USERS_WRITE)
    customer_id, customer_email = await desk.somebody()
    customer = await desk.actor(await desk.first_step(customer_email))
    assert (
        await desk.shop.get_second_factor(GetSecondFactorQuery(actor=customer, user_id=customer_id))
    ).enabled is False

"""Signing in in two steps, on every backend and in two processes: a code is good once, and guessing leads nowhere."""

from datetime import timedelta

import pytest
from tests.core.users.desk import PASSWORD
from tests.core.users.two_steps import AT_ONCE, TwoSteps, every_desk, in_memory, memory

from tradepost.kernel.access import operator
from tradepost.kernel.errors import Invalid, Kind, TradepostError
from tradepost.users import (
    ChangePasswordCommand,
    CompleteSignInBrowserCommand,
    GetSecondFactorQuery,
    MfaRequired,
    Proof,
    SignedIn,
    SignInBrowserCommand,
    StepUpCommand,
    SuspendUserCommand,
)
from tradepost.users.credential import SessionCookie
from tradepost_adapters.cryptography import AesGcmSecretBox

__all__ = ["every_desk", "memory"]  # fixtures


async def test_somebody_sets_up_an_app_and_signs_in_with_it(desk: TwoSteps) -> None:
    ada = await desk.enroll()
    assert (ada.app.issuer, ada.app.name) == ("Tradepost", ada.email)
    asked = await desk.first_step(ada.email)
    assert isinstance(asked, MfaRequired)
    assert asked.expires_in == 300
    assert ada.email not in repr(asked)
    assert asked.challenge not in repr(asked)
    actor = await desk.actor(await desk.second_step(asked.challenge, code=desk.code(ada.app)))
    assert actor.id == ada.id
    assert actor.session is not None
    assert (actor.session.mfa, actor.session.fresh) == (True, True)
    view = await desk.shop.get_second_factor(GetSecondFactorQuery(actor=actor, user_id=ada.id))
    assert (view.enabled, view.recovery_codes_left) == (True, 10)
    assert (await desk.kinds(ada.id))[-4:] == [
        "sign_in.succeeded",
        "totp.enabled",
        "sign_in.challenged",
        "sign_in.succeeded",
    ]


async def test_of_fifty_sign_ins_with_one_code_one_succeeds(desk: TwoSteps) -> None:
    ada = await desk.enroll()
    code = desk.code(ada.app)
    challenges = [await desk.challenge(ada.email) for _ in range(AT_ONCE)]
    won, refused = await desk.at_once(
        [lambda at, challenge=challenge: at.second_step(challenge, code=code) for challenge in challenges]
    )
    assert won == 1
    assert set(refused) == {"auth.code_wrong", "second_factor.paused"}


async def test_of_fifty_sign_ins_with_one_recovery_code_one_succeeds(desk: TwoSteps) -> None:
    ada = await desk.enroll()
    code = ada.codes[3]
    challenges = [await desk.challenge(ada.email) for _ in range(AT_ONCE)]
    won, refused = await desk.at_once(
        [lambda at, challenge=challenge: at.second_step(challenge, recovery_code=code) for challenge in challenges]
    )
    assert (won, refused) == (1, ["auth.code_wrong"] * (AT_ONCE - 1))
    assert await desk.left(ada) == 9


async def test_of_fifty_uses_of_one_challenge_one_begins_a_session(desk: TwoSteps) -> None:
    ada = await desk.enroll()
    challenge = await desk.challenge(ada.email)
    won, refused = await desk.at_once(
        [lambda at, code=code: at.second_step(challenge, recovery_code=code) for code in ada.codes * 5]
    )
    assert (won, set(refused)) == (1, {"auth.challenge_ended"})
    assert await desk.left(ada) == 9


async def test_of_fifty_guesses_at_once_five_are_looked_at(desk: TwoSteps) -> None:
    ada = await desk.enroll()
    wrong = desk.code(ada.app, period=50)
    challenges = [await desk.challenge(ada.email) for _ in range(AT_ONCE)]
    won, refused = await desk.at_once(
        [lambda at, challenge=challenge: at.second_step(challenge, code=wrong) for challenge in challenges]
    )
    assert (won, refused.count("auth.code_wrong")) == (0, 5)
    assert refused.count("second_factor.paused") == AT_ONCE - 5


async def test_a_code_is_not_taken_again_by_anything_else_that_takes_codes(desk: TwoSteps) -> None:
    ada = await desk.enroll()
    code = desk.code(ada.app)
    await desk.shop.step_up(StepUpCommand(actor=ada.actor, password=PASSWORD, proof=Proof(code=code)))
    with pytest.raises(TradepostError) as error:
        await desk.second_step(await desk.challenge(ada.email), code=code)
    assert error.value.code == "auth.code_wrong"
    with pytest.raises(Invalid):
        await desk.shop.step_up(StepUpCommand(actor=ada.actor, password=PASSWORD, proof=Proof(code=code)))


async def test_a_challenge_takes_five_codes_and_is_over_then(desk: TwoSteps) -> None:
    ada = await desk.enroll()
    challenge = await desk.challenge(ada.email)
    left = []
    for _ in range(5):
        with pytest.raises(TradepostError) as error:
            await desk.second_step(challenge, recovery_code="AAAA-AAAA-AAAA-AAAA-AAAA-AAAA")
        left.append(error.value.data["tries_left"])
    assert left == [4, 3, 2, 1, 0]
    with pytest.raises(TradepostError) as ended:
        await desk.second_step(challenge, recovery_code=ada.codes[0])
    assert (ended.value.kind, ended.value.code) == (Kind.UNAUTHENTICATED, "auth.challenge_ended")
    assert isinstance(await desk.second_step(await desk.challenge(ada.email), recovery_code=ada.codes[0]), SignedIn)


async def test_a_challenge_is_good_for_five_minutes(desk: TwoSteps) -> None:
    ada = await desk.enroll()
    late, in_time = await desk.challenge(ada.email), await desk.challenge(ada.email)
    desk.clock.advance(timedelta(minutes=5) - timedelta(microseconds=1))
    assert isinstance(await desk.second_step(in_time, code=desk.code(ada.app)), SignedIn)
    desk.clock.advance(timedelta(microseconds=1))
    with pytest.raises(TradepostError) as error:
        await desk.second_step(late, recovery_code=ada.codes[0])
    assert error.value.code == "auth.challenge_ended"


@pytest.mark.parametrize("nonsense", ["", "x", "x" * 5000, "\ud800" * 3])
async def test_what_is_no_challenge_is_one_that_has_ended(memory: TwoSteps, nonsense: str) -> None:
    with pytest.raises(TradepostError) as error:
        await memory.second_step(nonsense.encode("utf-8", "replace").decode(), code="123456")
    assert error.value.code == "auth.challenge_ended"


async def test_a_new_password_ends_the_challenges_that_the_old_one_got(desk: TwoSteps) -> None:
    ada = await desk.enroll()
    challenge = await desk.challenge(ada.email)
    await desk.shop.change_password(
        ChangePasswordCommand(
            actor=ada.actor, user_id=ada.id, old_password=PASSWORD, new_password="a longer stretch of pasture"
        )
    )
    with pytest.raises(TradepostError) as error:
        await desk.second_step(challenge, code=desk.code(ada.app))
    assert error.value.code == "auth.challenge_ended"


async def test_a_suspended_user_gets_no_further_than_the_challenge(desk: TwoSteps) -> None:
    ada = await desk.enroll()
    challenge = await desk.challenge(ada.email)
    await desk.shop.suspend_user(SuspendUserCommand(actor=operator(), user_id=ada.id))
    with pytest.raises(TradepostError) as error:
        await desk.second_step(challenge, code=desk.code(ada.app))
    assert error.value.code == "auth.challenge_ended"


async def test_guessing_codes_gets_slower_and_a_recovery_code_always_gets_in(desk: TwoSteps) -> None:
    ada = await desk.enroll()
    # In the very last period of the window, so that no guess happens to be right.
    wrong = desk.code(ada.app, period=50)
    refused = []
    for _ in range(19):
        with pytest.raises(TradepostError) as error:
            await desk.second_step(await desk.challenge(ada.email), code=wrong)
        refused.append(error.value)
        desk.clock.advance(timedelta(seconds=error.value.data.get("retry_after", 0)))
    assert [error.code for error in refused[:5]] == ["auth.code_wrong"] * 5
    pauses = [error.data["retry_after"] for error in refused if error.kind is Kind.RATE_LIMITED]
    assert {error.code for error in refused if error.kind is Kind.RATE_LIMITED} == {"second_factor.paused"}
    assert pauses[:5] == [61, 121, 241, 481, 961]
    with pytest.raises(TradepostError) as error:
        await desk.second_step(await desk.challenge(ada.email), code=desk.code(ada.app))
    assert error.value.code == "second_factor.paused"
    signed_in = await desk.second_step(await desk.challenge(ada.email), recovery_code=ada.codes[0])
    assert (await desk.actor(signed_in)).id == ada.id


async def test_whoever_does_not_know_the_password_locks_nobody_out(desk: TwoSteps) -> None:
    ada = await desk.enroll()
    for _ in range(20):
        with pytest.raises(TradepostError):
            await desk.first_step(ada.email, "a wrong one indeed")
        with pytest.raises(TradepostError):
            await desk.second_step("no challenge at all", code="000000")
    assert isinstance(await desk.second_step(await desk.challenge(ada.email), code=desk.code(ada.app)), SignedIn)


async def test_a_browser_signs_in_in_two_steps_and_keeps_its_old_session_until_the_second(desk: TwoSteps) -> None:
    ada = await desk.enroll()
    _, email = await desk.somebody()
    before = await desk.shop.sign_in_browser(SignInBrowserCommand(email=email, password=PASSWORD))
    assert not isinstance(before, MfaRequired)
    first = await desk.shop.sign_in_browser(
        SignInBrowserCommand(email=ada.email, password=PASSWORD, replaces=before.secret)
    )
    assert isinstance(first, MfaRequired)
    assert await desk.shop.identify(SessionCookie(before.secret))
    begun = await desk.shop.complete_sign_in_browser(
        CompleteSignInBrowserCommand(
            challenge=first.challenge, proof=Proof(code=desk.code(ada.app)), replaces=before.secret
        )
    )
    actor = await desk.shop.identify(SessionCookie(begun.secret))
    assert actor.id == ada.id
    with pytest.raises(TradepostError):
        await desk.shop.identify(SessionCookie(before.secret))
    desk.clock.advance(timedelta(seconds=30))
    done = await desk.shop.step_up(StepUpCommand(actor=actor, password=PASSWORD, proof=Proof(code=desk.code(ada.app))))
    assert done.secret is not None
    assert (await desk.shop.identify(SessionCookie(done.secret))).id == ada.id
    with pytest.raises(TradepostError):
        await desk.shop.identify(SessionCookie(begun.secret))


async def test_a_secret_sealed_under_another_secret_of_the_server_leaves_the_recovery_codes() -> None:
    desk = in_memory()
    ada = await desk.enroll()
    changed = TwoSteps(desk.backend, desk.clock)
    changed.shop._given_box = AesGcmSecretBox(b"another secret of the server, yes")
    with pytest.raises(TradepostError) as error:
        await changed.second_step(await changed.challenge(ada.email), code=desk.code(ada.app))
    assert error.value.code == "secret.unreadable"
    command = CompleteSignInBrowserCommand(
        challenge=await changed.challenge(ada.email), proof=Proof(recovery_code=ada.codes[0])
    )
    assert (await changed.shop.complete_sign_in_browser(command)).user.id == ada.id

"""Links that come by mail, on every database: what they do, once, and what they do not."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from tests.core.users.post import NEW_PASSWORD, PASSWORD, Post, me, token_in

from tradepost.kernel.access import Actor, Role, SessionFacts, operator
from tradepost.kernel.errors import Invalid, NotFound, TradepostError
from tradepost.kernel.pages import PageRequest
from tradepost.users import (
    ChangePasswordCommand,
    DeleteUserCommand,
    EmailTaken,
    LinkInvalid,
    RequestEmailVerificationCommand,
    RequestPasswordResetCommand,
    ResetPasswordCommand,
    SecurityEvent,
    SecurityEventFilter,
    UpdateProfileCommand,
    UserView,
    VerifyEmailCommand,
)
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.sql.backend import SqlBackend


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def post(request: pytest.FixtureRequest) -> AsyncIterator[Post]:
    if request.param == "memory":
        yield Post(MemoryBackend())
        return
    backend = await SqlBackend.open(request.getfixturevalue(f"{request.param}_url"))
    yield Post(backend)
    await backend.close()


async def change_email(post: Post, user: UserView, email: str, actor: Actor | None = None) -> UserView:
    return await post.shop.update_profile(UpdateProfileCommand(actor=actor or me(user), user_id=user.id, email=email))


async def ask_to_verify(post: Post, user: UserView) -> None:
    await post.shop.request_email_verification(RequestEmailVerificationCommand(actor=me(user), user_id=user.id))


async def trail(post: Post) -> list[SecurityEvent]:
    page = await post.backend.security_event_views.list(SecurityEventFilter(), PageRequest(sort="at"))
    return list(page.items)


async def test_who_registers_is_welcomed_and_proves_the_address_by_the_link(post: Post) -> None:
    user = await post.register("Ada@Example.com")
    assert user.email_verified_at is None
    (mail,) = await post.mails()
    assert (mail.to, mail.subject) == ("Ada@example.com", "Welcome to Ada's Mugs")
    post.later(hours=23)
    await post.verify(token_in(mail, "verify-email"))
    assert (await post.view(user)).email_verified_at == post.clock.now()
    with pytest.raises(LinkInvalid):
        await post.verify(token_in(mail, "verify-email"))
    assert [event.kind for event in await trail(post)][-1:] == ["email.verified"]
    assert await post.mails() == []


async def test_the_link_that_proves_an_address_comes_again_until_it_is_proved(post: Post) -> None:
    user = await post.register()
    await post.mails()
    await ask_to_verify(post, user)
    (mail,) = await post.mails()
    assert mail.subject == "Your address at Ada's Mugs"
    await post.verify(token_in(mail, "verify-email"))
    await ask_to_verify(post, user)
    assert await post.mails() == []
    stranger = Actor(id="user_other", role=Role.CUSTOMER)
    with pytest.raises(NotFound):
        await post.shop.request_email_verification(RequestEmailVerificationCommand(actor=stranger, user_id=user.id))


async def test_a_link_is_good_for_so_long_and_no_longer(post: Post) -> None:
    await post.register()
    (welcome,) = await post.mails()
    await post.ask_for_reset()
    (reset,) = await post.mails()
    post.later(minutes=30)
    with pytest.raises(LinkInvalid):
        await post.reset(token_in(reset, "reset-password"))
    post.later(hours=23, minutes=30)
    with pytest.raises(LinkInvalid):
        await post.verify(token_in(welcome, "verify-email"))
    assert await post.shop.purge_one_time_tokens() == 1
    with pytest.raises(LinkInvalid):
        await post.reset(token_in(reset, "reset-password"))  # forgotten, and as worthless as before


async def test_a_forgotten_password_is_replaced_and_everything_older_is_worthless(post: Post) -> None:
    user = await post.register()
    await post.mails()
    for _ in range(2):
        await post.ask_for_reset("ADA@example.com")
    first, second = await post.mails()
    before = await post.backend.user_views.credentials("ada@example.com")
    await post.reset(token_in(first, "reset-password"))
    assert await post.signs_in_with(NEW_PASSWORD)
    after = await post.backend.user_views.credentials("ada@example.com")
    assert after.session_version == before.session_version + 1
    assert (await post.view(user)).email_verified_at is not None  # the mail arrived
    for used in (first, second):
        with pytest.raises(LinkInvalid):
            await post.reset(token_in(used, "reset-password"), "yet another password")
    (told,) = await post.mails()
    assert (told.to, told.subject) == ("ada@example.com", "Your password at Ada's Mugs has changed")
    kinds = [event.kind.value for event in await trail(post)]
    assert kinds.count("password.reset_requested") == 2
    assert kinds.count("password.reset") == 1


async def test_a_password_that_can_not_be_one_leaves_the_link_good(post: Post) -> None:
    await post.register()
    await post.mails()
    await post.ask_for_reset()
    (mail,) = await post.mails()
    with pytest.raises(Invalid) as error:
        await post.reset(token_in(mail, "reset-password"), "short")
    assert [fault.pointer for fault in error.value.faults] == ["/new_password"]
    await post.reset(token_in(mail, "reset-password"))
    assert await post.signs_in_with(NEW_PASSWORD)


async def test_a_changed_password_makes_links_to_replace_it_worthless(post: Post) -> None:
    user = await post.register()
    await post.mails()
    await post.ask_for_reset()
    (mail,) = await post.mails()
    await post.shop.change_password(
        ChangePasswordCommand(actor=operator(), user_id=user.id, new_password="what the operator chose")
    )
    with pytest.raises(LinkInvalid):
        await post.reset(token_in(mail, "reset-password"))
    assert await post.signs_in_with("what the operator chose")


async def test_of_fifty_who_use_a_link_at_the_same_moment_one_does(post: Post) -> None:
    user = await post.register()
    (welcome,) = await post.mails()
    results = await asyncio.gather(
        *[post.verify(token_in(welcome, "verify-email")) for _ in range(50)], return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results).count("NoneType") == 1
    await post.ask_for_reset()
    (reset,) = await post.mails()
    token = token_in(reset, "reset-password")
    results = await asyncio.gather(
        *[post.reset(token, f"the password of number {n}") for n in range(50)], return_exceptions=True
    )
    (winner,) = [n for n, result in enumerate(results) if result is None]
    assert await post.signs_in_with(f"the password of number {winner}")
    credentials = await post.backend.user_views.credentials("ada@example.com")
    assert credentials.session_version == 2
    kinds = [event.kind.value for event in await trail(post)]
    assert (kinds.count("email.verified"), kinds.count("password.reset")) == (1, 1)
    assert (await post.view(user)).email_verified_at is not None


async def test_an_unknown_address_is_answered_and_recorded_like_a_known_one(post: Post) -> None:
    await post.register()
    await post.mails()
    for email in ("ada@example.com", "nobody@example.com", "no address at all", "🐎"):
        assert await post.shop.request_password_reset(RequestPasswordResetCommand(email=email)) is None  # type: ignore[func-returns-value]
    assert [mail.to for mail in await post.mails()] == ["ada@example.com"]
    requested = [event for event in await trail(post) if event.kind == "password.reset_requested"]
    assert [event.user_id is not None for event in requested].count(True) == 1
    assert len(requested) == 4


async def test_nobody_is_sent_more_than_three_links_at_a_time_however_many_ask(post: Post) -> None:
    await post.register()
    await post.mails()
    await asyncio.gather(*[post.ask_for_reset() for _ in range(20)])
    assert len(await post.mails()) == 3
    await post.ask_for_reset()
    assert await post.mails() == []
    post.later(minutes=31)  # those have expired
    await post.ask_for_reset()
    assert len(await post.mails()) == 1


async def test_another_address_counts_once_it_is_proved_and_the_old_one_is_told(post: Post) -> None:
    user = await post.register()
    await post.mails()
    view = await change_email(post, user, "ada@example.org")
    assert (view.email, view.pending_email) == ("ada@example.com", "ada@example.org")
    mails = {mail.to: mail for mail in await post.mails()}
    assert mails["ada@example.com"].subject == "Another address for your account at Ada's Mugs"
    assert "#token" not in mails["ada@example.com"].text
    assert "ada@example.org" not in mails["ada@example.com"].text
    await post.verify(token_in(mails["ada@example.org"], "verify-email"))
    view = await post.view(user)
    assert (view.email, view.pending_email) == ("ada@example.org", None)
    assert view.email_verified_at == post.clock.now()
    assert not await post.signs_in_with(PASSWORD, "ada@example.com")
    assert await post.signs_in_with(PASSWORD, "ada@example.org")
    (told,) = await post.mails()
    assert (told.to, told.subject) == ("ada@example.com", "Your address at Ada's Mugs has changed")
    assert [event.kind for event in await trail(post)][-1] == "email.changed"


async def test_every_old_address_is_told_however_fast_the_changes_follow(post: Post) -> None:
    user = await post.register("a@example.com")
    await post.mails()
    for email in ("b@example.com", "c@example.com"):
        await change_email(post, user, email)
        while await post.deliver():
            pass
        links = [mail for mail in await _sent_links(post) if mail.to == email]
        await post.verify(token_in(links[0], "verify-email"))
    changed = [mail.to for mail in await post.mails() if "has changed" in mail.subject]
    assert sorted(changed) == ["a@example.com", "b@example.com"]


async def _sent_links(post: Post) -> list[object]:
    await post.run_due()
    return list(post.mailer.sent)  # and leave them for `mails`


async def test_a_new_password_or_the_old_address_calls_a_change_of_address_off(post: Post) -> None:
    user = await post.register()
    await post.mails()
    await change_email(post, user, "eve@example.org")
    link = next(mail for mail in await post.mails() if mail.to == "eve@example.org")
    await post.ask_for_reset()
    (reset,) = await post.mails()
    await post.reset(token_in(reset, "reset-password"))
    with pytest.raises(LinkInvalid):
        await post.verify(token_in(link, "verify-email"))

    await change_email(post, user, "eve@example.net")
    link = next(mail for mail in await post.mails() if mail.to == "eve@example.net")
    assert (await change_email(post, user, "ada@example.com")).pending_email is None
    with pytest.raises(LinkInvalid):
        await post.verify(token_in(link, "verify-email"))
    assert (await post.view(user)).email == "ada@example.com"


async def test_an_address_of_somebody_else_is_not_to_be_had(post: Post) -> None:
    user, other = await post.register(), await post.register("other@example.com")
    with pytest.raises(EmailTaken):
        await change_email(post, user, "OTHER@example.com")
    await post.mails()
    await change_email(post, user, "new@example.com")
    link = next(mail for mail in await post.mails() if mail.to == "new@example.com")
    await change_email(post, other, "NEW@example.com")
    faster = next(mail for mail in await post.mails() if mail.to == "NEW@example.com")
    await post.verify(token_in(faster, "verify-email"))
    with pytest.raises(EmailTaken):
        await post.verify(token_in(link, "verify-email"))
    assert (await post.view(user)).email == "ada@example.com"


async def test_another_address_needs_a_session_in_which_one_proved_lately_who_one_is(post: Post) -> None:
    user = await post.register()
    stale = SessionFacts(id="sess_1", kind="token", fresh=False, mfa=False)
    actor = msgspec.structs.replace(me(user), session=stale)
    with pytest.raises(TradepostError) as error:
        await change_email(post, user, "ada@example.org", actor)
    assert error.value.code == "auth.step_up_required"
    await post.shop.update_profile(UpdateProfileCommand(actor=actor, user_id=user.id, name="Ada King"))


async def test_no_link_is_good_for_another_purpose_or_when_it_was_touched(post: Post) -> None:
    await post.register()
    (welcome,) = await post.mails()
    await post.ask_for_reset()
    (reset,) = await post.mails()
    verify, replace = token_in(welcome, "verify-email"), token_in(reset, "reset-password")
    with pytest.raises(LinkInvalid):
        await post.reset(verify)
    with pytest.raises(LinkInvalid):
        await post.verify(replace)
    (id_, seal), (_, other) = verify.split("."), replace.split(".")
    for forged in (
        "",
        ".",
        id_,
        f"{id_}.",
        f"{id_}.{other}",
        f"{id_}.{seal[:-1]}",
        f"{id_}.{seal}.",
        "ü",
        "x" * 10_000,
    ):
        with pytest.raises(LinkInvalid):
            await post.verify(forged)
        with pytest.raises(LinkInvalid):
            await post.reset(forged)
    assert post.hasher.hashed == 1  # for the account; nothing for who has no link
    await post.verify(verify)


async def test_a_deleted_account_is_sent_nothing_and_its_links_do_nothing(post: Post) -> None:
    user = await post.register()
    (welcome,) = await post.mails()
    await post.ask_for_reset()
    (reset,) = await post.mails()
    await post.ask_for_reset()
    await post.shop.delete_user(DeleteUserCommand(actor=me(user), user_id=user.id))
    assert await post.mails() == []
    for use in (post.verify(token_in(welcome, "verify-email")), post.reset(token_in(reset, "reset-password"))):
        with pytest.raises(LinkInvalid):
            await use
    await post.register()  # the address is free, and welcomed again
    assert len(await post.mails()) == 1


async def test_nothing_that_is_stored_or_shown_holds_a_token_or_an_address(post: Post) -> None:
    await post.register("secret@example.com")
    (mail,) = await post.mails()
    token = token_in(mail, "verify-email")
    seal = token.partition(".")[2]
    kept = repr(await _jobs(post))
    assert "token_id" in kept
    shown = [
        kept,
        repr(mail),
        repr(VerifyEmailCommand(token=token)),
        repr(ResetPasswordCommand(token=token, new_password=PASSWORD)),
        repr(RequestPasswordResetCommand(email="secret@example.com")),
        repr(await trail(post)),
    ]
    for text in shown:
        assert seal not in text
        assert "secret" not in text
        assert PASSWORD not in text


async def _jobs(post: Post) -> object:
    from tradepost.jobs import JobFilter

    return (await post.backend.job_views.page(JobFilter(), PageRequest())).items

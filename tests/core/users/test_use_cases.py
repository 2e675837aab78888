"""Accounts over the memory adapters: opening, signing in, changing, ending."""

from datetime import timedelta

import msgspec
import pytest
from tests.core.users.desk import PASSWORD, Desk, me

from tradepost.customers import (
    CreateOwnerCommand,
    RegisterUserCommand,
)
from tradepost.kernel.access import GUEST, Actor, Role, operator
from tradepost.kernel.errors import Conflict, Invalid, Kind, NotFound, PreconditionFailed, TradepostError
from tradepost.users import (
    ChangePasswordCommand,
    ChangeRoleCommand,
    DeleteUserCommand,
    GetUserQuery,
    InvalidToken,
    ListUsersQuery,
    SignInCommand,
    UpdateProfileCommand,
    UserFilter,
    UserStatus,
)
from tradepost_adapters.memory.backend import MemoryBackend
from tradepost_adapters.memory.outbox import OUTBOX

OWNER = Actor(id="user_owner", role=Role.OWNER)
MANAGER = Actor(id="user_manager", role=Role.MANAGER)
SUPPORT = Actor(id="user_support", role=Role.SUPPORT)


@pytest.fixture
def desk() -> Desk:
    return Desk(MemoryBackend())


async def test_opening_an_account_makes_a_customer_too(desk: Desk) -> None:
    user = await desk.register(" Ada@EXAMPLE.com ")
    assert (user.email, user.name, user.role, user.version) == ("Ada@example.com", "Ada", Role.CUSTOMER, 1)
    assert user.customer_id is not None
    customer = await desk.backend.customer_views.get(user.customer_id)
    assert (customer.email, customer.name, customer.user_id) == ("Ada@example.com", "Ada", user.id)


async def test_an_address_has_one_account_and_the_refusal_does_not_name_it(desk: Desk) -> None:
    await desk.register("ada@example.com")
    with pytest.raises(Conflict) as error:
        await desk.register("ADA@example.com")
    assert error.value.code == "user.email_taken"
    assert "ada" not in f"{error.value} {error.value.data}".lower()


@pytest.mark.parametrize(
    "email", ["", "ada", "@example.com", "ada@", "a b@example.com", "a@b@c", "a@.com", "a" * 65 + "@b"]
)
async def test_what_is_no_address_is_refused_together_with_what_is_no_name(desk: Desk, email: str) -> None:
    with pytest.raises(Invalid) as error:
        await desk.shop.register_user(RegisterUserCommand(actor=GUEST, email=email, name=" ", password=PASSWORD))
    assert [fault.pointer for fault in error.value.faults] == ["/email", "/name"]
    assert desk.hasher.hashed == 0


@pytest.mark.parametrize("password", ["", "elevenchars", "x" * 257, "🐎" * 11])
async def test_a_password_is_long_enough_or_refused(desk: Desk, password: str) -> None:
    with pytest.raises(Invalid) as error:
        await desk.shop.register_user(RegisterUserCommand(actor=GUEST, email="a@b.c", name="Ada", password=password))
    assert error.value.code == "user.password_invalid"
    assert not password or password not in str(error.value)


async def test_a_password_others_know_is_refused_wherever_one_is_chosen(desk: Desk) -> None:
    known = "qwertyqwerty"
    ada = await desk.register()
    register = RegisterUserCommand(actor=GUEST, email="b@c.d", name="Bo", password=known)
    owner = CreateOwnerCommand(actor=operator(), email="b@c.d", name="Bo", password=known)
    change = ChangePasswordCommand(
        actor=Actor(id=ada.id, role=Role.CUSTOMER), user_id=ada.id, old_password=PASSWORD, new_password=known
    )
    choices = ((desk.shop.register_user(register), "/password"), (desk.shop.create_owner(owner), "/password"))
    for choice, pointer in (*choices, (desk.shop.change_password(change), "/new_password")):
        with pytest.raises(Invalid) as error:
            await choice
        assert (error.value.code, error.value.faults[0].pointer) == ("user.password_breached", pointer)
        assert known not in str(error.value)
    assert desk.hasher.hashed == 1  # the one of Ada


@pytest.mark.parametrize("password", ["a" * 12, "            ", "🐎" * 12, "x" * 256])
async def test_a_password_may_be_made_of_anything(desk: Desk, password: str) -> None:
    await desk.shop.register_user(RegisterUserCommand(actor=GUEST, email="a@b.c", name="Ada", password=password))
    assert (await desk.sign_in("a@b.c", password)).user.email == "a@b.c"


async def test_a_password_typed_on_another_keyboard_is_the_same_password(desk: Desk) -> None:
    await desk.shop.register_user(
        RegisterUserCommand(actor=GUEST, email="a@b.c", name="Ada", password="Grüße aus Köln")
    )
    assert await desk.sign_in("a@b.c", "Gru\u0308ße aus Ko\u0308ln")


async def test_nobody_makes_themselves_staff(desk: Desk) -> None:
    for actor, kind in ((GUEST, Kind.UNAUTHENTICATED), (MANAGER, Kind.FORBIDDEN)):
        with pytest.raises(TradepostError) as error:
            await desk.shop.register_user(
                RegisterUserCommand(actor=actor, email="a@b.c", name="A", password=PASSWORD, role=Role.SUPPORT)
            )
        assert error.value.kind is kind


async def test_a_token_says_who_signed_in(desk: Desk) -> None:
    user = await desk.register()
    signed_in = await desk.sign_in("ADA@example.com")
    assert (signed_in.user, signed_in.token_type, signed_in.expires_in) == (user, "Bearer", 900)
    actor = await desk.by_token(signed_in.access_token)
    assert msgspec.structs.replace(actor, session=None) == me(user)
    with pytest.raises(InvalidToken):
        await desk.by_token("nonsense")


async def test_an_unknown_address_and_a_wrong_password_get_the_same_answer_for_the_same_work(desk: Desk) -> None:
    await desk.register()
    answers = []
    for email, password in (("ada@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("no address", "")):
        before = desk.hasher.verified
        answers.append(await desk.refused(email, password))
        assert desk.hasher.verified == before + 1
    assert len({str(answer) for answer in answers}) == 1
    before = desk.hasher.verified
    await desk.sign_in()
    assert desk.hasher.verified == before + 1


async def test_a_hash_of_yesterday_is_made_anew_at_sign_in(desk: Desk) -> None:
    user = await desk.register()
    desk.hasher.generation = 2
    await desk.sign_in()
    hashed = desk.hasher.hashed
    again = await desk.sign_in()
    assert desk.hasher.hashed == hashed
    assert again.user.version == user.version + 1


async def test_a_profile_is_changed_by_its_user_and_the_owner(desk: Desk) -> None:
    user = await desk.register()
    changed = await desk.shop.update_profile(
        UpdateProfileCommand(actor=me(user), user_id=user.id, name="Ada King", expected_version=1)
    )
    assert (changed.name, changed.email, changed.version) == ("Ada King", "ada@example.com", 2)
    await desk.shop.update_profile(UpdateProfileCommand(actor=OWNER, user_id=user.id, email="ada@example.org"))
    asked = (await desk.sign_in()).user  # with the one they have, until the other is proved to be theirs
    assert (asked.email, asked.pending_email, asked.version) == ("ada@example.com", "ada@example.org", 3)
    same = await desk.shop.update_profile(UpdateProfileCommand(actor=me(user), user_id=user.id, name="Ada King"))
    assert same.version == 3
    with pytest.raises(PreconditionFailed):
        await desk.shop.update_profile(
            UpdateProfileCommand(actor=me(user), user_id=user.id, name="X", expected_version=1)
        )
    with pytest.raises(TradepostError) as error:
        await desk.shop.update_profile(UpdateProfileCommand(actor=MANAGER, user_id=user.id, name="X"))
    assert error.value.kind is Kind.FORBIDDEN
    for actor in (GUEST, SUPPORT, Actor(id="user_other", role=Role.CUSTOMER)):
        with pytest.raises(NotFound):
            await desk.shop.update_profile(UpdateProfileCommand(actor=actor, user_id=user.id, name="X"))


async def test_an_account_is_seen_by_its_user_and_those_who_read_users(desk: Desk) -> None:
    user = await desk.register()
    for actor in (me(user), MANAGER, OWNER, operator()):
        assert await desk.shop.get_user(GetUserQuery(actor=actor, user_id=user.id)) == user
    for actor in (GUEST, SUPPORT, Actor(id="user_other", role=Role.CUSTOMER)):
        with pytest.raises(NotFound):
            await desk.shop.get_user(GetUserQuery(actor=actor, user_id=user.id))


async def test_a_new_password_needs_the_old_one(desk: Desk) -> None:
    user = await desk.register()
    new = "a longer stretch of pasture"
    for old in (None, "wrong"):
        command = ChangePasswordCommand(actor=me(user), user_id=user.id, old_password=old, new_password=new)
        with pytest.raises(Invalid) as error:
            await desk.shop.change_password(command)
        assert [fault.pointer for fault in error.value.faults] == ["/old_password"]
    with pytest.raises(Invalid, match="12"):
        await desk.shop.change_password(
            ChangePasswordCommand(actor=me(user), user_id=user.id, old_password=PASSWORD, new_password="short")
        )
    before = await desk.sign_in()
    await desk.shop.change_password(
        ChangePasswordCommand(actor=me(user), user_id=user.id, old_password=PASSWORD, new_password=new)
    )
    await desk.refused("ada@example.com", PASSWORD)
    assert await desk.code_of(desk.by_token(before.access_token)) == "auth.invalid"
    after = await desk.sign_in(password=new)
    assert (await desk.by_token(after.access_token)).id == user.id


async def test_only_the_operator_sets_a_password_of_somebody_else(desk: Desk) -> None:
    user = await desk.register()
    command = ChangePasswordCommand(actor=OWNER, user_id=user.id, old_password=PASSWORD, new_password="x" * 12)
    with pytest.raises(NotFound):
        await desk.shop.change_password(command)
    await desk.shop.change_password(msgspec.structs.replace(command, actor=operator(), old_password=None))
    assert await desk.sign_in(password="x" * 12)


async def test_a_role_is_the_owners_to_give(desk: Desk) -> None:
    user = await desk.register()
    for actor in (me(user), SUPPORT, MANAGER):
        with pytest.raises(TradepostError) as error:
            await desk.shop.change_role(ChangeRoleCommand(actor=actor, user_id=user.id, role=Role.OWNER))
        assert error.value.kind is Kind.FORBIDDEN
    changed = await desk.shop.change_role(ChangeRoleCommand(actor=OWNER, user_id=user.id, role=Role.MANAGER))
    assert (changed.role, changed.version) == (Role.MANAGER, 2)
    assert (await desk.sign_in()).user.role is Role.MANAGER


async def test_there_is_always_an_owner_left(desk: Desk) -> None:
    first = await desk.shop.create_owner(
        CreateOwnerCommand(actor=operator(), email="first@example.com", name="First", password=PASSWORD)
    )
    assert first is not None
    hashed = desk.hasher.hashed
    again = CreateOwnerCommand(actor=operator(), email="again@example.com", name="Again", password=PASSWORD)
    assert await desk.shop.create_owner(again) is None
    assert desk.hasher.hashed == hashed
    demote = ChangeRoleCommand(actor=me(first), user_id=first.id, role=Role.SUPPORT)
    leave = DeleteUserCommand(actor=me(first), user_id=first.id)
    for refused in (lambda: desk.shop.change_role(demote), lambda: desk.shop.delete_user(leave)):
        with pytest.raises(Conflict) as error:
            await refused()
        assert error.value.code == "user.last_owner"
    await desk.register("second@example.com", Role.OWNER)
    await desk.shop.delete_user(leave)
    assert (await desk.shop.list_users(ListUsersQuery(actor=OWNER, wanted=UserFilter(role=Role.OWNER)))).items[
        0
    ].role is Role.OWNER


async def test_a_deleted_account_signs_in_no_more_and_its_address_is_free(desk: Desk) -> None:
    user = await desk.register()
    other = await desk.register("other@example.com")
    with pytest.raises(NotFound):
        await desk.shop.delete_user(DeleteUserCommand(actor=me(other), user_id=user.id))
    for _ in range(2):
        await desk.shop.delete_user(DeleteUserCommand(actor=me(user), user_id=user.id))
    await desk.refused("ada@example.com", PASSWORD)
    gone = await desk.shop.get_user(GetUserQuery(actor=OWNER, user_id=user.id))
    assert (gone.status, gone.email, gone.name) == (UserStatus.DELETED, None, None)
    for change in (
        lambda: desk.shop.update_profile(UpdateProfileCommand(actor=me(user), user_id=user.id, name="X")),
        lambda: desk.shop.change_role(ChangeRoleCommand(actor=OWNER, user_id=user.id, role=Role.OWNER)),
        lambda: desk.shop.change_password(
            ChangePasswordCommand(actor=operator(), user_id=user.id, new_password="x" * 12)
        ),
    ):
        with pytest.raises(Conflict) as error:
            await change()
        assert error.value.code == "user.deleted"
    assert (await desk.register()).id != user.id


async def test_lists_are_for_those_who_read_users(desk: Desk) -> None:
    await desk.register()
    desk.clock.advance(timedelta(seconds=1))
    await desk.register("bob@example.com", Role.SUPPORT)
    for actor, kind in ((GUEST, Kind.UNAUTHENTICATED), (SUPPORT, Kind.FORBIDDEN)):
        with pytest.raises(TradepostError) as error:
            await desk.shop.list_users(ListUsersQuery(actor=actor))
        assert error.value.kind is kind
    assert [user.email for user in (await desk.shop.list_users(ListUsersQuery(actor=MANAGER))).items] == [
        "bob@example.com",
        "ada@example.com",
    ]


async def test_facts_and_commands_show_no_personal_data(desk: Desk) -> None:
    user = await desk.register("secret@example.com")
    await desk.shop.update_profile(UpdateProfileCommand(actor=me(user), user_id=user.id, name="Nobody Else"))
    await desk.shop.delete_user(DeleteUserCommand(actor=me(user), user_id=user.id))

    async def written(tx: object) -> str:
        return str(list(tx._session.table(OUTBOX).values()))  # type: ignore[attr-defined]

    facts = await desk.backend.transactions.run(written)
    assert "tradepost.user.deleted.v1" in facts
    shown = [
        repr(RegisterUserCommand(actor=GUEST, email="secret@example.com", name="N", password=PASSWORD)),
        repr(SignInCommand(email="secret@example.com", password=PASSWORD)),
        repr(CreateOwnerCommand(actor=GUEST, email="secret@example.com", name="N", password=PASSWORD)),
        repr(ChangePasswordCommand(actor=GUEST, user_id="u", old_password=PASSWORD, new_password=PASSWORD)),
    ]
    for text in (facts, *shown):
        assert "secret" not in text
        assert "Nobody" not in text
        assert PASSWORD not in text

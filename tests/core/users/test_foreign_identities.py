"""Accounts elsewhere that somebody else has left at an account: they end with what ends the somebody else."""

import pytest
from tests.core.users.post import Post, me, token_in

from tradepost.kernel.pages import PageRequest
from tradepost.users import DeleteUserCommand, Identity, SecurityEventFilter, UserView
from tradepost_adapters.memory.backend import MemoryBackend

ISSUER = "https://id.example"
_ALL = PageRequest(limit=100, sort="at")


@pytest.fixture
def post() -> Post:
    return Post(MemoryBackend())


async def link(post: Post, user: UserView, subject: str) -> None:
    identity = Identity(
        id=f"idn_{subject}", issuer=ISSUER, subject=subject, user_id=user.id, linked_at=post.clock.now()
    )
    await post.backend.transactions.run(lambda tx: tx.identities.add(identity))


async def linked(post: Post, subject: str) -> Identity | None:
    found: Identity | None = await post.backend.transactions.run(lambda tx: tx.identities.find(ISSUER, subject))
    return found


async def unlinked(post: Post) -> list[str]:
    """The accounts elsewhere that the trail says were unlinked."""
    page = await post.backend.security_event_views.list(SecurityEventFilter(), _ALL)
    return [event.data["identity"] for event in page.items if event.kind == "identity.unlinked"]


async def test_whoever_opened_an_account_with_anothers_address_has_no_way_in_once_that_one_resets_it(
    post: Post,
) -> None:
    """Somebody registers with Ada's address, never proves it, and links an account of their own elsewhere."""
    user = await post.register("ada@example.com")
    await post.mails()
    await link(post, user, "mallory")
    await post.ask_for_reset("ada@example.com")
    (mail,) = await post.mails()
    await post.reset(token_in(mail, "reset-password"))
    assert await linked(post, "mallory") is None
    assert await unlinked(post) == ["idn_mallory"]


async def test_who_has_proved_the_address_keeps_what_they_have_linked_when_they_reset_the_password(post: Post) -> None:
    user = await post.register("ada@example.com")
    (welcome,) = await post.mails()
    await post.verify(token_in(welcome, "verify-email"))
    await link(post, user, "ada")
    await post.ask_for_reset("ada@example.com")
    (mail,) = await post.mails()
    await post.reset(token_in(mail, "reset-password"))
    assert await linked(post, "ada") is not None


async def test_accounts_elsewhere_are_forgotten_with_the_account_and_free_to_be_linked_again(post: Post) -> None:
    user = await post.register()
    await link(post, user, "ada")
    await link(post, user, "ada-at-work")
    await post.shop.delete_user(DeleteUserCommand(actor=me(user), user_id=user.id))
    assert await linked(post, "ada") is None
    assert await linked(post, "ada-at-work") is None
    again = await post.register()
    await link(post, again, "ada")

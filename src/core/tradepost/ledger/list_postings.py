"""List postings: the statement of an account, or what was posted about one order."""

import msgspec

from tradepost.kernel.access import Actor, Permission
from tradepost.kernel.declared import staff
from tradepost.kernel.pages import Page, PageRequest
from tradepost.ledger.ports import LedgerViews, PostingFilter
from tradepost.ledger.views import PostingView


class ListPostingsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which postings, and which page of them."""

    actor: Actor
    wanted: PostingFilter = PostingFilter()
    page: PageRequest = PageRequest()


class ListPostings:
    """By when they happened, the latest first unless asked otherwise (`sort=at`)."""

    access = staff(Permission.LEDGER_READ)

    def __init__(self, views: LedgerViews) -> None:
        self._views = views

    async def __call__(self, query: ListPostingsQuery) -> Page[PostingView]:
        """Raises `page.invalid`, and `account.not_found` for a statement of an account that is not there."""
        self.access.check(query.actor)
        if query.wanted.account is not None:
            await self._views.account(query.wanted.account)
        return await self._views.postings(query.wanted, query.page)

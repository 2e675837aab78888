"""Carts in SQL: a cart with its contact is one query."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Text, bindparam, delete, select, text

from tradepost.carts.cart import Cart, CartStatus
from tradepost.kernel.addresses import Contact
from tradepost_adapters.sql.aggregates import Facts, Mapper, SqlAggregates
from tradepost_adapters.sql.connection import Connection, Row
from tradepost_adapters.sql.statements import Insert, Statement, in_list
from tradepost_adapters.sql.tables.carts import cart_contacts, carts
from tradepost_adapters.sql.types import UtcDateTime


def _whole_cart() -> Any:
    return select(carts, cart_contacts.c.contact).outerjoin(cart_contacts, cart_contacts.c.cart_id == carts.c.id)


def _to_row(cart: Cart) -> dict[str, Any]:
    return {
        "id": cart.id,
        "currency": cart.currency,
        "customer_id": cart.customer_id,
        "status": cart.status.value,
        "lines": cart.lines,
        "shipping_method": cart.shipping_method,
        "order_id": cart.order_id,
        "metadata": cart.metadata,
        "created_at": cart.created_at,
        "updated_at": cart.updated_at,
        "abandoned_at": cart.abandoned_at,
    }


def _from_row(row: Row) -> Cart:
    (
        id_, version, currency, customer_id, status, lines, shipping_method, order_id, metadata,
        created_at, updated_at, abandoned_at, contact,
    ) = row  # fmt: skip
    return Cart(
        id=id_,
        version=version,
        currency=currency,
        customer_id=customer_id,
        status=CartStatus(status),
        lines=lines,
        contact=contact or Contact(),
        shipping_method=shipping_method,
        order_id=order_id,
        metadata=metadata,
        created_at=created_at,
        updated_at=updated_at,
        abandoned_at=abandoned_at,
    )


_CART = Mapper(carts, "cart", _to_row, _from_row, fixed=("currency", "created_at"), selected=_whole_cart)
# The status is a literal, so that both databases see that the partial index serves. A customer has few open carts.
_OPEN_OF = _CART.query(
    carts.c.customer_id == bindparam("customer_id"),
    text("carts.status = 'open'"),
    name="open_of",
    order_by=(carts.c.id.desc(),),
)
_CONTACT = Insert(cart_contacts)
_DROP_CONTACT = Statement(
    delete(cart_contacts).where(cart_contacts.c.cart_id == bindparam("id", type_=Text())), name="cart_contacts.drop"
)
_MOMENT = bindparam("moment", type_=UtcDateTime())
# In the words of the partial indexes, so that both databases see that they serve.
_IDLE = Statement(
    select(carts.c.id)
    .where(
        text("carts.status = 'open' AND carts.abandoned_at IS NULL AND carts.lines <> '[]'"),
        carts.c.updated_at <= _MOMENT,
    )
    .order_by(carts.c.updated_at)
    .limit(bindparam("most", type_=BigInteger()))
    .with_for_update(skip_locked=True),
    name="carts.idle",
)
_GUESTS = Statement(
    select(carts.c.id)
    .where(text("carts.customer_id IS NULL AND carts.order_id IS NULL"), carts.c.updated_at < _MOMENT)
    .order_by(carts.c.updated_at)
    .limit(bindparam("most", type_=BigInteger()))
    .with_for_update(skip_locked=True),
    name="carts.guests",
)
_DROP_CONTACTS = Statement(
    delete(cart_contacts).where(in_list(cart_contacts.c.cart_id, "ids")), name="cart_contacts.drop_all"
)
_DROP = Statement(delete(carts).where(in_list(carts.c.id, "ids")), name="carts.drop")


class SqlCarts(SqlAggregates[Cart]):
    """`Carts` in SQL."""

    def __init__(self, connection: Connection, facts: Facts) -> None:
        super().__init__(connection, facts, _CART)

    async def open_of(self, customer_id: str, /) -> Cart | None:
        found = await self.found(_OPEN_OF, {"customer_id": customer_id})
        return found[0] if found else None

    async def add(self, aggregate: Cart, /) -> None:
        await super().add(aggregate)
        self._write_contact(aggregate)

    async def save(self, aggregate: Cart, /) -> None:
        await super().save(aggregate)
        await self._connection.run(_DROP_CONTACT, {"id": aggregate.id})
        self._write_contact(aggregate)

    async def idle(self, since: datetime, limit: int, /) -> tuple[str, ...]:
        return tuple(id_ for (id_,) in await self._connection.all(_IDLE, {"moment": since, "most": limit}))

    async def forget_guests(self, before: datetime, limit: int, /) -> int:
        found = [id_ for (id_,) in await self._connection.all(_GUESTS, {"moment": before, "most": limit})]
        if found:
            await self._connection.run(_DROP_CONTACTS, {"ids": found})
            await self._connection.run(_DROP, {"ids": found})
        return len(found)

    def _write_contact(self, cart: Cart) -> None:
        if cart.contact != Contact():
            self._connection.defer(_CONTACT, [{"cart_id": cart.id, "contact": cart.contact}])

"""From a purchase over HTTP to the mail that a mail server takes, by the service as the container puts it together."""

import asyncio
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.smtp.server import MailServer
from tests.entrypoints.http.shop import ADDRESS, Stand

from tradepost.jobs import JobFilter, JobState
from tradepost.kernel.pages import PageRequest
from tradepost.mail import KIND
from tradepost_entrypoints.container import Container
from tradepost_entrypoints.settings import SettingsError, load
from tradepost_entrypoints.worker.background import background, receive_messages

ORDER = {
    "lines": [{"sku": "MUG", "quantity": 2}],
    "currency": "EUR",
    "email": "ada@example.com",
    "locale": "de-AT",
    "shipping_address": ADDRESS,
    "payment": {"method": "card", "token": "tok_success"},
}


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - the mail server is on a thread of its own
            await asyncio.sleep(0.02)


async def sent_letters(stand: Stand) -> int:
    page = await stand.backend.job_views.page(JobFilter(kind=KIND, state=JobState.DONE), PageRequest())
    return len(page.items)


async def test_who_buys_over_http_gets_one_mail_in_text_and_html_although_the_fact_comes_twice() -> None:
    with MailServer() as server:
        stand = Stand.open(
            TRADEPOST_MAIL_URL=server.url,
            TRADEPOST_MAIL_FROM="Ada's Mugs <shop@mugs.example>",
            TRADEPOST_PUBLIC_URL="https://mugs.example/account",
        )
        stand.container.mailer.reset_override()
        await stand.sell("MUG", price=1250)
        async with stand.client() as client, background(stand.container):
            answer = await client.post("/api/v1/orders", json=ORDER)
            assert answer.status_code == 201, answer.text
            await until(lambda: server.received)
            logged = await stand.backend.event_log.after(0, 100)
            placed = [each.message for each in logged if each.message.type == "tradepost.order.placed.v1"]
            assert len(placed) == 1
            await receive_messages(stand.container, stand.container.consumers())(placed * 2)
            # Whatever the second telling may have posted is done before this one, which is posted after it.
            await client.post("/api/v1/orders", json={**ORDER, "email": "bob@example.com"})
            await until(lambda: len(server.received) > 1)
            posted = await stand.backend.job_views.page(JobFilter(kind=KIND), PageRequest())
            assert len(posted.items) == 2
    assert [envelope.rcpt_tos for envelope in server.received] == [["ada@example.com"], ["bob@example.com"]]
    order = answer.json()["data"]
    mail = message_from_bytes(server.received[0].content, policy=default)  # type: ignore[arg-type]
    assert isinstance(mail, EmailMessage)
    assert mail["Subject"] == f"Ihre Bestellung {order['number']} bei Ada's Mugs"
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert "2 × Product MUG: €\xa025,00" in text.get_content()
    link = f"https://mugs.example/account/orders/{order['id']}#token={order['token']}"
    assert link in text.get_content()
    assert f'href="{link}"' in html.get_content()
    assert '<html lang="de-AT" dir="ltr">' in html.get_content()


async def test_a_cart_takes_the_language_along() -> None:
    stand = Stand.open()
    await stand.sell("MUG")
    async with stand.client() as client:
        cart = (await client.post("/api/v1/carts", json={"currency": "EUR"})).json()["data"]
        headers, here = {"x-cart-token": cart["token"]}, f"/api/v1/carts/{cart['id']}"
        await client.post(f"{here}/lines", json={"sku": "MUG", "quantity": 1}, headers=headers)
        delivery = {"email": "ada@example.com", "locale": "german"}
        refused = await client.put(f"{here}/delivery", json=delivery, headers=headers)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/locale")
        taken = await client.put(f"{here}/delivery", json={**delivery, "locale": "de"}, headers=headers)
        assert taken.json()["data"]["contact"]["locale"] == "de"
        payment = {"payment": {"method": "card", "token": "tok_success"}}
        order = (await client.post(f"{here}/checkout", json=payment, headers=headers)).json()["data"]
    assert order["contact"]["locale"] == "de"
    assert [mail.subject for mail in await stand.mails()] == [f"Ihre Bestellung {order['number']} bei Tradepost"]


async def test_customers_name_their_language_in_their_profile() -> None:
    stand = Stand.open()
    ada = await stand.person()
    async with stand.client() as client:
        here = f"/api/v1/customers/{ada.customer_id}"
        refused = await client.patch(here, json={"locale": "de_DE"}, headers=ada.headers)
        assert (refused.status_code, refused.json()["code"]) == (422, "customer.invalid")
        changed = await client.patch(here, json={"locale": "de-DE"}, headers=ada.headers)
        assert changed.json()["data"]["locale"] == "de-DE"
        gone = await client.patch(here, json={"locale": None}, headers=ada.headers)
        assert gone.json()["data"]["locale"] is None


async def test_a_shop_that_writes_its_own_letters_sends_none() -> None:
    stand = Stand.open(TRADEPOST_ORDER_LETTERS="order_shipped")
    await stand.sell("MUG")
    async with stand.client() as client:
        assert (await client.post("/api/v1/orders", json=ORDER)).status_code == 201
    assert await stand.mails() == []
    assert await sent_letters(stand) == 0


def test_what_is_wrong_with_the_templates_is_named_by_the_setting(tmp_path: Path) -> None:
    secret = {"TRADEPOST_TOKEN_SECRET": "s" * 40}
    (tmp_path / "en").mkdir()
    (tmp_path / "en/order_confirmed.txt.j2").write_text("{{ ordr }}")
    settings = load({**secret, "TRADEPOST_MAIL_TEMPLATES": str(tmp_path)}, env_file=None)
    with pytest.raises(SettingsError) as error:
        Container(settings=settings).letter_renderer()
    assert error.value.mistakes == ("TRADEPOST_MAIL_TEMPLATES: en/order_confirmed.txt.j2, line 1: 'ordr' is undefined",)
    settings = load({**secret, "TRADEPOST_LOCALE": "fr"}, env_file=None)
    with pytest.raises(SettingsError, match="TRADEPOST_LOCALE: there is no order_confirmed in fr"):
        Container(settings=settings).letter_renderer()


@pytest.mark.parametrize(("name", "value"), [("LOCALE", "de_DE"), ("ORDER_LETTERS", "order_confirmed,invoice")])
def test_a_language_or_a_letter_there_is_not_is_refused_at_start(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"TRADEPOST_{name}"):
        load({"TRADEPOST_TOKEN_SECRET": "s" * 40, f"TRADEPOST_{name}": value}, env_file=None)

"""Addresses and URLs that nothing may be sent to: refused before a connection is made, as the interpreter itself sees."""

from collections.abc import AsyncIterator

import pytest
from tests.adapters.webhook_sender.receiving import Names, Receiver, connections, receiving

from tradepost.webhooks.ports import SendFailed
from tradepost_adapters.webhook_sender import HttpWebhookSender
from tradepost_adapters.webhook_sender.names import SystemResolver

BLOCKED = "webhook.blocked_address"
EVERYTHING = ("0.0.0.0/0", "::/0")

V4 = (
    "0.0.0.0 0.0.0.1 10.0.0.1 10.255.255.255 100.64.0.1 100.88.222.5 100.100.100.200 100.127.255.255 127.0.0.1 127.0.0.2 "
    "127.127.127.127 127.255.255.255 168.63.129.16 169.254.0.1 169.254.0.23 169.254.42.42 169.254.169.253 169.254.169.254 "
    "169.254.170.2 169.254.170.23 172.16.0.1 172.17.0.1 172.31.255.255 192.0.0.1 192.0.0.8 192.0.0.170 192.0.0.192 192.0.2.1 "
    "192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.1 192.168.255.255 192.175.48.1 198.18.0.1 198.19.255.255 198.51.100.1 "
    "203.0.113.255 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.254 255.255.255.255"
).split()
V6 = (
    ":: ::1 ::2 ::7f00:1 ::a9fe:a9fe ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:8.8.8.8 "
    "::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::8.8.8.8 64:ff9b:1::7f00:1 100::1 100:0:0:1::1 2001::1 "
    "2001:0:7f00:1:0:ffff:80ff:fffe 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1::1 2002:a9fe:a9fe:: "
    "2002:808:808::1 2620:4f:8000::1 3ffe::1 3fff::1 5f00::1 fc00::1 fd00::1 fd00:42::42 fd00:ec2::254 fd00:ec2::23 "
    "fd20:ce::254 fe80::1 fe80::5efe:7f00:1 febf::1 fec0::1 feff::1 ff02::1 ff0e::1 4000::1 "
    "2600:1f18::5efe:7f00:1 2600:1f18::200:5efe:10.0.0.1"
).split()
NEVER = (
    "0.0.0.0 100.88.222.5 100.100.100.200 168.63.129.16 169.254.169.254 169.254.170.2 192.0.0.192 224.0.0.1 255.255.255.255 "
    ":: ::ffff:127.0.0.1 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe:: fd00:42::42 fd00:ec2::254 fd20:ce::254 "
    "fe80::a9fe:a9fe ff02::1"
).split()

LOOPBACK = (
    "https://127.0.0.1:{port}/",
    "https://127.1:{port}/",
    "https://127.0.1:{port}/",
    "https://2130706433:{port}/",
    "https://017700000001:{port}/",
    "https://0177.0.0.1:{port}/",
    "https://0177.0.0.01:{port}/",
    "https://127.0.0.01:{port}/",
    "https://127.000.000.001:{port}/",
    "https://0x7f000001:{port}/",
    "https://0x7f.1:{port}/",
    "https://0x7f.0x0.0x0.0x1:{port}/",
    "https://0X7F.0.0.1:{port}/",
    "https://127.0.0.0x1:{port}/",
    "https://127.0.0.1.:{port}/",
    "https://127.1.:{port}/",
    "https://0:{port}/",
    "https://0.0.0.0:{port}/",
    "https://localhost:{port}/",
    "https://LOCALHOST:{port}/",
    "https://localhost.:{port}/",
    "https://[::1]:{port}/",
    "https://[0:0:0:0:0:0:0:1]:{port}/",
    "https://[0000:0000:0000:0000:0000:0000:0000:0001]:{port}/",
    "https://[::ffff:127.0.0.1]:{port}/",
    "https://[::ffff:7f00:1]:{port}/",
    "https://[::127.0.0.1]:{port}/",
    "https://[::1%25lo]:{port}/",
    "https://[::1%lo]:{port}/",
    "https://[127.0.0.1]:{port}/",
    "https://[v1.127.0.0.1]:{port}/",
    "https://127.0.0.1%2f@example.com:{port}/",
    "https://example.com@127.0.0.1:{port}/",
    "https://example.com:443@127.0.0.1:{port}/",
    "https://example.com%40127.0.0.1:{port}/",
    "https://example.com\\@127.0.0.1:{port}/",
    "https://127.0.0.1:{port}\\@example.com/",
    "https://127.0.0.1:{port}#@example.com/",
    "https://127.0.0.1:{port}?@example.com/",
    "https://%31%32%37.0.0.1:{port}/",
    "https://127。0。0。1:{port}/",
    "https://127．0．0．1:{port}/",
    "https://１２７.0.0.1:{port}/",
    "https://①②⑦.⓪.⓪.①:{port}/",
    "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/",
    "https://local\u00adhost:{port}/",
    "https://127.0.0.1\t:{port}/",
    "https://127.0.0.1 :{port}/",
    " https://127.0.0.1:{port}/",
    "https://127.0.0.1:{port}\r\nX-Injected: 1/",
    "https:127.0.0.1:{port}/",
    "https:/127.0.0.1:{port}/",
    "https:///127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/",
    "HTTP://127.0.0.1:{port}/",
    "http://localhost:{port}/",
    "ftp://127.0.0.1:{port}/",
    "gopher://127.0.0.1:{port}/_x",
    "file:///etc/passwd?{port}",
    "unix:///run/x.sock?{port}",
    "ws://127.0.0.1:{port}/",
)
ELSEWHERE = (
    "http://example.com/",
    "https://user@example.com/",
    "https://user:password@example.com/",
    "https://:@example.com/",
    "https://example.com/#fragment",
    "https://example.com./",
    "https://example..com/",
    "https://.example.com/",
    "https://-example.com/",
    "https://exa mple.com/",
    "https://example.com:/x y",
    "https://example.com/\x00",
    "https://example.com/ä",
    "https://example.com/a\\b",
    "https://example.com:0/",
    "https://example.com:22/",
    "https://example.com:25/",
    "https://example.com:80/",
    "https://example.com:445/",
    "https://example.com:2375/",
    "https://example.com:5432/",
    "https://example.com:6379/",
    "https://example.com:6667/",
    "https://example.com:9200/",
    "https://example.com:11211/",
    "https://example.com:65536/",
    "https://example.com:99999/",
    "https://example.com:+443/",
    "https://example.com:443x/",
    "https://example.com:４４３/",
    "https://8.8.8/",
    "https://134744072/",
    "https://0x08080808/",
    "https://010.8.8.8/",
    "https://8.8.8.8.8/",
    "https://256.8.8.8/",
    "https://example.123/",
    "https://[8.8.8.8]/",
    "https://[2606:4700:4700::1111/",
    "https://2606:4700:4700::1111/",
    "https://[2606:4700:4700::1111%25eth0]/",
    "https://" + "a" * 64 + ".example.com/",
    "https://" + "a." * 127 + "com/",
    "https:///",
    "https://",
    "",
)


@pytest.fixture
async def victim() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


async def refused(sender: HttpWebhookSender, url: str) -> str:
    """How it was refused, after having seen that nobody was called."""
    with connections() as made:
        with pytest.raises(SendFailed) as failure:
            await sender.send(url, {}, b"{}")
        assert made == []
    await sender.close()
    assert failure.value.sentence.endswith(".")
    return "url" if failure.value.sentence.startswith("Nothing is sent to this URL") else failure.value.code


@pytest.mark.parametrize("address", V4 + V6)
async def test_no_connection_is_made_to_an_address_that_is_not_public(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    assert await refused(HttpWebhookSender(), f"https://{host}/") == "url"


@pytest.mark.parametrize("address", V4 + V6)
async def test_no_connection_is_made_to_a_name_that_leads_to_such_an_address(address: str) -> None:
    names = Names(hooks_example=[[address]])
    assert await refused(HttpWebhookSender(resolve=names), "https://hooks.example/") == BLOCKED
    assert names.asked == ["hooks.example"]


@pytest.mark.parametrize("address", NEVER)
async def test_what_gives_credentials_away_is_refused_also_where_every_network_is_allowed(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    for scheme in ("http", "https"):
        assert await refused(HttpWebhookSender(EVERYTHING), f"{scheme}://{host}/") == "url"
        sender = HttpWebhookSender(EVERYTHING, resolve=Names(hooks_example=[[address]]))
        assert await refused(sender, f"{scheme}://hooks.example/") == BLOCKED


@pytest.mark.parametrize("url", LOOPBACK, ids=[f"loopback-{index}" for index in range(len(LOOPBACK))])
async def test_no_spelling_of_a_url_reaches_this_very_machine(url: str, victim: Receiver) -> None:
    await refused(HttpWebhookSender(resolve=SystemResolver()), url.format(port=victim.port))
    sender = HttpWebhookSender(["127.0.0.0/8"])
    await sender.send(f"http://127.0.0.1:{victim.port}/", {}, b"{}")  # whatever came before would be counted by now
    assert victim.accepted == 1


@pytest.mark.parametrize("url", ELSEWHERE, ids=[f"elsewhere-{index}" for index in range(len(ELSEWHERE))])
async def test_a_url_that_could_be_read_in_two_ways_or_names_another_service_is_refused(url: str) -> None:
    names = Names(example_com=[["93.184.216.34"]], user=[["93.184.216.34"]])
    assert await refused(HttpWebhookSender(resolve=names), url) == "url"
    assert names.asked == []


@pytest.mark.parametrize(
    "addresses",
    [
        ["93.184.216.34", "127.0.0.1"],
        ["127.0.0.1", "93.184.216.34"],
        ["93.184.216.34", "::1"],
        ["2606:4700::1111", "10.0.0.1"],
        ["93.184.216.34", "fe80::1%lo"],
        ["93.184.216.34"] * 9 + ["169.254.169.254"],
        ["93.184.216.34", "nonsense"],
    ],
    ids=["last", "first", "families", "second-family", "scoped", "ten", "unreadable"],
)
async def test_one_bad_address_among_those_of_a_name_spoils_them_all(addresses: list[str]) -> None:
    sender = HttpWebhookSender(resolve=Names(hooks_example=[addresses]))
    assert await refused(sender, "https://hooks.example/") == BLOCKED


async def test_without_tls_only_what_was_allowed_is_called() -> None:
    for addresses in (["93.184.216.34"], ["127.0.0.1", "93.184.216.34"], ["10.0.0.1"]):
        sender = HttpWebhookSender(["127.0.0.0/8"], resolve=Names(hooks_example=[addresses]))
        assert await refused(sender, "http://hooks.example/") == BLOCKED
    assert await refused(HttpWebhookSender(["127.0.0.0/8"]), "http://93.184.216.34/") == "url"
    assert await refused(HttpWebhookSender(["127.0.0.0/8"]), "https://10.0.0.1/") == "url"


async def test_what_a_url_tells_by_itself_is_said_before_anything_is_sent() -> None:
    with connections() as made:
        sender = HttpWebhookSender(["127.0.0.0/8"])
        for url in (
            "https://hooks.example/",
            "http://127.0.0.1:3000/",
            "http://receiver:3000/",
            "https://8.8.8.8:8443/",
        ):
            assert sender.objection(url) is None  # where a name leads is seen when it is called
        for url in (*ELSEWHERE[1:], "http://10.0.0.1/", "http://93.184.216.34/", "https://169.254.169.254/"):
            assert sender.objection(url)
        for url in ("http://127.0.0.1:3000/", "http://receiver:3000/", "https://127.0.0.1/", "https://[::1]/"):
            assert HttpWebhookSender().objection(url)
        assert made == []


async def test_a_name_without_addresses_is_said_to_be_unknown() -> None:
    assert await refused(HttpWebhookSender(resolve=Names()), "https://hooks.example/") == "webhook.connection_failed"
    assert (
        await refused(HttpWebhookSender(resolve=Names(hooks_example=[[]])), "https://hooks.example/")
        == "webhook.connection_failed"
    )

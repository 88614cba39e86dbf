"""Where webhooks may lead: no spelling and no answer of a resolver is a way to what is private."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest

from realtime import webhook
from realtime.addresses import BadAddress, Blocked, Unresolved, is_public, places, target_of
from tests.realtime.hooks import SECRET, Hook, hook_server


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Run a server that nobody may reach by default: its address is this machine's own."""
    with hook_server() as found:
        yield found


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://example.org", ("https", "example.org", 443, "/")),
        ("HTTP://Example.ORG:8080/a?b=c#d", ("http", "example.org", 8080, "/a?b=c")),
        (
            "https://bücher.example/ä?ö=%20",
            ("https", "xn--bcher-kva.example", 443, "/%C3%A4?%C3%B6=%20"),
        ),
        ("https://[2606:4700::1111]:444/x", ("https", "2606:4700::1111", 444, "/x")),
        ("https://example.org/a//../b", ("https", "example.org", 443, "/a//../b")),
    ],
)
def test_an_address_is_taken_apart(url: str, target: tuple[Any, ...]) -> None:
    """As the resolver, the certificate and the request need its parts."""
    assert target_of(url) == target


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.org", "//example.org/x", "/x", "https:", "https://", "https:///x"),
        *("ftp://example.org", "file:///etc/passwd", "gopher://example.org", "javascript:alert(1)"),
        *("unix:///run/redis.sock", "redis://example.org", "https+unix://x"),
        *(
            "https://ana:secret@example.org",
            "https://example.org@127.0.0.1/",
            "https://@example.org",
        ),
        *("https://example.org:0", "https://example.org:65536", "https://example.org:x"),
        *("https://example.org:-1", "https://exa mple.org", "https://example.org/\r\nX: y"),
        *(
            "https://example.org\\@127.0.0.1",
            "https://example.org/\x00",
            "https://[::1",
            "https://[x]",
        ),
        *("https://[fe80::1%25eth0]/", "https://a..b/", f"https://{'a' * 64}.org/"),
        *(
            "https://example.org/\u2028",
            "https://example.org/" + "a" * 2_000,
            "https://127.0.0.1%2f/",
        ),
    ],
)
def test_what_can_never_be_asked_is_refused(url: str) -> None:
    """When the rule is made, with what was expected."""
    with pytest.raises(BadAddress) as refused:
        target_of(url)
    assert str(refused.value)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001"),
        *("0177.0.0.1", "127.255.255.254", "0", "0.0.0.0", "localhost", "localhost."),
        *("10.0.0.1", "10.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "192.168.257"),
        *("169.254.169.254", "0xa9fea9fe", "2852039166", "100.64.0.1", "192.0.0.1", "198.18.0.1"),
        *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.0.2.1"),
        *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"),
        *("[::ffff:8.8.8.8]", "[::127.0.0.1]", "[fe80::1]", "[fc00::1]", "[fd12:3456::1]"),
        *("[ff02::1]", "[2002:7f00:1::]", "[2002:a00:1::]", "[64:ff9b::7f00:1]"),
        *("[64:ff9b:1::7f00:1]", "[2001:db8::1]", "[2001:0:1::1]", "[fec0::1]"),
        *("\uff11\uff12\uff17.0.0.1", "\u2460\u2461\u2466.0.0.1", "127\u30020\u30020\u30021"),
        *("\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54", "LOCALHOST", "loc\u00adalhost"),
    ],
)
def test_no_spelling_leads_to_a_private_address(host: str) -> None:
    """Each is refused before anything is connected to, whatever its port and scheme."""
    for scheme in ("http", "https"):
        with pytest.raises((Blocked, Unresolved, BadAddress)) as refused:
            places(target_of(f"{scheme}://{host}:8443/"), 20)
        assert not isinstance(refused.value, Unresolved) or not _resolves(host), host


def _resolves(host: str) -> bool:
    try:
        socket.getaddrinfo(host.strip("[]").encode("idna").decode(), 80)
    except (OSError, UnicodeError):
        return False
    return True


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "93.184.216.34"])
def test_public_addresses_are_reached(address: str) -> None:
    """Of either kind."""
    assert is_public(address)


def resolver(*answers: list[str]) -> tuple[Any, list[str]]:
    """Return a resolver that answers differently each time, and whom it was asked for."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [
            (
                socket.AF_INET6 if ":" in one else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (one, port),
            )
            for one in found
        ]

    return getaddrinfo, asked


def test_a_name_with_one_private_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Among public ones too, and wherever it stands."""
    for answers in (["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::1", "8.8.8.8"], ["::ffff:a00:1"]):
        found, _ = resolver(answers)
        monkeypatch.setattr(socket, "getaddrinfo", found)
        with pytest.raises(Blocked):
            places(target_of("https://rebound.example/"), 20)


def test_a_name_is_resolved_once(monkeypatch: pytest.MonkeyPatch, hook: Hook) -> None:
    """What answers a private address the second time, after it was checked, is not asked again."""
    found, asked = resolver(["8.8.8.8"], ["127.0.0.1"])
    monkeypatch.setattr(socket, "getaddrinfo", found)
    reached: list[Any] = []

    def connect(self: socket.socket, where: Any) -> None:
        reached.append(where)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(ConnectionRefusedError):
        webhook.post(f"http://rebound.example:{hook.port}/", b"{}", SECRET, "k")
    assert (reached, asked) == ([("8.8.8.8", hook.port)], ["rebound.example"])
    assert not hook.got


def test_private_addresses_are_reached_where_settings_allow(settings: Any, hook: Hook) -> None:
    """And not before."""
    with pytest.raises(Blocked):
        webhook.post(hook.url(), b"{}", SECRET, "k")
    assert not hook.got
    settings.HEADWAY = {**settings.HEADWAY, "ALERT_PRIVATE_ADDRESSES": True}
    assert webhook.post(hook.url("/a?b"), b'{"a": 1}', SECRET, "k") == 200
    [got] = hook.got
    assert (got.path, got.body, got.key) == ("/a?b", b'{"a": 1}', "k")
    assert got.headers["host"] == f"127.0.0.1:{hook.port}"
    assert got.is_signed()
    assert not got.is_signed("another-secret-than-this")


def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows then where it is."""
    gate = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: gate.wait(60))
    with pytest.raises(Unresolved):
        places(target_of("https://slow.example/"), 0.1)
    gate.set()


@pytest.mark.parametrize("path", ["/hangs", "/drips"])
def test_a_server_that_hangs_is_cut_off(
    path: str, settings: Any, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that sends a byte now and then."""
    settings.HEADWAY = {**settings.HEADWAY, "ALERT_PRIVATE_ADDRESSES": True}
    monkeypatch.setattr(webhook, "PATIENCE", 1.0)
    with pytest.raises(TimeoutError):
        webhook.post(hook.url(path), b"{}", SECRET, "k")


def test_an_endless_answer_is_not_read(settings: Any, hook: Hook) -> None:
    """Its status is enough."""
    settings.HEADWAY = {**settings.HEADWAY, "ALERT_PRIVATE_ADDRESSES": True}
    assert webhook.post(hook.url("/endless"), b"{}", SECRET, "k") == 200


def test_a_redirect_is_not_followed(settings: Any, hook: Hook) -> None:
    """It would lead around what was checked."""
    settings.HEADWAY = {**settings.HEADWAY, "ALERT_PRIVATE_ADDRESSES": True}
    assert webhook.post(hook.url("/moves"), b"{}", SECRET, "k") == 302
    assert [one.path for one in hook.got] == ["/moves"]

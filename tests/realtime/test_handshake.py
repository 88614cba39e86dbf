"""From where sockets may be opened."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import sync_to_async

from realtime.handshake import address_of, is_own_origin, visitor
from tests.sockets import sign_in


def scope(origin: str | None, host: str = "shop.example", scheme: str = "wss") -> dict[str, Any]:
    """Return the part of a handshake that is looked at."""
    headers = [(b"host", host.encode())]
    headers += [(b"origin", origin.encode())] if origin is not None else []
    return {"headers": headers, "scheme": scheme}


@pytest.fixture(autouse=True)
def hosts(settings: Any) -> None:
    """Answer to one name."""
    settings.ALLOWED_HOSTS = ["shop.example"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://app.example", "https://*.partner.example"]


@pytest.mark.parametrize(
    ("origin", "own"),
    [
        ("https://shop.example", True),
        ("HTTPS://SHOP.EXAMPLE", True),
        ("https://app.example", True),
        ("https://one.partner.example", True),
        ("http://shop.example", False),
        ("https://shop.example:8443", False),
        ("https://evil.example", False),
        ("https://shop.example.evil.example", False),
        ("https://partner.example", True),
        ("https://evilpartner.example", False),
        ("http://one.partner.example", False),
        ("chrome-extension://shop.example", False),
        ("null", False),
        ("", False),
        (None, False),
    ],
)
def test_the_whole_origin_is_compared(origin: str | None, own: bool) -> None:  # noqa: FBT001
    """Scheme, host and port must all be ours, or trusted by name."""
    assert is_own_origin(scope(origin)) is own


def test_a_foreign_host_header_makes_no_origin_ours() -> None:
    """DNS rebinding: both headers name the attacker."""
    assert not is_own_origin(scope("https://evil.example", host="evil.example"))


def test_two_origins_are_none(settings: Any) -> None:
    """A smuggled second header decides nothing."""
    handshake = scope("https://evil.example")
    handshake["headers"].append((b"origin", b"https://shop.example"))
    assert not is_own_origin(handshake)


def test_a_wildcard_must_be_said_twice(settings: Any) -> None:
    """ALLOWED_HOSTS = ["*"] alone lets no foreign page in."""
    settings.ALLOWED_HOSTS = ["*"]
    assert not is_own_origin(scope("https://evil.example", host="evil.example"))
    settings.HEADWAY = {"ORIGINS": ["*"]}
    assert is_own_origin(scope("https://any.example"))


def test_behind_a_proxy_that_ends_tls(settings: Any) -> None:
    """The proxy's header tells the scheme, when the project trusts it."""
    handshake = scope("https://shop.example", scheme="ws")
    assert not is_own_origin(handshake)
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    handshake["headers"].append((b"x-forwarded-proto", b"https"))
    assert is_own_origin(handshake)


def test_the_proxys_scheme_counts_only_where_it_is_told(settings: Any) -> None:
    """A request that did not come by the proxy keeps its own, as Django's pages see it."""
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    handshake = scope("https://shop.example")
    assert is_own_origin(handshake)
    handshake["headers"].append((b"x-forwarded-proto", b"http, https"))
    assert not is_own_origin(handshake)


def test_behind_a_proxy_that_changes_the_host(settings: Any) -> None:
    """The host that the browser asked for is believed when the project says so, and not before."""
    handshake = scope("https://shop.example", host="10.0.0.7:8000")
    handshake["headers"].append((b"x-forwarded-host", b"shop.example"))
    assert not is_own_origin(handshake)
    settings.USE_X_FORWARDED_HOST = True
    assert is_own_origin(handshake)
    evil = scope("https://evil.example", host="shop.example")
    evil["headers"].append((b"x-forwarded-host", b"evil.example"))
    assert not is_own_origin(evil)


@pytest.mark.parametrize(
    ("client", "headers", "known"),
    [
        ("198.51.100.7", {}, "198.51.100.7"),
        ("10.0.0.1", {"x-forwarded-for": "198.51.100.7"}, None),
        ("198.51.100.7", {"x-forwarded-for": "198.51.100.7, 10.0.0.2"}, "198.51.100.7"),
        ("2001:db8::1", {"forwarded": 'for="[2001:db8::1]";proto=https'}, "2001:db8::1"),
        ("10.0.0.1", {"x-real-ip": "198.51.100.7"}, None),
        (None, {}, None),
    ],
)
def test_an_address_is_the_browsers_or_not_known(
    client: str | None, headers: dict[str, str], known: str | None
) -> None:
    """All browsers behind a proxy of which the server knows nothing would share its address."""
    told = [(name.encode(), value.encode()) for name, value in headers.items()]
    handshake = {"client": client and (client, 1), "headers": told}
    assert address_of(handshake) == known


def test_development_answers_to_localhost(settings: Any) -> None:
    """As Django does with DEBUG and no ALLOWED_HOSTS."""
    settings.ALLOWED_HOSTS, settings.DEBUG = [], True
    assert is_own_origin(scope("http://localhost:8000", host="localhost:8000", scheme="ws"))
    assert not is_own_origin(scope("http://shop.example", host="shop.example", scheme="ws"))


@pytest.mark.parametrize(
    "cookies",
    [
        ['prefs={"theme": "dark"}; sessionid=KEY'],
        ["basket[0]=1; name=Jörg; sessionid=KEY; =odd; path"],
        ["prefs={}", "sessionid=KEY"],
    ],
)
async def test_the_session_is_found_among_any_cookies(cookies: list[str], ana: Any) -> None:
    """Who is signed in on the pages is signed in here, whatever other cookies a browser holds."""
    key = (await sync_to_async(sign_in)(ana)).removeprefix("sessionid=")
    headers = [(b"cookie", one.replace("KEY", key).encode()) for one in cookies]
    found = await visitor({"headers": headers})
    assert found is not None
    assert found.user == str(ana.pk)

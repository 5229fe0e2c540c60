"""What every answer says to the browser."""

from __future__ import annotations

import pytest

from tests.console.world import COOKIE, World

PATHS = ("/", "/signin", "/plans", "/nothing-here", "/static/console.css", "/recordings/1")


@pytest.mark.parametrize("path", PATHS)
def test_security_headers(town: World, path: str) -> None:
    headers = town.signed_in("coordinator").get("/console" + path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    if "static" not in path:
        assert "no-store" in headers["cache-control"]
    assert "strict-transport-security" not in headers


def test_nothing_is_inline(town: World) -> None:
    client = town.signed_in("coordinator")
    for path in ("/", "/plans", "/plans/1", "/plans?view=board", "/help", "/account"):
        html = client.get("/console" + path).text
        assert "<script" not in html or "src=" in html
        assert " style=" not in html
        assert " onclick=" not in html


@pytest.mark.parametrize("url", ["", "https://buurt.example"])
def test_cookies(town: World, url: str) -> None:
    town.public_url = url
    cookies = town.client().get("/console/signin").headers.get_list("set-cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert "httponly" in cookie.lower()
        assert "samesite=lax" in cookie.lower()
        assert "path=/console" in cookie.lower()
        assert ("secure" in cookie.lower()) == bool(url)


def test_https_is_remembered(town: World) -> None:
    town.public_url = "https://buurt.example"
    assert "strict-transport-security" in town.client().get("/console/signin").headers


def test_who_is_signed_in_gets_no_new_cookie(town: World) -> None:
    client = town.signed_in("coordinator")
    answer = client.get("/console/")
    assert not any(COOKIE + "=" in line for line in answer.headers.get_list("set-cookie"))

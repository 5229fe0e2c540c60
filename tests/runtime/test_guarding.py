"""What stands before every route, on the real application: headers, limits, who asks."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.channels.telegram import webhook_secret
from runtime.config import ConfigError, load
from runtime.guarding import Buckets, Guarding, client_of, counted_as, group_of, networks
from runtime.wiring import System
from tests.runtime.guarded import (
    PUBLIC,
    SETTINGS,
    all_routes,
    asking,
    filled,
    on_a_loop,
    system,
    whole,
)

TELEGRAM = "/webhooks/telegram"
SECRET = {"x-telegram-bot-api-secret-token": webhook_secret(SETTINGS["secret_key"])}


@pytest.fixture
def made(tmp_path: Path) -> Iterator[System]:
    made = system(tmp_path)
    yield made
    made.db.close()


# --- headers ------------------------------------------------------------------------------------


def wrong_headers(answer: httpx.Response) -> list[str]:
    """What is missing or weak in the headers of one answer."""
    headers = answer.headers
    policy = headers.get("content-security-policy", "")
    checks = {
        "nosniff": headers.get("x-content-type-options") == "nosniff",
        "frames": "frame-ancestors 'none'" in policy,
        "default": "default-src 'none'" in policy,
        "inline": "unsafe" not in policy and "*" not in policy,
        "referrer": headers.get("referrer-policy") in ("no-referrer", "same-origin"),
        "permissions": "camera=" in headers.get("permissions-policy", ""),
        "https": headers.get("strict-transport-security", "").startswith("max-age=31536000"),
        "server": "server" not in headers,
        "kept": headers.get("cache-control") in ("no-store", "no-cache"),
        "once": all(len(headers.get_list(name)) == 1 for name in headers if name != "set-cookie"),
    }
    return [name for name, fine in checks.items() if not fine]


async def every_answer(made: System) -> AsyncIterator[tuple[str, httpx.Response]]:
    served = whole(made)
    for n, (_, path) in enumerate(sorted(set(all_routes(made)))):
        async with asking(served, f"198.51.{n // 250}.{n % 250 + 1}") as client:
            for method in ("GET", "POST", "HEAD", "DELETE"):
                answer = await client.request(method, filled(path), params={"wait": "0"})
                yield f"{method} {path}", answer
    async with asking(served) as client:
        for path in (
            "/nowhere",
            "/console/nowhere",
            "/simulator/static/simulator.js",
            "//",
            "/%00",
        ):
            yield path, await client.get(path)


@on_a_loop
async def test_every_answer_of_every_route_has_the_headers(made: System) -> None:
    seen: dict[int, int] = {}
    async for what, answer in every_answer(made):
        assert wrong_headers(answer) == [], (what, answer.status_code, answer.headers)
        is_static = "/static/" in what
        assert is_static or "no-store" in answer.headers["cache-control"] or "simulator" in what
        assert answer.status_code < 500 or answer.status_code == 503, what
        seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
    assert {200, 303, 403, 404, 405} <= set(seen), seen
    assert len(all_routes(made)) > 90


@on_a_loop
async def test_without_https_nobody_is_told_to_use_it() -> None:
    async with asking(Guarding(_echo(), "http://stem.example")) as client:
        assert "strict-transport-security" not in (await client.get("/healthz")).headers


@on_a_loop
async def test_our_own_fault_has_the_headers_too(
    made: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(work: object) -> None:
        raise RuntimeError("what somebody wrote")

    monkeypatch.setattr(type(made.db), "run", lambda self, work: broken(work))
    async with asking(whole(made)) as client:
        update = {"update_id": 1, "message": {"message_id": 1, "date": 1, "text": "hoi"}}
        update["message"] |= {
            "chat": {"id": 1, "type": "private"},
            "from": {"id": 1, "is_bot": False, "first_name": "x"},
        }  # type: ignore[operator]
        answer = await client.post(TELEGRAM, json=update, headers=SECRET)
    assert answer.status_code == 500
    assert wrong_headers(answer) == []
    assert "somebody" not in answer.text


# --- who asks -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "who"),
    [
        ("203.0.113.7", ["198.51.100.1"], "", "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "127.0.0.1", "203.0.113.7"),
        ("127.0.0.1", ["198.51.100.1"], "127.0.0.1", "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6, 198.51.100.1"], "127.0.0.1", "198.51.100.1"),
        (
            "127.0.0.1",
            ["6.6.6.6", "198.51.100.1, 10.1.2.3"],
            "127.0.0.1, 10.0.0.0/8",
            "198.51.100.1",
        ),
        ("127.0.0.1", ["10.0.0.9"], "127.0.0.1,10.0.0.0/8", "10.0.0.9"),
        ("127.0.0.1", ["nonsense"], "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", [], "127.0.0.1", "127.0.0.1"),
        ("::1", ["2001:db8::1"], "::1", "2001:db8::1"),
        ("", ["198.51.100.1"], "127.0.0.1", ""),
    ],
)
def test_only_a_proxy_of_ours_is_believed(
    peer: str, forwarded: list[str], proxies: str, who: str
) -> None:
    assert client_of(peer, forwarded, networks(proxies)) == who


def test_a_household_is_counted_once() -> None:
    assert counted_as("2001:db8:1:2::1") == counted_as("2001:db8:1:2:ffff::9")
    assert counted_as("2001:db8:1:2::1") != counted_as("2001:db8:1:3::1")
    assert counted_as("203.0.113.7") != counted_as("203.0.113.8")
    assert len(counted_as("x" * 10_000)) == 64


def test_a_wrong_proxy_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUURTSTEM_PROXIES", "10.0.0.0/8, my proxy")
    with pytest.raises(ConfigError, match="BUURTSTEM_PROXIES: write addresses or networks"):
        load()


@on_a_loop
async def test_the_application_sees_who_really_asks() -> None:
    served = Guarding(_echo(), PUBLIC, networks("203.0.113.0/24"))
    async with asking(served) as client:
        answer = await client.get("/echo", headers={"x-forwarded-for": "6.6.6.6, 198.51.100.9"})
    assert answer.text.startswith("198.51.100.9 ")


# --- how often ----------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_fills_again_with_time() -> None:
    clock = Clock()
    buckets, key = Buckets(clock=clock), ("a", "b")
    assert [buckets.take(key, 60) for _ in range(60)] == [0.0] * 60
    assert buckets.take(key, 60) == pytest.approx(1.0)
    assert buckets.take(("a", "c"), 60) == 0.0
    clock.now += 1
    assert buckets.take(key, 60) == 0.0
    assert buckets.take(key, 60) > 0
    clock.now += 3600
    assert [buckets.take(key, 60) > 0 for _ in range(61)].count(True) == 1


def test_what_is_remembered_is_bounded_and_going_on_is_not_forgotten() -> None:
    clock = Clock()
    buckets, busy = Buckets(most_keys=100, clock=clock), ("g", "busy")
    for _ in range(60):
        assert buckets.take(busy, 60) == 0
    for n in range(10_000):
        buckets.take(("g", str(n)), 60)
        if n % 50 == 0:
            assert buckets.take(busy, 60) > 0
    assert len(buckets) == 100


@pytest.mark.parametrize(
    ("path", "method", "name"),
    [
        ("/console/signin", "POST", "signing in"),
        ("/console/signin/code", "POST", "signing in"),
        ("/console/signin", "GET", "console"),
        ("/console/", "GET", "console"),
        ("/simulator/api/messages", "POST", "simulator"),
        ("/media/out/x.ogg", "GET", "sounds"),
        ("/webhooks/twilio/voice", "POST", "webhooks"),
        ("/metrics", "GET", "metrics"),
        ("/healthz", "GET", "health"),
        ("/", "GET", "other"),
    ],
)
def test_every_route_is_in_a_group(path: str, method: str, name: str) -> None:
    assert group_of(path, method).name == name


async def refused_after(client: httpx.AsyncClient, method: str, path: str) -> int:
    """How many requests are let through; the refusal says when to come again."""
    for n in range(3000):
        answer = await client.request(method, path, params={"wait": "0"})
        if answer.status_code == 429:
            assert 1 <= int(answer.headers["retry-after"]) <= 60
            assert wrong_headers(answer) == []
            return n
    raise AssertionError("never refused")


@on_a_loop
async def test_every_public_route_has_a_limit(made: System) -> None:
    """By real requests: what is counted, and that others are not refused with them."""
    served = whole(made)
    public = [each for each in all_routes(made) if not each[1].startswith("/console")]
    public += [("POST", "/console/signin"), ("GET", "/console/signin"), ("GET", "/nowhere")]
    for n, (method, path) in enumerate(public):
        if (method, path) == ("GET", "/console/signin"):
            continue  # 1200 pages: by its group, above
        async with asking(served, f"198.51.100.{n}") as client:
            most = group_of(path, method).most
            assert most <= await refused_after(client, method, filled(path)) <= most * 2, path
    async with asking(served, "192.0.2.1") as client:
        assert (await client.get("/healthz")).status_code == 200


@on_a_loop
async def test_what_a_provider_signed_is_never_lost(made: System) -> None:
    served = whole(made)
    async with asking(served) as client:
        for _ in range(200):  # the same address, also as the forger
            await client.post(TELEGRAM, json={}, headers={next(iter(SECRET)): "wrong"})
        forged = await client.post(TELEGRAM, json={}, headers={next(iter(SECRET)): "wrong"})
        assert forged.status_code == 429
        unsigned = await client.post(TELEGRAM, content=_endless(), headers={})
        assert unsigned.status_code == 429
        for n in range(200):
            answer = await client.post(TELEGRAM, json={"update_id": n}, headers=SECRET)
            assert answer.status_code == 200


@on_a_loop
async def test_at_a_laptop_nobody_counts_who_sits_there() -> None:
    async with asking(Guarding(_echo()), "127.0.0.1") as client:
        assert {(await client.get("/x")).status_code for _ in range(300)} == {200}
    async with asking(Guarding(_echo()), "192.168.1.20") as client:
        assert 429 in {(await client.get("/x")).status_code for _ in range(300)}


# --- how much -----------------------------------------------------------------------------------


async def _endless(most: int = 40_000_000) -> AsyncIterator[bytes]:
    for _ in range(most // 65_536):
        yield bytes(65_536)


@on_a_loop
async def test_no_route_takes_a_body_without_end(made: System) -> None:
    served = whole(made)
    form = {
        "content-type": "application/x-www-form-urlencoded",
        "x-twilio-signature": "x",
        **SECRET,
    }
    taken = 0
    for n, (method, path) in enumerate(all_routes(made)):
        if method != "POST" or (path.startswith("/console/") and "signin" not in path):
            continue  # behind the sign-in: `console.guard` bounds each, see tests/console
        async with asking(served, f"198.51.100.{n % 250}") as client:
            answer = await client.post(filled(path), content=_endless(), headers=form)
            assert answer.status_code in (400, 413) or (
                answer.status_code == 303 and "signin" in path
            ), (path, answer.status_code)
            taken += answer.status_code == 413
            said = {**form, "content-length": str(10**12)}
            answer = await client.post(filled(path), content=b"x", headers=said)
            assert answer.status_code == 413, path
    assert taken >= 4


def _echo() -> ASGIApp:
    async def echo(request: Request) -> Response:
        body = await request.body()
        assert request.client
        return PlainTextResponse(f"{request.client.host} {len(body)}")

    return Starlette(routes=[Route("/{path:path}", echo, methods=["GET", "POST"])])


@pytest.fixture
def port() -> Iterator[int]:
    """The guard before a route that reads whatever comes, on a real port."""
    guarded = Guarding(_echo(), PUBLIC, body_seconds=0.3)
    server = uvicorn.Server(uvicorn.Config(guarded, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


def said(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """What the server answers to these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        try:
            for part in parts:
                line.sendall(part)
                time.sleep(pause)
        except OSError:
            pass  # it has heard enough
        got = b""
        try:
            while b"\r\n\r\n" not in got and (more := line.recv(65_536)):
                got += more
        except OSError:
            pass
        return got


def test_what_a_length_says_is_not_believed(port: int) -> None:
    head = b"POST /x HTTP/1.1\r\nHost: h\r\n"
    chunk = b"10000\r\n" + bytes(65_536) + b"\r\n"
    chunked = said(port, head + b"Transfer-Encoding: chunked\r\n\r\n", chunk, chunk, b"0\r\n\r\n")
    assert b" 413 " in chunked.splitlines()[0]
    assert b" 413 " in said(port, head + b"Content-Length: 99999999999\r\n\r\n").splitlines()[0]
    assert b" 408 " in said(port, head + b"Content-Length: 50\r\n\r\n", b"four").splitlines()[0]
    for length in (b"-1", b"1, 2", b"0x10", b"five", b"9" * 40):
        answer = said(port, head + b"Content-Length: " + length + b"\r\n\r\n").splitlines()[0]
        assert b" 400 " in answer or b" 413 " in answer, (length, answer)
    assert b" 200 " in said(port, head + b"Content-Length: 4\r\n\r\nfour").splitlines()[0]


@on_a_loop
async def test_who_only_waits_is_not_cut_off() -> None:
    """The clock is for a body that does not come, not for an answer that takes long."""

    async def slow(request: Request) -> Response:
        await asyncio.sleep(0.2)
        return PlainTextResponse(str(await request.is_disconnected()))

    served = Guarding(Starlette(routes=[Route("/", slow)]), PUBLIC, body_seconds=0.01)
    async with asking(served) as client:
        assert (await client.get("/")).status_code == 200

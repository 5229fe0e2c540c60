"""What stands before every route: who asks, how often they may, how much they may send, headers.

The counts are this process's own and are gone when it ends: with several web processes somebody
may ask as often as each of them lets them. What must hold across processes is in the database:
signing in to the console (`console.signing`), wrong codes (`storage.attempts`).
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Network = IPv4Network | IPv6Network

MOST_REMEMBERED = 20_000  # addresses; the one that was quiet longest is forgotten first
BODY_SECONDS = 30.0  # for the next part of a body: who sends more slowly is cut off
YEAR = 31_536_000

# What an answer gets when its route says nothing else.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Group:
    """Routes that are counted together, by how their path begins.

    most: requests of one address in a minute, and as many at once. forged: only answers with one
    of these statuses count, so what a provider signed is never lost, however much of it comes.
    signs: headers without which nothing here can be genuine. body: the most bytes of one request;
    above what the route itself allows, where it answers more kindly. each_path: every address of
    ours is counted by itself.
    """

    name: str
    begins: str
    most: int
    method: str = ""  # "" for all
    forged: frozenset[int] = frozenset()
    signs: tuple[str, ...] = ()
    body: int = 64_000
    each_path: bool = False


_FORGED = frozenset({400, 403, 404, 413})
GROUPS = (
    Group(
        "webhooks",
        "/webhooks/",
        60,
        forged=_FORGED,
        signs=("x-twilio-signature", "x-telegram-bot-api-secret-token"),
        body=1_000_000,
    ),
    # A provider comes a few times for one sound, and for many; who guesses addresses gets 404.
    Group("sounds", "/media/", 60, forged=frozenset({404}), each_path=True),
    Group("signing in", "/console/signin", 20, "POST", body=256_000),
    Group("console", "/console", 1200, body=130_000_000),
    Group("simulator", "/simulator", 600, body=130_000_000),
    Group("health", "/healthz", 300),
    Group("health", "/readyz", 300),
    Group("metrics", "/metrics", 120),
    Group("other", "", 120),
)


class Buckets:
    """How often each key may still do something: `most` at once, and as many again each minute."""

    def __init__(
        self, most_keys: int = MOST_REMEMBERED, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most_keys = most_keys
        self._clock = clock
        self._left: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._left)

    def take(self, key: tuple[str, str], most: int) -> float:
        """Counts one more, and gives 0.0; or the seconds until this key may again."""
        wait = self.wait(key, most)
        if not wait:
            self._left[key] = (self._now(key, most) - 1, self._clock())
        self._left.move_to_end(key)  # also who is refused: going on does not help to be forgotten
        if len(self._left) > self._most_keys:
            self._left.popitem(last=False)
        return wait

    def wait(self, key: tuple[str, str], most: int) -> float:
        """Seconds until this key may again; 0.0 when it may now. Counts nothing."""
        return max(0.0, (1 - self._now(key, most)) * 60 / most)

    def _now(self, key: tuple[str, str], most: int) -> float:
        left, at = self._left.get(key, (float(most), self._clock()))
        return min(float(most), left + (self._clock() - at) * most / 60)


def networks(text: str) -> list[Network]:
    """The addresses and networks in this list, with commas between. Raises ValueError."""
    return [ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip()]


def client_of(peer: str, forwarded: Sequence[str], proxies: Sequence[Network]) -> str:
    """Who really asks: the last address in X-Forwarded-For that is no proxy of ours.

    What a client wrote there itself stands further to the left, and is never believed; without
    a proxy of ours at the other end the header is not even read.
    """
    found = peer
    for each in reversed([part.strip() for part in ",".join(forwarded).split(",")]):
        if not _is_in(found, proxies):
            break
        if _parsed(each) is None:
            break
        found = each
    return found


def counted_as(address: str) -> str:
    """The key of an address: an IPv6 network of 64 bits is one household's."""
    parsed = _parsed(address)
    if parsed is None:
        return address[:64]
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return str(ip_network(f"{parsed}/64", strict=False))
    return str(parsed)


class Guarding:
    """The application with all of this before it.

    On a laptop (`public_url` "") who sits at it is not counted.
    """

    def __init__(
        self,
        app: ASGIApp,
        public_url: str = "",
        proxies: Sequence[Network] = (),
        buckets: Buckets | None = None,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._app = app
        self._public = bool(public_url)
        self._proxies = proxies
        self._buckets = buckets or Buckets()
        self._body_seconds = body_seconds
        https = public_url.startswith("https://")
        hsts = {"Strict-Transport-Security": f"max-age={YEAR}; includeSubDomains"} if https else {}
        self._headers = HEADERS | hsts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        scope = self._with_client(scope)
        send = self._with_headers(send)
        group = group_of(scope["path"], scope["method"])
        wait = self._wait(scope, group)
        refused = _too_many(wait) if wait else _too_large(scope, group)
        if refused:
            return await refused(scope, receive, send)
        bounded = self._bounded(receive, group.body)
        return await self._app(scope, bounded, self._counting(scope, group, send))

    def _with_client(self, scope: Scope) -> Scope:
        peer, port = scope.get("client") or ("", 0)
        forwarded = Headers(scope=scope).getlist("x-forwarded-for")
        return {**scope, "client": (client_of(peer, forwarded, self._proxies), port)}

    def _counts(self, scope: Scope) -> bool:
        """Whether who asks is counted: on a laptop whoever sits at it is not."""
        parsed = _parsed(scope["client"][0])
        return self._public or not (parsed is None or parsed.is_loopback)

    def _wait(self, scope: Scope, group: Group) -> float:
        """Seconds until they may again, 0.0 when they may. Counts what counts by coming."""
        if not self._counts(scope):
            return 0.0
        by_address = (group.name, counted_as(scope["client"][0]))
        if group.forged and group.signs:
            signed = any(name in Headers(scope=scope) for name in group.signs)
            return 0.0 if signed else self._buckets.wait(by_address, group.most)
        name, address = by_address
        key = (name, f"{address} {scope['path'][:200]}") if group.each_path else by_address
        return self._buckets.take(key, group.most)

    def _counting(self, scope: Scope, group: Group, send: Send) -> Send:
        """Counts an answer that says that what came was not genuine; too many are told so."""
        if not group.forged or not self._counts(scope):
            return send
        key = (group.name, counted_as(scope["client"][0]))
        refused = False

        async def counting(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] in group.forged:
                wait = self._buckets.take(key, group.most)
                refused = wait > 0
                if refused:
                    await _too_many(wait)(scope, _nothing, send)
            if not refused:
                await send(message)

        return counting

    def _with_headers(self, send: Send) -> Send:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        return with_headers

    def _bounded(self, receive: Receive, limit: int) -> Receive:
        """What was sent, up to `limit` bytes and not for ever, whatever its headers say."""
        read, more = 0, True

        async def bounded() -> Message:
            nonlocal read, more
            if not more:
                return await receive()
            try:
                async with asyncio.timeout(self._body_seconds):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408) from None
            read += len(message.get("body", b""))
            more = bool(message.get("more_body"))
            if read > limit:
                raise HTTPException(413)
            return message

        return bounded


def group_of(path: str, method: str) -> Group:
    """What a request is counted with."""
    return next(
        each
        for each in GROUPS
        if path.startswith(each.begins) and (not each.method or each.method == method)
    )


def _too_many(wait: float) -> ASGIApp:
    seconds = str(max(1, round(wait + 0.5)))
    return PlainTextResponse(
        "Too many requests. Please try again later.\n", 429, {"Retry-After": seconds}
    )


def _too_large(scope: Scope, group: Group) -> ASGIApp | None:
    """A body that says of itself that it is too large is not even begun with."""
    length = Headers(scope=scope).get("content-length", "0")
    if length.isdecimal() and int(length[:18]) <= group.body:
        return None
    return PlainTextResponse("Too large.\n", 413, {"Connection": "close"})


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address)
    except ValueError:
        return None


def _is_in(address: str, networks: Sequence[Network]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)

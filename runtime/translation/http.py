"""What the services have in common: one JSON request, bounded in time and size, tried again."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from runtime.translation.port import Policy, TranslationError

TRIES = 3
FIRST_PAUSE = 1.0  # seconds; then four times as long each time, by chance up to a half less
MOST_PATIENCE = 20.0  # a service that wants a longer pause is asked again later
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
ALTOGETHER = 90.0  # seconds, with all tries and pauses
MOST_BYTES = 2_000_000  # of an answer
CHUNK_TEXTS, CHUNK_BYTES = 40, 100_000  # of a request; DeepL takes 128 KiB

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
# The key is wrong or used up, or the address is: of DeepL, 456 is the quota.
_SETTINGS = frozenset({401, 402, 403, 404, 405, 456})

Sleep = Callable[[float], Awaitable[object]]


class Service:
    """A service at one address. It never follows a redirect, which would take the key along."""

    def __init__(
        self, url: str, headers: Mapping[str, str] | None = None, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._client = httpx.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT)
        self._sleep = sleep

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer's JSON. Raises `TranslationError`, also when all of it takes too long."""
        try:
            async with asyncio.timeout(ALTOGETHER):
                return await self._patiently(path, body)
        except TimeoutError:
            raise TranslationError(Policy.RETRY, "timeout") from None

    async def close(self) -> None:
        await self._client.aclose()

    async def _patiently(self, path: str, body: Mapping[str, Any]) -> Any:
        for pause in (*_pauses(), None):
            try:
                return await self._once(path, body)
            except TranslationError as error:
                wait = error.after if error.after is not None else pause
                if pause is None or error.policy is not Policy.RETRY or (wait or 0) > MOST_PATIENCE:
                    raise
                await self._sleep(wait or 0)
        raise AssertionError("the last try returns or raises")

    async def _once(self, path: str, body: Mapping[str, Any]) -> Any:
        # The client's own errors may quote what was sent, so they go no further.
        try:
            async with self._client.stream("POST", path, json=body) as answer:
                _check(answer)
                return json.loads(await _limited(answer))
        except httpx.TransportError as error:
            raise TranslationError(Policy.RETRY, type(error).__name__) from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise TranslationError(Policy.RETRY, f"odd answer: {type(error).__name__}") from None


def _pauses() -> Iterator[float]:
    for turn in range(TRIES - 1):
        yield FIRST_PAUSE * 4.0**turn * (0.5 + random.random() / 2)  # noqa: S311, not for security


def _check(answer: httpx.Response) -> None:
    """Raises for any answer but a good one. What the answer says is not looked at."""
    status = answer.status_code
    if status == 200:
        return
    if status in _BUSY:
        raise TranslationError(Policy.RETRY, str(status), _retry_after(answer))
    wrong = status in _SETTINGS or answer.is_redirect
    raise TranslationError(Policy.PAUSE if wrong else Policy.GIVE_UP, str(status))


def _retry_after(answer: httpx.Response) -> float | None:
    """Seconds, whichever way the header says it (RFC 9110, 10.2.3); None without a usable one."""
    value = answer.headers.get("retry-after", "")
    if value.isascii() and value.isdigit():
        return float(value[:9])
    with suppress(ValueError, TypeError):
        until = parsedate_to_datetime(value)
        return max(0.0, (until - datetime.now(UTC)).total_seconds())
    return None


async def _limited(answer: httpx.Response) -> bytes:
    content = bytearray()
    async for part in answer.aiter_bytes():
        content += part
        if len(content) > MOST_BYTES:
            raise ValueError("too long")
    return bytes(content)


def chunks(texts: Sequence[str]) -> Iterator[list[str]]:
    """The texts in groups that fit into one request each; a text is never split."""
    group: list[str] = []
    size = 0
    for text in texts:
        needs = len(json.dumps(text, ensure_ascii=False).encode())
        if group and (len(group) == CHUNK_TEXTS or size + needs > CHUNK_BYTES):
            yield group
            group, size = [], 0
        group.append(text)
        size += needs
    if group:
        yield group


def as_many(answer: object, texts: Sequence[str]) -> list[str]:
    """The translations if there is one for each text. Raises `TranslationError`."""
    if not isinstance(answer, list) or len(answer) != len(texts):
        raise TranslationError(Policy.RETRY, "odd answer: not as many")
    if not all(isinstance(each, str) and each.strip() for each in answer):
        raise TranslationError(Policy.RETRY, "odd answer: no text")
    return answer

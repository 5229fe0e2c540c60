"""Long polling, for a machine that Telegram cannot reach from outside."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, Protocol

from bot.channels.port import ChannelError

MAX_PAUSE = 60.0  # seconds

Take = Callable[[dict[str, Any]], Awaitable[None]]
Pause = Callable[[float], Awaitable[None]]

_log = logging.getLogger(__name__)


class Source(Protocol):
    """What of `Telegram` is needed here."""

    async def delete_webhook(self) -> None: ...

    async def updates(self, offset: int) -> list[dict[str, Any]]: ...


async def poll(port: Source, take: Take, pause: Pause = asyncio.sleep) -> None:
    """Hands each update to `take`, in order, until cancelled.

    An update is acknowledged only after `take` has returned, so `take` persists it
    first, and knows by its `update_id` one that it has had: after a crash some
    come again. When `take` raises, that update comes again after a pause and
    nothing overtakes it.
    """
    await _Poller(port, take, pause).run()


class _Poller:
    def __init__(self, port: Source, take: Take, pause: Pause) -> None:
        self._port, self._take, self._pause = port, take, pause
        self._offset = 0

    async def run(self) -> None:
        await self._insist(self._port.delete_webhook)  # with one, getUpdates is refused
        while True:
            await self._insist(self._round)

    async def _insist(self, step: Callable[[], Awaitable[None]]) -> None:
        for failures in count():
            try:
                await step()
                return
            except Exception as error:
                _log.warning("polling Telegram failed: %s", _code(error))
                await self._pause(_wait(error, failures))

    async def _round(self) -> None:
        updates = await self._port.updates(self._offset)
        for update in updates:
            await self._take(update)
            self._offset = update["update_id"] + 1
        if not updates:
            # All is acknowledged. After a quiet week Telegram starts its ids anew at random,
            # perhaps lower, and then the old offset would hide them.
            self._offset = 0


def _code(error: Exception) -> str:
    return error.code if isinstance(error, ChannelError) else type(error).__name__


def _wait(error: Exception, failures: int) -> float:
    told = error.after if isinstance(error, ChannelError) else None
    return told if told is not None else min(MAX_PAUSE, 2.0 ** min(failures, 6))

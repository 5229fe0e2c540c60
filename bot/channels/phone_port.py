"""The phone as a port: recordings come from it, and words go out by the call itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import httpx

from bot.channels.port import ChannelError, Policy
from bot.channels.twilio import Account
from bot.channels.twilio_client import ask
from bot.messages import Media, Outbound

_RECORDING = re.compile(r"/Recordings/(RE\w+)(?:\.\w+)?$")
_GONE = ("404", "20404")


class PhonePort:
    """`account` is None without Twilio: then only the simulator calls.

    `read` gives the bytes of a simulated recording by its name, or raises `OSError` or
    `ValueError`; `remove` deletes it.
    """

    idempotent = True

    def __init__(
        self,
        read: Callable[[str], bytes],
        remove: Callable[[str], None],
        account: Account | None = None,
    ) -> None:
        self._read = read
        self._remove = remove
        self._account = account

    async def send(self, address: str, message: Outbound, sound: bytes | None) -> str:
        """Nobody is called up: what is to be said waits for their call (`runtime.policy`)."""
        raise ChannelError(Policy.GIVE_UP, "no_call")

    async def fetch(self, media: Media, limit: int) -> bytes:
        """See `Port.fetch`; Twilio's own host gets the key and nobody else."""
        if self._account and _is_address(media.ref):
            return await self._account.fetch(media.ref, limit)
        try:
            content = await asyncio.to_thread(self._read, media.ref)
        except (OSError, ValueError):
            raise ChannelError(Policy.GIVE_UP, "gone") from None
        if len(content) > limit:
            raise ChannelError(Policy.GIVE_UP, "too_big")
        return content

    async def release(self, media: Media) -> None:
        """See `Port.release`: Twilio would keep the recording, and charge for it."""
        if not _is_address(media.ref):
            await asyncio.to_thread(self._remove, media.ref)
            return
        found = _RECORDING.search(httpx.URL(media.ref).path)
        if self._account is None or found is None:
            return
        try:
            await ask(self._account.client.recordings(found[1]).delete_async())
        except ChannelError as error:
            if error.code not in _GONE:
                raise

    async def delete(self, address: str, provider_id: str) -> None:
        """A key that was pressed is no message that could be deleted."""


def _is_address(ref: str) -> bool:
    return ref.startswith(("http://", "https://"))

"""What a call plays: our sounds at addresses of their own, as the telephone has them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.messages import Sound
from bot.speech import telephone
from runtime.heard import PATH as HEARD_PATH
from runtime.heard import Heard
from runtime.sounds import Sounds

log = logging.getLogger(__name__)

PATH = "/media/phone/{token}.wav"
_BEFORE, _AFTER = HEARD_PATH.split("{token}")
_PLAYED_BEFORE, _PLAYED_AFTER = PATH.split("{token}")


class Played:
    """Sounds by address. `heard` signs the addresses; a secret sound is only there sealed."""

    def __init__(self, sounds: Sounds, heard: Heard) -> None:
        self._sounds = sounds
        self._heard = heard
        self._making: set[asyncio.Task[str]] = set()

    async def links(self, sounds: Sequence[Sound], patience: float) -> list[str] | None:
        """The addresses of these sounds; None when making them takes longer than `patience` (s).

        They are made on: whoever asks again soon gets those that can be kept at once.
        """
        making = [asyncio.create_task(self._link(sound)) for sound in sounds]
        if not making:
            return []
        self._making.update(making)
        for task in making:
            task.add_done_callback(self._making.discard)
        _, late = await asyncio.wait(making, timeout=patience)
        return None if late else [link for task in making if (link := task.result())]

    async def _link(self, sound: Sound) -> str:
        """The address of a sound; "" of one in which nothing can be heard, or that fails."""
        try:
            data = await self._sounds.of(sound)
        except Exception as error:  # the rest of the call is worth more than this one
            log.error("no sound for a call: %s", type(error).__name__)
            return ""
        if not data:
            return ""
        link = await asyncio.to_thread(self._heard.link, sound, data)
        return link.replace(_BEFORE, _PLAYED_BEFORE).removesuffix(_AFTER) + _PLAYED_AFTER

    def route(self) -> Route:
        return Route(PATH, self.sound, methods=["GET"])

    async def sound(self, request: Request) -> Response:
        """A sound as WAV: 8 kHz, mu-law."""
        try:
            data = await asyncio.to_thread(self._wav, request.path_params["token"])
        except (LookupError, ValueError):
            raise HTTPException(404) from None
        return Response(data, media_type="audio/wav", headers={"cache-control": "private"})

    def _wav(self, token: str) -> bytes:
        return telephone.to_wav(self._heard.get(token))

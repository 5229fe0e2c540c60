"""Sound that a provider fetches from us: public for a few hours, to whoever has the address."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from bot.messages import Sound
from runtime.sounds import Sounds
from storage.times import now_ms

PATH = "/media/out/{token}.ogg"
HOURS = 12  # a provider may hold a message for some hours before it fetches


class Heard:
    """Addresses of sounds, signed with the application's key."""

    def __init__(
        self, sounds: Sounds, key: str, public_url: str, clock: Callable[[], int] = now_ms
    ) -> None:
        self._sounds = sounds
        self._key = key.encode()
        self._public_url = public_url.rstrip("/")
        self._clock = clock

    def link(self, said: Sound, sound: bytes) -> str:
        """Where this sound, which `Sounds` has made, can be fetched."""
        name = self._sounds.name(said, sound)
        until = self._clock() // 1000 + HOURS * 3600
        token = f"{name}-{until}-{self._sign(name, until)}"
        return self._public_url + PATH.format(token=token)

    def get(self, token: str) -> bytes:
        """Ogg/Opus. Raises `LookupError` for a token that is not ours or is too old."""
        name, _, rest = token.partition("-")
        until, _, sign = rest.partition("-")
        if not until.isdecimal() or len(until) > 12 or not sign.isascii():
            raise LookupError
        if not hmac.compare_digest(sign, self._sign(name, int(until))):
            raise LookupError
        if int(until) < self._clock() // 1000:
            raise LookupError
        try:
            return self._sounds.kept(name)
        except OSError:
            raise LookupError from None

    def _sign(self, name: str, until: int) -> str:
        what = f"media out\0{name}\0{until}".encode()
        return hmac.digest(self._key, what, "sha256").hex()[:32]

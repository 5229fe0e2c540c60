"""What is to be heard, made once and kept: the same words in the same voice are one file."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import tempfile
from pathlib import Path

from bot.messages import Sound
from bot.speech.speak import Speaker
from runtime.aging import delete_older
from storage.vault import SealError, Vault

_SEALED = ".sealed"


class Sounds:
    """Ogg/Opus of a `Sound`, from the folder or newly spoken. Safe for threads and processes.

    One that is secret is spoken anew each time; only for a provider who comes for it, a sealed
    copy under a name by chance is there for a while.
    """

    def __init__(self, speaker: Speaker, folder: Path, vault: Vault | None = None) -> None:
        self._speaker = speaker
        self._folder = folder
        self._vault = vault
        folder.mkdir(parents=True, exist_ok=True)

    async def of(self, sound: Sound) -> bytes:
        """The bytes of an Ogg/Opus file."""
        return await asyncio.to_thread(self.made, sound)

    def made(self, sound: Sound) -> bytes:
        """Like `of`, on this thread."""
        if sound.secret:
            return self._speaker.say(sound.text, sound.language)
        path = self.path(sound)
        if path.exists():
            path.touch()
            return path.read_bytes()
        data = self._speaker.say(sound.text, sound.language)
        self._write(path, data)
        return data

    def name(self, sound: Sound, data: bytes) -> str:
        """The name under which `kept` has this sound, whose bytes were made already."""
        if not sound.secret:
            return self.path(sound).stem
        if self._vault is None:
            raise OSError("a secret sound cannot be kept without a vault")
        name = secrets.token_hex(16)
        self._write(self._folder / f"{name}{_SEALED}", self._vault.seal_bytes(data))
        return name

    def kept(self, name: str) -> bytes:
        """What was made under this name. Raises `OSError` when it is gone, or does not open."""
        path = self._folder / f"{name}{_SEALED}"
        if self._vault is None or not path.exists():
            return (self._folder / f"{name}.ogg").read_bytes()
        try:
            return self._vault.open_bytes(path.read_bytes())
        except SealError as error:
            raise OSError("a sealed sound does not open") from error

    def _write(self, path: Path, data: bytes) -> None:
        """The whole file, or none."""
        handle, beside = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(beside, path)

    def delete_old(self) -> None:
        """Removes what nobody heard for a day: there may be a plan's words in it."""
        delete_older(self._folder)

    def path(self, sound: Sound) -> Path:
        """Where the sound is, or will be, if it is not secret."""
        voice = type(self._speaker).__name__
        key = f"{voice}\0{sound.language}\0{sound.text}"
        return self._folder / (hashlib.sha256(key.encode()).hexdigest() + ".ogg")

"""What is to be heard, made once and kept: the same words in the same voice are one file."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from pathlib import Path

from bot.messages import Sound
from bot.speech.speak import Speaker
from runtime.aging import delete_older


class Sounds:
    """Ogg/Opus of a `Sound`, from the folder or newly spoken. Safe for threads and processes."""

    def __init__(self, speaker: Speaker, folder: Path) -> None:
        self._speaker = speaker
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def of(self, sound: Sound) -> bytes:
        """The bytes of an Ogg/Opus file."""
        return await asyncio.to_thread(self.made, sound)

    def made(self, sound: Sound) -> bytes:
        """Like `of`, on this thread."""
        path = self.path(sound)
        if path.exists():
            path.touch()
            return path.read_bytes()
        data = self._speaker.say(sound.text, sound.language)
        handle, beside = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(beside, path)
        return data

    def kept(self, name: str) -> bytes:
        """What was made under this name (see `path`). Raises `OSError` when it is gone."""
        return (self._folder / f"{name}.ogg").read_bytes()

    def delete_old(self) -> None:
        """Removes what nobody heard for a day: there may be a plan's words in it."""
        delete_older(self._folder)

    def path(self, sound: Sound) -> Path:
        """Where the sound is, or will be."""
        voice = type(self._speaker).__name__
        key = f"{voice}\0{sound.language}\0{sound.text}"
        return self._folder / (hashlib.sha256(key.encode()).hexdigest() + ".ogg")

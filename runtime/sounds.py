"""What is to be heard, made once and kept: the same words in the same voice are one file."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.messages import Sound
from bot.speech.joining import joined
from bot.speech.speak import Speaker
from runtime.aging import delete_older
from runtime.recorded import Part, Recorded
from storage.vault import SealError, Vault

_SEALED = ".sealed"


@dataclass(frozen=True, slots=True)
class _Said:
    """A piece of a sound, and the language of its words."""

    part: Part
    language: str


class Sounds:
    """Ogg/Opus of a `Sound`, from the folder or newly spoken. Safe for threads and processes.

    What somebody recorded is played instead of the voice: see `runtime.recorded`.
    One that is secret is spoken anew each time; only for a provider who comes for it, a sealed
    copy under a name by chance is there for a while.
    """

    def __init__(
        self,
        speaker: Speaker,
        folder: Path,
        vault: Vault | None = None,
        recorded: Recorded | None = None,
    ) -> None:
        self._speaker = speaker
        self._folder = folder
        self._vault = vault
        self._recorded = recorded
        self._guard = threading.Lock()
        self._making: dict[Path, tuple[threading.Lock, int]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    async def of(self, sound: Sound) -> bytes:
        """The bytes of an Ogg/Opus file."""
        return await asyncio.to_thread(self.made, sound)

    def made(self, sound: Sound) -> bytes:
        """Like `of`, on this thread."""
        parts = self._parts(sound)
        if sound.secret:
            return self._together(parts)
        path = self._place(parts)
        with self._one_at_a_time(path):  # whoever comes second finds what the first made
            if (data := self._found(path)) is None:
                data = self._together(parts)
                self._write(path, data)
        return data

    async def ready(self, sound: Sound) -> bytes | None:
        """The bytes if they are there already, None if they have yet to be made."""
        return None if sound.secret else await asyncio.to_thread(self._ready, sound)

    def _ready(self, sound: Sound) -> bytes | None:
        return self._found(self.path(sound))

    def _found(self, path: Path) -> bytes | None:
        try:
            data = path.read_bytes()
            path.touch()
        except FileNotFoundError:
            return None
        return data

    @contextmanager
    def _one_at_a_time(self, path: Path) -> Iterator[None]:
        with self._guard:
            lock, waiting = self._making.get(path, (threading.Lock(), 0))
            self._making[path] = lock, waiting + 1
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, waiting = self._making.pop(path)
                if waiting > 1:
                    self._making[path] = lock, waiting - 1

    def _parts(self, sound: Sound) -> list[_Said]:
        """What is to be joined, in order."""
        pieces = sound.parts or ((sound.text, sound.language),)
        return [
            _Said(part, language)
            for words, language in pieces
            for part in self._with_recordings(words, language, sound.labels)
        ]

    def _with_recordings(self, words: str, language: str, labels: Sequence[str]) -> list[Part]:
        if self._recorded is None:
            return [Part(words)]
        return self._recorded.parts(words, language, labels)

    def _together(self, parts: Sequence[_Said]) -> bytes:
        said = [each for part in parts if (each := self._one(part))]
        return joined(said) if said else b""

    def _one(self, said: _Said) -> bytes:
        part = said.part
        if self._recorded and part.recording and (sound := self._recorded.sound(part.recording)):
            return sound
        return self._speaker.say(part.words, said.language)

    def name(self, sound: Sound, data: bytes) -> str:
        """The name under which `kept` has this sound, whose bytes were made already."""
        if not sound.secret:
            path = self.path(sound)
            if not path.exists():  # since then somebody recorded it anew
                self._write(path, data)
            return path.stem
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
        return self._place(self._parts(sound))

    def _place(self, parts: Sequence[_Said]) -> Path:
        """By all that makes a difference to the ear: recordings, voices, words as they are said."""
        key = "\0\0".join(
            f"{said.part.recording}\0{self._speaker.name(said.part.words, said.language)}"
            for said in parts
        )
        return self._folder / (hashlib.sha256(key.encode()).hexdigest() + ".ogg")

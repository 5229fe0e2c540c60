"""What is only wanted for a while is gone after it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from bot.messages import Sound
from runtime.sounds import Sounds
from runtime.uploads import Uploads


class Spoken:
    """A voice that says its words as bytes, and counts."""

    said = 0

    def name(self, text: str, language: str) -> str:
        return f"{language}: {text}"

    def say(self, text: str, language: str) -> bytes:
        self.said += 1
        return f"{language}: {text}".encode()


def grow_old(folder: Path) -> None:
    long_ago = time.time() - 90_000
    for path in folder.iterdir():
        os.utime(path, (long_ago, long_ago))


def test_a_sound_is_made_once_and_kept_while_it_is_heard(tmp_path: Path) -> None:
    voice = Spoken()
    sounds = Sounds(voice, tmp_path)
    hello = Sound("Hallo", "nl")
    assert sounds.made(hello) == sounds.made(hello) == b"nl: Hallo"
    assert voice.said == 1
    assert sounds.made(Sound("Hallo", "en")) == b"en: Hallo"
    grow_old(tmp_path)
    sounds.made(hello)  # heard again, so it stays
    sounds.delete_old()
    assert [path.name for path in tmp_path.iterdir()] == [sounds.path(hello).name]


def test_an_upload_nobody_came_for_is_gone_after_a_day(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    old = uploads.put(b"old")
    grow_old(tmp_path)
    new = uploads.put(b"new")
    uploads.delete_old()
    assert uploads.get(new) == b"new"
    with pytest.raises(FileNotFoundError):
        uploads.get(old)
    uploads.delete(new)
    uploads.delete(new)


def test_an_upload_s_name_is_no_path(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        Uploads(tmp_path).get("../secret_key")

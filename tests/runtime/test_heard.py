"""Sound that a provider fetches: only with a token of ours, and not forever."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.messages import Sound
from runtime.heard import HOURS, Heard
from storage.media import MediaStore

SAID = Sound("Hallo", "nl")


def token(url: str) -> str:
    return url.rpartition("/")[2].removesuffix(".ogg")


def test_only_our_own_token_opens_it(tmp_path: Path) -> None:
    now = [1_000_000]
    store = MediaStore(f"file://{tmp_path}")
    heard = Heard(store, "a key", "https://stem.example/", clock=lambda: now[0])
    url = heard.link(SAID, b"OggS")
    assert url.startswith("https://stem.example/media/out/")
    assert heard.get(token(url)) == b"OggS"
    other = store.put(b"somebody's own recording", ".ogg").removesuffix(".ogg")
    name, until, sign = token(url).split("-")
    for wrong in (
        f"{other}-{until}-{sign}",
        f"{name}-{int(until) + 1}-{sign}",
        "",
        "a-b-c",
        "x-1-é",
    ):
        with pytest.raises(LookupError):
            heard.get(wrong)
    with pytest.raises(LookupError):
        Heard(store, "another key", "", clock=lambda: now[0]).get(token(url))
    now[0] += HOURS * 3_600_000 + 1000
    with pytest.raises(LookupError):
        heard.get(token(url))


def test_a_sound_that_is_gone(tmp_path: Path) -> None:
    store = MediaStore(f"file://{tmp_path}")
    heard = Heard(store, "a key", "https://stem.example")
    url = heard.link(SAID, b"OggS")
    store.delete(token(url).split("-")[0] + ".ogg")
    with pytest.raises(LookupError):
        heard.get(token(url))

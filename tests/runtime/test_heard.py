"""Sound that a provider fetches: only with a token of ours, and not forever."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.messages import Sound
from runtime.heard import HOURS, Heard
from runtime.sounds import Sounds
from storage.vault import Vault

SAID = Sound("Hallo", "nl")


class Voice:
    def say(self, text: str, language: str) -> bytes:
        return b"OggS"

    def name(self, text: str, language: str) -> str:
        return f"{language} {text}"


def token(url: str) -> str:
    return url.rpartition("/")[2].removesuffix(".ogg")


def test_only_our_own_token_opens_it(tmp_path: Path) -> None:
    now = [1_000_000]
    sounds = Sounds(Voice(), tmp_path)
    heard = Heard(sounds, "a key", "https://stem.example/", clock=lambda: now[0])
    url = heard.link(SAID, sounds.made(SAID))
    assert url.startswith("https://stem.example/media/out/")
    assert heard.get(token(url)) == b"OggS"
    private = Sound("somebody else's plan", "nl")
    sounds.made(private)
    other = sounds.path(private).stem
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
        Heard(sounds, "another key", "", clock=lambda: now[0]).get(token(url))
    now[0] += HOURS * 3_600_000 + 1000
    with pytest.raises(LookupError):
        heard.get(token(url))


def test_a_sound_that_is_gone(tmp_path: Path) -> None:
    sounds = Sounds(Voice(), tmp_path)
    heard = Heard(sounds, "a key", "https://stem.example")
    url = heard.link(SAID, sounds.made(SAID))
    sounds.path(SAID).unlink()
    with pytest.raises(LookupError):
        heard.get(token(url))


def test_a_secret_sound_is_heard_by_who_has_the_address_and_by_nobody_on_the_disk(
    tmp_path: Path,
) -> None:
    vault = Vault(b"pepper")
    sounds = Sounds(Voice(), tmp_path, vault)
    said = Sound("You chose plan 12", "en", secret=True)
    heard = Heard(sounds, "a key", "https://stem.example")
    first, again = (heard.link(said, sounds.made(said)) for _ in range(2))
    assert heard.get(token(first)) == b"OggS"
    assert first.rpartition("-")[0] != again.rpartition("-")[0], "a name must not tell what is said"
    for path in tmp_path.iterdir():
        assert b"OggS" not in path.read_bytes()
        assert sounds.path(said).stem not in path.name
    other = Heard(Sounds(Voice(), tmp_path, Vault(b"another")), "a key", "https://stem.example")
    with pytest.raises(LookupError):
        other.get(token(first))


def test_a_secret_sound_that_is_only_sent_leaves_no_file(tmp_path: Path) -> None:
    Sounds(Voice(), tmp_path).made(Sound("You chose plan 12", "en", secret=True))
    assert not list(tmp_path.iterdir())

"""Sound that is made to do harm, through the webhook: a kind answer, and bounded memory.

What the decoder does with each kind by itself is in tests/bot/speech/test_audio.py.
"""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator
from functools import cache

import httpx
import psutil
import pytest

from tests.bot.speech.test_audio import inflating_m4a
from tests.bot.speech.test_audio import twelve_hours as made_twelve_hours
from tests.faults.provider import Provider
from tests.faults.town import LINES, SECRET, Process, Town, post, until, voice

MOST = 700  # megabytes for the server and all that it starts, above what it had before

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    provider = Provider()
    town = Town(folder, f"sqlite:///{folder}/town.db", provider)
    town.load()
    town.web().start().wait()
    yield town
    town.close()
    provider.close()


def zipped() -> bytes:
    """100 MB of nothing in 100 kB."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("voice.ogg", bytes(100_000_000))
    return target.getvalue()


@cache
def twelve_hours() -> bytes:
    return made_twelve_hours()


BOMBS = {
    "twelve hours of silence in 3 MB": (twelve_hours, "te lang"),
    "an index of gigabytes in 2 kB": (lambda: inflating_m4a(2**28, 4), "kan ik niet openen"),
    "a zip": (zipped, "kan ik niet openen"),
    "cut off in its header": (lambda: twelve_hours()[:60], "kan ik niet openen"),
    "another container's name": (lambda: b"RIFF" + twelve_hours()[:50_000], "kan ik niet openen"),
    "19 MB of nothing": (lambda: b"OggS" + bytes(19_000_000), "kan ik niet openen"),
    "more than was claimed": (lambda: b"OggS" + bytes(24_000_000), "te groot"),
}


class Watched:
    """The most memory (MB) that a process and its children had, from now on."""

    def __init__(self, process: Process) -> None:
        assert process.running is not None
        self._root = psutil.Process(process.running.pid)
        self._over = threading.Event()
        self.before = self.most = self._now()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _now(self) -> float:
        total = 0
        for each in (self._root, *self._root.children(recursive=True)):
            try:
                total += each.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return total / 1e6

    def _look(self) -> None:
        while not self._over.wait(0.02):
            self.most = max(self.most, self._now())

    def end(self) -> float:
        self._over.set()
        self._thread.join()
        return self.most - self.before


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_gets_a_kind_answer_and_no_memory(town: Town, bomb: str) -> None:
    make, answer = BOMBS[bomb]
    data, who = make(), 3000 + list(BOMBS).index(bomb)
    (web,), provider = town.processes, town.provider
    provider.files[str(who)] = data
    for n, words in enumerate(LINES[:4]):
        assert post(web, str(who), n, words) == 200
    watched = Watched(web)
    # the size that it claims is a lie, so that it is fetched
    sent = voice(who, 4, str(who), 1000)
    url = web.url + "/webhooks/telegram"
    assert httpx.post(url, json=sent, headers=SECRET, timeout=60).status_code == 200
    assert post(web, "3999", 10 * who, "hoi") == 200  # others are served meanwhile
    until(lambda: len(provider.to(str(who))) >= 6)
    grown = watched.end()
    told = provider.texts(str(who))[-1]
    assert answer in told
    assert "Vertel je plan" in told  # and the question stands
    assert grown < MOST
    assert post(web, str(who), 5, "een bankje bij de school graag") == 200
    until(lambda: "bankje" in provider.texts(str(who))[-1])
    assert town.count("recordings") == 0

"""How long after its text a sound arrives, through the real way of a message.

    python -m bench.sound [--people 16] [--pause 3]

One server (`buurtstem serve`, SQLite) and a Telegram that notes what came when. Residents in four
languages choose to hear the answers and send in a plan; then as many others say the same, whose
sounds are there already. A sound that comes with its text, as one voice message, counts as 0.
Prints one line a figure.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import httpx
from aiohttp import web

from bot.i18n.catalogue import default
from bot.prompts import Text
from tests.faults.provider import Provider, Taken
from tests.faults.town import NO_TLS, SECRET, Process, Town, said
from tests.runtime.test_cli import PLANS

PATIENCE = 60.0  # seconds for what is still to come


class Listening(Provider):
    """Notes of each person: when a text came, when a sound, and what came as one."""

    def __init__(self) -> None:
        self.came: dict[str, list[tuple[str, float]]] = defaultdict(list)
        super().__init__()

    async def _send(
        self, request: web.Request, to: str, text: str, callback: str = ""
    ) -> Taken | web.Response:
        heard = request.match_info["method"] == "sendVoice"
        what = "both" if heard and text else "sound" if heard else "text"
        self.came[to].append((what, time.monotonic()))
        return await super()._send(request, to, text, callback)


def waits(came: list[tuple[str, float]]) -> list[float | None]:
    """Of each text the seconds until its sound, None when none came; sounds come in their order."""
    found: list[float | None] = []
    open_: list[tuple[int, float]] = []
    for what, at in came:
        if what == "sound" and open_:
            place, since = open_.pop(0)
            found[place] = at - since
        elif what != "sound":
            found.append(0.0 if what == "both" else None)
            if what == "text":
                open_.append((len(found) - 1, at))
    return found


def lines(language: str) -> list[str]:
    """A plan by somebody who wants to hear it."""
    hello, _, *rest = PLANS[language]
    return [hello, default().translate(Text("welcome.hear.label"), language), *rest]


async def talk(process: Process, person: int, language: str, pause: float) -> None:
    async with httpx.AsyncClient(timeout=30, verify=NO_TLS) as client:
        for n, words in enumerate(lines(language)):
            what: Any = said(person, n, words)
            answer = await client.post(
                f"{process.url}/webhooks/telegram", json=what, headers=SECRET
            )
            answer.raise_for_status()
            await asyncio.sleep(pause)


async def wave(process: Process, people: range, pause: float) -> None:
    languages = [*PLANS]
    await asyncio.gather(*(talk(process, n, languages[n % len(languages)], pause) for n in people))


def show(what: str, provider: Listening, people: range) -> None:
    every = [each for n in people for each in waits(provider.came[str(n)][2:])]
    heard = sorted(each for each in every if each is not None)
    print(f"{what}: texts {len(every)}, of which without a sound {len(every) - len(heard)}")
    print(f"{what}: at once, as one message {sum(each == 0 for each in heard)}")
    middle, late = statistics.median(heard), statistics.quantiles(heard, n=20)[-1]
    print(f"{what}: sound after its text, median ms {middle * 1000:.0f}, p95 {late * 1000:.0f}")
    print(f"{what}: longest ms {heard[-1] * 1000:.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--pause", type=float, default=3.0, help="seconds between two messages")
    asked = parser.parse_args()
    provider = Listening()
    with tempfile.TemporaryDirectory() as name:
        town = Town(Path(name), f"sqlite:///{name}/town.db", provider, hurry=False)
        try:
            town.load()
            process = town.web().start().wait()
            time.sleep(8)  # the first sounds are made at the start
            for what, first in (("new", 1000), ("kept", 2000)):
                people = range(first, first + asked.people)
                asyncio.run(wave(process, people, asked.pause))
                until_quiet(provider)
                show(what, provider, people)
        finally:
            town.close()
            provider.close()


def until_quiet(provider: Listening) -> None:
    """Until nothing came for three seconds."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        last = max(at for came in provider.came.values() for _, at in came)
        if time.monotonic() - last > 3:
            return
        time.sleep(0.2)


if __name__ == "__main__":
    main()

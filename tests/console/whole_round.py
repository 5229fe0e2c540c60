"""A whole round on a real server: its residents, its commands. Its office is in `office.py`.

The server is `buurtstem serve` in a process of its own, with the simulator and Telegram. Only
the quiet hours are taken away, so that the round can be played at any time of the day.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import time
import uuid
import wave
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx
import numpy as np
import pytest

from bot.i18n.catalogue import translate
from bot.prompts import Text
from bot.speech import audio
from bot.speech.speak import ESpeak
from tests import server
from tests.emulators.telegram import TOKEN, Person, TelegramEmulator

REPO = server.REPO
SPEECH = REPO.parent / "shared" / "data" / "speech"
PATIENCE = 60.0  # seconds until what does not come fails the test
PASSWORD = "a few words that nobody guesses"
T = TypeVar("T")


def until(what: str, found: Callable[[], T | None]) -> T:
    """What `found` gives as soon as it is anything; fails the test when it never is."""
    deadline = time.monotonic() + PATIENCE
    while not (result := found()):
        if time.monotonic() > deadline:
            pytest.fail(f"this did not come: {what}")
        time.sleep(0.05)
    return result


def small_round(folder: Path) -> Path:
    """The sample round, with three supporters for a plan and money for one plan."""
    text = (REPO / "examples" / "demo.toml").read_text("utf-8")
    for old, new in (
        ("support_threshold = 30", "support_threshold = 3"),
        ("budget = 120000", "budget = 30000"),
        ("budget = 200000", "budget = 110000"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    path = folder / "round.toml"
    path.write_text(text, "utf-8")
    return path


class Town:
    """The server and its commands; `emulator` is its Telegram."""

    def __init__(self, folder: Path, emulator: TelegramEmulator) -> None:
        self.folder, self.emulator = folder, emulator
        self.server = server.Server(
            folder,
            round_file=str(small_round(folder)),
            simulator="true",
            telegram_token=TOKEN,
            telegram_api_url=emulator.base_url,
            secret_key="a key of some length for the tests",
            pepper="a pepper of some length for the tests",
        )
        self.server.environment["BUURTSTEM_PUBLIC_URL"] = self.server.url
        self.database = f"sqlite:///{folder}/town.db"

    def command(self, *words: object, stdin: str = "") -> str:
        """What a command of the operator says."""
        done = subprocess.run(
            [sys.executable, "-c", server.COMMAND, *map(str, words)],
            cwd=self.folder,
            env=self.server.environment,
            input=stdin,
            text=True,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def account(self, name: str, role: str) -> None:
        """Somebody who may sign in to the console with `PASSWORD`."""
        who = ("console", "user", "add", name, "--role", role, "--password", "-")
        self.command(*who, stdin=PASSWORD)

    def resident(self, name: str, language: str) -> OnPage:
        return OnPage(language, self.server.url, name)

    def on_telegram(self, name: str, language: str) -> OnTelegram:
        return OnTelegram(language, self.emulator.person(language, name))


@contextmanager
def town_running(folder: Path, emulator: TelegramEmulator) -> Iterator[Town]:
    """The town, from its first to its last minute; what it logs as an error fails the test."""
    town = Town(folder, emulator)
    town.server.start()
    try:
        yield town
    finally:
        status = town.server.stop()
    assert status == 0, town.server.log
    assert "ERROR" not in town.server.log, town.server.log


# --- residents


@dataclass(frozen=True)
class Message:
    """What came from the bot: its text without the marks of direction, and its choices' ids."""

    text: str
    choices: tuple[str, ...] = ()

    def asks(self, state: str) -> bool:
        return not state or any(choice.startswith(state) for choice in self.choices)


def plain(text: str) -> str:
    """Without the signs that only say in which direction a line runs."""
    return re.sub("[\u200e\u200f\u061c\u2066-\u2069]", "", text)


@dataclass
class Resident(ABC):
    """Somebody with a phone, who waits for each answer."""

    language: str

    @abstractmethod
    def send(self, what: str | bytes) -> None:
        """A text, `#id` of a choice, or a recording."""

    @abstractmethod
    def messages(self) -> list[Message]:
        """All that came from the bot so far, in order."""

    def says(self, what: str | bytes, asks: str = "") -> Message:
        """Sends it, and waits for an answer whose choices are those of the state `asks`."""
        before = len(self.messages())
        self.send(what)
        try:
            return until(asks, lambda: self._after(before, lambda m: m.asks(asks)))
        except pytest.fail.Exception:
            pytest.fail(f"no {asks or 'answer'} to {what!r:.60} but {self.messages()[before:]}")

    def hears(self, text: str) -> Message:
        """Waits until such a message has come, if it has not come before."""
        return until(text, lambda: self._after(0, lambda m: text in m.text))

    def _after(self, start: int, fits: Callable[[Message], bool]) -> Message | None:
        return next((each for each in self.messages()[start:] if fits(each)), None)

    def begins(self) -> None:
        """Up to the menu."""
        self.says("👋", "welcome.language")
        self.says(f"#welcome.language:{self.language}", "welcome.privacy")
        self.says("#welcome.privacy:yes", "menu.menu")

    def tells(self, title: str, idea: str | bytes) -> str:
        """A plan of 20,000 euro at the Lindeplein, not yet sent; how its idea was read back."""
        self.says("#menu.menu:submit_plan")
        read_back = self.says(idea, "submit_plan.idea_check").text
        self.says("#submit_plan.idea_check:right", "submit_plan.title")
        self.says("#submit_plan.title:other")
        self.says(title, "submit_plan.theme")
        self.says("#submit_plan.theme:samen")
        self.says("Lindeplein 1")
        self.says("20000", "plan_details.photo")
        self.says("#plan_details.photo:skip", "plan_details.who")
        self.says("#plan_details.who:me", "plan_details.call")
        self.says("#plan_details.call:no", "submit_plan.summary")
        return read_back

    def sends(self) -> None:
        self.says("#submit_plan.summary:send", "submit_plan.sent")
        self.says("#submit_plan.sent:menu", "menu.menu")

    def supports(self, number: int, *, follow: bool = False) -> None:
        self.says(f"plan {number}", "support.plan:give")
        self.says("#support.plan:give", "support.given")
        if follow:
            self.says("#support.given:follow", "support.plan:unfollow")

    def votes(self, code: str, number: int) -> None:
        self.says("menu", "menu.menu:vote")
        self.says("#menu.menu:vote", "vote.code")
        self.says(code, "vote.age")
        self.says("#vote.age:yes", "vote.choose")
        self.says("#vote.choose:numbers")
        self.says(str(number), "vote.numbers")
        self.says("#vote.numbers:done", "vote.basket")
        self.says("#vote.basket:done", "vote.overview")
        self.says("#vote.overview:cast", "vote.receipt")
        self.says("#vote.receipt:menu", "menu.menu")


@dataclass
class OnPage(Resident):
    """Somebody at the simulator."""

    url: str
    name: str
    client: httpx.Client = field(default_factory=httpx.Client)
    got: list[Message] = field(default_factory=list)
    last: int = 0

    def send(self, what: str | bytes) -> None:
        who = {"as": self.name, "channel": "simulator", "hint": self.language}
        who |= {"id": str(uuid.uuid4())}
        at = self.url + "/simulator/api/messages"
        if isinstance(what, bytes):
            files = {"voice": ("note.wav", what, "audio/wav")}
            answer = self.client.post(at, data=who, files=files)
        elif what.startswith("#"):
            answer = self.client.post(at, json={**who, "choice": what[1:]})
        else:
            answer = self.client.post(at, json={**who, "text": what})
        assert answer.status_code == 200, answer.text

    def messages(self) -> list[Message]:
        asked: dict[str, str | int] = {"as": self.name, "after": self.last, "wait": 0}
        for each in self.client.get(self.url + "/simulator/api/messages", params=asked).json():
            choices = tuple(button["id"] for button in each["buttons"])
            self.got.append(Message(plain(each["text"]), choices))
            self.last = each["id"]
        return list(self.got)


@dataclass
class OnTelegram(Resident):
    """Somebody on Telegram."""

    person: Person

    def send(self, what: str | bytes) -> None:
        assert isinstance(what, str)
        if what.startswith("#"):
            self.person.taps(what[1:])
        else:
            self.person.says(what)

    def messages(self) -> list[Message]:
        return [
            Message(plain(sent.text), tuple(id_ for id_, _ in sent.buttons))
            for sent in self.person.messages()
        ]


def turkish_voice() -> bytes:
    """A WAV file of a person who counts in Turkish, or of a machine where there is no person."""
    folder = SPEECH / "tr"
    if folder.exists():
        said = [audio.decode((folder / f"gcompris_digit{n}.ogg").read_bytes()) for n in range(1, 7)]
    else:
        said = [audio.decode(ESpeak().say("Parkta çocuklar için salıncak istiyorum", "tr"))]
    pause = np.zeros(audio.RATE // 3, np.float32)
    samples = np.concatenate([part for each in said for part in (pause, each)])
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(audio.RATE)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return out.getvalue()


# --- what people must be told


def told(
    language: str, number: int, title: str, *body: Text, own: bool = True, foot: Text | None = None
) -> str:
    """News of a plan, put together from the catalogue."""
    head = "life.about_own" if own else "life.about_followed"
    lines = (Text(head, number=str(number), title=title), *body)
    foot = foot or (None if own else Text("life.unfollow", number=str(number)))
    parts = ["\n".join(translate(line, language) for line in lines)]
    parts += [translate(foot, language)] if foot else []
    return plain("\n\n".join(parts))


def news_of(resident: Resident, about: str = "") -> list[str]:
    """What they were told about plans without having asked, in order; of one title, or all."""
    sign = translate(Text("life.about_own", number="", title=""), "nl")[0]
    texts = [each.text for each in resident.messages() if each.text.startswith(sign)]
    return [text for text in texts if about in text.partition("\n")[0]]


def must_hear(resident: Resident, expected: list[str], about: str = "") -> None:
    """Waits until there are so many; then they must be these, in this order."""
    until(expected[-1], lambda: len(news_of(resident, about)) >= len(expected))
    assert news_of(resident, about) == expected

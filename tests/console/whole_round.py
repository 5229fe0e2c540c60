"""A whole round on a real server: its residents, its office in a browser, its commands.

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
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import httpx
import numpy as np
import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from bot.i18n.catalogue import translate
from bot.prompts import Text
from bot.speech import audio
from bot.speech.speak import ESpeak
from civic.rounds import AMSTERDAM
from console.texts import texts
from tests import server
from tests.emulators.telegram import TOKEN, Person, TelegramEmulator

REPO = server.REPO
SPEECH = REPO.parent / "shared" / "data" / "speech"
PATIENCE = 60.0  # seconds until what does not come fails the test
AWAKE = (
    "from datetime import time; from civic import worktime;"
    "worktime.QUIET_FROM, worktime.QUIET_UNTIL = time.max, time.min;"
)
PASSWORD = "a few words that nobody guesses"
NL = texts("nl")
T = TypeVar("T")


def until(what: str, found: Callable[[], T]) -> T:
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
def town_running(
    folder: Path, emulator: TelegramEmulator, patch: pytest.MonkeyPatch
) -> Iterator[Town]:
    """The town, from its first to its last minute; what it logs as an error fails the test."""
    patch.setattr(server, "COMMAND", AWAKE + server.COMMAND)
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


# --- the office


@dataclass
class Clerk:
    """Somebody at the console, in a browser window of their own."""

    page: Page
    url: str

    def opens(self, path: str) -> None:
        answer = self.page.goto(f"{self.url}/console{path}")
        assert answer is not None
        assert answer.status == 200, path

    def presses(self, key: str, **params: object) -> None:
        """A button by its text in the catalogue; the page that follows has been loaded."""
        button = self.page.locator("main").get_by_role(
            "button", name=NL.t(key, **params), exact=True
        )
        self._followed(button)

    def follows(self, key: str) -> None:
        self._followed(self.page.locator("main").get_by_role("link", name=NL.t(key), exact=True))

    def _followed(self, what: Locator) -> None:
        fine = self._is_taken(what)
        assert fine, (self.page.url, self.page.locator(".error").all_inner_texts())

    def fills(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.locator(f'[name="{name}"]').fill(value)

    def picks(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.locator(f'select[name="{name}"]').select_option(value)

    @property
    def text(self) -> str:
        return self.page.locator("main").inner_text()

    def steps(self, number: int, to: str, **fields: str) -> None:
        """Takes a step with a plan: what people will be told is looked at first."""
        self.opens(f"/plans/{number}/step/{to}")
        self.fills(**fields)
        self.presses("step.look")
        self.presses(f"step.go.{to}")
        assert NL.t("step.taken") in self.page.locator("body").inner_text()

    def has_tested(self, number: int, field: str, assessor: str) -> None:
        self.opens(f"/plans/{number}/test")
        self.fills(field=field)
        self.picks(assessor=assessor)
        self.presses("assessments.do_begin")

    def judges(self, number: int, verdict: str, **notes: str) -> None:
        """Opens the oldest test of the plan in their own queue, and gives the verdict."""
        self.opens("/assessments?whose=mine")
        row = self.page.get_by_role("row").filter(
            has=self.page.locator(".num", has_text=str(number))
        )
        self._followed(row.get_by_role("link").first)
        self.fills(**notes)
        self.picks(verdict=verdict)
        self.presses("assessments.judge")

    def sets_phase(self, name: str) -> None:
        self.opens("/round")
        self.page.locator("details", has_text=NL.t("round.set_by_hand")).locator("summary").click()
        self.page.locator(f'[name="phase"][value="{name}"]').check()
        self.presses("round.look")
        self.presses("round.do_set")

    def publishes_soon(self) -> int:
        """The results, as soon as there is time to look at them first; when (milliseconds)."""
        for seconds in (8, 30, 90):
            self.opens("/results")
            at = int(time.time()) + seconds
            self.fills(at=on_the_clock(at))
            look = self.page.get_by_role("button", name=NL.t("results.look"))
            sure = self.page.locator('button[name="sure"]')
            if self._is_taken(look) and self._is_taken(sure):
                return 1000 * at
            errors = self.page.locator(".error").all_inner_texts()
            assert errors == [NL.t("results.when_past")], errors
        pytest.fail("there was never time to look at the results")

    def _is_taken(self, button: Locator) -> bool:
        """Whether the form was in order."""
        with self.page.expect_navigation() as loaded:
            button.click()
        return loaded.value is not None and loaded.value.status == 200

    def history(self, number: int) -> list[str]:
        """The plan's statuses so far, as the console shows them."""
        self.opens(f"/plans/{number}")
        return self.page.locator(".timeline .badge").all_text_contents()

    def messages(self) -> list[str]:
        """Of what the plan's initiator was told, by the page that is open, the oldest first."""
        rows = self.page.locator('[aria-labelledby="messages"] li > span:first-child')
        return rows.all_text_contents()[::-1]


def sign_in(town: Town, browser: Browser, name: str) -> Clerk:
    """As people do the first time: password, app, codes."""
    page = window(browser).new_page()
    clerk = Clerk(page, town.server.url)
    clerk.opens("/signin")
    clerk.fills(name=name, password=PASSWORD)
    clerk.presses("signin.do")
    secret = page.locator(".secret").text_content() or ""
    clerk.fills(code=pyotp.TOTP(secret.replace(" ", "")).now())
    clerk.presses("signin.go_on")
    clerk.follows("codes.kept")
    return clerk


def window(browser: Browser) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="nl-NL")
    context.set_default_timeout(PATIENCE * 1000)
    return context


def on_the_clock(moment: float) -> str:
    """A moment (seconds) as a field for date and time has it."""
    return datetime.fromtimestamp(moment, AMSTERDAM).strftime("%Y-%m-%dT%H:%M:%S")

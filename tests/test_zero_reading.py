"""Somebody who cannot read sends in a plan and votes: in four languages, on three channels.

One server for all. The resident has only what was heard (see `tests.listener_resident`); what the
messages say in writing is looked at here for one thing only: that none asks without a sound.
"""

from __future__ import annotations

import csv
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.i18n.languages import LANGUAGES
from bot.messages import Sound
from bot.prompts import Text
from bot.speech import audio
from bot.speech.speak import ESpeak
from civic.plans import Status
from civic.receipts import SIGNS, receipt
from runtime.round_file import load_round
from storage import envelopes, plans, rounds
from storage.db import Database
from storage.times import now_ms
from tests.caller import PATIENCE, Caller, Line, Voice, wav
from tests.emulators import telegram, twilio
from tests.emulators.telegram import TelegramEmulator
from tests.listener_resident import (
    HEARD,
    OWN_LANGUAGE,
    Keys,
    Pick,
    Resident,
    Samples,
    Say,
    Speak,
    said,
    samples,
)
from tests.runtime.phone.world import PEPPER, SENTENCES, SPEECH
from tests.runtime.twilio_world import rows
from tests.server import COMMAND, REPO, Server

pytestmark = pytest.mark.slow

CHANNELS = ("telegram", "whatsapp", "phone")
CASES = [(channel, language) for channel in CHANNELS for language in LANGUAGES]
ROUND = REPO / "examples" / "demo.toml"
AREA = load_round(ROUND).areas[0]
AT_ONCE = 6  # journeys
MOST_CALLS = 5  # for one plan, on a busy machine
HUMAN = {"nl": "nl/vlaams_vl04108.wav", "en": "en/fleurs_000.ogg"}

GREETED, GREETED_BY_PHONE = "welcome.greeting_aloud", "welcome.greeting"
CODE, OVERVIEW = "vote.code", "vote.overview"
SENT, RECEIPT = "submit_plan.sent", "vote.receipt"
BEGINNING = {
    GREETED: Pick(OWN_LANGUAGE),
    GREETED_BY_PHONE: Pick(OWN_LANGUAGE),
    "welcome.privacy": Pick(Text("welcome.agree.label")),
}
PLAN = {
    **BEGINNING,
    "menu.menu": Pick(Text("menu.submit_plan.label")),
    "submit_plan.idea": Speak(),
    "submit_plan.idea_check": Pick(Text("submit_plan.right.label")),
    "submit_plan.title": Pick(Text("submit_plan.title_good.label")),
    "submit_plan.theme": Pick(Text("common.unknown.label")),
    "submit_plan.place": Pick(AREA.name),
    "submit_plan.cost": Keys("1500"),
    "submit_plan.photo": Pick(Text("submit_plan.no_photo.label")),
    "submit_plan.who": Pick(Text("submit_plan.who_me.label")),
    "submit_plan.call": Pick(Text("common.no.label")),
    "submit_plan.summary": Pick(Text("submit_plan.send.label")),
    SENT: None,
}
BY_VOICE = {**PLAN, "submit_plan.theme": Say(Text("common.unknown.label"))}
VOTE = {
    **BEGINNING,
    SENT: Pick(Text("common.menu.label")),
    "menu.menu": Pick(Text("menu.vote.label")),
    CODE: None,
    "vote.age": Pick(Text("common.yes.label")),
    "vote.choose": Pick(Text("vote.browse.label")),
    "vote.browse": Pick(Text("vote.choose.label")),
    "vote.basket": Pick(Text("vote.ready.label")),
    OVERVIEW: Pick(Text("vote.cast.label")),
    RECEIPT: None,
}
ONE_IS_ENOUGH = {**VOTE, "vote.browse": Pick(Text("vote.done.label"))}


# --- what residents hold ------------------------------------------------------------------------


@dataclass
class Messenger:
    """WhatsApp or Telegram."""

    person: telegram.Person | twilio.Person
    phrase: str = "sound.answer"
    mute: int = 0
    sizes: list[int] = field(default_factory=list)
    _questions: int = 0
    _sounds: int = 0

    @property
    def address(self) -> str:
        return self.person.address

    def hears(self) -> list[Samples]:
        """The next sounds that come."""
        new = self.person.replies(timeout=PATIENCE)
        self._questions += sum(asks(each) for each in new)
        heard = [each.sound for each in new if each.sound is not None]
        self._sounds += len(heard)
        self.sizes += map(len, heard)
        return [samples(sound) for sound in heard]

    def press(self, keys: str) -> None:
        self._acts()
        self.person.says(keys)

    def say(self, recording: Samples) -> None:
        self._acts()
        self.person.sends_voice(audio.to_ogg_opus(recording, audio.RATE))

    def _acts(self) -> None:
        self.mute += max(0, self._questions - self._sounds)
        self._questions = self._sounds = 0


def asks(sent: telegram.Sent | twilio.Sent) -> bool:
    return bool(sent.buttons) or bool(re.search(r"[?؟]", sent.text))


class Handset(Caller):
    """A telephone on which nothing is recognised, only heard."""

    sounds: list[Samples]
    sizes: list[int]

    def _recognised(self, samples: Samples) -> Sound:
        self.sounds.append(samples)
        self.sizes.append(len(samples))  # 8 bits each
        return Sound("", "")


@dataclass
class Telephone:
    """A telephone, with which one calls us."""

    caller: Handset
    calls: int = 0
    phrase: str = "sound.press"
    mute: int = 0

    @property
    def address(self) -> str:
        return self.caller.number

    @property
    def sizes(self) -> list[int]:
        return self.caller.sizes

    def hears(self) -> list[Samples]:
        """What was played since the last act: on the line nothing comes later. Who was told that
        listening takes long, and that the call ends, calls again."""
        if not self.caller.sounds:
            assert self.caller.wanted == "", "something was asked, and not understood"
            self.calls += 1
            assert self.calls < MOST_CALLS
            self.caller.calls()
        heard, self.caller.sounds = self.caller.sounds, []
        return heard

    def press(self, keys: str) -> None:
        self.caller.press(keys + "#" if self.caller.wanted == "number" else keys)

    def say(self, recording: Samples) -> None:
        self.caller.speaks(wav(recording, audio.RATE))


# --- the town -----------------------------------------------------------------------------------


@dataclass
class Town:
    """The server, what stands around it, and who lives there."""

    folder: Path
    server: Server
    line: Line
    telegram: TelegramEmulator
    residents: dict[tuple[str, str], Resident] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    told: dict[tuple[str, str], Future[None]] = field(default_factory=dict)
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE))

    def move_in(self) -> None:
        """Everybody begins, some at once: most of their time they wait for each other's turn."""
        for channel, language in CASES:
            device = self._telephone() if channel == "phone" else self._messenger(channel)
            who = Resident(device, language, story(language), partial(digit, language))
            self.residents[channel, language] = who
            self.told[channel, language] = self.pool.submit(send_a_plan, who, channel)

    def resident(self, channel: str, language: str) -> Resident:
        """Somebody who has sent in a plan and heard its number."""
        self.told[channel, language].result()
        return self.residents[channel, language]

    def _messenger(self, channel: str) -> Messenger:
        at = self.telegram if channel == "telegram" else self.line
        return Messenger(replace(at.person(), listens=True))

    def _telephone(self) -> Telephone:
        number = f"+316123400{len(self.residents):02}"
        deaf = Voice(lambda sound: b"")
        handset = Handset(self.line, self.folder, PEPPER.encode(), deaf, number)
        handset.sounds, handset.sizes = [], []
        return Telephone(handset)

    def run(self, *command: str) -> None:
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, *command],
            env=self.server.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def reads(self, sql: str) -> list[tuple[Any, ...]]:
        return rows(self.folder, sql)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    line, emulator = Line(), TelegramEmulator()
    settings = {**line.settings, "telegram_token": telegram.TOKEN}
    settings |= {"telegram_api_url": emulator.base_url, "round_file": str(ROUND)}
    settings |= {"secret_key": "a key of some length for the tests", "pepper": PEPPER}
    server = Server(folder, "serve", "--poll", **settings)
    server.start()
    line.server_url = server.url
    town = Town(folder, server, line, emulator)
    town.move_in()
    yield town
    town.pool.shutdown(cancel_futures=True)
    status, log = server.stop(), server.log
    line.close()
    emulator.close()
    tell(town)
    assert (status, line.violations, line.leaked) == (0, [], 0)
    assert "ERROR" not in log, log


@pytest.fixture(scope="module")
def voting(town: Town) -> Town:
    """The vote is open, for plans that were told by voice; everybody has a letter with a code."""
    wait(town.told.values())
    database = Database.open(f"sqlite:///{town.folder}/town.db")
    database.call(admit_all)
    database.close()
    town.run("round", "phase", "vote")
    town.run("election", "keygen", "--trustees", "3", "--threshold", "2", "--out", "key")
    town.run("stempas", "issue", "--area", AREA.id, "--count", str(len(CASES)), "--out", "codes")
    with (town.folder / "codes").open() as file:
        town.codes = ["".join(row[0].split()) for row in list(csv.reader(file))[1:]]
    return town


def admit_all(conn: Any) -> None:
    active = rounds.active(conn)
    assert active
    for number in range(1, len(CASES) + 1):
        if plan := plans.by_number(conn, active.id, number):
            plans.set_status(conn, plan.id, plan.status, Status.ADMITTED, "test", "", now_ms())


def tell(town: Town) -> None:
    """The figures of the journeys."""
    for channel in CHANNELS:
        here = [who for (where, _), who in town.residents.items() if where == channel]
        sizes = sorted(size for who in here for size in who.device.sizes)
        if sizes:
            print(
                f"{channel}: {sum(who.sounds for who in here)} sounds heard,"
                f" {sum(who.by_voice for who in here)} answers by voice,"
                f" {sum(who.by_keys for who in here)} by keys"
                f" ({sum(who.after_all for who in here)} after a voice in vain);"
                f" bytes a sound: median {statistics.median(sizes):.0f}, most {sizes[-1]}"
            )


# --- what they say ------------------------------------------------------------------------------


def story(language: str) -> Samples:
    """A plan: a person's voice where there is a recording, else a machine's."""
    if language in HUMAN and (recording := SPEECH / HUMAN[language]).exists():
        return audio.decode(recording.read_bytes())
    return audio.decode(ESpeak().say(SENTENCES[language], language))


def says_numbers(resident: Resident) -> bool:
    """By phone one has keys. Two languages: what answers sound like is made first, for a while."""
    return isinstance(resident.device, Messenger) and resident.language in ("nl", "ar")


def digit(language: str, n: int) -> Samples:
    """A digit, said by a person where there is a recording."""
    for recording in SPEECH.glob(f"{language}/*digit{n}.ogg"):
        return audio.decode(recording.read_bytes())
    return audio.decode(ESpeak().say(str(n), language))


def send_a_plan(resident: Resident, channel: str) -> None:
    if isinstance(resident.device, Telephone):
        resident.device.caller.calls()
    else:
        resident.device.press("/start" if channel == "telegram" else "1")
    greeted = GREETED_BY_PHONE if channel == "phone" else GREETED
    assert resident.listens([greeted]) == greeted
    assert all(resident.hears(greeted, code) for code in LANGUAGES)
    resident.answers(Pick(OWN_LANGUAGE))
    resident.goes_on(BY_VOICE if says_numbers(resident) else PLAN, SENT)


# --- the journeys -------------------------------------------------------------------------------


@pytest.mark.parametrize(("channel", "language"), CASES)
def test_a_plan_is_told_heard_back_and_sent(town: Town, channel: str, language: str) -> None:
    resident = town.resident(channel, language)
    sentence = number_sentence(language)
    number = resident.told({n: sentence.replace("{number}", str(n)) for n in range(1, 20)})
    whose = "SELECT p.id, p.language, p.theme, a.address FROM plans p JOIN addresses a"
    whose += f" ON a.person_id = p.initiator WHERE p.number = {number}"
    ((plan, *theirs),) = town.reads(whose)
    assert theirs == [language, None, resident.device.address]  # "I do not know": no theme
    assert town.reads(f"SELECT count(*) FROM recordings WHERE plan_id = {plan}") == [(1,)]
    assert resident.by_voice == 1 + says_numbers(resident)
    assert resident.device.mute == 0
    if isinstance(resident.device, Telephone):
        resident.device.caller.hangs_up()


def number_sentence(language: str) -> str:
    """The sentence in which a plan's number is told."""
    whole = said(Text(SENT, number="{number}", then=""), language)
    return next(line for line in whole.split("\n") if "{number}" in line)


@pytest.mark.parametrize(("channel", "language"), CASES)
def test_a_vote_is_cast_and_its_signs_are_heard(voting: Town, channel: str, language: str) -> None:
    resident = voting.resident(channel, language)
    before = cast(voting)
    code = voting.codes[CASES.index((channel, language))]
    if isinstance(resident.device, Telephone):
        resident.device.caller.calls()
    else:
        resident.device.press("99")  # no answer to anything: what can be done now is told again
    resident.goes_on(VOTE, CODE)
    resident.device.press(code)
    resident.goes_on({**VOTE, CODE: Keys("*")}, "vote.browse")
    resident.answers(Pick(Text("vote.choose.label")))
    resident.goes_on(ONE_IS_ENOUGH, RECEIPT)
    assert OVERVIEW in resident.asked
    after = cast(voting)
    (box,) = after.keys() - before.keys()
    assert heard_signs(resident, receipt(box))
    assert turnout(voting) == len(after) == len(before) + 1
    assert resident.device.mute == 0
    if isinstance(resident.device, Telephone):
        resident.device.caller.hangs_up()


def heard_signs(resident: Resident, signs: tuple[str, ...]) -> bool:
    """Whether these signs were heard, in this order, and not in another."""
    backwards = resident.far(words_of_signs(signs[::-1], resident.language))
    heard = resident.far(words_of_signs(signs, resident.language))
    return heard < HEARD and heard < backwards


def words_of_signs(signs: tuple[str, ...], language: str) -> str:
    names = {sign: name.replace(" ", "_") for name, sign in SIGNS.items()}
    return "\n".join(said(Text(f"sign.{names[sign]}"), language) for sign in signs)


def cast(town: Town) -> dict[bytes, str]:
    """What lies in the box."""
    database = Database.open(f"sqlite:///{town.folder}/town.db")
    found = database.read(lambda conn: envelopes.boxes(conn, 1))
    database.close()
    return {box: credential for credential, box in found}


def turnout(town: Town) -> int:
    ((count,),) = town.reads("SELECT sum(count) FROM turnout")
    return int(count)

"""What people who call know and do."""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.speech import audio, telephone
from bot.speech.speak import ESpeak
from tests.caller import PATIENCE, Caller, wav
from tests.server import REPO

PEPPER = "a pepper that only these tests know"
SPEECH = REPO.parent / "shared" / "data" / "speech"


KEYS = {"nl": "1", "en": "2", "tr": "3", "ar": "4"}
SENTENCES = {
    "nl": "Ik wil graag meer licht in het park bij de speeltuin.",
    "en": "I want more light in the park near the playground.",
    "tr": "Parkta oyun alanının yanında daha fazla ışık istiyorum.",
    "ar": "أريد المزيد من الضوء في الحديقة قرب الملعب.",
}
# What somebody does who hears these.
ANSWERS = {
    "submit_plan.idea_check": "1",
    "submit_plan.title": "1",
    "submit_plan.theme": "2",
    "submit_plan.place": "1",
    "submit_plan.cost": "1500#",
    "submit_plan.who": "2",
    "submit_plan.call": "2",
}


def spoken_by_a_machine(language: str) -> bytes:
    """A plan, said on the line."""
    sound = ESpeak().say(SENTENCES[language], language)
    return wav(audio.decode(sound, rate=telephone.RATE))


def at_the_menu(caller: Caller, language: str = "nl") -> Caller:
    caller.calls()
    assert caller.hears("welcome.greeting")
    assert [each.language for each in caller.heard] == list(KEYS)
    caller.press(KEYS[language])
    assert caller.hears("welcome.privacy")
    caller.press("1")
    assert caller.hears("menu.menu")
    assert {each.language for each in caller.heard} == {language}
    return caller


def asked_for_the_plan(caller: Caller, language: str = "nl") -> Caller:
    at_the_menu(caller, language).press("1")
    assert caller.hears("submit_plan.idea")
    assert caller.hears("phone.beep")
    assert caller.wanted == "voice"
    return caller


def up_to(caller: Caller, key: str) -> Caller:
    """Answers what is asked until this is heard."""
    for _ in range(12):
        if caller.hears(key):
            return caller
        caller.press(next(keys for asked, keys in ANSWERS.items() if caller.hears(asked)))
    raise AssertionError(caller.said())


def until(ready: Callable[[], bool]) -> None:
    """Waits for it; a busy machine may take long to understand a recording."""
    deadline = time.monotonic() + PATIENCE
    while not ready():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)

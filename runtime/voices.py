"""Which voice says what: the settings `BUURTSTEM_VOICE_…`, one for each language.

`espeak` (as it is without a setting), `espeak:nl+f2` for one of eSpeak NG's variants, or
`piper:/path/to/voice.onnx`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from bot.channels.limits import LIMITS
from bot.channels.render import render
from bot.engine.moves import question
from bot.i18n.languages import LANGUAGES
from bot.messages import Channel, Sound
from bot.prompts import World
from bot.session import FIRST_LANGUAGE, Session
from bot.speech import piper, speak
from bot.speech.speak import Engine, ESpeakVoice, SpeakError, Voices
from civic.rounds import today
from runtime.config import PREFIX, ConfigError, Settings
from runtime.sounds import Sounds
from storage import rounds
from storage.db import Database
from storage.rounds import ActiveRound

log = logging.getLogger(__name__)

# What nearly everybody hears in their first minutes.
COMMON = ("welcome.privacy", "menu.menu", "submit_plan.idea")


def speaker(settings: Settings) -> Voices:
    """The voices that the settings name. Raises `ConfigError`: one line that says what to do."""
    engines: dict[str, Engine] = {}
    for language in LANGUAGES:
        wanted = str(getattr(settings, f"voice_{language}", ""))
        try:
            if engine := _engine(wanted):
                engines[language] = engine
        except SpeakError as error:
            raise ConfigError(f"{PREFIX}VOICE_{language.upper()}: {error}") from None
    return Voices(engines)


def _engine(wanted: str) -> Engine | None:
    """None for the embedded voice of the language."""
    kind, _, which = wanted.partition(":")
    if kind in ("", "espeak") and not which:
        return None
    if kind == "espeak":
        speak.check(which)
        return ESpeakVoice(which)
    if kind == "piper" and which:
        path = Path(which)
        piper.check(path)
        return piper.Piper(path)
    raise SpeakError("write espeak, espeak:VOICE or piper:/path/to/voice.onnx")


def warm_up(sounds: Sounds, db: Database, stopping: Callable[[], bool] = lambda: False) -> int:
    """Makes what nearly everybody will hear, so that it is there at once; how many sounds."""
    made = 0
    try:
        for sound in dict.fromkeys(common(db.read(rounds.active))):
            if stopping():
                break
            made += bool(sounds.made(sound))
    except Exception as error:  # then they are made when somebody wants them
        if not stopping():
            log.error("the first sounds cannot be made: %s", type(error).__name__)
    return made


def common(active: ActiveRound | None) -> Iterator[Sound]:
    """The first questions, in every language of the round."""
    day = today(datetime.now(UTC))
    round_ = active.round if active else None
    at = round_.day_in(active.phase, day) if round_ and active and active.phase else day
    names = {code: language.own_name for code, language in LANGUAGES.items()}
    if round_:
        names = {c: name for c, name in names.items() if c in round_.languages} or names
    world = World(round_, day, at, languages=names)
    for code in names:
        greeted = Session(FIRST_LANGUAGE, answers={"guess": code})
        yield from _sounds_of(greeted, code, world)
        for state in COMMON:
            there = Session(state, code, sound=True, consent=True)
            yield from _sounds_of(there, code, world)


def _sounds_of(session: Session, code: str, world: World) -> Iterator[Sound]:
    try:
        step = question(session, world)
    except KeyError:  # a state that the program no longer has
        return
    for reply in step.replies:
        messages = render(reply, code, LIMITS[Channel.TELEGRAM], sound=True)
        yield from (message.sound for message in messages if message.sound)

"""Turns of a call, put together from what the dialogue says and what this channel adds. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.channels.phone import Act, Turn
from bot.i18n.catalogue import default
from bot.i18n.script import without_signs
from bot.messages import Sound
from bot.prompts import Param, Text
from runtime.phone_asks import Asked

KEYS, HIDDEN, SMS = "keys", "hidden", "sms"  # what is told, or offered, once in a call
MOMENT_EVERY = 4  # waits: how often somebody who waits hears that we are still there


def spoken(key: str, language: str, **params: Param) -> Sound:
    """A text of the catalogue, to be heard."""
    said = default().translate(Text(key, **params), language, spoken=True)
    return Sound(without_signs(said) or said, language)


def ended(n: int, language: str, key: str = "phone.bye") -> Turn:
    """The last turn."""
    return Turn(n, (spoken(key, language),), "end", language=language)


def waiting(n: int, language: str, said: Sequence[Sound], told: frozenset[str]) -> Turn:
    """Something is being understood."""
    plays = tuple(said) or (spoken("phone.moment", language),)
    return Turn(n, plays, "wait", told=told, language=language)


def still_waiting(turn: Turn, times: int) -> Turn:
    moment = (spoken("phone.moment", turn.language),) if times % MOMENT_EVERY == 0 else ()
    return replace(turn, plays=moment, times=times)


def asking(
    act: Act, n: int, said: Sequence[Sound], asked: Asked, told: frozenset[str], *, sms: bool
) -> Turn:
    """A question, with what this channel adds to it."""
    extras = _extras(asked, sms=sms and SMS not in told and not act.is_hidden)
    hints = _hints(act, asked, told)
    plays = [*said, *_offers(asked, extras), *(spoken(f"phone.{h}", asked.language) for h in hints)]
    if asked.signs:
        once_more = spoken("phone.signs", asked.language, signs=asked.signs)
        plays.insert(len(said), replace(once_more, secret=True))
    if asked.way == "voice":
        plays.append(spoken("phone.beep", asked.language))
    return Turn(
        n,
        tuple(plays),
        asked.way,
        asked.most,
        asked.pause,
        asked.keys,
        extras,
        told | frozenset(hints) | frozenset(extras.values()) & {SMS},
        strict=asked.strict,
        language=asked.language,
    )


def _extras(asked: Asked, *, sms: bool) -> dict[str, str]:
    if asked.speak:
        return {asked.speak: "speak"}
    return {str(len(asked.keys) + 1): SMS} if asked.sent and sms else {}


def _offers(asked: Asked, extras: dict[str, str]) -> list[Sound]:
    offers = [
        spoken(f"phone.press_{what}", asked.language, number=int(key))
        for key, what in extras.items()
    ]
    return [*offers, spoken("phone.then_hash", asked.language)] if asked.more else offers


def _hints(act: Act, asked: Asked, told: frozenset[str]) -> list[str]:
    """What somebody is told once in a call; the keys again when they are lost."""
    hints = []
    if asked.settled and act.is_hidden and HIDDEN not in told:
        hints.append(HIDDEN)
    if asked.settled and (KEYS not in told or asked.misses > 1):
        hints.append(KEYS)
    return hints


def speaking(turn: Turn) -> Turn:
    """The caller asked to say something."""
    said = (spoken("phone.beep", turn.language),)
    return Turn(turn.n + 1, said, "voice", told=turn.told, language=turn.language)


def other_key(turn: Turn, times: int) -> Turn:
    """A key that is no answer here."""
    said = (spoken("phone.other_key", turn.language), *turn.plays)
    return replace(turn, plays=said, times=times)


def texted(turn: Turn) -> Turn:
    """The number of the plan is on its way; the question again, without that offer."""
    offered = spoken("phone.press_sms", turn.language, number=int(next(iter(turn.extras))))
    rest = tuple(each for each in turn.plays if each != offered)
    said = (spoken("phone.sms_sent", turn.language), *rest)
    return replace(turn, n=turn.n + 1, plays=said, extras={}, times=0)

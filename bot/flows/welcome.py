"""Welcome: the language in its own name, then who keeps what, then yes or no.

The first question is heard as well, in each language in turn, and asks whether to go on so: each
language can be chosen with sound or without. Who begins with a voice note need not be asked.

What somebody tells before that is kept aside in `first`, in the form of a draft (see `draft`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot import understand
from bot.flows import link
from bot.flows.common import retention_text, wants_to_submit
from bot.flows.draft import with_part
from bot.flows.vote_code import brought
from bot.prompts import Answer, Ask, Choice, Choose, Command, Do, End, Go, Outcome, Scene, Text

HEARD = "hear-"  # begins the id of a language that is chosen with sound
NOTHING: Mapping[str, Any] = {}
WORDS_OF_A_PLAN = 5  # a first message this long is more than a greeting


def hello(scene: Scene) -> Ask:
    """Before the first word: whatever comes, text or voice, is welcome."""
    greetings = Text("welcome.language", greetings=_greetings(scene))
    return Ask(greetings, _met, accepts=("text", "voice", "location", "photo"))


def _met(scene: Scene, answer: Answer) -> Go:
    code = understand.language_named(answer.text, tuple(scene.world.languages))
    if code:
        return _in_language(code, _by_ear(answer))
    return Go("language", keep=_aside(scene, answer), settings=_by_ear(answer))


def _by_ear(answer: Answer) -> dict[str, Any]:
    """Who speaks rather than types gets to hear the answers."""
    return {"sound": True} if answer.kind == "voice" else {}


def _aside(scene: Scene, answer: Answer) -> dict[str, Any]:
    """What somebody said at once, kept so that nobody has to say it twice; and its language."""
    guess = answer.language or understand.guess_language(answer.text, tuple(scene.world.languages))
    keep: dict[str, Any] = {"guess": guess or scene.answers.get("guess")}
    grown = with_part(first(scene), answer) if _tells(answer) else None
    return {**keep, "first": grown} if grown else keep


def _tells(answer: Answer) -> bool:
    return answer.media is not None or len(answer.text.split()) >= WORDS_OF_A_PLAN


def first(scene: Scene) -> Mapping[str, Any]:
    """What was told before anything was asked; {} for nothing."""
    found = scene.answers.get("first")
    return found if isinstance(found, dict) else {}


def language(scene: Scene) -> Ask:
    """Every language names itself; the guessed one stands first, and is only offered."""
    greetings = Text("welcome.language", greetings=_greetings(scene))
    return Ask(
        greetings,
        _language_chosen,
        accepts=("text", "voice", "photo"),
        choices=(*language_choices(scene), *_with_sound(scene)),
        easier=greetings,
    )


def _ordered(scene: Scene) -> list[str]:
    guess = scene.language or scene.answers.get("guess")
    return sorted(scene.world.languages, key=lambda code: code != guess)


def _greetings(scene: Scene) -> tuple[Text, ...]:
    if _asks_for_sound(scene):
        return tuple(Text("welcome.greeting_aloud", in_language=code) for code in _ordered(scene))
    return tuple(Text("welcome.greeting", in_language=code) for code in _ordered(scene))


def _asks_for_sound(scene: Scene) -> bool:
    return "sound" in scene.world.ways and not scene.sound


def language_choices(scene: Scene) -> tuple[Choice, ...]:
    return tuple(
        Choice(code, Text("welcome.own_language.label", in_language=code))
        for code in _ordered(scene)
    )


def _with_sound(scene: Scene) -> tuple[Choice, ...]:
    """The same languages once more, to be read aloud from here on."""
    if not _asks_for_sound(scene):
        return ()
    return tuple(
        Choice(HEARD + code, Text("welcome.hear.label", in_language=code))
        for code in _ordered(scene)
    )


def _language_chosen(scene: Scene, answer: Answer) -> Go:
    if answer.choice.startswith(HEARD):
        return _in_language(answer.choice.removeprefix(HEARD), {"sound": True})
    code = answer.choice or understand.language_named(answer.text, tuple(scene.world.languages))
    if code:
        return _in_language(code, _by_ear(answer))
    keep = _aside(scene, answer)
    return Go("language", keep=keep, settings=_by_ear(answer), missed=not _tells(answer))


def _in_language(code: str, settings: Mapping[str, Any] = NOTHING) -> Go:
    return Go("privacy", settings={"language": code, **settings}, keep={"guess": None})


def privacy(scene: Scene) -> Choose:
    """Who keeps what, how long; nothing is kept before a yes. Read, or heard."""
    hear = (Choice("hear", Text("welcome.hear.label"), "listen"),)
    return Choose(
        Text("welcome.privacy", keeper=retention_text(scene)),
        (
            Choice("yes", Text("welcome.agree.label"), "yes"),
            Choice("no", Text("welcome.refuse.label"), "no"),
            *(hear if "sound" in scene.world.ways and not scene.sound else ()),
        ),
        _consented,
        by_hand=True,
    )


def _consented(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "hear":
        return Go("privacy", settings={"sound": True})
    if answer.choice == "no":
        return Go("forget", keep={"vote": None, "link": None})
    brought_ = brought(scene) or link.brought(replace(scene, consent=True))
    if brought_:
        return replace(brought_, settings={"consent": True}, say=(*_THANKS, *brought_.say))
    if first(scene) and wants_to_submit(scene):
        return Go("begin_plan.is_it_a_plan", settings={"consent": True}, fresh=True)
    said = Text("menu.heard_but_closed") if first(scene) else Text("welcome.thanks")
    return Go(
        "menu.menu",
        settings={"consent": True},
        keep={"first": None},
        say=(said,),
        fresh=True,
    )


_THANKS = (Text("welcome.thanks"),)


def forget(scene: Scene) -> Do:
    return Do(Command("forget"), _forgotten)


def _forgotten(scene: Scene, outcome: Outcome) -> Go:
    return Go("refused")


def refused(scene: Scene) -> End:
    return End(Text("welcome.refused"))

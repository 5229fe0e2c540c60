"""Welcome: the language in its own name, then who keeps what, then yes or no."""

from __future__ import annotations

from bot import understand
from bot.flows.common import retention_text, wants_to_submit
from bot.prompts import Answer, Ask, Choice, Choose, Command, Do, End, Go, Outcome, Scene, Text

WORDS_OF_A_PLAN = 5  # a first message this long is more than a greeting


def hello(scene: Scene) -> Ask:
    """Before the first word: whatever comes, text or voice, is welcome."""
    return Ask(Text("welcome.hello"), _met, accepts=("text", "voice", "location", "photo"))


def _met(scene: Scene, answer: Answer) -> Go:
    offered = tuple(scene.world.languages)
    guess = answer.language or understand.guess_language(answer.text, offered)
    keep = {"guess": guess or scene.answers.get("guess")}
    return Go("language", keep={**keep, "first": _first_message(answer)})


def _first_message(answer: Answer) -> dict[str, object] | None:
    """What somebody said at once, kept so that nobody has to say it twice."""
    if answer.media is None and len(answer.text.split()) < WORDS_OF_A_PLAN:
        return None
    return {"text": answer.text, "recording": answer.media if answer.kind == "voice" else None}


def language(scene: Scene) -> Ask:
    """Every language names itself; the guessed one stands first, and is only offered."""
    return Ask(
        Text("welcome.language", greetings=_greetings(scene)),
        _language_chosen,
        accepts=("text",),
        choices=language_choices(scene),
    )


def _ordered(scene: Scene) -> list[str]:
    guess = scene.language or scene.answers.get("guess")
    return sorted(scene.world.languages, key=lambda code: code != guess)


def _greetings(scene: Scene) -> tuple[Text, ...]:
    return tuple(Text("welcome.greeting", in_language=code) for code in _ordered(scene))


def language_choices(scene: Scene) -> tuple[Choice, ...]:
    return tuple(Choice(code, scene.world.languages[code]) for code in _ordered(scene))


def _language_chosen(scene: Scene, answer: Answer) -> Go:
    code = answer.choice or understand.language_named(answer.text, tuple(scene.world.languages))
    if not code:
        return Go("language", missed=True)
    return Go("privacy", settings={"language": code}, keep={"guess": None})


def privacy(scene: Scene) -> Choose:
    """Who keeps what, how long; nothing is kept before a yes. Read, or heard."""
    choices = (
        Choice("yes", Text("welcome.agree.label"), "yes"),
        Choice("no", Text("welcome.refuse.label"), "no"),
        Choice("hear", Text("welcome.hear.label"), "listen"),
    )
    return Choose(
        Text("welcome.privacy", keeper=retention_text(scene)),
        choices if not scene.sound else choices[:2],
        _consented,
    )


def _consented(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "hear":
        return Go("privacy", settings={"sound": True})
    if answer.choice == "no":
        return Go("forget")
    if scene.answers.get("first") and wants_to_submit(scene):
        return Go("submit_plan.is_it_a_plan", settings={"consent": True}, fresh=True)
    return Go(
        "menu.menu",
        settings={"consent": True},
        keep={"first": None},
        say=(Text("welcome.thanks"),),
        fresh=True,
    )


def forget(scene: Scene) -> Do:
    return Do(Command("forget"), _forgotten)


def _forgotten(scene: Scene, outcome: Outcome) -> Go:
    return Go("refused")


def refused(scene: Scene) -> End:
    return End(Text("welcome.refused"))

"""What somebody may answer to news of their own plan: talk to a person, or answer a question.

A session comes into these states when the news is told to somebody who is in the middle of
nothing (see `runtime.plan_news`), so that a number or a word is enough as an answer.
"""

from __future__ import annotations

from bot.flows.common import yes_or_no
from bot.flows.draft import FEW_WORDS, with_part
from bot.prompts import Answer, Ask, Choice, Go, Scene, Text

MENU = Choice("menu", Text("common.menu.label"), "menu")


def talk(number: int) -> Choice:
    """Its id tells which plan it is about, also when the message is old."""
    return Choice(f"talk-{number}", Text("life.talk.label"), "call")


def answer(number: int) -> Choice:
    return Choice(f"answer-{number}", Text("life.answer.label"))


def offer(scene: Scene) -> Ask:
    """After a no: whoever simply tells what they think of it has left a message."""
    number = _number(scene)
    return Ask(
        Text("life.offer", number=str(number)),
        _offered,
        accepts=("text", "voice"),
        choices=(talk(number), MENU),
    )


def _number(scene: Scene) -> int:
    return int(scene.answers.get("news") or 0)


def to_person(number: int) -> Go:
    """To a person, who will know which plan it is about."""
    return Go("help.offer", keep={"help_plan": number})


def later(state: str, choice: str) -> Go | None:
    """Where a button of news leads that is tapped long after it came; None for any other."""
    what, _, number = choice.partition("-")
    if state not in ("life.offer", "life.asked") or not number.isdecimal():
        return None
    if what == "talk":
        return to_person(int(number))
    return Go("adapt.start", keep={"adapt": {"number": int(number)}}) if what == "answer" else None


def _offered(scene: Scene, said: Answer) -> Go:
    if said.kind == "choice":
        return _away(scene, said)
    if _says_nothing(said):
        return Go("offer", missed=yes_or_no(said.text) is None)
    message = {"help_text": said.text, "help_recording": said.media}
    return Go("help.ask_message", keep={**message, "help_plan": _number(scene)})


def _away(scene: Scene, said: Answer) -> Go:
    if said.choice == "menu":
        return Go("menu.menu", fresh=True)
    if said.choice.startswith("talk"):
        return to_person(_number(scene))
    return Go("adapt.start", keep={"adapt": {"number": _number(scene)}})


def _says_nothing(answer: Answer) -> bool:
    """A few words; "OK" is what an approved text asked for, and not an answer."""
    return answer.kind == "text" and len(answer.text.split()) < FEW_WORDS


def asked(scene: Scene) -> Ask:
    """After a question of the city: who tells something at once has answered."""
    number = _number(scene)
    return Ask(
        Text("life.asked", number=str(number)),
        _asked,
        accepts=("text", "voice", "photo"),
        choices=(answer(number), talk(number), MENU),
    )


def _asked(scene: Scene, said: Answer) -> Go:
    if said.kind == "choice":
        return _away(scene, said)
    if _says_nothing(said):
        return Go("asked", missed=yes_or_no(said.text) is None)
    return Go("adapt.start", keep={"adapt": with_part({"number": _number(scene)}, said)})

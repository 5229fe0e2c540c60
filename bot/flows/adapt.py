"""The city asks for a change of a plan, and its initiator answers, by voice if they like.

The answer lives in the session under `adapt` until it is sent: `number`, `reason` (the question),
`note`, `until`, and `parts` and `photos` as in `bot.flows.draft`.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from bot.flows import life
from bot.flows.common import how_to_tell, reason, yes_or_no
from bot.flows.draft import parts_of, shortened, text_in, with_part
from bot.prompts import Answer, Ask, Choice, Command, Do, Go, Outcome, Scene, Text


def start(scene: Scene) -> Do:
    """The question as it stands now: it may have been withdrawn, or translated, meanwhile."""
    return Do(Command("adapt_asked", {"number": _adapt(scene).get("number")}), _started)


def _adapt(scene: Scene) -> dict[str, Any]:
    return dict(scene.answers.get("adapt") or {})


def _started(scene: Scene, outcome: Outcome) -> Go:
    if not outcome.ok:
        say = (Text("adapt.not_asked"),)
        return Go("menu.menu", say=say, keep={"adapt": None}, fresh=True)
    adapt = {**_adapt(scene), **outcome.data}
    told = parts_of(adapt) or adapt.get("photos")
    return Go("check" if told else "question", keep={"adapt": adapt})


def question(scene: Scene) -> Ask:
    adapt = _adapt(scene)
    return Ask(
        Text(
            "adapt.question",
            number=str(adapt.get("number")),
            question=reason(adapt),
            until=date.fromisoformat(str(adapt["until"])),
            how=Text("how.show") if "photo" in scene.world.ways else how_to_tell(scene),
        ),
        _told,
        accepts=("text", "voice", "photo"),
        choices=(life.talk(int(adapt["number"])),),
        easier=Text("adapt.question.easier", question=reason(adapt)),
    )


def _told(scene: Scene, answer: Answer) -> Go:
    if answer.kind == "choice":
        return life.to_person(int(_adapt(scene)["number"]))
    return _with_answer(scene, _adapt(scene), answer)


def _with_answer(scene: Scene, adapt: dict[str, Any], answer: Answer) -> Go:
    grown = with_part(adapt, answer)
    if grown is None:
        return Go("check", say=(Text("submit_plan.long_enough"),))
    unsure = (Text("submit_plan.unsure"),) if answer.verdict == "unsure" else ()
    return Go("check", keep={"adapt": grown}, say=unsure)


def check(scene: Scene) -> Ask:
    """Read back before it goes; more may follow at once."""
    return Ask(
        Text("adapt.check", answer=_so_far(scene)),
        _checked,
        accepts=("text", "voice", "photo"),
        choices=(
            Choice("send", Text("adapt.send.label"), "send"),
            Choice("again", Text("submit_plan.again.label"), "again"),
        ),
    )


def _so_far(scene: Scene) -> tuple[Text, ...]:
    adapt = _adapt(scene)
    text, photos = shortened(text_in(adapt)), adapt.get("photos")
    words = (Text("my_plans.add_text", text=text),) if text or not photos else ()
    return (*words, *((Text("my_plans.add_photo"),) if photos else ()))


def _checked(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "send":
        return Go("send")
    if answer.choice == "again" or (answer.kind == "text" and yes_or_no(answer.text) == "no"):
        return Go("question", keep={"adapt": {**_adapt(scene), "parts": [], "photos": []}})
    return _with_answer(scene, _adapt(scene), answer)


def send(scene: Scene) -> Do:
    adapt = _adapt(scene)
    told = {name: adapt.get(name) or [] for name in ("parts", "photos")}
    return Do(Command("adapt_plan", {"number": adapt.get("number"), **told}), _sent)


def _sent(scene: Scene, outcome: Outcome) -> Go:
    say = Text("adapt.sent") if outcome.ok else Text("adapt.not_asked")
    return Go("menu.menu", say=(say,), keep={"adapt": None, "news": None}, fresh=True)

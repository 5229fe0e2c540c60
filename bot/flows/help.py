"""Help: a person, who calls back or reads a message, and says when."""

from __future__ import annotations

from bot import understand
from bot.flows.common import answered_by, how_to_tell
from bot.prompts import Answer, Ask, Choice, Choose, Command, Do, Go, Outcome, Param, Scene, Text

WORDS_OF_A_QUESTION = 3


def offer(scene: Scene) -> Ask:
    """Whoever simply tells what is wrong has left a message.

    Before consent there is only a number to call: we keep nothing without a yes.
    """
    reachable = (
        Choice("call", Text("help.call.label"), "call"),
        Choice("message", Text("help.message.label"), "message"),
    )
    question = Text("help.offer", how=_how(scene))
    return Ask(
        question,
        _offered,
        accepts=("text", "voice") if scene.consent else (),
        choices=(
            *(reachable if scene.consent else ()),
            Choice("on", Text("help.go_on.label"), "resume"),
        ),
        easier=Text("engine.easier_choose", question=question),
    )


def _how(scene: Scene) -> Text:
    round_ = scene.world.round
    if round_ is None:
        return Text("help.how_unknown")
    help_ = round_.help
    facts: dict[str, Param] = {"phone": help_.phone, "hours": help_.hours, "place": help_.place}
    return Text("help.how", **facts)


def _offered(scene: Scene, answer: Answer) -> Go:
    if answer.kind != "choice":
        return _told(scene, answer) if _is_a_question(answer) else Go("offer", missed=True)
    if answer.choice == "on":
        return Go("@back", keep={"help_plan": None})
    if answer.choice == "call" and scene.world.knows_number:
        return Go("ask_call")
    return Go("phone" if answer.choice == "call" else "message")


def _is_a_question(answer: Answer) -> bool:
    return answer.kind == "voice" or len(answer.text.split()) >= WORDS_OF_A_QUESTION


def phone(scene: Scene) -> Ask:
    return Ask(
        Text("help.phone"), _phoned, accepts=("text",), easier=Text("submit_plan.phone.easier")
    )


def _phoned(scene: Scene, answer: Answer) -> Go:
    number = understand.phone(answer.text)
    if number is None:
        return Go("phone", say=(Text("submit_plan.phone_odd"),), missed=True)
    return Go("ask_call", keep={"help_phone": number})


def message(scene: Scene) -> Ask:
    return Ask(Text("help.message", how=how_to_tell(scene)), _told, accepts=("text", "voice"))


def _told(scene: Scene, answer: Answer) -> Go:
    return Go("ask_message", keep={"help_text": answer.text, "help_recording": answer.media})


def ask_call(scene: Scene) -> Do:
    wanted = {"kind": "call", "phone": scene.answers.get("help_phone") or ""}
    return Do(Command("ask_help", {**wanted, "plan": scene.answers.get("help_plan")}), _asked)


def ask_message(scene: Scene) -> Do:
    told = {
        "kind": "message",
        "text": scene.answers.get("help_text") or "",
        "recording": scene.answers.get("help_recording"),
        "plan": scene.answers.get("help_plan"),
    }
    return Do(Command("ask_help", told), _asked)


def _asked(scene: Scene, outcome: Outcome) -> Go:
    """When somebody answers is said at once; then on with whatever it was."""
    done = {"help_phone": None, "help_text": None, "help_recording": None, "help_plan": None}
    return Go("asked", keep=done)


def asked(scene: Scene) -> Choose:
    return Choose(
        Text("help.asked", by=answered_by(scene)),
        (
            Choice("on", Text("help.go_on.label"), "yes"),
            Choice("menu", Text("common.menu.label"), "no"),
        ),
        lambda scene, answer: Go("@back" if answer.choice == "on" else "menu.menu"),
    )

"""Before the first question of a plan: is it one, and is it the one that was begun earlier?"""

from __future__ import annotations

from bot.flows.common import YES_NO
from bot.flows.draft import FEW_WORDS, draft, joined, shortened, text_in, text_of, told, with_part
from bot.flows.welcome import first
from bot.prompts import Answer, Ask, Choice, Choose, Go, Param, Scene, Text


def resume(scene: Scene) -> Choose:
    """A plan was begun earlier: go on with it, or begin again."""
    return Choose(
        Text("submit_plan.resume", so_far=told(scene)),
        (
            Choice("go_on", Text("submit_plan.go_on.label"), "yes"),
            Choice("new", Text("submit_plan.new.label"), "new"),
            Choice("menu", Text("common.menu.label"), "no"),
        ),
        _resumed,
    )


def _resumed(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "menu":
        return Go("menu.menu", fresh=True)
    return Go("submit_plan.start", keep={} if answer.choice == "go_on" else {"draft": None})


def is_it_a_plan(scene: Scene) -> Ask:
    """Somebody began by telling something: is that a plan, or more of the one they had begun?"""
    heard = _heard(scene)
    if not text_of(scene):
        return _is_it(Text("submit_plan.is_it_a_plan", heard=heard), YES_NO)
    more = Choice("more", Text("submit_plan.more.label"), "yes")
    new = Choice("new", Text("submit_plan.new.label"), "new")
    return _is_it(Text("submit_plan.is_it_more", heard=heard), (more, new, YES_NO[1]))


def _is_it(question: Text, choices: tuple[Choice, ...]) -> Ask:
    return Ask(question, _is_a_plan, accepts=("text", "voice", "photo"), choices=choices)


def _heard(scene: Scene) -> Param:
    text = text_in(first(scene))
    return Text("my_plans.add_text", text=shortened(text)) if text else Text("my_plans.add_photo")


def _is_a_plan(scene: Scene, answer: Answer) -> Go:
    if answer.kind != "choice":
        return _told_before(scene, answer)
    if answer.choice == "no" or not first(scene):
        return Go("menu.menu", keep={"first": None}, fresh=True)
    begun = {} if answer.choice == "new" else draft(scene)
    return Go("submit_plan.start", keep={"first": None, "draft": joined(begun, first(scene))})


def _told_before(scene: Scene, answer: Answer) -> Go:
    """Another voice note, or more words, before it was said to be a plan."""
    grown = with_part(first(scene), answer)
    if grown is None or (answer.kind == "text" and len(answer.text.split()) < FEW_WORDS):
        return Go("is_it_a_plan", missed=True)
    return Go("is_it_a_plan", keep={"first": grown})

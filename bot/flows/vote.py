"""Before the choosing: go on where one was, the minimum age, and who cannot vote."""

from __future__ import annotations

from bot.flows.common import YES_NO
from bot.flows.vote_draft import draft, items_chosen, kept
from bot.flows.vote_texts import lines_chosen, rules_told, state_of_basket, with_draft
from bot.prompts import Answer, Choice, Choose, Go, Scene, Text


@with_draft
def go_on(scene: Scene) -> Choose:
    """A vote lies there, not yet cast: go on with it, or begin again?"""
    return Choose(
        Text("vote.go_on", so_far=(*lines_chosen(scene), *state_of_basket(scene))),
        (
            Choice("go_on", Text("vote.go_on.label"), "go_on"),
            Choice("new", Text("vote.new.label"), "new"),
            Choice("other", Text("vote.other_code.label"), "another"),
        ),
        _went_on,
    )


def _went_on(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "other":
        return Go("code", keep={"vote": None})
    if answer.choice == "new":
        blank = {name: draft(scene)[name] for name in _OF_THE_PASS if name in draft(scene)}
        where = "choose" if draft(scene).get("aged") else "age"
        return Go(where, keep={"vote": blank}, say=(Text("vote.begun_again"),))
    if not draft(scene).get("aged"):
        return Go("age", keep=kept(scene, told=None))
    return Go("basket" if items_chosen(scene) else "choose", keep=kept(scene, told=None))


_OF_THE_PASS = ("code", "area", "seed", "again", "aged")


@with_draft
def age(scene: Scene) -> Choose:
    round_ = scene.world.round
    least = round_.rules.minimum_age if round_ else 0
    return Choose(Text("vote.age", age=least), YES_NO, _aged, by_hand=True)


def _aged(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "no":
        return Go("young", keep={"vote": None}, fresh=True)
    return Go("choose", keep=kept(scene, aged=True), say=rules_told(scene))


def young(scene: Scene) -> Choose:
    """Nothing of it is kept. There is more that one can do."""
    round_ = scene.world.round
    return Choose(
        Text("vote.young", age=round_.rules.minimum_age if round_ else 0),
        (
            Choice("menu", Text("common.menu.label"), "menu"),
            Choice("code", Text("vote.other_code.label"), "another"),
            Choice("help", Text("menu.help.label"), "help"),
        ),
        lambda scene, answer: Go(_AFTER[answer.choice], fresh=answer.choice == "menu"),
    )


_AFTER = {"menu": "menu.menu", "code": "code", "help": "help.offer"}

"""The basket, the whole vote read back, casting it, and the receipt."""

from __future__ import annotations

from decimal import Decimal

from bot.flows.common import area_label, vote_permission
from bot.flows.vote_choose import bare, take_out, typed
from bot.flows.vote_code import refused
from bot.flows.vote_draft import by_points, chosen, draft, is_open, items_chosen, kept, paper
from bot.flows.vote_texts import (
    just_a_number,
    lines,
    lines_chosen,
    not_yet,
    plan_choices,
    state_of_basket,
    with_draft,
)
from bot.prompts import Answer, Ask, Choice, Choose, Command, Do, Go, Outcome, Param, Scene, Text
from civic.ballots import refuses
from civic.receipts import SIGNS

PAGE = 9  # plans on one screen: a list holds ten rows, with "on" among them
_NAMES = {sign: name.replace(" ", "_") for name, sign in SIGNS.items()}


@with_draft
def basket(scene: Scene) -> Ask:
    """What is chosen and what is left. Numbers that are no place here are plans."""
    remove = (Choice("remove", Text("vote.remove.label"), "remove"),) if chosen(scene) else ()
    chosen_, left = lines_chosen(scene), state_of_basket(scene)
    question = lines(Text("vote.basket"), *chosen_, *left, Text("vote.ready"))
    return Ask(
        question,
        _basket_answered,
        easier=just_a_number(question),
        choices=(
            Choice("done", Text("vote.ready.label"), "done"),
            Choice("more", Text("vote.more.label"), "more"),
            *remove,
        ),
    )


def _basket_answered(scene: Scene, answer: Answer) -> Go:
    said = bare(answer)
    if answer.choice == "more" or said == "no":
        return Go("choose")
    if answer.kind != "choice" and not said:
        return typed(scene, answer, "basket")
    if answer.choice == "remove":
        return Go("remove", keep=kept(scene, page=None))
    refusal = refuses(paper(scene), chosen(scene), final=True)
    return Go("basket", say=(not_yet(scene, refusal),)) if refusal else Go("overview")


@with_draft
def remove(scene: Scene) -> Ask:
    items, page = items_chosen(scene), int(draft(scene).get("page") or 0)
    shown = items[page * PAGE : (page + 1) * PAGE] or items[:PAGE]
    return Ask(
        Text("vote.remove"),
        _removed,
        easier=Text("vote.numbers.easier"),
        choices=(*plan_choices(scene, shown), Choice("on", Text("vote.on.label"), "no", key="0")),
    )


def _removed(scene: Scene, answer: Answer) -> Go:
    page = int(draft(scene).get("page") or 0) + 1
    if answer.choice.startswith("plan-"):
        return take_out(scene, [int(answer.choice.removeprefix("plan-"))], "basket", page=None)
    if answer.kind != "choice":
        return typed(scene, answer, "basket")
    if page * PAGE < len(items_chosen(scene)):
        return Go("remove", keep=kept(scene, page=page))
    return Go("basket", keep=kept(scene, page=None))


@with_draft
def overview(scene: Scene) -> Ask:
    """The whole vote read back; only a hand casts it. A plan that is named still changes it."""
    area = area_label(scene, paper(scene).area)
    question = Text("vote.overview", area=area, plans=_all(scene))
    return Ask(
        question,
        _decided,
        easier=just_a_number(question),
        accepts=("text",),
        choices=(
            Choice("cast", Text("vote.cast.label"), "cast"),
            Choice("change", Text("vote.change.label"), "change"),
            Choice("later", Text("vote.not_now.label"), "later"),
        ),
    )


def _decided(scene: Scene, answer: Answer) -> Go:
    if answer.kind == "choice":
        return Go(_AFTER[answer.choice])
    if bare(answer) == "no":
        return Go("basket")
    return typed(scene, answer, "basket", unclear="overview")


_AFTER = {"cast": "cast", "change": "basket", "later": "menu.menu"}


def _all(scene: Scene) -> tuple[Param, ...]:
    total = sum((item.cost for item in items_chosen(scene)), Decimal(0))
    sum_ = () if by_points(scene) else (Text("vote.together", cost=total),)
    return (*lines_chosen(scene), *sum_)


def cast(scene: Scene) -> Do:
    """Without a vote in the making nothing can come of it: the code is then unknown."""
    choices = [list(pair) for pair in chosen(scene)] if is_open(draft(scene)) else []
    wanted = {"code": str(draft(scene).get("code") or ""), "choices": choices}
    return Do(Command("cast_vote", wanted), _was_cast)


def _was_cast(scene: Scene, outcome: Outcome) -> Go:
    if outcome.ok:
        cast_ = {"receipt": list(outcome.data["receipt"]), "again": bool(outcome.data.get("again"))}
        return Go("receipt", keep={"vote": cast_}, fresh=True)
    if outcome.data.get("reason") != "refused":
        return refused(scene, outcome)
    refusal = refuses(paper(scene), chosen(scene), final=True)
    why = not_yet(scene, refusal) if refusal else Text("vote.not_taken")
    return Go("basket", say=(why,))


def receipt(scene: Scene) -> Choose:
    """Six signs: the vote is in the box. What was chosen cannot be read from them."""
    signs = [str(sign) for sign in draft(scene).get("receipt") or ()]
    return Choose(
        _receipt(scene, signs) if signs else Text("vote.gone"),
        (
            Choice("menu", Text("common.menu.label"), "menu"),
            Choice("another", Text("vote.another.label"), "another"),
        ),
        _after_receipt,
    )


def _receipt(scene: Scene, signs: list[str]) -> Text:
    closes = vote_permission(scene).closes
    again = (Text("vote.replaced"),) if draft(scene).get("again") else ()
    until = (Text("vote.change_until", until=closes),) if closes else ()
    return Text("vote.receipt", again=again, signs=tuple(map(_sign, signs)), until=until)


def _sign(sign: str) -> Text:
    return Text("vote.sign", sign=sign, name=Text(f"sign.{_NAMES[sign]}"))


def _after_receipt(scene: Scene, answer: Answer) -> Go:
    if answer.choice == "another":
        return Go("code", keep={"vote": None}, fresh=True)
    return Go("menu.menu", keep={"vote": None}, fresh=True)

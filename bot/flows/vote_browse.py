"""Going through the plans, one after another or a theme at a time, in each voter's own order."""

from __future__ import annotations

from typing import Any

from bot.flows.common import theme_label
from bot.flows.vote_choose import BASKET, bare, pick, take_out, typed
from bot.flows.vote_draft import by_points, chosen, draft, is_chosen, kept, order, place, themes
from bot.flows.vote_texts import just_a_number, plan_choices, sheet, with_draft
from bot.prompts import Answer, Ask, Choice, Choose, Counted, Go, Scene, Text
from civic.ballots import Item

PAGE = 8  # plans on one screen: a list holds ten rows, with "on" among them


@with_draft
def browse(scene: Scene) -> Ask:
    """One plan; choosing it, or not, leads to the next. *Back* leads to the one before."""
    items, at = order(scene), place(scene)
    if not items:
        return Ask(Text("vote.no_plans"), _browsed, choices=(BASKET,))
    item = items[at]
    question = _question(scene, item, at + 1, len(items))
    return Ask(
        question,
        _browsed,
        easier=just_a_number(question),
        choices=(
            _choose_or_not(scene, item),
            Choice("next", Text("vote.next.label"), "next"),
            Choice("basket", Text("vote.done.label"), "done"),
        ),
        back=Go("browse", keep=_turned(scene, -1)) if draft(scene).get("turns") else None,
    )


def _question(scene: Scene, item: Item, place: int, count: int) -> Text:
    shown = sheet(scene, item)
    if is_chosen(scene, item.number):
        return Text("vote.browse_chosen", place=place, count=count, sheet=shown)
    return Text("vote.browse", place=place, count=count, sheet=shown)


def _choose_or_not(scene: Scene, item: Item) -> Choice:
    if is_chosen(scene, item.number):
        if by_points(scene):
            return Choice("choose", Text("vote.points_change.label"), "change")
        return Choice("remove", Text("vote.remove.label"), "remove")
    return Choice("choose", Text("vote.choose.label"), "choose")


def _browsed(scene: Scene, answer: Answer) -> Go:
    is_yes = bare(answer) == "yes" and bool(order(scene))
    if answer.kind != "choice" and not is_yes:
        return typed(scene, answer, "browse")
    if answer.choice == "basket":
        return Go("basket")
    if answer.choice == "next":
        return _on(scene)
    number = order(scene)[place(scene)].number
    if answer.choice == "remove":
        return take_out(scene, [number], "browse")
    if is_chosen(scene, number) and not by_points(scene):
        return _on(scene)
    if by_points(scene):
        where, further = ("basket", {}) if _is_last(scene) else ("browse", _further(scene, 1))
        return pick(scene, [number], where, **further)
    return _chosen_here(scene, number)


def _chosen_here(scene: Scene, number: int) -> Go:
    """Chosen: on to the next plan. A plan that cannot come along stays, with the reason."""
    tried = pick(scene, [number], "browse")
    if not any(each == number for each, _ in tried.keep["vote"].get("choices") or ()):
        return tried
    if _is_last(scene):
        return Go("basket", keep=tried.keep, say=(*tried.say[:1], Text("vote.all_seen")))
    vote = {**tried.keep["vote"], **_further(scene, 1)}
    return Go("browse", keep={"vote": vote}, say=tried.say)


def _on(scene: Scene) -> Go:
    if _is_last(scene):
        where = "basket" if chosen(scene) else "choose"
        return Go(where, keep=kept(scene, at=None, turns=None), say=(Text("vote.all_seen"),))
    return Go("browse", keep=_turned(scene, 1))


def _is_last(scene: Scene) -> bool:
    return place(scene) >= len(order(scene)) - 1


def _turned(scene: Scene, by: int) -> dict[str, Any]:
    """One plan further, or back."""
    return kept(scene, **_further(scene, by))


def _further(scene: Scene, by: int) -> dict[str, int]:
    """The next place, or the one before; `turns` counts how far *back* leads."""
    turns = int(draft(scene).get("turns") or 0) + by
    return {"at": max(place(scene) + by, 0), "turns": turns}


# --- by theme ---------------------------------------------------------------------------------


@with_draft
def by_theme(scene: Scene) -> Choose:
    """Each theme with its sign and how many plans it has."""
    return Choose(
        Text("vote.themes"),
        tuple(Choice(f"theme-{theme}", _theme(scene, theme)) for theme, _ in themes(scene)),
        lambda scene, answer: Go(
            "theme", keep=kept(scene, theme=answer.choice.removeprefix("theme-"), page=None)
        ),
    )


def _theme(scene: Scene, theme: str) -> Any:
    return theme_label(scene, theme) if theme else Text("vote.no_theme.label")


@with_draft
def theme(scene: Scene) -> Ask:
    """The plans of a theme by their own numbers; 0 leads on: the next page, then the basket."""
    items, page = order(scene), _page(scene)
    shown = plan_choices(scene, items[page * PAGE : (page + 1) * PAGE], marked=True)
    name = _theme(scene, str(draft(scene).get("theme") or ""))
    return Ask(
        Counted("vote.theme", len(items), theme=name),
        _theme_answered,
        easier=Text("vote.numbers.easier"),
        choices=(*shown, Choice("on", Text("vote.on.label"), "next", key="0")),
        back=Go("theme", keep=kept(scene, page=page - 1 or None)) if page else None,
    )


def _page(scene: Scene) -> int:
    last = max(len(order(scene)) - 1, 0) // PAGE
    return max(0, min(int(draft(scene).get("page") or 0), last))


def _theme_answered(scene: Scene, answer: Answer) -> Go:
    if answer.kind != "choice":
        return typed(scene, answer, "theme")
    if answer.choice != "on":
        return pick(scene, [int(answer.choice.removeprefix("plan-"))], "theme")
    if (_page(scene) + 1) * PAGE < len(order(scene)):
        return Go("theme", keep=kept(scene, page=_page(scene) + 1))
    return Go("basket" if chosen(scene) else "choose", keep=kept(scene, page=None, theme=None))

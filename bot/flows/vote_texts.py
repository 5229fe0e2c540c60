"""What is said of a ballot: its rules, its plans, what is left, and why something cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import wraps
from typing import TypeVar

from bot.flows.common import area_label, theme_label
from bot.flows.vote_draft import (
    by_points,
    draft,
    is_open,
    items_chosen,
    left,
    paper,
    points_for,
    points_on,
)
from bot.prompts import Choice, Choose, Counted, Go, Param, Prompt, Scene, Text
from civic.ballots import Item, Reason, Refusal
from civic.rounds import BallotKind, TallyRule

CELLS = 10  # of the bar

P = TypeVar("P", bound=Prompt)


def with_draft(state: Callable[[Scene], P]) -> Callable[[Scene], P | Choose]:
    """A state that needs a vote in the making; when that is gone, it says so."""

    @wraps(state)
    def guarded(scene: Scene) -> P | Choose:
        return state(scene) if is_open(draft(scene)) else _gone()

    return guarded


def _gone() -> Choose:
    return Choose(
        Text("vote.gone"),
        (
            Choice("vote", Text("menu.vote.label"), "vote"),
            Choice("menu", Text("common.menu.label"), "menu"),
        ),
        lambda scene, answer: Go("vote.code" if answer.choice == "vote" else "menu.menu"),
    )


def lines(*each: Param) -> Text:
    """Some texts as one, each on its own line."""
    return Text("vote.lines", lines=each)


# --- the rules, in one sentence each -----------------------------------------------------------


def rules_told(scene: Scene) -> tuple[Text, ...]:
    """What one votes on, what the ballot asks, and how the count works."""
    rules = paper(scene)
    about = Text("vote.about", area=area_label(scene, rules.area), budget=rules.budget)
    return (lines(about, *_ballot(scene), *_theme_limits(scene), _count(scene)),)


def _ballot(scene: Scene) -> tuple[Text, ...]:
    rules = paper(scene)
    if rules.kind is BallotKind.POINTS:
        most = rules.points_most
        each = () if most is None else (Counted("vote.rule_points_most", most),)
        return (Counted("vote.rule_points", rules.points), *each, *_how_many(scene))
    if rules.most_cost is not None:
        return (Text("vote.rule_cost", most=rules.most_cost), *_how_many(scene))
    return _how_many(scene) or (Text("vote.rule_any"),)


def _how_many(scene: Scene) -> tuple[Text, ...]:
    least, most = paper(scene).least, paper(scene).most
    if most is not None and most == least:
        return (Counted("vote.rule_exactly", most),)
    if most is not None and least > 1:
        return (Text("vote.rule_between", least=least, most=most),)
    if most is not None:
        return (Counted("vote.rule_most", most),)
    return (Counted("vote.rule_least", least),) if least > 1 else ()


def _theme_limits(scene: Scene) -> tuple[Text, ...]:
    """The most that may go to a theme: of one ballot, or else of the count."""
    caps = paper(scene).theme_most or paper(scene).theme_caps
    return tuple(
        Text("vote.rule_theme", theme=theme_label(scene, theme), most=most)
        for theme, most in caps.items()
    )


def _count(scene: Scene) -> Text:
    most = Text("vote.most_points") if by_points(scene) else Text("vote.most_votes")
    tally = paper(scene).tally
    if tally is TallyRule.EQUAL_SHARES:
        return Text("vote.count_shares")
    if tally is TallyRule.STOP:
        return Text("vote.count_stop", most=most)
    if tally is TallyRule.STOP_PART_FUND:
        return Text("vote.count_part", most=most)
    return Text("vote.count_fill", most=most)


# --- plans -------------------------------------------------------------------------------------


def line(scene: Scene, item: Item) -> Text:
    """A plan on one line, without its number."""
    points = points_on(scene, item.number) if by_points(scene) else 0
    if points:
        given = Counted("vote.points", points)
        return Text("vote.line_points", title=item.title, cost=item.cost, points=given)
    return Text("vote.line", title=item.title, cost=item.cost)


def numbered(scene: Scene, item: Item) -> Text:
    return Text("vote.numbered", number=str(item.number), line=line(scene, item))


def lines_chosen(scene: Scene) -> tuple[Text, ...]:
    chosen = tuple(numbered(scene, item) for item in items_chosen(scene))
    return chosen or (Text("vote.empty"),)


def plan_choices(
    scene: Scene, items: Iterable[Item], *, marked: bool = False
) -> tuple[Choice, ...]:
    """Each plan by its own number; the whole of it in the text, "plan 12" on the button.

    marked: those in the basket have a sign.
    """
    return tuple(
        Choice(
            f"plan-{item.number}",
            _marked(scene, item) if marked else line(scene, item),
            key=str(item.number),
            short=Text("vote.plan.label", number=str(item.number)),
        )
        for item in items
    )


def _marked(scene: Scene, item: Item) -> Text:
    is_chosen = item in items_chosen(scene)
    return Text("vote.in_basket", line=line(scene, item)) if is_chosen else line(scene, item)


def sheet(scene: Scene, item: Item) -> Text:
    """One plan by itself: number, title, theme, cost."""
    theme = (theme_label(scene, item.theme),) if item.theme else ()
    name = Text("vote.name", number=str(item.number), title=item.title)
    return lines(name, *theme, Text("vote.cost", cost=item.cost))


def just_a_number(question: Text) -> Text:
    """How a question with numbered answers is asked again."""
    return Text("engine.easier_choose", question=question)


# --- what is left ------------------------------------------------------------------------------


def bar(over: Decimal | int, whole: Decimal | int) -> str:
    """`▰▰▰▱▱▱▱▱▱▱`: what is left of the whole. However little is left, or taken, it shows."""
    share = Decimal(over) / Decimal(whole) if whole else Decimal(0)
    least, most = int(share > 0), CELLS - int(share < 1)
    full = min(max(round(share * CELLS), least), most)
    return "▰" * full + "▱" * (CELLS - full)


def state_of_basket(scene: Scene) -> tuple[Text, ...]:
    """What the ballot may still take: money, points, plans."""
    room, rules = left(scene), paper(scene)
    said: list[Text] = []
    if room.euros is not None and rules.most_cost:
        shown = bar(room.euros, rules.most_cost)
        said.append(Text("vote.left_money", left=room.euros, bar=shown))
    if room.points is not None:
        said.append(Counted("vote.left_points", room.points, bar=bar(room.points, rules.points)))
    if room.plans is not None:
        more = Counted("vote.left_plans", room.plans) if room.plans > 0 else Text("vote.full")
        said.append(more)
    return tuple(said)


# --- why not -----------------------------------------------------------------------------------


def why_not(scene: Scene, refusal: Refusal, number: int) -> Text:
    """Why this plan cannot come along, in plain words."""
    item, room = paper(scene).item(number), left(scene)
    if item is None or refusal.reason is Reason.UNKNOWN_PLAN:
        return Text("vote.unknown_plan", number=str(number))
    about: dict[str, Param] = {"number": str(number), "cost": item.cost}
    if refusal.reason is Reason.TOO_MANY:
        return Counted("vote.too_many", paper(scene).most or 0, number=str(number))
    if refusal.reason is Reason.TOO_DEAR:
        return Text("vote.too_dear", left=room.euros or Decimal(0), **about)
    if refusal.reason is Reason.THEME_TOO_DEAR:
        over = room.themes.get(refusal.theme, Decimal(0))
        theme = theme_label(scene, refusal.theme)
        return Text("vote.theme_too_dear", left=over, theme=theme, **about)
    return Counted("vote.points_most", points_for(scene, number), number=str(number))


def not_yet(scene: Scene, refusal: Refusal) -> Text:
    """Why the ballot as a whole cannot be cast."""
    if refusal.reason is Reason.TOO_FEW:
        return Counted("vote.too_few", paper(scene).least - len(items_chosen(scene)))
    number = refusal.numbers[0] if refusal.numbers else 0
    return Text("vote.must_go", number=str(number))

"""Choosing plans: by number from the letter or poster, by theme, with points where those count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot import understand
from bot.flows.vote_draft import (
    Pairs,
    as_kept,
    by_points,
    changed,
    chosen,
    draft,
    is_chosen,
    kept,
    left,
    paper,
    points_for,
    points_on,
    put,
    themes,
    undone,
    without,
)
from bot.flows.vote_texts import (
    just_a_number,
    line,
    lines,
    lines_chosen,
    sheet,
    state_of_basket,
    why_not,
    with_draft,
)
from bot.prompts import Answer, Ask, Choice, Choose, Counted, Go, Scene, Text
from civic.ballots import refuses

MOST_POINT_ROWS = 9  # a list holds ten rows, with "no points" among them

_NUMBERS = Choice("numbers", Text("vote.numbers.label"), "numbers")
_BROWSE = Choice("browse", Text("vote.browse.label"), "browse")
_THEMES = Choice("by_theme", Text("vote.themes.label"), "themes")
BASKET = Choice("basket", Text("vote.basket.label"), "basket")
UNDO = Choice("undo", Text("vote.undo.label"), "undo")


@with_draft
def choose(scene: Scene) -> Ask:
    """The ways to choose; whoever has the letter can type numbers at once."""
    by_theme = (_THEMES,) if len(themes(scene)) > 1 else ()
    begun = (BASKET,) if chosen(scene) else ()
    undo = (UNDO,) if draft(scene).get("before") else ()
    so_far = state_of_basket(scene) if chosen(scene) else ()
    question = lines(*so_far, Text("vote.choose"))
    return Ask(
        question,
        _way_chosen,
        easier=just_a_number(question),
        choices=(_NUMBERS, _BROWSE, *by_theme, *begun, *undo),
    )


def _way_chosen(scene: Scene, answer: Answer) -> Go:
    if answer.kind != "choice":
        return typed(scene, answer, "numbers", unclear="choose")
    if answer.choice == "undo":
        return undo(scene, "choose")
    if answer.choice == "browse":
        return Go("browse", keep=kept(scene, theme=None, turns=None))
    return Go(answer.choice)


@with_draft
def numbers(scene: Scene) -> Ask:
    """Only numbers of plans here: no choice has a place of its own, so that 2 is plan 2."""
    begun = bool(chosen(scene))
    return Ask(
        Text("vote.numbers_more") if begun else Text("vote.numbers", how=_how(scene)),
        _numbers_told,
        choices=(Choice("done", Text("vote.done.label"), "done", key="0"),),
        easier=Text("vote.numbers.easier"),
    )


def _numbers_told(scene: Scene, answer: Answer) -> Go:
    if answer.kind == "choice" or bare(answer) == "no":  # no other number
        return Go("basket" if chosen(scene) else "choose")
    return typed(scene, answer, "numbers")


def _how(scene: Scene) -> Text:
    return Text("vote.how_type") if "text" in scene.world.ways else Text("vote.how_keys")


def bare(answer: Answer) -> str | None:
    """Yes or no when that is all that was typed; a number is neither, but a plan's."""
    return understand.meaning(answer.text, ("yes", "no")) if answer.kind == "text" else None


# --- what was typed or said ---------------------------------------------------------------------


def typed(scene: Scene, answer: Answer, where: str, *, unclear: str = "") -> Go:
    """Numbers of plans to choose or to take out, "undo", "ready"; then on in state `where`."""
    taken_out, picked = understand.plans_removed(answer.text), understand.plans(answer.text)
    if taken_out:
        return take_out(scene, taken_out, where)
    if picked and picked != (0,):
        return pick(scene, picked, where)
    word = understand.meaning(answer.text, _WORDS)
    if word == "undo":
        return undo(scene, where)
    if word == "browse":
        return Go("browse", keep=kept(scene, theme=None, turns=None))
    if word:
        return Go({"done": "basket", "themes": "by_theme"}.get(word, word))
    return Go(unclear or where, say=(Text("vote.no_number"),), missed=True)


_WORDS = ("undo", "done", "basket", "browse", "themes")


def pick(scene: Scene, numbers: Sequence[int], where: str, **more: Any) -> Go:
    """Chooses plans, one after another; of each is told at once whether it can come along."""
    if by_points(scene):
        return _ask_points(scene, numbers, where, **more)
    if len(numbers) == 1 and is_chosen(scene, numbers[0]):
        return Go("already", keep=kept(scene, queue=list(numbers), **{"from": where}, **more))
    choices, said = _tried(scene, numbers)
    keep = changed(scene, choices, **more) if choices != chosen(scene) else kept(scene, **more)
    return Go(where, keep=keep, say=_with_state(as_kept(scene, keep), where, said))


def _tried(scene: Scene, numbers: Sequence[int]) -> tuple[Pairs, list[Text]]:
    """The choices with as many of these plans as may come along, and what is said of each."""
    choices: Pairs = chosen(scene)
    said = []
    for number in dict.fromkeys(numbers):
        now = as_kept(scene, kept(scene, choices=choices))
        more = put(choices, number)
        refusal = refuses(paper(scene), more, final=False)
        if refusal:
            said.append(why_not(now, refusal, number))
        elif is_chosen(now, number):
            said.append(Text("vote.already_in", number=str(number)))
        else:
            said.append(_told(now, number, "vote.added"))
            choices = more
    return choices, said


def _told(scene: Scene, number: int, key: str) -> Text:
    item = paper(scene).item(number)
    what = line(scene, item) if item else Text("vote.unknown_plan", number=str(number))
    if key == "vote.added":
        return Text("vote.added", number=str(number), line=what)
    return Text("vote.taken_out", number=str(number), line=what)


def take_out(scene: Scene, numbers: Sequence[int], where: str, **more: Any) -> Go:
    """Takes plans out of the basket."""
    known = [number for number in dict.fromkeys(numbers) if is_chosen(scene, number)]
    if not known:
        return Go(where, keep=kept(scene, **more), say=(Text("vote.not_in"),))
    choices: Pairs = chosen(scene)
    for number in known:
        choices = without(choices, number)
    keep = changed(scene, choices, **more)
    now = as_kept(scene, keep)
    said = [_told(now, number, "vote.taken_out") for number in known]
    return Go(where, keep=keep, say=_with_state(now, where, said))


def undo(scene: Scene, where: str) -> Go:
    keep = undone(scene)
    if keep is None:
        return Go(where, say=(Text("vote.nothing_to_undo"),))
    now = as_kept(scene, keep)
    said = [Text("vote.undone")] if where == "basket" else [Text("vote.undone"), *lines_chosen(now)]
    return Go(where, keep=keep, say=_with_state(now, where, said))


def _with_state(scene: Scene, where: str, said: Sequence[Text]) -> tuple[Text, ...]:
    """What was done, and what is left; the basket says that itself."""
    left_ = () if where == "basket" else state_of_basket(scene)
    return (lines(*said, *left_),) if said or left_ else ()


@with_draft
def already(scene: Scene) -> Choose:
    """A number that is in the basket: taken out only when that is what was meant."""
    number = _waiting(scene)
    return Choose(
        Text("vote.already", number=str(number)),
        (
            Choice("keep", Text("vote.keep.label"), "no"),
            Choice("remove", Text("vote.remove.label"), "remove"),
        ),
        _already_chosen,
    )


def _already_chosen(scene: Scene, answer: Answer) -> Go:
    where = str(draft(scene).get("from") or "choose")
    if answer.choice == "remove":
        return take_out(scene, [_waiting(scene)], where, queue=None)
    return Go(where, keep=kept(scene, queue=None))


def _waiting(scene: Scene) -> int:
    """The plan that an answer is awaited about; 0 for none."""
    queue = draft(scene).get("queue") or ()
    return int(queue[0]) if queue else 0


# --- points -----------------------------------------------------------------------------------


def _ask_points(scene: Scene, numbers: Sequence[int], where: str, **more: Any) -> Go:
    wanted = list(dict.fromkeys(numbers))
    known = [number for number in wanted if paper(scene).item(number)]
    said = tuple(Text("vote.unknown_plan", number=str(n)) for n in wanted if n not in known)
    if not known:
        return Go(where, keep=kept(scene, **more), say=said)
    return Go("points", keep=kept(scene, queue=known, **{"from": where}, **more), say=said)


@with_draft
def points(scene: Scene) -> Ask:
    """How many points for the plan that waits: the numbers on screen are the points."""
    number = _waiting(scene)
    item, most = paper(scene).item(number), points_for(scene, number)
    rows = range(1, min(most, MOST_POINT_ROWS) + 1)
    shown = sheet(scene, item) if item else Text("vote.unknown_plan", number=str(number))
    return Ask(
        Counted("vote.how_many_points", most, sheet=shown),
        _points_given,
        easier=Counted("vote.how_many_points", most, sheet=shown),
        choices=(
            *(Choice(f"points-{n}", Counted("vote.points.label", n), key=str(n)) for n in rows),
            Choice("points-0", Text("vote.no_points.label"), "remove", key="0"),
        ),
    )


def _points_given(scene: Scene, answer: Answer) -> Go:
    most = points_for(scene, _waiting(scene))
    if answer.kind == "choice":
        return _with_points(scene, int(answer.choice.removeprefix("points-")))
    said = understand.plans(answer.text)
    if understand.meaning(answer.text, ("all",)):
        said = (most,)
    if len(said) != 1 or said[0] > most:
        number = str(_waiting(scene))
        return Go("points", say=(Counted("vote.points_most", most, number=number),), missed=True)
    return _with_points(scene, said[0])


def _with_points(scene: Scene, given: int) -> Go:
    number, where = _waiting(scene), str(draft(scene).get("from") or "choose")
    choices = put(chosen(scene), number, given) if given else without(chosen(scene), number)
    refusal = refuses(paper(scene), choices, final=False)
    if refusal:
        return _no_points(scene, why_not(scene, refusal, number), where)
    had = points_on(scene, number)
    keep = changed(scene, choices, **_next_waiting(scene)) if given or had else _skipped(scene)
    now = as_kept(scene, keep)
    key = "vote.added" if given else "vote.taken_out"
    said = [_told(now, number, key)] if given or had else []
    next_ = _after_points(now, where)
    return Go(next_, keep=keep, say=_with_state(now, next_, said))


def _no_points(scene: Scene, why: Text, where: str) -> Go:
    keep = _skipped(scene)
    now = as_kept(scene, keep)
    next_ = _after_points(now, where)
    return Go(next_, keep=keep, say=_with_state(now, next_, [why]))


def _skipped(scene: Scene) -> dict[str, Any]:
    return kept(scene, **_next_waiting(scene))


def _next_waiting(scene: Scene) -> dict[str, Any]:
    return {"queue": list(draft(scene).get("queue") or ())[1:] or None}


def _after_points(scene: Scene, where: str) -> str:
    """The next plan that waits, as long as there are points."""
    return "points" if _waiting(scene) and left(scene).points else where

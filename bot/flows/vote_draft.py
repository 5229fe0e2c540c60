"""The vote that somebody is making: all of it lives in the session under `vote`, and is secret.

`code`; `heard` (a code said aloud, not confirmed); then, once the code is right: `area`, `seed`
(of this voter's order of the plans), `again` (the pass was used before), `aged` (old enough);
`choices` (pairs of number and points), `before` (the choices before each change, to undo);
`theme` (whose plans are shown), `at` (place in the order), `turns` (pages turned since it was
opened), `page`; `queue` (plans that wait for points); `from` (the state one chooses from); `told`
(that leaving casts nothing); `receipt` (when it is cast, and nothing else is left).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from typing import Any

from bot.prompts import Scene
from civic.ballots import Item, Paper, Room, room
from civic.rounds import BallotKind

Pairs = Sequence[tuple[int, int]]

MOST_UNDONE = 20  # changes that can be undone


def draft(scene: Scene) -> Mapping[str, Any]:
    """The vote as far as it goes; {} when there is none."""
    found = scene.answers.get("vote")
    return found if isinstance(found, dict) else {}


def is_open(vote: object) -> bool:
    """Whether a vote is being made: its code was right, and it is not cast."""
    return isinstance(vote, dict) and bool(vote.get("area")) and not vote.get("receipt")


def kept(scene: Scene, **changes: Any) -> dict[str, Any]:
    """What an answer keeps: the vote with these changes; None takes a part away."""
    vote = {**draft(scene), **changes}
    return {"vote": {name: value for name, value in vote.items() if value is not None}}


def paper(scene: Scene) -> Paper:
    """What can be voted for; an empty paper when the area has none."""
    area = str(draft(scene).get("area") or "")
    return scene.world.papers.get(area) or Paper(area, Decimal(0), ())


def chosen(scene: Scene) -> tuple[tuple[int, int], ...]:
    """The choices as (number of the plan, points), in the order in which they were made."""
    return tuple((int(number), int(points)) for number, points in draft(scene).get("choices") or ())


def items_chosen(scene: Scene) -> list[Item]:
    """The plans in the basket, by number, as in the letter."""
    return [item for number, _ in sorted(chosen(scene)) if (item := paper(scene).item(number))]


def is_chosen(scene: Scene, number: int) -> bool:
    return any(number == each for each, _ in chosen(scene))


def points_on(scene: Scene, number: int) -> int:
    return next((points for each, points in chosen(scene) if each == number), 0)


def by_points(scene: Scene) -> bool:
    return paper(scene).kind is BallotKind.POINTS


def left(scene: Scene) -> Room:
    """What the ballot may still take."""
    return room(paper(scene), chosen(scene))


def points_for(scene: Scene, number: int) -> int:
    """The most points that this plan can get now."""
    rules = paper(scene)
    over = (left(scene).points or 0) + points_on(scene, number)
    return over if rules.points_most is None else min(over, rules.points_most)


def put(choices: Pairs, number: int, points: int = 1) -> Pairs:
    """The choices with this plan; where it is among them already, with these points."""
    if any(number == each for each, _ in choices):
        return [(each, points if each == number else was) for each, was in choices]
    return [*choices, (number, points)]


def without(choices: Pairs, number: int) -> Pairs:
    return [(each, points) for each, points in choices if each != number]


def changed(scene: Scene, choices: Pairs, **more: Any) -> dict[str, Any]:
    """What is kept when the choices change: they can be undone."""
    before = [*(draft(scene).get("before") or ()), _plain(chosen(scene))][-MOST_UNDONE:]
    return kept(scene, choices=_plain(choices), before=before, **more)


def undone(scene: Scene) -> dict[str, Any] | None:
    """What is kept when the last change is undone; None when there is none."""
    *before, last = draft(scene).get("before") or (None,)
    return None if last is None else kept(scene, choices=last, before=before or None)


def _plain(choices: Pairs) -> list[list[int]]:
    return [[number, points] for number, points in choices]


def order(scene: Scene) -> list[Item]:
    """The plans, or those of the chosen theme, in this voter's own order."""
    theme = draft(scene).get("theme")
    shown = [item for item in paper(scene).items if theme is None or item.theme == theme]
    return shuffled(shown, draft(scene).get("seed"))


def shuffled(items: Iterable[Item], seed: object) -> list[Item]:
    """The plans in an order that the seed decides, the same on every machine.

    Sorted by hash, so that each order is as likely as any other, and a plan that is added does
    not move the others about.
    """
    return sorted(items, key=lambda item: sha256(f"{seed}|{item.number}".encode()).digest())


def place(scene: Scene) -> int:
    """The place in the order, within it."""
    return max(0, min(int(draft(scene).get("at") or 0), len(order(scene)) - 1))


def themes(scene: Scene) -> list[tuple[str, int]]:
    """Each theme with plans on this paper and how many, in the round's order; "" for none."""
    round_ = scene.world.round
    known = [theme.id for theme in round_.themes] if round_ else []
    count: dict[str, int] = {}
    for item in paper(scene).items:
        count[item.theme] = count.get(item.theme, 0) + 1
    named = [*known, *(theme for theme in count if theme not in known)]
    return [(theme, count[theme]) for theme in named if theme in count]


def as_kept(scene: Scene, keep: Mapping[str, Any]) -> Scene:
    """The scene as it will be once this is kept, to say what is left then."""
    return replace(scene, answers={**scene.answers, **keep})

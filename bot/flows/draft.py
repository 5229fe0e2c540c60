"""The plan that somebody is making: it lives in the session under `draft` until it is sent.

`parts` (what was told, in order, each with the recording it came from), `title`,
`theme`, `area`, `address`, `location`, `cost`, `photos`, `who`, `call`, `phone`. A
key that is absent has not been asked; None is "I don't know".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.prompts import Go, Scene, Text
from civic.rounds import Round

MOST_PHOTOS = 5
READ_BACK = 900  # letters of the plan that are repeated; it is all kept

# Each question and the key of the draft that it fills.
_ORDER = (
    ("submit_plan.title", "title"),
    ("submit_plan.theme", "theme"),
    ("plan_details.place", "area"),
    ("plan_details.cost", "cost"),
    ("plan_details.photo", "photos"),
    ("plan_details.who", "who"),
    ("plan_details.call", "call"),
)


def draft(scene: Scene) -> Mapping[str, Any]:
    """The plan as far as it goes; {} when there is none."""
    found = scene.answers.get("draft")
    return found if isinstance(found, dict) else {}


def the_round(scene: Scene) -> Round:
    round_ = scene.world.round
    if round_ is None:
        raise LookupError("no round")
    return round_


def kept(scene: Scene, **changes: Any) -> dict[str, Any]:
    return {"draft": {**draft(scene), **changes}}


def onward(scene: Scene, say: tuple[Text, ...] = (), **changes: Any) -> Go:
    """To the first question not yet answered, or to the summary when there is none."""
    plan = {**draft(scene), **changes}
    themes = the_round(scene).themes
    asked = [(state, key) for state, key in _ORDER if themes or key != "theme"]
    next_ = next((state for state, key in asked if key not in plan), "submit_plan.summary")
    return Go(next_, keep={"draft": plan}, say=say)


def parts_of(scene: Scene) -> list[dict[str, Any]]:
    return list(draft(scene).get("parts") or ())


def text_of(scene: Scene) -> str:
    return "\n".join(str(p["text"]) for p in parts_of(scene) if p["text"])


def told(scene: Scene) -> str:
    return shortened(text_of(scene))


def shortened(text: str) -> str:
    """The beginning, whole words, for reading back; the plan itself is kept whole."""
    if len(text) <= READ_BACK:
        return text
    return text[:READ_BACK].rpartition(" ")[0] + " …"

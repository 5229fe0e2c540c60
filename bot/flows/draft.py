"""The plan that somebody is making: it lives in the session under `draft` until it is sent.

`parts` (what was told, in order, each with the recording it came from), `title`,
`theme`, `area`, `address`, `location`, `cost`, `photos`, `who`, `call`, `phone`. A
key that is absent has not been asked; None is "I don't know".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.prompts import Answer, Go, Scene, Text
from civic.rounds import Round

FEW_WORDS = 3  # less than this tells too little to be a plan
MOST_PARTS = 20
MOST_LETTERS = 5000  # what the municipality's platform takes as a description
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
    useless = not_asked(scene)
    asked = [(state, key) for state, key in _ORDER if key not in useless]
    next_ = next((state for state, key in asked if key not in plan), "submit_plan.summary")
    return Go(next_, keep={"draft": plan}, say=say)


def not_asked(scene: Scene) -> set[str]:
    """Keys of the draft about which this round, or the person's channel, has no question."""
    themes, photos = the_round(scene).themes, "photo" in scene.world.ways
    return {key for key, has in (("theme", themes), ("photos", photos)) if not has}


def parts_of(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(plan.get("parts") or ())


def text_in(plan: Mapping[str, Any]) -> str:
    return "\n".join(str(p["text"]) for p in parts_of(plan) if p["text"])


def text_of(scene: Scene) -> str:
    return text_in(draft(scene))


def told(scene: Scene) -> str:
    return shortened(text_of(scene))


def with_part(plan: Mapping[str, Any], answer: Answer) -> dict[str, Any] | None:
    """The plan with what was just told or shown; None when there is no room for it."""
    parts, photos = parts_of(plan), list(plan.get("photos") or ())
    if answer.kind == "photo" and answer.media is not None:
        photos = [*photos, answer.media][:MOST_PHOTOS]
    if answer.text or answer.kind == "voice":
        recording = answer.media if answer.kind == "voice" else None
        unsure = {"unsure": True} if answer.verdict == "unsure" else {}
        parts = [*parts, {"text": answer.text, "recording": recording, **unsure}]
    if len(parts) > MOST_PARTS or sum(len(str(p["text"])) for p in parts) > MOST_LETTERS:
        return None
    return {**plan, "parts": parts, **({"photos": photos} if photos else {})}


def joined(plan: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """The plan with the parts and photos that were told before it was known to be one."""
    photos = [*(plan.get("photos") or ()), *(more.get("photos") or ())][:MOST_PHOTOS]
    parts = [*parts_of(plan), *parts_of(more)][:MOST_PARTS]
    return {**plan, "parts": parts, **({"photos": photos} if photos else {})}


def shortened(text: str) -> str:
    """The beginning, whole words, for reading back; the plan itself is kept whole."""
    if len(text) <= READ_BACK:
        return text
    return text[:READ_BACK].rpartition(" ")[0] + " …"

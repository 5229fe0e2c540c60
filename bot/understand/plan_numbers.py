"""A plan's number as people type it from a poster: "plan 12", "#12", "خطة رقم ١٢"."""

from __future__ import annotations

import re

from bot.normalise import normalise

# The word for a plan in each language, as `normalise` leaves it; Telegram's link says "start".
_PLAN = re.compile(
    "(?:start )?(?:(?P<named>plan|plani|plannen|project|proje|idee|خطه|الخطه|مشروع) )?"
    "(?:(?:nr|no|num|nummer|number|numara|numarasi|رقم|برقم) )?(?P<number>[1-9][0-9]{0,4})"
)


def plan_number(text: str, choices: int) -> int | None:
    """The number of a plan that this text names, and nothing else; else None.

    A number alone is a plan's when it cannot be one of so many `choices`.
    """
    found = _PLAN.fullmatch(normalise(text))
    if found is None:
        return None
    number = int(found["number"])
    return number if found["named"] or number > choices else None

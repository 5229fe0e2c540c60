"""A plan: what a resident proposes, its life, and the short name it gets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

# OpenStad, the municipality's platform, takes titles of 10 to 50 characters.
TITLE_MOST = 50


class Status(StrEnum):
    """Where a plan is in its life (DESIGN 9); `withdrawn` is the initiator's own choice."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    SUPPORTED = "supported"
    ASSESSING = "assessing"
    ADJUST = "adjust"
    ADMITTED = "admitted"
    DECLINED = "declined"
    CHOSEN = "chosen"
    NOT_CHOSEN = "not_chosen"
    STARTING = "starting"
    RUNNING = "running"
    DONE = "done"
    WITHDRAWN = "withdrawn"


_S = Status
NEXT: Mapping[Status, frozenset[Status]] = {
    _S.DRAFT: frozenset({_S.SUBMITTED}),
    _S.SUBMITTED: frozenset({_S.SUPPORTED, _S.ASSESSING, _S.WITHDRAWN}),
    _S.SUPPORTED: frozenset({_S.ASSESSING, _S.WITHDRAWN}),
    _S.ASSESSING: frozenset({_S.ADJUST, _S.ADMITTED, _S.DECLINED, _S.WITHDRAWN}),
    _S.ADJUST: frozenset({_S.ASSESSING, _S.WITHDRAWN}),
    _S.ADMITTED: frozenset({_S.CHOSEN, _S.NOT_CHOSEN, _S.WITHDRAWN}),
    _S.DECLINED: frozenset(),
    _S.CHOSEN: frozenset({_S.STARTING}),
    _S.NOT_CHOSEN: frozenset(),
    _S.STARTING: frozenset({_S.RUNNING}),
    _S.RUNNING: frozenset({_S.DONE}),
    _S.DONE: frozenset(),
    _S.WITHDRAWN: frozenset(),
}
# Before the assessment the text is still the initiator's; from then on others have read it.
OPEN_TO_ADDITIONS = frozenset({_S.SUBMITTED, _S.SUPPORTED, _S.ASSESSING, _S.ADJUST})


def may_become(before: Status, after: Status) -> bool:
    """Whether a plan may go from one status to the other in one step."""
    return after in NEXT[before]


# What people say before they say it: "I would like to", in each language.
_RUN_UP = re.compile(
    r"^(?:(?:hoi|hallo|hi|hello|dag|merhaba|selam|goedemorgen|goedemiddag|مرحبا|السلام عليكم)[\s,.!،]+"
    r"|(?:ik (?:wil(?: graag)?|zou graag|heb een (?:idee|plan))|mijn (?:plan|idee) is|wij willen(?: graag)?)"
    r"(?: dat er| om| een plan)?[\s,:]+"
    r"|(?:i (?:want(?: to)?|would like(?: to)?|have (?:an idea|a plan))|my (?:plan|idea) is|we want(?: to)?)[\s,:]+"
    r"|(?:benim (?:planım|fikrim)|bir fikrim var|planım)[\s,:]+"
    r"|(?:أريد(?: أن)?|اريد(?: ان)?|أود(?: أن)?|عندي فكرة|فكرتي(?: هي)?|خطتي(?: هي)?)[\s,:،]+)+",
    re.IGNORECASE,
)


def propose_title(text: str, language: str = "nl") -> str:
    """A short name from the plan's own first words, at most 50 characters, whole words."""
    rest = _RUN_UP.sub("", text.strip()) or text.strip()
    sentence = re.split(r"(?<=[.!?؟])\s|\n", rest, maxsplit=1)[0].strip(" .!?؟,،:;")
    title = ""
    for word in sentence.split():
        longer = f"{title} {word}".strip()
        if len(longer) > TITLE_MOST:
            break
        title = longer
    title = (title or sentence[:TITLE_MOST]).rstrip(" ,،:;-")
    first = "İ" if language == "tr" and title.startswith("i") else title[:1].upper()
    return first + title[1:]

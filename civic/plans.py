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


# What people say before they say it, in each language: a greeting, who they are, "I would like".
_RUN_UP = re.compile(
    r"^(?:"
    r"(?:hoi|hallo|dag|goede(?:morgen|middag|navond)"
    r"|hi|hello|hey|good (?:morning|afternoon|evening)"
    r"|merhaba(?:lar)?|selam(?:lar)?|iyi (?:günler|akşamlar)"
    r"|مرحبا|مرحبًا|السلام عليكم|سلام)[\s,.!،]+"
    r"|(?:ik ben|ik heet|mijn naam is|i am|i'm|my name is|benim adım|adım|ben)"
    r"(?-i:\s[A-ZÇĞİÖŞÜ]\w+){1,2}(?:[.,]|\s(?:en|and|ve))\s+"
    r"|اسمي\s\w+(?:[.,،]|\sو)\s*"
    r"|(?:ik (?:wil(?: graag)?|zou graag(?: willen)?|heb een (?:idee|plan))|wij willen(?: graag)?"
    r"|we willen(?: graag)?|mijn (?:plan|idee) is)(?: dat er| om| een plan)?[\s,:]+"
    r"|(?:(?:i|we)(?: want| would like|'d like| need)|i have (?:an idea|a plan)"
    r"|my (?:plan|idea) is)(?: to have| to| for)?[\s,:]+"
    r"|(?:ben|biz|benim (?:planım|fikrim)|bir fikrim var|bir planım var|fikrim|planım)[\s,:]+"
    r"|(?:أريد(?: أن)?|اريد(?: ان)?|أود(?: أن)?|نريد|بدي|بغيت|بغينا|عندي فكرة"
    r"|فكرتي(?: هي)?|خطتي(?: هي)?)[\s,:،]+)+",
    re.IGNORECASE,
)
# A Turkish "I want" stands at the end; a Dutch "that there will be" leaves its verb behind.
_RUN_OUT = re.compile(
    r"\s+(?:(?:(?:yapmak|kurmak|görmek)\s+)?(?:istiyorum|istiyoruz|isterim|isteriz)|olsun|lazım|gerek|gerekiyor)(?:\s+lütfen)?$",
    re.IGNORECASE,
)
_WILL_BE = re.compile(r"\s(?:komt|komen)(?=\s|$)")
_SENTENCE = re.compile(r"(?<=[.!?؟])\s+|[\r\n]+")
_EDGE = " \t\r\n.!?؟,،:;-–"
# Words that cannot stand at the end of a name that was cut there.
_LEADING_ON = frozenset(
    [
        *("de", "het", "een", "en", "of", "van", "voor", "in", "op", "met", "bij", "naar", "aan"),
        *(
            "om",
            "te",
            "uit",
            "rond",
            "tot",
            "over",
            "door",
            "die",
            "dat",
            "from",
            "near",
            "the",
            "a",
            "an",
            "and",
            "or",
            "of",
            "for",
            "on",
            "with",
        ),
        *("at", "to", "that", "ve", "ile", "için", "bir"),
        *("في", "من", "على", "مع", "عن", "إلى", "و", "أن"),
    ]
)
_TITLE_LEAST = 10


def propose_title(text: str, language: str = "nl") -> str:
    """A short name from the plan's own first words, at most 50 characters, whole words."""
    title = _shortened(_RUN_OUT.sub("", _first_words(text)))
    first = "İ" if language == "tr" and title.startswith("i") else title[:1].upper()
    return first + title[1:]


def _first_words(text: str) -> str:
    """What is said first, without the run-up to it; with what follows if that is very little."""
    run_up = _RUN_UP.match(text.strip())
    rest = text.strip()[run_up.end() :] if run_up else text.strip()
    if run_up and run_up[0].lower().endswith("dat er "):
        rest = _WILL_BE.sub("", rest, count=1)
    sentences = [said.strip(_EDGE) for said in _SENTENCE.split(rest)]
    sentences = [said for said in sentences if said] or [text.strip(_EDGE)]
    return sentences[0] if len(sentences[0]) >= _TITLE_LEAST else " ".join(sentences[:2])


def _shortened(said: str) -> str:
    words = " ".join(said.split())
    if len(words) <= TITLE_MOST:
        return words
    kept = words[: TITLE_MOST + 1].split()[:-1] or [words[:TITLE_MOST]]
    while len(kept) > 1 and kept[-1].lower() in _LEADING_ON:
        kept.pop()
    return " ".join(kept).rstrip(_EDGE)

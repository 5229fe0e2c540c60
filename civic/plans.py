"""A plan: what a resident proposes, its life, and the short name it gets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
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


class Role(StrEnum):
    """Who takes a step. `supporters`: the neighbours together; `count`: the count of the votes."""

    INITIATOR = "initiator"
    SUPPORTERS = "supporters"
    COORDINATOR = "coordinator"
    ASSESSOR = "assessor"
    COMMITTEE = "committee"
    COUNT = "count"


class Refusal(StrEnum):
    """Why a step cannot be taken."""

    NO_SUCH_STEP = "no_such_step"
    NOT_YOURS = "not_yours"
    NO_REASON = "no_reason"
    NO_SUPPORT = "no_support"
    VOTE_BEGUN = "vote_begun"  # ballots name the plan: without it they would not count


_S, _R = Status, Role
_OFFICE = frozenset({_R.COORDINATOR})
_TAKEN_BACK = frozenset({_R.INITIATOR, _R.COORDINATOR})
_TESTED = frozenset({_R.ASSESSOR, _R.COMMITTEE, _R.COORDINATOR})
_TO_TEST = frozenset({_R.COORDINATOR, _R.ASSESSOR})
_DECIDED = frozenset({_R.COUNT, _R.COMMITTEE})  # the committee where no vote is held: model C
STEPS: Mapping[Status, Mapping[Status, frozenset[Role]]] = {
    _S.DRAFT: {_S.SUBMITTED: frozenset({_R.INITIATOR, _R.COORDINATOR})},
    _S.SUBMITTED: {
        _S.SUPPORTED: frozenset({_R.SUPPORTERS, _R.COORDINATOR}),
        _S.ASSESSING: _TO_TEST,
        _S.WITHDRAWN: _TAKEN_BACK,
    },
    _S.SUPPORTED: {_S.ASSESSING: _TO_TEST, _S.WITHDRAWN: _TAKEN_BACK},
    _S.ASSESSING: {
        _S.ADJUST: _TESTED,
        _S.ADMITTED: _TESTED,
        _S.DECLINED: _TESTED,
        _S.WITHDRAWN: _TAKEN_BACK,
    },
    _S.ADJUST: {
        _S.ASSESSING: frozenset({_R.INITIATOR, _R.COORDINATOR}),
        _S.WITHDRAWN: _TAKEN_BACK,
    },
    _S.ADMITTED: {_S.CHOSEN: _DECIDED, _S.NOT_CHOSEN: _DECIDED, _S.WITHDRAWN: _TAKEN_BACK},
    _S.DECLINED: {},
    _S.CHOSEN: {_S.STARTING: _OFFICE},
    _S.NOT_CHOSEN: {},
    _S.STARTING: {_S.RUNNING: _OFFICE},
    _S.RUNNING: {_S.DONE: _OFFICE},
    _S.DONE: {},
    _S.WITHDRAWN: {},
}
"""Each step of a plan's life (DESIGN 9) and who may take it."""
NEXT: Mapping[Status, frozenset[Status]] = {
    before: frozenset(following) for before, following in STEPS.items()
}
# Before the assessment the text is still the initiator's; from then on others have read it.
OPEN_TO_ADDITIONS = frozenset({_S.SUBMITTED, _S.SUPPORTED, _S.ASSESSING, _S.ADJUST})
# A plan that has enough may get more. Nobody's support counts for their own plan: they stand
# behind it already, so the threshold is a number of other people.
OPEN_TO_SUPPORT = frozenset({_S.SUBMITTED, _S.SUPPORTED})
# What everybody may see of others.
SHOWN = frozenset(_S) - {_S.DRAFT, _S.WITHDRAWN}
RESULTS = frozenset({_S.CHOSEN, _S.NOT_CHOSEN})
# What can be, or could be, voted for: counting again later finds the same plans.
ON_THE_PAPER = RESULTS | {_S.ADMITTED, _S.STARTING, _S.RUNNING, _S.DONE}

ADAPT_WITHIN = timedelta(days=14)  # what an initiator has to answer, unless a date is given
REMIND_BEFORE = timedelta(days=3)
TEST_AGAIN_WITHIN = timedelta(days=14)  # after the answer


def may_become(before: Status, after: Status) -> bool:
    """Whether a plan may go from one status to the other in one step."""
    return after in NEXT[before]


def needs_reason(after: Status, role: Role) -> bool:
    """Whether somebody is refused or asked for a change by people, who then have to say why.

    The count gives no reasons: its votes are the reason.
    """
    if after in (_S.ADJUST, _S.DECLINED):
        return True
    by_others = {_S.WITHDRAWN: role is not _R.INITIATOR, _S.NOT_CHOSEN: role is _R.COMMITTEE}
    return by_others.get(after, False)


def refusal(
    before: Status, after: Status, role: Role, *, has_reason: bool, support_missing: int
) -> Refusal | None:
    """Why this step may not be taken, None when it may.

    `support_missing`: how many supporters the plan still lacks; 0 where none are asked for.
    """
    if not may_become(before, after):
        return Refusal.NO_SUCH_STEP
    if role not in STEPS[before][after]:
        return Refusal.NOT_YOURS
    if before is _S.SUBMITTED and after is not _S.WITHDRAWN and support_missing > 0:
        return Refusal.NO_SUPPORT
    if needs_reason(after, role) and not has_reason:
        return Refusal.NO_REASON
    return None


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

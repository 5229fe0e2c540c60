"""What may not go unnoticed: who has waited too long, and for what.

Pure: what was found in the tables goes in, alarms come out, the oldest first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

NEAR = timedelta(days=3)  # before a deadline
WAITING = timedelta(days=2)  # somebody who asked for help
SILENCE = timedelta(weeks=3)  # a chosen plan without a word
UNTESTED = timedelta(weeks=1)  # a plan that should be assessed and that nobody assesses
NO_CONTACT = timedelta(weeks=1)  # a chosen plan without a named official
FAILED = timedelta(weeks=1)  # how long a message that failed stays an alarm
REACH = timedelta(days=1)  # how long a result may be on its way to an initiator


class Kind(StrEnum):
    DEADLINE_NEAR = "deadline_near"
    DEADLINE_PAST = "deadline_past"
    ANSWER_PAST = "answer_past"
    UNTESTED = "untested"
    WAITING = "waiting"
    SILENT = "silent"
    NO_CONTACT = "no_contact"
    NOT_REACHED = "not_reached"
    FAILED = "failed"
    EXPORT_FAILED = "export_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that needs a person. `since` is in UTC milliseconds.

    It links to a plan by its `number`, or to a request for help; `assessment` is the row of the
    test it is about, `count` how many it stands for, `reason` a code that says why.
    """

    kind: Kind
    since: int
    number: int | None = None
    help_request: int | None = None
    assessment: int | None = None
    count: int = 1
    reason: str = ""


def ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def of_deadline(deadline: int, now: int) -> Kind | None:
    """What a deadline means now; times in milliseconds."""
    if deadline <= now:
        return Kind.DEADLINE_PAST
    return Kind.DEADLINE_NEAR if deadline - now <= ms(NEAR) else None


def is_over(since: int, span: timedelta, now: int) -> bool:
    """Whether something has lasted longer than it may."""
    return now - since > ms(span)


def oldest_first(alarms: Iterable[Alarm]) -> list[Alarm]:
    return sorted(alarms, key=lambda a: (a.since, a.kind, a.number or 0, a.help_request or 0))

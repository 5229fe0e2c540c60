"""The feasibility test: what an assessor may find, and what that makes of the plan."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from civic.plans import Status


class Verdict(StrEnum):
    """What one assessor finds in their field; open until they have said it."""

    OPEN = "open"
    FEASIBLE = "feasible"
    ADJUST = "adjust"
    NOT_FEASIBLE = "not_feasible"


def needs_reason(verdict: Verdict) -> bool:
    """Whether the assessor has to say why."""
    return verdict in (Verdict.ADJUST, Verdict.NOT_FEASIBLE)


def proposal(verdicts: Iterable[Verdict]) -> Status | None:
    """What the verdicts of all fields together make of a plan; None while one is missing.

    One "no" is a no, one question is a question. A person takes the step itself.
    """
    found = set(verdicts)
    if not found or Verdict.OPEN in found:
        return None
    if Verdict.NOT_FEASIBLE in found:
        return Status.DECLINED
    return Status.ADJUST if Verdict.ADJUST in found else Status.ADMITTED

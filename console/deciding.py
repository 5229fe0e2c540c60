"""What is to become of the admitted plans: from the published count, or decided by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection
from starlette.datastructures import FormData

from civic.plans import Role as Actor
from civic.plans import Status
from civic.rounds import Area
from console.tally_file import CountedArea, read
from console.texts import T
from storage import count_files, hearing, outcomes
from storage.count_files import CountFile
from storage.hearing import Decidable
from storage.rounds import ActiveRound

NOWHERE = ""  # the area of plans that have none, or one that the round does not know


@dataclass(frozen=True, slots=True)
class Section:
    """The plans of one area; `counted` is None where people decide by hand."""

    id: str
    area: Area | None
    plans: list[Decidable]
    counted: CountedArea | None

    def by_count(self, number: int) -> Status | None:
        """What the count made of the plan; None when it was not on the ballot, or is tied."""
        if self.counted is None or any(number in tie for tie in self.counted.ties):
            return None
        if number in self.counted.chosen:
            return Status.CHOSEN
        return Status.NOT_CHOSEN if number in self.counted.not_chosen else None

    @property
    def by_hand(self) -> list[Decidable]:
        """The plans that somebody has to decide about here."""
        tied = {number for tie in (self.counted.ties if self.counted else ()) for number in tie}
        return [p for p in self.plans if not self.by_count(p.number) and p.number not in tied]

    @property
    def tied(self) -> list[tuple[int, ...]]:
        return list(self.counted.ties) if self.counted else []


@dataclass(frozen=True, slots=True)
class Decision:
    """What is set for each plan by number. `by_count`: those that the count decided."""

    outcomes: Mapping[int, Status]
    reasons: Mapping[int, Mapping[str, str]]
    by_count: frozenset[int]
    errors: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)

    def spent(self, section: Section) -> Decimal:
        """Euros for the chosen plans of an area: as the count has it, else what they cost."""
        chosen = [p for p in section.plans if self.outcomes.get(p.number) is Status.CHOSEN]
        paid = section.counted.chosen if section.counted else {}
        costs = (paid.get(p.number, p.euros or Decimal(0)) for p in chosen)
        return sum(costs, Decimal(0))

    def of(self, section: Section, outcome: Status) -> list[Decidable]:
        return [p for p in section.plans if self.outcomes.get(p.number) is outcome]


def sections(
    conn: Connection, active: ActiveRound, now_ms: int
) -> tuple[list[Section], CountFile | None]:
    """The admitted plans by area, with what was counted there; and the file it is from."""
    file = count_files.of_round(conn, active.id, now_ms)
    counted = read(file.content) if file else {}
    by_area: dict[str, list[Decidable]] = {}
    only = active.round.areas[0].id if len(active.round.areas) == 1 else NOWHERE
    for plan in hearing.admitted(conn, active.id):
        known = plan.area if plan.area and active.round.area(plan.area) else only
        by_area.setdefault(known, []).append(plan)
    order = [area.id for area in active.round.areas] + [NOWHERE]
    return [
        Section(each, active.round.area(each), by_area[each], counted.get(each))
        for each in order
        if each in by_area
    ], file


def decided(found: list[Section], posted: FormData) -> Decision:
    """What the count and the form together say, with what is still missing in `errors`."""
    wanted: dict[int, Status] = {}
    reasons: dict[int, Mapping[str, str]] = {}
    errors: dict[str, tuple[str, dict[str, Any]]] = {}
    counted = frozenset(
        plan.number for part in found for plan in part.plans if part.by_count(plan.number)
    )
    for section in found:
        for plan in section.plans:
            by_count = section.by_count(plan.number)
            if by_count:
                wanted[plan.number] = by_count
        for plan in section.by_hand:
            _by_hand(plan, posted, wanted, reasons, errors)
    return Decision(wanted, reasons, counted, errors)


def _by_hand(
    plan: Decidable,
    posted: FormData,
    wanted: dict[int, Status],
    reasons: dict[int, Mapping[str, str]],
    errors: dict[str, tuple[str, dict[str, Any]]],
) -> None:
    choice, number = str(posted.get(f"outcome-{plan.number}", "")), plan.number
    if choice not in (Status.CHOSEN, Status.NOT_CHOSEN):
        errors[f"outcome-{number}"] = (T("field.choose"), {})
        return
    wanted[number] = Status(choice)
    words = {
        plan.reads: str(posted.get(f"own-{number}", "")),
        "nl": str(posted.get(f"reason-{number}", "")),
    }
    said = {code: text.replace("\r\n", "\n").strip() for code, text in words.items()}
    reasons[number] = {code: text for code, text in said.items() if text}
    if wanted[number] is Status.NOT_CHOSEN and "nl" not in reasons[number]:
        errors[f"reason-{number}"] = (T("step.reason_needed"), {})


def announce(
    conn: Connection, round_id: int, decision: Decision, *, actor: str, publish_at_ms: int
) -> None:
    """Sets everything for the same instant: the count's as the count, the rest as the committee.

    Raises ValueError when a plan is not admitted any more; then nothing is set.
    """
    for role in (Actor.COUNT, Actor.COMMITTEE):
        mine = {
            number: outcome
            for number, outcome in decision.outcomes.items()
            if (number in decision.by_count) is (role is Actor.COUNT)
        }
        outcomes.announce(
            conn,
            round_id,
            mine,
            actor=actor if role is Actor.COMMITTEE else role.value,
            role=role,
            publish_at_ms=publish_at_ms,
            reasons=decision.reasons,
        )

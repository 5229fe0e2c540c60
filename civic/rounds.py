"""One round of the neighbourhood budget: its phases, areas, themes, rules and words.

Everything here is a fact that was fixed before the round began, or follows from such facts.
Money is in euros. Days are local days in Amsterdam; `today` turns an instant into one.
A round comes from its file (`runtime.round_file`) or from JSON (`civic.round_json`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from civic.places import Outline, contains, found_in, words_of

AMSTERDAM = ZoneInfo("Europe/Amsterdam")

# A list holds ten rows on WhatsApp; the tenth is kept for "back".
MOST_CHOICES = 9
# Up to three choices become buttons, whose label is shorter than a row of a list.
MOST_BUTTONS, BUTTON_LABEL, LIST_LABEL = 3, 20, 24
# What a round may spend on running itself; a rule of the Amsterdam neighbourhood budgets.
HANDLING_COST_LIMIT = Decimal("0.08")


@dataclass(frozen=True, slots=True)
class Localised:
    """The same words in several languages; keys are two-letter codes such as `nl`."""

    texts: Mapping[str, str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "texts", dict(self.texts))

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.texts.items())))

    def get(self, language: str) -> str:
        """The words in this language, else in Dutch, else English, else any; "" without words."""
        for code in (language, "nl", "en", *sorted(self.texts)):
            if code in self.texts:
                return self.texts[code]
        return ""


class Phase(StrEnum):
    """The phases of a round, in their order."""

    INTAKE = "intake"
    SUPPORT = "support"
    ASSESSMENT = "assessment"
    SELECTION = "selection"
    VOTE = "vote"
    RESULT = "result"
    EXECUTION = "execution"
    EVALUATION = "evaluation"


class Act(StrEnum):
    """What a resident does that belongs to a phase."""

    SUBMIT_PLAN = "submit_plan"
    CHANGE_PLAN = "change_plan"
    SUPPORT = "support"
    VOTE = "vote"
    SEE_RESULT = "see_result"


_PHASES_OF: Mapping[Act, tuple[Phase, ...]] = {
    Act.SUBMIT_PLAN: (Phase.INTAKE,),
    Act.CHANGE_PLAN: (Phase.INTAKE, Phase.SUPPORT, Phase.ASSESSMENT),
    Act.SUPPORT: (Phase.SUPPORT,),
    Act.VOTE: (Phase.VOTE,),
    Act.SEE_RESULT: (Phase.RESULT, Phase.EXECUTION, Phase.EVALUATION),
}


class Model(StrEnum):
    """Who decides in an area."""

    EVERYONE_VOTES = "A"
    CO_CREATION = "B"
    PLATFORM_DECIDES = "C"


class BallotKind(StrEnum):
    """What a voter may tick."""

    APPROVAL = "approval"  # a number of plans, within the ballot's least and most
    WITHIN_BUDGET = "within-budget"  # likewise, and together they fit the area's budget
    POINTS = "points"  # a number of points, spread over plans


class TallyRule(StrEnum):
    """How the count turns votes into chosen plans."""

    FILL = "fill"  # most votes first; a plan that no longer fits is passed over
    STOP = "stop"  # most votes first; the first plan that does not fit ends it
    STOP_PART_FUND = "stop-part-fund"  # likewise, and that plan gets what is left
    EQUAL_SHARES = "equal-shares"  # method of equal shares


@dataclass(frozen=True, slots=True)
class PhaseDates:
    """When a phase runs: first and last local day, both included."""

    name: Phase
    start: date
    end: date

    def holds(self, day: date) -> bool:
        return self.start <= day <= self.end

    @property
    def opens_at(self) -> datetime:
        """The first instant of the phase, in UTC."""
        return _midnight(self.start)

    @property
    def closes_at(self) -> datetime:
        """The first instant after the phase, in UTC."""
        return _midnight(self.end + timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether an act is possible on a day, and otherwise the date to tell.

    allowed: possible from `opens` to `closes`, both days included.
    not allowed, `opens` given: possible from that day, to `closes`.
    not allowed, only `closes` given: over; that was the last day.
    not allowed, neither given: the round does not have this act.
    """

    allowed: bool
    opens: date | None = None
    closes: date | None = None

    def __bool__(self) -> bool:
        return self.allowed


@dataclass(frozen=True, slots=True)
class Theme:
    """A subject of plans. `cap`: the most euros that its plans get together in one area."""

    id: str
    sign: str
    name: Localised
    cap: Decimal | None = None

    def label(self, language: str) -> str:
        """The sign and the name, as on a button."""
        return f"{self.sign} {self.name.get(language)}"


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the round with a budget of its own, in euros.

    places: names of neighbourhoods and streets, or the start of postcodes ("1063", "1063 AB"),
    by which an address is recognised. outline: the corners as (latitude, longitude).
    theme_caps: the most euros by theme here, where it differs from the theme's own cap.
    """

    id: str
    name: Localised
    budget: Decimal
    model: Model = Model.EVERYONE_VOTES
    places: tuple[str, ...] = ()
    outline: Outline | None = None
    theme_caps: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def votes(self) -> bool:
        """Whether residents vote here; with model C a residents' platform decides."""
        return self.model is not Model.PLATFORM_DECIDES


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules, set before the round begins. None means no limit.

    plans_to_send_in, plans_to_carry_out: for each resident. support_threshold: how many
    residents must support a plan before it is assessed. cost_min, cost_max: euros a plan.
    handling_cost_share: share of the budget for running the round, 0 to 0.08.
    ballot_least, ballot_most: how many plans one ballot names. ballot_points: points that one
    ballot spreads, at most ballot_points_most on one plan. ballot_within_caps: one ballot may not
    spend more on a theme than its cap. caps_bind_leftover: caps also hold for plans that are paid
    from what is left over. paper_share: weight of all paper ballots together in the outcome, 0 to
    1; None when every ballot counts the same.
    """

    minimum_age: int = 12
    plans_to_send_in: int | None = None
    plans_to_carry_out: int | None = None
    support_threshold: int = 30
    support_during_intake: bool = False
    cost_min: Decimal = Decimal(0)
    cost_max: Decimal | None = None
    handling_cost_share: Decimal = Decimal(0)
    ballot: BallotKind = BallotKind.WITHIN_BUDGET
    ballot_least: int = 1
    ballot_most: int | None = None
    ballot_points: int = 10
    ballot_points_most: int | None = None
    ballot_within_caps: bool = False
    tally: TallyRule = TallyRule.FILL
    caps_bind_leftover: bool = True
    paper_share: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Keeper:
    """Who keeps the data and for how long, as the privacy notice tells it.

    contact: an e-mail address or phone number for questions about the data.
    Months are counted from the last day of the round.
    """

    name: Localised
    contact: str
    months_recordings: int
    months_plans: int


@dataclass(frozen=True, slots=True)
class Help:
    """Where a person helps: by phone, at which hours, in which place, answered in how long."""

    phone: str
    hours: Localised
    place: Localised
    answer_within_days: int


@dataclass(frozen=True, slots=True)
class Round:
    """One round of the neighbourhood budget.

    languages: two-letter codes; the first is the one to begin in. phases: in their order, not
    overlapping, any of them may be absent. texts: longer words by key ("about", "rules").
    """

    id: str
    name: Localised
    city: str
    languages: tuple[str, ...]
    phases: tuple[PhaseDates, ...]
    areas: tuple[Area, ...]
    themes: tuple[Theme, ...]
    rules: Rules
    keeper: Keeper
    help: Help
    district: str | None = None
    texts: Mapping[str, Localised] = field(default_factory=dict)

    def dates(self, phase: Phase) -> PhaseDates | None:
        """When this phase runs; None when the round does not have it."""
        return next((dates for dates in self.phases if dates.name == phase), None)

    def phase_on(self, day: date) -> Phase | None:
        """The phase that runs on this day; None before, after and between phases."""
        return next((dates.name for dates in self.phases if dates.holds(day)), None)

    def day_in(self, phase: Phase, day: date) -> date:
        """The day to judge by when a coordinator has set `phase` by hand: the one nearest in it."""
        dates = self.dates(phase)
        return max(dates.start, min(day, dates.end)) if dates else day

    def next_phase(self, day: date) -> PhaseDates | None:
        """The first phase that starts after this day."""
        later = (dates for dates in self.phases if dates.start > day)
        return min(later, key=lambda dates: dates.start, default=None)

    def allows(self, act: Act | str, day: date) -> Permission:
        """Whether `act` is possible on this day, and if not from when or until when it is.

        Raises ValueError for an unknown act. An area may still rule it out: `Area.votes`.
        """
        return _permission(_spans(self._windows(Act(act))), day)

    def area(self, area_id: str) -> Area | None:
        return next((area for area in self.areas if area.id == area_id), None)

    def theme(self, theme_id: str) -> Theme | None:
        return next((theme for theme in self.themes if theme.id == theme_id), None)

    def area_at(self, lat: float, lng: float) -> Area | None:
        """The area whose outline holds this point (degrees); None outside or without outlines."""
        return next((a for a in self.areas if a.outline and contains(a.outline, lat, lng)), None)

    def area_of_address(self, text: str) -> Area | None:
        """The one area of which `text` names a place; None when it names none or several."""
        ids = found_in(words_of(text), {area.id: area.places for area in self.areas})
        return self.area(ids.pop()) if len(ids) == 1 else None

    @property
    def support_needed(self) -> int:
        """Residents who must support a plan; 0 when the round asks for no support."""
        return self.rules.support_threshold if any(self._windows(Act.SUPPORT)) else 0

    @property
    def total_budget(self) -> Decimal:
        """The budgets of all areas together, in euros."""
        return sum((area.budget for area in self.areas), Decimal(0))

    def _windows(self, act: Act) -> list[PhaseDates]:
        names = _PHASES_OF[act]
        if act is Act.SUPPORT and self.rules.support_during_intake:
            names = (Phase.INTAKE, *names)
        return [dates for dates in self.phases if dates.name in names]


def today(now: datetime) -> date:
    """The day in Amsterdam at this instant. Raises ValueError without a time zone."""
    if now.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return now.astimezone(AMSTERDAM).date()


def label_limit(choices: int) -> int:
    """The longest label among so many choices; see `label_length`."""
    return BUTTON_LABEL if choices <= MOST_BUTTONS else LIST_LABEL


def label_length(label: str) -> int:
    """Length as the strictest channel counts it: UTF-16 units, so most emoji count as two."""
    return len(label.encode("utf-16-le", "surrogatepass")) // 2


def _spans(windows: Iterable[PhaseDates]) -> list[tuple[date, date]]:
    """First and last days, with phases that follow on each other taken together."""
    spans: list[tuple[date, date]] = []
    for window in sorted(windows, key=lambda window: window.start):
        if spans and window.start <= spans[-1][1] + timedelta(days=1):
            spans[-1] = (spans[-1][0], window.end)
        else:
            spans.append((window.start, window.end))
    return spans


def _permission(spans: Sequence[tuple[date, date]], day: date) -> Permission:
    for start, end in spans:
        if day <= end:
            return Permission(start <= day, start, end)
    return Permission(False, None, spans[-1][1] if spans else None)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), AMSTERDAM).astimezone(UTC)

"""A plan as OpenStad's import and API take it ("inzending", resource).

Source: openstad-headless, the headers of its own export (apps/admin-server/src/lib/keyMap.ts), the
lengths and types of apps/api-server/src/models/Resource.js, where a project may have others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from admin_export.dataset import Dataset, ExportedPlan
from admin_export.measures import openstad as length
from admin_export.measures import trimmed
from admin_export.notes import Note
from admin_export.wording import lengthened, sentences, words
from civic.plans import Status
from civic.rounds import label_length

SYSTEM = "OpenStad"
LENGTHS = {"title": (10, 50), "summary": (20, 140), "description": (140, 5000)}
MOST_BUDGET = 2**31 - 1  # a whole number of four bytes
TAG_TYPES = ("thema", "gebied")
HEADERS = (
    "Inzending ID", "Titel", "Samenvatting", "Beschrijving", "Budget", "Locatie (lat)",
    "Locatie (lng)", "Statussen", "Afbeeldingen", "Extra gegevens",
    *(f"tags.{type_}" for type_ in TAG_TYPES),
)  # fmt: skip
EXTERNAL_ID = "buurtstem"  # our own number of the plan, among the extra data
# What a coordinator of the municipality reads there.
STATUSES = {
    Status.DRAFT: "Concept",
    Status.SUBMITTED: "Ingediend",
    Status.SUPPORTED: "Genoeg steun",
    Status.ASSESSING: "In behandeling",
    Status.ADJUST: "Aanpassen",
    Status.ADMITTED: "Haalbaar",
    Status.DECLINED: "Niet haalbaar",
    Status.CHOSEN: "Gekozen",
    Status.NOT_CHOSEN: "Niet gekozen",
    Status.STARTING: "In voorbereiding",
    Status.RUNNING: "In uitvoering",
    Status.DONE: "Uitgevoerd",
    Status.WITHDRAWN: "Ingetrokken",
}
_NUMBERS = "Inzending ID is het nummer van het plan, niet dat van OpenStad: importeer zonder ID"

Cell = str | float | int | None


@dataclass(frozen=True, slots=True)
class Resource:
    """One inzending. `external_id` is ours and never changes; tags are names by their type."""

    external_id: str
    number: int
    title: str
    summary: str
    description: str
    budget: Decimal | None
    lat: float | None
    lng: float | None
    statuses: tuple[str, ...]
    images: tuple[str, ...]
    extra: str  # JSON
    tags: tuple[tuple[str, tuple[str, ...]], ...]

    def cells(self) -> tuple[Cell, ...]:
        """One row below `HEADERS`; lists joined with a bar."""
        return (
            self.number,
            self.title,
            self.summary,
            self.description,
            number(self.budget),
            self.lat,
            self.lng,
            _listed(self.statuses),
            _listed(self.images),
            self.extra,
            *(_listed(names) for _, names in self.tags),
        )

    def body(self) -> dict[str, Any]:
        """What its API takes, except for statuses and tags, which it knows by its own numbers.

        Images are left out: it refuses those that are not on its own image server.
        """
        here = self.lat is not None and self.lng is not None
        return {
            "title": self.title,
            "summary": self.summary,
            "description": self.description,
            "budget": whole_euros(self.budget),
            "location": {"lat": self.lat, "lng": self.lng} if here else None,
            "extraData": json.loads(self.extra),
        }


def number(amount: Decimal | None) -> int | float | None:
    """Money as a cell: without a fraction where there is none."""
    if amount is None:
        return None
    return int(amount) if amount == int(amount) else float(amount)


def whole_euros(amount: Decimal | None) -> int | None:
    """Half a euro rounded up: OpenStad knows no cents."""
    return None if amount is None else int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def status_name(status: str) -> str:
    """What this status is called there."""
    return STATUSES[Status(status)]


def resource(dataset: Dataset, plan: ExportedPlan) -> Resource:
    """The plan in Dutch where there is a translation, else as it was sent.

    The summary is the beginning of the description, in whole sentences.
    """
    title, text = plan.said_in("nl")
    description = "\n\n".join((text, *(added.text for added in plan.additions if added.text)))
    return Resource(
        external_id=f"{dataset.round.id}-{plan.number}",
        number=plan.number,
        title=title,
        summary=sentences(description, LENGTHS["summary"][1], length),
        description=description,
        budget=plan.cost,
        lat=plan.lat,
        lng=plan.lng,
        statuses=(status_name(plan.status),),
        images=tuple(photo.link for photo in plan.photos),
        extra=_extra(dataset, plan),
        tags=(
            ("thema", _named(plan.theme and dataset.theme_name(plan.theme))),
            ("gebied", _named(plan.area and dataset.area_name(plan.area))),
        ),
    )


def general_notes(dataset: Dataset) -> Iterator[Note]:
    """What holds for every plan."""
    if dataset.plans:
        yield Note(0, SYSTEM, HEADERS[0], _NUMBERS)


def notes(dataset: Dataset, plan: ExportedPlan) -> Iterator[Note]:
    """What OpenStad would refuse or change of this plan, with what it would take."""
    return iter(check(dataset, plan).notes)


def proposed(dataset: Dataset, plan: ExportedPlan) -> Resource:
    """The resource with every proposal for its words taken."""
    return check(dataset, plan).proposed


@dataclass(frozen=True, slots=True)
class Checked:
    """A resource in the plan's own words, and what OpenStad would refuse or change of it."""

    resource: Resource
    notes: tuple[Note, ...]

    @property
    def proposals(self) -> dict[str, str]:
        """Words that fit, for each field that does not."""
        return {note.field: note.proposal for note in self.notes if note.field in LENGTHS}

    @property
    def proposed(self) -> Resource:
        taken: Mapping[str, Any] = self.proposals
        return replace(self.resource, **taken)


def check(dataset: Dataset, plan: ExportedPlan) -> Checked:
    """`resource`, `notes` and `proposed` in one."""
    made = resource(dataset, plan)
    return Checked(made, tuple(_notes(dataset, plan, made)))


def _notes(dataset: Dataset, plan: ExportedPlan, made: Resource) -> Iterator[Note]:
    for field, (least, most) in LENGTHS.items():
        text: str = getattr(made, field)
        shortest, longest = length(text)
        if shortest < least or longest > most:
            what = _wrong_length(text, least, most)
            yield Note(plan.number, SYSTEM, field, what, _fitting(dataset, plan, text, field))
    yield from _money(plan)
    if plan.language != "nl" and not plan.translation("nl"):
        yield Note(plan.number, SYSTEM, "text", f"niet in het Nederlands ({plan.language})")


def _extra(dataset: Dataset, plan: ExportedPlan) -> str:
    """Everybody can see this at OpenStad: so no pseudonym and no link to a voice."""
    told = {
        EXTERNAL_ID: f"{dataset.round.id}-{plan.number}",
        "adres": plan.address,
        "taal": plan.language,
        "kanaal": plan.channel,
        "ingesproken": plan.by_voice,
        "steun": plan.support,
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def _named(name: str) -> tuple[str, ...]:
    return (name,) if name else ()


def _listed(items: tuple[str, ...]) -> str:
    """A bar parts items, so there is none in an item."""
    return "|".join(item.replace("|", "/") for item in items)


def _wrong_length(text: str, least: int, most: int) -> str:
    seen, (shortest, longest) = label_length(trimmed(text)), length(text)
    limit = f"hoogstens {most}" if longest > most else f"ten minste {least}"
    kept = longest if longest > most else shortest
    there = "" if kept == seen else f" ({kept} zoals OpenStad ze bewaart)"
    return f"{seen} tekens{there}, {limit}"


def _money(plan: ExportedPlan) -> Iterator[Note]:
    euros = whole_euros(plan.cost)
    if plan.cost is None or euros is None:
        return
    if euros > MOST_BUDGET:
        yield Note(plan.number, SYSTEM, "budget", f"€ {plan.cost}, hoogstens {MOST_BUDGET}")
    elif euros != plan.cost:
        what = f"€ {plan.cost} heeft centen, alleen hele euro's"
        yield Note(plan.number, SYSTEM, "budget", what, str(euros))


def _fitting(dataset: Dataset, plan: ExportedPlan, text: str, field: str) -> str:
    """Words that are long enough and not too long: the plan's own as far as they go."""
    span = LENGTHS[field]
    shorten = words if field == "title" else sentences
    sure = _SURE_TITLE if field == "title" else _SURE
    facts = [*_facts(dataset, plan, field), *sure]
    for room in (0, span[0] + len(facts)):
        short = shorten(text, span[1] - room, length)
        if fitting := lengthened(short, facts, span, length):
            return fitting
    return lengthened("", facts, span, length) or lengthened("", sure, span, length)


def _facts(dataset: Dataset, plan: ExportedPlan, field: str) -> Iterator[str]:
    """What else is known of the plan."""
    area = dataset.area_name(plan.area) if plan.area else ""
    if field == "title":
        yield from (f"in {area}" for _ in [area] if area)
        yield f"(plan {plan.number})"
        return
    theme = dataset.theme_name(plan.theme) if plan.theme else ""
    for name, value in {"Plek": plan.address, "Gebied": area, "Thema": theme}.items():
        if value:
            yield f"{name}: {value}."
    yield f"Dit is plan {plan.number} van {dataset.round.name.get('nl')}."


# True of every plan, and long enough whatever else is left out.
_SURE_TITLE = ("Plan", "voor de buurt")
_SURE = (
    "Het plan is met Buurtstem ingestuurd, in eigen woorden.",
    "De coördinatoren van het buurtbudget kunnen er meer over vertellen.",
    "Zij helpen ook bij vragen over dit plan.",
)

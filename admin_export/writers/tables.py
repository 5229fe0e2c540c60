"""What the files for people have in common: the columns of the readable table, in Dutch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from admin_export import openstad
from admin_export.cells import Cell
from admin_export.dataset import Dataset, ExportedPlan
from admin_export.figures import UNKNOWN, Figure
from admin_export.notes import Note
from civic.plans import Role
from civic.rounds import AMSTERDAM

# The name of each column, with its width in a spreadsheet.
PLANS: tuple[tuple[str, int], ...] = (
    ("Nr", 6), ("Titel", 34), ("Plan", 60), ("Aanvullingen", 30), ("Status", 16),
    ("Laatste reden", 40), ("Thema", 16), ("Gebied", 18), ("Plek", 24), ("Breedtegraad", 12),
    ("Lengtegraad", 12), ("Kosten (€)", 12), ("Wie voert uit", 14), ("Steun", 8), ("Volgers", 8),
    ("Taal", 7), ("Titel in eigen taal", 34), ("Plan in eigen taal", 60), ("Vertaling", 14),
    ("Kanaal", 11), ("Ingesproken", 11), ("Wat er is gehoord", 40), ("Opnamen", 30),
    ("Foto's", 30), ("Initiatiefnemer", 17), ("Ingediend", 17), ("Laatst veranderd", 17),
)  # fmt: skip
HISTORY = (("Nr", 6), ("Wanneer", 17), ("Wie", 18), ("Van", 18), ("Naar", 18), ("Reden", 60))
FIGURES = (("Wat", 22), ("Per", 12), ("Waarde", 20), ("Mensen", 14), ("Plannen", 14))
NOTES = (("Nr", 6), ("Voor", 12), ("Veld", 18), ("Wat", 50), ("Voorstel", 90))

HIDDEN = "niet getoond"
_WHO = {"me": "initiatiefnemer", "municipality": "gemeente", "together": "samen"}
_ROLES = {
    Role.INITIATOR.value: "initiatiefnemer",
    Role.SUPPORTERS.value: "buurtgenoten",
    Role.COORDINATOR.value: "coördinator",
    Role.ASSESSOR.value: "toetser",
    Role.COMMITTEE.value: "commissie",
    Role.COUNT.value: "telling",
}
_FIGURES = {
    "plans": "ingestuurd",
    "support": "gesteund",
    "week": "week",
    "area": "gebied",
    "language": "taal",
    "channel": "kanaal",
    "way": "manier",
    "voice": "ingesproken",
    "text": "getypt",
    UNKNOWN: "onbekend",
}
_CHANNELS = {
    "phone": "telefoon",
    "paper": "papier",
    "sms": "sms",
    "whatsapp": "WhatsApp",
    "telegram": "Telegram",
}


def plan_row(dataset: Dataset, plan: ExportedPlan) -> tuple[Cell, ...]:
    """One plan below `PLANS`; several of a kind on lines of their own."""
    title, text = plan.said_in("nl")
    own = plan.language == "nl"
    return (
        plan.number, title, text, _lines(each.text for each in plan.additions),
        openstad.status_name(plan.status), plan.reason("nl"),
        plan.theme and dataset.theme_name(plan.theme),
        plan.area and dataset.area_name(plan.area), plan.address, plan.lat, plan.lng,
        openstad.number(plan.cost), _WHO.get(plan.who, plan.who), plan.support, plan.followers,
        plan.language, "" if own else plan.title, "" if own else plan.text, _translated(plan),
        _CHANNELS.get(plan.channel, plan.channel), "ja" if plan.by_voice else "nee",
        _lines(each.transcript for each in plan.recordings),
        _lines(each.link for each in plan.recordings), _lines(each.link for each in plan.photos),
        plan.initiator, local(plan.created_at), local(plan.updated_at),
    )  # fmt: skip


def history_rows(plan: ExportedPlan) -> Iterator[tuple[Cell, ...]]:
    """A row below `HISTORY` for each step."""
    for step in plan.history:
        before = openstad.status_name(step.before) if step.before else ""
        yield (
            plan.number,
            local(step.at),
            _ROLES[step.actor],
            before,
            openstad.status_name(step.after),
            step.reasons.get("nl", ""),
        )


def figure_row(dataset: Dataset, figure: Figure) -> tuple[Cell, ...]:
    """One cell below `FIGURES`."""
    value = _FIGURES.get(figure.value, figure.value)
    if figure.by == "area" and figure.value != UNKNOWN:
        value = dataset.area_name(figure.value)
    people: Cell = HIDDEN if figure.people is None else figure.people
    plans: Cell = figure.plans
    if figure.people is None and figure.what == "plans":
        plans = HIDDEN
    return (_FIGURES[figure.what], _FIGURES[figure.by], value, people, plans)


def note_row(note: Note) -> tuple[Cell, ...]:
    """One row below `NOTES`."""
    return (note.number or None, note.system, note.shown_field, note.what, note.proposal)


def names(columns: Sequence[tuple[str, int]]) -> list[str]:
    return [name for name, _ in columns]


def local(moment: datetime) -> str:
    """An instant as people in Amsterdam write it."""
    return f"{moment.astimezone(AMSTERDAM):%d-%m-%Y %H:%M}"


def _translated(plan: ExportedPlan) -> str:
    found = plan.translation("nl")
    if plan.language == "nl":
        return ""
    if found is None:
        return "nog niet"
    return "door computer" if found.machine else "door mens"


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(text for text in texts if text)

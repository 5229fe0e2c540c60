"""For Decidim's own imports: its proposals, and the answers to them.

Source: decidim, `Decidim::Proposals::Import` (headers, tokens of states) and
`Decidim::Admin::Import::Readers::CSV` (semicolons; no byte order mark, which older versions take
for a part of the first header).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from admin_export import privacy
from admin_export.cells import Cell, clean, eased
from admin_export.dataset import Dataset, ExportedPlan
from admin_export.notes import Note
from admin_export.writers.written import Written
from civic.plans import SHOWN, Status

SYSTEM = "Decidim"
PROPOSALS = (
    "title/nl", "body/nl", "address", "latitude", "longitude", "scope/id", "taxonomies/ids",
)  # fmt: skip
ANSWERS = ("id", "state", "answer/nl")
# Plans that nobody has decided about are not answered: Decidim refuses that as an answer.
STATES = {
    Status.ASSESSING: "evaluating",
    Status.ADJUST: "evaluating",
    Status.ADMITTED: "evaluating",
    Status.DECLINED: "rejected",
    Status.NOT_CHOSEN: "rejected",
    Status.CHOSEN: "accepted",
    Status.STARTING: "accepted",
    Status.RUNNING: "accepted",
    Status.DONE: "accepted",
}
_IDS = "id is het nummer van het plan: zet het nummer in Decidim ervoor in de plaats"
_NAMES = "scope/id en taxonomies/ids zijn onze namen: zet de nummers in Decidim ervoor in de plaats"


def write(dataset: Dataset, folder: Path) -> Written:
    """decidim-proposals.csv and decidim-answers.csv."""
    shown = [plan for plan in dataset.plans if Status(plan.status) in SHOWN]
    answered = [plan for plan in shown if Status(plan.status) in STATES]
    _file(folder / "decidim-proposals.csv", PROPOSALS, map(_proposal, shown))
    _file(folder / "decidim-answers.csv", ANSWERS, map(_answer, answered))
    names = ("decidim-proposals.csv", "decidim-answers.csv")
    return Written(names, tuple(_notes(dataset)))


def _proposal(plan: ExportedPlan) -> tuple[Cell, ...]:
    title, text = plan.said_in("nl")
    body = "\n\n".join((text, *(each.text for each in plan.additions if each.text)))
    return (title, body, plan.address, plan.lat, plan.lng, _id(plan.area), _id(plan.theme))


def _answer(plan: ExportedPlan) -> tuple[Cell, ...]:
    return (plan.number, STATES[Status(plan.status)], plan.reason("nl"))


def _id(name: str) -> str:
    """Our own id. Ruby reads "12-noord" as 12, which may be somebody else's: that is left out."""
    return name if name.isdecimal() or not name[:1].isdecimal() else ""


def _notes(dataset: Dataset) -> Iterator[Note]:
    if dataset.plans:
        yield Note(0, SYSTEM, "id", _IDS)
    ids = {name for plan in dataset.plans for name in (plan.area, plan.theme) if name}
    if not all(name.isdecimal() for name in ids):
        yield Note(0, SYSTEM, "scope/id", _NAMES)
    for plan in dataset.plans:
        yield from _of_plan(plan)
    yield from privacy.notes(dataset)


def _of_plan(plan: ExportedPlan) -> Iterator[Note]:
    if Status(plan.status) not in SHOWN:
        yield Note(plan.number, SYSTEM, "status", "staat er niet in: een concept, of ingetrokken")
    elif plan.language != "nl" and not plan.translation("nl"):
        yield Note(plan.number, SYSTEM, "text", f"niet in het Nederlands ({plan.language})")


def _file(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(header)
        writer.writerows(
            [eased(clean(c)) if isinstance(c, str) else c for c in row] for row in rows
        )

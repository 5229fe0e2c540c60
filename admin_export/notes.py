"""What a writer has to say to people: what does not fit a receiving system, and a proposal."""

from __future__ import annotations

from dataclasses import dataclass

FIELDS = {
    "title": "titel",
    "summary": "samenvatting",
    "description": "beschrijving",
    "text": "tekst",
    "budget": "budget",
    "status": "status",
    "name": "naam",
    "purpose": "doel",
    "location": "plek",
    "target_audience": "doelgroep",
    "owner": "eigenaar",
}


@dataclass(frozen=True, slots=True)
class Note:
    """`field` of the plan `number` is wrong for `system`: what, and words that would fit.

    In Dutch, for coordinators. number: 0 where it is about the whole file, not one plan.
    Nothing is cut in silence: the file has the plan's own words, or a note tells what was done.
    """

    number: int
    system: str
    field: str
    what: str
    proposal: str = ""

    @property
    def shown_field(self) -> str:
        """The field in Dutch."""
        return FIELDS.get(self.field, self.field)

    def __str__(self) -> str:
        about = f"plan {self.number}: " if self.number else ""
        told = f"{self.system}: {about}{self.shown_field}: {self.what}"
        return f"{told}; voorstel: {self.proposal}" if self.proposal else told

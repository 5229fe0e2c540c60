"""One plan with all that may leave of it. People are pseudonyms, money is in euros, times UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Translation:
    """A plan in another language. `machine`: nobody has looked at it."""

    language: str
    title: str
    text: str
    machine: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One step in a plan's life; `actor` is a role. `reasons` by language, if any were given."""

    at: datetime
    actor: str
    before: str
    after: str
    reasons: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Recording:
    """A voice note of the initiator's; `transcript` is what was heard in it, as people
    corrected it; or ""."""

    link: str
    seconds: float
    transcript: str
    language: str


@dataclass(frozen=True, slots=True)
class Photo:
    """Size in pixels."""

    link: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Addition:
    """What the initiator added later."""

    at: datetime
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Correction:
    """What the municipality corrected, and why. What was there before stays inside: it may have
    been taken out because it was somebody's."""

    at: datetime
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """What one field of the municipality found. `cost` once and `upkeep` a year, in euros.

    Nothing but its field is told as long as the verdict is "open".
    """

    field: str
    verdict: str
    reasons: Mapping[str, str]
    related: str
    permits: str
    cost: Decimal | None
    upkeep: Decimal | None


@dataclass(frozen=True, slots=True)
class ExportedPlan:
    """One plan. `initiator` is a pseudonym, "" when forgotten; `updated_at`: its last change,
    also of its support."""

    number: int
    title: str
    text: str
    language: str
    theme: str
    area: str
    address: str
    lat: float | None
    lng: float | None
    cost: Decimal | None
    who: str
    status: str
    channel: str
    by_voice: bool
    initiator: str
    support: int
    followers: int
    created_at: datetime
    updated_at: datetime
    translations: tuple[Translation, ...] = ()
    history: tuple[Step, ...] = ()
    recordings: tuple[Recording, ...] = ()
    photos: tuple[Photo, ...] = ()
    additions: tuple[Addition, ...] = ()
    corrections: tuple[Correction, ...] = ()
    assessments: tuple[Assessment, ...] = ()

    def translation(self, language: str) -> Translation | None:
        return next((each for each in self.translations if each.language == language), None)

    def said_in(self, language: str) -> tuple[str, str]:
        """Title and text in this language if there is a translation, else as they were sent."""
        found = None if self.language == language else self.translation(language)
        return (found.title, found.text) if found else (self.title, self.text)

    def reason(self, language: str) -> str:
        """The last reason that was given, in this language or else in Dutch; "" without one."""
        for step in reversed(self.history):
            if step.reasons:
                return step.reasons.get(language) or step.reasons.get("nl", "")
        return ""

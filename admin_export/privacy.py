"""Phone numbers and e-mail addresses in residents' own words: found, not taken out.

A plan is its initiator's own words, so a person looks at it and decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from admin_export.dataset import Dataset
from admin_export.notes import Note
from admin_export.plan import ExportedPlan

SYSTEM = "privacy"
_MAIL = re.compile(r"[^\s@<>(),;:]+@[^\s@<>(),;:]+\.\w{2,}")
# Digits of any script with what people put between them: nine or more make a phone number.
_PHONE = re.compile(r"(?<![\w.,/-])(?:\+|\(?0)(?:[\s().\-/\u2010-\u2013]{0,2}\d){8,14}(?!\w)")
_EASTERN = re.compile("[٠-٩۰-۹]")


def notes(dataset: Dataset) -> Iterator[Note]:
    """Where there seems to be a phone number or an e-mail address; never which."""
    for plan in dataset.plans:
        for field, text in _texts(plan):
            if found := _found(text):
                yield Note(plan.number, SYSTEM, field, f"er staat {found} in")


def _texts(plan: ExportedPlan) -> Iterator[tuple[str, str]]:
    yield "title", plan.title
    yield "text", plan.text
    yield "location", plan.address
    for addition in plan.additions:
        yield "aanvulling", addition.text
    for translation in plan.translations:
        yield f"vertaling ({translation.language})", f"{translation.title}\n{translation.text}"
    for recording in plan.recordings:
        yield "transcript", recording.transcript


def _found(text: str) -> str:
    kinds = {
        "een telefoonnummer": _PHONE.search(_EASTERN.sub(_western, text)),
        "een e-mailadres": "@" in text and _MAIL.search(text),
    }
    return " en ".join(kind for kind, match in kinds.items() if match)


def _western(digit: re.Match[str]) -> str:
    return str(int(digit[0]))

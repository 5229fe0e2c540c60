"""Plans that are hard on any file: scripts, emoji, formulas, line breaks, control characters."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from admin_export.dataset import Dataset
from admin_export.plan import Addition, ExportedPlan, Photo, Recording, Step, Translation
from tests.admin_export.conftest import NEXT_WEEK, ROUND

AT = datetime(2019, 6, 20, 9, 30, 15, 250_000, tzinfo=UTC)
TEXTS = (
    "=HYPERLINK(\"http://evil.example\";\"klik\")",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+31 is geen formule; een ; puntkomma, een \"aanhaling\" en een | streep",
    "-1+1",
    "＝1+1 in brede tekens",
    "\u200b=1+1 na een teken dat je niet ziet",
    "\u202e=1+1 na een richtingsteken",
    " \t=1+1 na witruimte",
    "\r=1+1 na een regeleinde",
    "'=1+1 met een aanhalingsteken ervoor",
    "نريد حديقة صغيرة للأطفال، مع مقاعد لكبار السن ✨",
    "İstasyonun önüne ağaç, çiçek ve gölge istiyoruz: ŞĞÜÖÇıİ",
    "👨‍👩‍👧‍👦🏳️‍🌈 samen buiten 🌳🌳🌳 zijn, elke dag 🇳🇱",
    "regel één\nregel twee\r\nregel drie\u2028regel vier",
    "nul \x00, bel \x07, escape \x1b, verticale tab \x0b en \ufffe",
    "_x0041_ en &amp; <b>vet</b> ]]> <!-- x -->",
    "lang " * 2000,
    "",
    "a",
    "000123",
    "1,5",
    "2019-06-20",
    "NaN",
    "true",
)  # fmt: skip


def plan(number: int, **more: Any) -> ExportedPlan:
    values: dict[str, Any] = {
        "number": number, "title": f"Bankje nummer {number}", "text": "Een bankje bij de halte",
        "language": "nl", "theme": "groen", "area": "slotermeer-no", "address": "Slotermeerlaan 1",
        "lat": 52.38391, "lng": 4.81, "cost": Decimal("500.00"), "who": "me",
        "status": "submitted", "channel": "telegram", "by_voice": False,
        "initiator": f"R-{number:012x}", "support": 3, "followers": 1, "created_at": AT,
        "updated_at": AT,
        "history": (Step(AT, "initiator", "", "submitted", {}),),
    }  # fmt: skip
    return ExportedPlan(**(values | more))


def dataset(*plans: ExportedPlan, **more: Any) -> Dataset:
    return Dataset(ROUND, None, NEXT_WEEK, plans, **more)


def hard() -> Dataset:
    """A plan for each of `TEXTS`, which is in every field that people can fill."""
    return dataset(*(_hard(number, text) for number, text in enumerate(TEXTS, 1)))


def _hard(number: int, text: str) -> ExportedPlan:
    return plan(
        number,
        title=text[:50],
        text=text,
        address=text[:100],
        language="tr",
        cost=(None, Decimal("0.50"), Decimal("12345678.90"))[number % 3],
        lat=None if number % 2 else 52.379189,
        lng=None if number % 2 else 4.1,
        area="" if number % 5 else "slotermeer-no",
        translations=(Translation("nl", text[:50], text, True),),
        history=(
            Step(AT, "initiator", "", "submitted", {}),
            Step(AT, "coordinator", "submitted", "assessing", {"nl": text, "tr": text}),
        ),
        status="assessing",
        recordings=(Recording("https://x.example/r/1", 4.25, text, "tr"),),
        photos=(Photo("https://x.example/p/1", 640, 480), Photo("https://x.example/p/2", 1, 1)),
        additions=(Addition(AT, text, "tr"),),
    )

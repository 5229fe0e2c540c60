"""A small program with its own catalogues, on which `make check` and `make texts` can be run."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.i18n.catalogue import po_file
from bot.i18n.check import problems
from bot.i18n.keys import ROOT
from bot.i18n.languages import LANGUAGES, Language
from bot.i18n.update import plural_forms, update

CODE = """
from bot.prompts import Choice, Counted, Text


def ask(status: str, found: int) -> tuple[object, ...]:
    return (
        # NOTE: the first thing that people read
        Text("ask.idea", name="Ada"),
        Counted("ask.plans", found),
        Choice("green", Text("ask.green.label")),
        Text(f"status.{status}"),
    )
"""


def po(language: Language, texts: dict[str, str | tuple[str, ...]], header: str = "") -> str:
    """A `.po` file; `header` replaces the usual one. A text with `\\n` has several lines."""
    lines = [
        f"Language: {language.locale}",
        "Content-Type: text/plain; charset=utf-8",
        f"Plural-Forms: {plural_forms(language)}",
        "X-Native-Reader: none yet",
    ]
    usual = "".join(f'"{line}\\n"\n' for line in lines)
    entries = [f'msgid ""\nmsgstr ""\n{header or usual}']
    return "\n".join([*entries, *(_entry(key, text) for key, text in texts.items())])


def _entry(key: str, text: str | tuple[str, ...]) -> str:
    if isinstance(text, str):
        return f'msgid "{key}"\nmsgstr "{_quoted(text)}"\n'
    forms = "".join(f'msgstr[{n}] "{_quoted(form)}"\n' for n, form in enumerate(text))
    return f'msgid "{key}"\nmsgid_plural "{key}"\n{forms}'


def _quoted(text: str) -> str:
    return text.replace('"', '\\"').replace("\n", "\\n")


TEXTS: dict[str, dict[str, str | tuple[str, ...]]] = {
    "nl": {
        "ask.idea": "Dag {name}. Wat is je idee?",
        "ask.plans": ("{n} plan", "{n} plannen"),
        "ask.green.label": "🌳 Groen",
        "status.sent": "Je plan is verstuurd.",
    },
    "ar": {
        "ask.idea": "مرحبا {name}. ما فكرتك؟",
        "ask.plans": ("لا خطط", "خطة", "خطتان", "{n} خطط", "{n} خطة", "{n} خطة"),
        "ask.green.label": "🌳 أخضر",
        "status.sent": "تم إرسال خطتك.",
    },
}


@dataclass(frozen=True)
class Program:
    """`root` holds the code and `babel.cfg`, `folder` the catalogues of Dutch and Arabic."""

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / "locales"

    @property
    def languages(self) -> dict[str, Language]:
        return {code: LANGUAGES[code] for code in ("nl", "ar")}

    def file(self, code: str) -> Path:
        return po_file(self.folder, code)

    def code(self, source: str) -> None:
        (self.root / "bot" / "flow.py").write_text(source, "utf-8")

    def write(
        self, code: str, *, header: str = "", **changes: str | tuple[str, ...] | None
    ) -> None:
        """Writes a catalogue; in `changes`, `ask__idea` is a key and None leaves it out."""
        changed = {key.replace("__", "."): text for key, text in changes.items()}
        texts = {k: t for k, t in {**TEXTS[code], **changed}.items() if t is not None}
        self.file(code).write_text(po(LANGUAGES[code], texts, header), "utf-8")

    def problems(self) -> list[str]:
        return problems(self.folder, self.languages, self.root)

    def update(self) -> None:
        update(self.folder, self.languages, self.root)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    made = Program(tmp_path)
    shutil.copy(ROOT / "babel.cfg", tmp_path)
    (tmp_path / "bot").mkdir()
    made.code(CODE)
    for code in made.languages:
        made.file(code).parent.mkdir(parents=True)
        made.write(code)
    return made

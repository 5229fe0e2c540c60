"""Every text is there, and a fault in the catalogues is noticed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from console import check
from console.texts import LOCALES, texts


def test_every_text_is_there() -> None:
    assert check.problems() == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('msgid "signin.title"', 'msgid "signin.titel"', "en: signin.title: missing"),
        ('msgid "signin.title"', 'msgid "signin.titel"', "en: signin.titel: nobody uses it"),
        ('msgstr "Name"', 'msgstr ""', "en: signin.name: not filled in"),
        ("{n} characters", "{m} characters", "en: password.hint: other placeholders"),
        ('msgid "app.code"', 'msgid "app.type"', "en: app.code: missing"),
    ],
)
def test_a_fault_is_noticed(tmp_path: Path, old: str, new: str, problem: str) -> None:
    folder = shutil.copytree(LOCALES, tmp_path / "locales")
    file = folder / "en" / "LC_MESSAGES" / "signin.po"
    words = file.read_text("utf-8")
    assert old in words
    file.write_text(words.replace(old, new), "utf-8")
    assert any(line.startswith(problem) for line in check.problems(folder))


def test_plurals_and_what_fills_them() -> None:
    assert texts("nl").tn("plans.found", 1) == "1 plan"
    assert texts("nl").tn("plans.found", 2) == "2 plannen"
    assert texts("xx").language == "nl"
    with pytest.raises(KeyError):
        texts("nl").t("no.such.text")

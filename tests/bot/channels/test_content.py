"""The templates obey the rules of who approves them, and their values are cleaned."""

from __future__ import annotations

import json
import re

import pytest

from bot.channels.content import (
    MOST_VALUE,
    OUTSIDE,
    choice_values,
    faults,
    filled,
    of_choices,
    of_text,
    template_values,
    value,
    wanted,
)
from bot.i18n.languages import LANGUAGES
from bot.messages import Button, Outbound, Template

EVERY = [(key, code) for key in OUTSIDE for code in LANGUAGES]


@pytest.mark.parametrize(("key", "language"), EVERY)
def test_a_text_for_outside_the_window_obeys_the_rules(key: str, language: str) -> None:
    content = of_text(key, language)
    body = content.fields["body"]
    assert list(faults(body)) == []
    assert sorted(re.findall(r"\{\{(\d)\}\}", body)) == [
        str(n) for n in range(1, len(OUTSIDE[key]) + 1)
    ]
    assert len(content.samples) == len(OUTSIDE[key])
    assert re.fullmatch("[a-z0-9_]{1,512}", content.name)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("{{1}} is het nieuws van nu", "begins"),
        ("👋 {{1}} is het nieuws van nu", "begins"),
        ("Het nieuws van nu is {{1}}.", "ends"),
        ("Het is {{1}} {{2}} en dat weten we al een tijdje", "side by side"),
        ("Ja {{1}} nee", "too few words"),
        ("Een tekst\n\n\nmet veel wit", "white space"),
        ("Een " + "lange " * 400 + "tekst", "too long"),
    ],
)
def test_what_would_be_rejected_is_found(body: str, fault: str) -> None:
    assert any(fault in each for each in faults(body))


def test_every_template_has_a_hash_and_a_name_of_its_own() -> None:
    contents = wanted()
    assert len({content.hash for content in contents}) == len(contents)
    assert len({content.name for content in contents}) == len(contents)
    assert len(contents) == 3 + 10 + len(EVERY)


def test_buttons_and_lists_are_filled_with_labels_and_ids() -> None:
    buttons = (Button("a:yes", "Ja"), Button("a:no", "Nee"))
    tapped = Outbound("Mag dat?", buttons, style="buttons")
    fields = json.dumps(of_choices("buttons", 2).fields)
    for n, said in choice_values(tapped).items():
        fields = fields.replace(f"{{{{{n}}}}}", said)
    assert json.loads(fields) == {
        "body": "Mag dat?",
        "actions": [
            {"type": "QUICK_REPLY", "title": "Ja", "id": "a:yes"},
            {"type": "QUICK_REPLY", "title": "Nee", "id": "a:no"},
        ],
    }
    listed = Outbound("Welke?", buttons, style="list", opens="Kies")
    fields = json.dumps(of_choices("list", 2).fields)
    for n, said in choice_values(listed).items():
        fields = fields.replace(f"{{{{{n}}}}}", said)
    assert json.loads(fields) == {
        "body": "Welke?",
        "button": "Kies",
        "items": [{"item": "Ja", "id": "a:yes"}, {"item": "Nee", "id": "a:no"}],
    }


def test_values_are_one_clean_line() -> None:
    assert value("  een\n\ttuin    voor\u00a0{{1}} ") == "een tuin voor ((1))"
    assert value("") == value(" \n") == "-"
    assert len(value("woord " * 100)) <= MOST_VALUE
    assert len(value("w" * 1000)) <= MOST_VALUE
    assert value("w" * 1000) == "w" * (MOST_VALUE - 1) + "…"


def test_the_values_of_a_template() -> None:
    template = Template("outside.status", "nl", ("7", "Een\ntuin", "🎉 Gekozen"))
    values = template_values(template)
    assert values == {"1": "7", "2": "Een tuin", "3": "🎉 Gekozen"}
    assert "Plan nummer 7, met de naam Een tuin" in filled(of_text("outside.status", "nl"), values)


@pytest.mark.parametrize("variables", [(), ("1",), ("1", "2", "3", "4")])
def test_wrong_values_are_refused(variables: tuple[str, ...]) -> None:
    with pytest.raises(ValueError):
        template_values(Template("outside.status", "nl", variables))
    with pytest.raises(ValueError):
        template_values(Template("outside.unheard", "nl", variables))

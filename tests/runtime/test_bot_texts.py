"""The catalogue as the console has it."""

from __future__ import annotations

import pytest

from bot.i18n.catalogue import default
from bot.i18n.languages import LANGUAGES
from bot.messages import Reply
from bot.prompts import Text
from bot.speech.prompt import Fault
from console.bot_texts import REASONS, BotText, Kind, SoundError
from console.examples import EXAMPLES
from runtime.bot_texts import made, texts
from runtime.fitting import fit
from runtime.recorded import words_hash


def all_of(kind: Kind) -> list[BotText]:
    return [text for text in texts().by_key.values() if text.kind is kind]


def test_every_text_has_every_language() -> None:
    assert len(texts().by_key) > 500
    for text in texts().by_key.values():
        assert text.wordings.keys() == LANGUAGES.keys(), text.key
        assert all(form for each in text.wordings.values() for form in each.forms), text.key
    assert texts().readers.keys() == LANGUAGES.keys()


def test_every_parameter_has_an_example() -> None:
    """A new one needs a line in console/examples.py and the texts `param.<name>`."""
    used = {name for text in texts().by_key.values() for name in text.params}
    assert used - EXAMPLES.keys() == set()
    texts_named = [v[1:] for v in EXAMPLES.values() if isinstance(v, str) and v.startswith("@")]
    assert [key for key in texts_named if key not in texts().by_key] == []


def test_examples_are_filled_in() -> None:
    for text in texts().by_key.values():
        for language, each in text.wordings.items():
            assert bool(each.example) == bool(text.params), (text.key, language)
            assert "{" not in each.example, (text.key, language)
            assert "…" not in each.example or "…" in "".join(each.forms) or "steps" in text.params


@pytest.mark.parametrize("kind", [Kind.SPOKEN, Kind.FILLED, Kind.LABEL, Kind.PART, Kind.WRITTEN])
def test_there_are_texts_of_each_kind(kind: Kind) -> None:
    assert all_of(kind)


def test_kinds() -> None:
    by_key = texts().by_key
    assert by_key["welcome.thanks"].kind is Kind.SPOKEN
    assert by_key["submit_plan.idea"].kind is Kind.FILLED
    assert by_key["common.yes.label"].kind is Kind.SPOKEN  # a label too can be recorded
    assert by_key["common.yes.label"].most == 20
    assert all(text.params for text in all_of(Kind.LABEL))
    assert by_key["count.plans"].is_plural
    assert len(by_key["count.plans"].wordings["ar"].forms) == 6
    assert by_key["report.money"].kind is Kind.WRITTEN


def test_what_is_read_aloud_is_what_people_hear() -> None:
    """So that a recording of it is found: by every text that can be recorded, in each language."""
    for text in all_of(Kind.SPOKEN):
        for code, each in text.wordings.items():
            address = "telegram:1"
            shown = fit(Reply((Text(text.key),)), code, "telegram", address, sound=True)
            sound = next((message.sound for message in shown if message.sound), None)
            assert sound, (text.key, code)
            assert words_hash(sound.text) == each.hash, (text.key, code)
    assert default().translate(Text("welcome.thanks"), "nl") in "".join(
        texts().by_key["welcome.thanks"].wordings["nl"].forms
    )


def test_every_fault_has_a_reason() -> None:
    assert set(REASONS) == {fault.value for fault in Fault}
    with pytest.raises(SoundError) as caught:
        made(b"")
    assert caught.value.reason == "empty"

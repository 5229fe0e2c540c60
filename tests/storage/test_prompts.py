"""Recordings of texts, as rows."""

from __future__ import annotations

from dataclasses import replace

from storage import console_users, prompts
from storage.db import Database
from storage.prompts import NewPrompt

NOW = 1_790_000_000_000


def test_one_a_text_and_language(db: Database) -> None:
    user = db.call(lambda c: console_users.add(c, "anna", "coordinator", NOW, password="x"))
    first = NewPrompt(
        key="welcome.thanks", language="nl", name="a.ogg", seconds=1.5, loudness=-20.0,
        text_hash="one", user_id=user,
    )  # fmt: skip
    assert db.call(lambda c: prompts.save(c, first, NOW)) is None
    turkish = replace(first, language="tr", name="b.ogg")
    assert db.call(lambda c: prompts.save(c, turkish, NOW)) is None
    before = db.read(lambda c: prompts.of_key(c, "welcome.thanks"))
    assert {code: (each.name, each.by) for code, each in before.items()} == {
        "nl": ("a.ogg", "anna"),
        "tr": ("b.ogg", "anna"),
    }

    anew = replace(first, name="c.ogg", text_hash="two")
    assert db.call(lambda c: prompts.save(c, anew, NOW + 5)) == "a.ogg"
    after = db.read(lambda c: prompts.of_key(c, "welcome.thanks"))["nl"]
    assert (after.id, after.name, after.at) == (before["nl"].id, "c.ogg", NOW + 5)
    assert db.read(lambda c: prompts.files(c, "nl")) == {"two": "c.ogg"}


def test_a_file_goes_with_the_last_that_has_it(db: Database) -> None:
    user = db.call(lambda c: console_users.add(c, "anna", "coordinator", NOW, password="x"))
    one = NewPrompt(
        key="a", language="nl", name="same.ogg", seconds=1.5, loudness=-20.0, text_hash="h",
        user_id=user,
    )  # fmt: skip
    for key in ("a", "b"):
        db.call(lambda c, key=key: prompts.save(c, replace(one, key=key), NOW))
    assert db.call(lambda c: prompts.save(c, one, NOW)) is None  # the very same again
    assert db.call(lambda c: prompts.remove(c, "a", "nl")) is None
    assert db.call(lambda c: prompts.remove(c, "a", "nl")) is None
    assert db.call(lambda c: prompts.remove(c, "b", "nl")) == "same.ogg"
    assert db.read(prompts.everything) == []

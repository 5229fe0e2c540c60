"""The content templates that are remembered, by hash."""

from __future__ import annotations

from dataclasses import replace

from storage import contents
from storage.contents import Row
from storage.db import Database

ROW = Row("aa", "HX1", "b", "nl", "twilio/text", "unsubmitted", 1)


def test_a_template_is_remembered_by_its_hash(db: Database) -> None:
    again = replace(ROW, sid="HX2", approval="received", created_at=2)
    other = Row("bb", "HX3", "a", "tr", "twilio/quick-reply", "", 1)
    for row in (ROW, other, again):
        db.call(lambda conn, row=row: contents.put(conn, row))
    assert db.read(contents.every) == [other, again]
    assert [row.usable for row in db.read(contents.every)] == [True, False]
    db.call(lambda conn: contents.set_approval(conn, "aa", "approved"))
    assert [row.usable for row in db.read(contents.every)] == [True, True]
    db.call(lambda conn: contents.set_approval(conn, "aa", "rejected"))
    assert [row.usable for row in db.read(contents.every)] == [True, False]

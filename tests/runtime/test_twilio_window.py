"""WhatsApp's 24 hours, over real HTTP: one second late is late, and nothing is lost."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy import text as sql

from bot.messages import Outbound
from storage import outbox
from storage.db import Database
from storage.times import now_ms
from tests.emulators.twilio import Person, TwilioEmulator
from tests.runtime.twilio_world import IDEA, begun, rows, states, sync, until
from tests.runtime.twilio_world import described as described
from tests.runtime.twilio_world import server as server
from tests.runtime.twilio_world import twilio as twilio
from tests.server import Server

pytestmark = pytest.mark.slow
DAY = 86_400
REMINDER = "Je was nog bezig"
NEWS = "De gemeente heeft je plan bekeken."


def begin_a_plan(person: Person) -> None:
    """A plan that was begun is what people are reminded of."""
    for text in ("menu", "1", IDEA):
        person.says(text)
        person.replies()


def allow_sms(person: Person, *more: str) -> None:
    for text in ("instellingen", "ook per sms", "ja", *more):
        person.says(text)
        person.replies()


def remind(folder: Path, person: Person, seconds: int) -> None:
    """Has the reminder ring now, so many seconds after the window closed (before: negative)."""
    since = time.time() - DAY - seconds
    person.emulator.last_in[person.address] = since
    with sqlite3.connect(folder / "town.db", timeout=20) as database:
        database.execute("UPDATE addresses SET last_in_at = ?", (round(since * 1000),))
        now = round(time.time() * 1000)
        database.execute("UPDATE sessions SET timer = 'nudge', timer_at = ?", (now,))


def approve(server: Server, twilio: TwilioEmulator) -> None:
    """From now on Twilio has our templates, and has approved them."""
    sync(server)
    twilio.approve()
    sync(server, "status")
    server.stop()
    server.start()  # it reads them at start, and every few minutes


def test_inside_the_window_it_is_free_text(
    server: Server, twilio: TwilioEmulator, tmp_path: Path
) -> None:
    anna = twilio.person()
    begun(anna)
    begin_a_plan(anna)
    approve(server, twilio)
    remind(tmp_path, anna, -90)
    (sent,) = anna.replies()
    assert REMINDER in sent.text
    assert sent.template not in twilio.approvals


def test_one_second_late_it_is_the_template_and_the_rest_comes_when_they_write(
    server: Server, twilio: TwilioEmulator, tmp_path: Path
) -> None:
    anna = twilio.person()
    begun(anna)
    begin_a_plan(anna)
    approve(server, twilio)
    remind(tmp_path, anna, 1)
    (sent,) = anna.replies()
    assert twilio.approvals[sent.template]["status"] == "approved"
    assert "insturen?" not in sent.text
    anna.says("ok")
    until(lambda: any(REMINDER in message.text for message in anna.messages()))


def test_without_a_template_it_goes_by_sms_if_that_was_allowed(
    server: Server, twilio: TwilioEmulator, tmp_path: Path
) -> None:
    anna, bas = twilio.person(), twilio.person()
    for person in (anna, bas):
        begun(person)
    allow_sms(anna)
    for person in (anna, bas):
        tell(tmp_path, person, NEWS)
    by_sms = Person(twilio, anna.number, sms=True)
    assert by_sms.replies(timeout=20)[0].text == NEWS
    until(lambda: states(tmp_path)[-1][0] == "waiting")
    said = [message.text for person in (anna, bas) for message in person.messages()]
    assert NEWS not in said
    bas.says("menu")
    until(lambda: NEWS in [message.text for message in bas.messages()])


def tell(folder: Path, person: Person, text: str) -> None:
    """A word on our own initiative, a second after the window of this person closed."""
    since = time.time() - DAY - 1
    person.emulator.last_in[person.address] = since
    database = Database.open(f"sqlite:///{folder}/town.db")

    def put(conn: Connection) -> None:
        where = {"who": person.address, "since": round(since * 1000)}
        closed = "UPDATE addresses SET last_in_at = :since WHERE address = :who RETURNING person_id"
        person_id = conn.execute(sql(closed), where).scalar_one()
        body = json.dumps(Outbound(text).to_json())
        # a moment ago: no job was made for it, so it is the sweep that finds it
        outbox.put(conn, person_id, "whatsapp", person.address, [body], "notice", now_ms() - 5000)

    database.call(put)
    database.close()


def test_without_either_it_waits_and_comes_when_they_write(
    server: Server, twilio: TwilioEmulator, tmp_path: Path
) -> None:
    anna = twilio.person()
    begun(anna)
    begin_a_plan(anna)
    before = len(anna.messages())
    remind(tmp_path, anna, 1)
    until(lambda: states(tmp_path)[-1][0] == "waiting")
    assert len(anna.messages()) == before
    anna.says("menu")
    until(lambda: any(REMINDER in message.text for message in anna.messages()[before:]))


def test_a_reminder_whose_answer_is_lost_is_sent_once_and_settled_by_the_callback(
    server: Server, twilio: TwilioEmulator, tmp_path: Path
) -> None:
    anna = twilio.person()
    begun(anna)
    begin_a_plan(anna)
    until(lambda: {state for state, *_ in states(tmp_path)} == {"sent"})
    twilio.lose_answer()
    remind(tmp_path, anna, -90)
    (sent,) = anna.replies()
    until(lambda: states(tmp_path)[-1][0] == "unknown")
    assert twilio.tell(sent, "delivered") == 204
    assert states(tmp_path)[-1][:2] == ("sent", "delivered")
    assert sum(REMINDER in message.text for message in anna.messages()) == 1


def test_digits_of_every_script_are_one_number(
    server: Server, twilio: TwilioEmulator, tmp_path: Path
) -> None:
    """The twelfth failure: marks of direction and digits of three scripts in one message."""
    anna = twilio.person(user="NL.4711")
    anna.hidden = True
    begun(anna)
    allow_sms(anna, "\u2067٠٦ ١٢-۳۴ ٥٦-78\u2069")
    assert rows(tmp_path, "SELECT sms_number FROM people") == [("+31612345678",)]

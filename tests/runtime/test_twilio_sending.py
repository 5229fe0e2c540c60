"""What the real server sends to people on WhatsApp and SMS, over real HTTP."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.emulators.prism import missing
from tests.emulators.twilio import ACCOUNT, PUBLIC, SID, TOKEN, TwilioEmulator
from tests.runtime.twilio_world import begun, rows, serving, states, sync, until
from tests.runtime.twilio_world import described as described
from tests.runtime.twilio_world import server as server
from tests.runtime.twilio_world import twilio as twilio
from tests.server import Server

pytestmark = pytest.mark.slow


def test_choices_are_tapped_once_twilio_has_the_templates(
    twilio: TwilioEmulator, tmp_path: Path
) -> None:
    server = serving(tmp_path, twilio)
    assert sync(server).count("created") == len(twilio.contents)
    assert sync(server) == "nothing to do\n"
    made = set(twilio.contents)
    server.stop()
    server = serving(tmp_path, twilio)
    anna = twilio.person()
    anna.says("hallo")
    language = anna.replies()[0]
    assert language.opens
    assert language.ids[0] == "welcome.language:nl"
    anna.taps("Nederlands")
    anna.replies()
    anna.taps("✅ Ja, dat mag")
    assert "menu.menu:submit_plan" in anna.replies()[0].ids
    # the templates are gone at Twilio: the same question comes with numbers
    twilio.contents.clear()
    anna.says("menu")
    assert "1. 💡 Plan insturen" in anna.replies()[0].text
    assert sync(server).count("created") == len(made)
    assert server.stop() == 0


def test_templates_are_found_again_and_their_approval_is_told(
    server: Server, twilio: TwilioEmulator, tmp_path: Path
) -> None:
    sync(server)
    rows_before = rows(tmp_path, "SELECT hash, sid FROM content_templates ORDER BY hash")
    with sqlite3.connect(tmp_path / "town.db") as database:
        database.execute("DELETE FROM content_templates")
    count = len(twilio.contents)
    assert "created" not in sync(server)
    assert len(twilio.contents) == count
    assert rows(tmp_path, "SELECT hash, sid FROM content_templates ORDER BY hash") == rows_before
    twilio.approve()
    said = sync(server, "status")
    assert re.search(r"outside_status_ar_\w+: HX\w+ approved", said)
    assert "unsubmitted" not in said
    approved = "SELECT count(*) FROM content_templates WHERE approval = 'approved'"
    assert rows(tmp_path, approved) == [(len(twilio.approvals),)]


def test_an_answer_that_is_lost_is_settled_by_the_callback_and_not_sent_again(
    server: Server, twilio: TwilioEmulator, tmp_path: Path
) -> None:
    anna = twilio.person()
    twilio.lose_answer()
    anna.says("hallo")
    (sent,) = anna.replies()
    until(lambda: states(tmp_path)[0][0] == "unknown")
    assert twilio.tell(sent, "sent") == 204
    assert states(tmp_path)[0] == ("sent", "sent", 1, sent.sid)
    assert [one.text for one in anna.messages() if one.text] == [sent.text]


def test_callbacks_come_in_any_order(
    server: Server, twilio: TwilioEmulator, tmp_path: Path
) -> None:
    anna = twilio.person()
    anna.says("hallo")
    (sent,) = anna.replies()
    until(lambda: states(tmp_path)[0][0] == "sent")
    for word in ("read", "queued", "sent", "delivered", "something new"):
        assert twilio.tell(sent, word) == 204
    assert states(tmp_path)[0] == ("sent", "read", 1, sent.sid)
    elsewhere = replace(sent, sid="SM" + "0" * 32)
    assert twilio.tell(elsewhere, "delivered") == 204


def test_too_fast_is_tried_again_and_arrives_once(
    server: Server, twilio: TwilioEmulator, tmp_path: Path
) -> None:
    anna = twilio.person()
    twilio.refuse(429, 20429, Retry_After="1")
    anna.says("hallo")
    assert len(anna.replies()) == 1
    assert states(tmp_path)[0][2] == 2


def test_who_opted_out_is_left_alone_until_start(
    server: Server, twilio: TwilioEmulator, tmp_path: Path
) -> None:
    anna, bas = twilio.person(sms=True), twilio.person(sms=True)
    begun(anna)
    twilio.opted_out.add(anna.number)
    anna.says("menu")
    until(lambda: ("inactive",) in rows(tmp_path, "SELECT state FROM people"))
    assert states(tmp_path)[-1][:3] == ("failed", "", 1)
    begun(bas)
    twilio.opted_out.clear()
    anna.says("START", OptOutType="START")
    assert anna.replies()
    assert rows(tmp_path, "SELECT state FROM people") == [("active",)] * 2


def test_a_callback_that_tells_of_an_opt_out(
    server: Server, twilio: TwilioEmulator, tmp_path: Path
) -> None:
    anna = twilio.person(sms=True)
    twilio.later[anna.number] = "21610"
    anna.says("hallo")
    anna.replies()
    until(lambda: rows(tmp_path, "SELECT state FROM people") == [("inactive",)])
    assert states(tmp_path)[0][:2] == ("failed", "failed")


def test_sound_is_fetched_from_us_by_twilio_alone(server: Server, twilio: TwilioEmulator) -> None:
    anna = twilio.person()
    anna.says("hallo")
    anna.replies()
    anna.says("Nederlands")
    anna.replies()
    anna.says("3")
    text, heard = anna.replies(2, timeout=30)
    assert text.text
    assert not heard.text
    assert heard.sound is not None
    assert heard.sound.startswith(b"OggS")
    url = heard.form["MediaUrl"][0].replace(PUBLIC, server.url)
    assert httpx.get(url).status_code == 200
    assert httpx.get(url.replace(".ogg", "0.ogg")).status_code == 404
    assert httpx.get(re.sub(r"-\d+-", "-99999999999-", url)).status_code == 404
    assert httpx.get(f"{server.url}/media/out/x.ogg").status_code == 404


def test_nothing_of_people_is_in_the_log(server: Server, twilio: TwilioEmulator) -> None:
    anna = twilio.person()
    twilio.refuse(400, 63013)
    anna.says("een geheim woord")
    anna.says("nog een")
    anna.replies()
    assert "63013" in server.log
    assert anna.number.lstrip("+") not in server.log
    assert "geheim" not in server.log


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_what_the_description_does_not_allow_is_refused(twilio: TwilioEmulator) -> None:
    """The proxy is really there: a message without `To` never reaches the state."""
    answer = httpx.post(
        f"{twilio.base_url}{ACCOUNT}/Messages.json", data={"Body": "x"}, auth=(SID, TOKEN)
    )
    assert answer.status_code == 422
    assert len(twilio.violations) == 1
    twilio.violations.clear()

"""Residents on WhatsApp and SMS and the real server: what people send, over real HTTP."""

from __future__ import annotations

import io
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from PIL import Image
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from storage import plans, rounds
from storage.db import Database
from storage.times import now_ms
from tests.emulators.twilio import PUBLIC, Person, TwilioEmulator
from tests.runtime.twilio_world import (
    IDEA,
    MESSAGES,
    STATUS,
    almost_sent,
    asked_for_a_plan,
    begun,
    rows,
    until,
)
from tests.runtime.twilio_world import described as described
from tests.runtime.twilio_world import server as server
from tests.runtime.twilio_world import twilio as twilio
from tests.server import REPO, Server

SPEECH = REPO.parent / "shared" / "data" / "speech"
pytestmark = pytest.mark.slow


def test_a_whole_plan_and_the_same_message_five_times_at_once(
    server: Server, twilio: TwilioEmulator, tmp_path: Path
) -> None:
    anna = twilio.person(sms=True)
    almost_sent(anna)
    form = anna.form(Body="1")
    with ThreadPoolExecutor(5) as five:
        posted = [five.submit(twilio.post, MESSAGES, form) for _ in range(5)]
    assert [done.result().status_code for done in posted] == [200] * 5
    assert "nummer 1" in anna.replies()[-1].text
    before = len(anna.messages())
    anna.says("mijn plannen")
    assert IDEA in anna.replies()[-1].text
    assert len(anna.messages()) == before + 1
    assert rows(tmp_path, "SELECT count(*) FROM plans") == [(1,)]


def test_only_twilio_may_write(server: Server, twilio: TwilioEmulator) -> None:
    anna = twilio.person()
    form = anna.form(Body="hallo")
    assert twilio.post(MESSAGES, form, signature="").status_code == 403
    assert twilio.post(MESSAGES, form, signature="wrong").status_code == 403
    assert twilio.post(STATUS, {"MessageSid": "SM1"}, signature="").status_code == 403
    plain = {"content-type": "application/json", "x-twilio-signature": "x"}
    assert httpx.post(server.url + MESSAGES, content="{}", headers=plain).status_code == 400
    assert twilio.post(MESSAGES, {"Long": "x" * 200_000}).status_code == 413
    assert twilio.post(MESSAGES, {"Unheard": "of"}).status_code == 200
    # signed for the address at which we stand, instead of the public one
    twilio.public_url = server.url
    assert twilio.post(MESSAGES, form).status_code == 403
    twilio.public_url = PUBLIC
    assert twilio.post(MESSAGES, {**form, "NewField": "é 1"}).status_code == 200
    assert len(anna.replies()) == 1


def test_repeated_fields_are_signed_too(server: Server, twilio: TwilioEmulator) -> None:
    pairs = [*twilio.person().form(Body="hallo").items(), ("Tag", "b"), ("Tag", "a"), ("Tag", "a")]
    signed = twilio._signer.compute_signature(PUBLIC + MESSAGES, QueryParams(pairs))
    headers = {"x-twilio-signature": signed, "content-type": "application/x-www-form-urlencoded"}
    answer = httpx.post(server.url + MESSAGES, content=urlencode(pairs), headers=headers)
    assert answer.status_code == 200


def test_somebody_without_a_number_and_somebody_else_with_the_same_number(
    server: Server, twilio: TwilioEmulator, tmp_path: Path
) -> None:
    hidden = Person(twilio, "+31699999999", user="NL.13491208655302741918", hidden=True)
    begun(hidden)
    assert {sent.to for sent in hidden.messages()} == {"whatsapp:NL.13491208655302741918"}
    before = twilio.person(user="NL.1", number="+31612121212")
    begun(before)
    has_plan(tmp_path, before)
    before.says("mijn plannen")
    assert IDEA in before.replies()[-1].text
    after = twilio.person(user="NL.2", number="+31612121212")
    begun(after)
    after.says("mijn plannen")
    assert IDEA not in after.replies()[-1].text
    assert rows(tmp_path, "SELECT count(*) FROM people") == [(3,)]


def has_plan(folder: Path, person: Person) -> None:
    """This person has sent in a plan."""
    database = Database.open(f"sqlite:///{folder}/town.db")

    def add(conn: Connection) -> None:
        who = "SELECT person_id FROM addresses WHERE address = ?"
        (initiator,) = conn.exec_driver_sql(who, (person.address,)).one()
        active = rounds.active(conn)
        assert active is not None
        plan = plans.NewPlan(initiator=initiator, title=IDEA, text=IDEA, language="nl")
        plans.submit(conn, active.id, plan, now_ms())

    database.call(add)
    database.close()


def test_what_we_cannot_read_is_said_once_and_changes_nothing(
    server: Server, twilio: TwilioEmulator, tmp_path: Path
) -> None:
    anna = twilio.person()
    state = "SELECT state FROM sessions"
    answers = "SELECT count(*) FROM outbox"  # WhatsApp's own rate would make this take minutes
    strange = (("sticker", "image/webp"), ("contacts", "text/vcard"), ("video", "video/mp4"))
    for step in ("hallo", "Nederlands", "ja", "1", IDEA, "klopt", "goed", "2"):
        anna.says(step)
        each = 2 if step == "hallo" else 1  # the greeting is heard as well
        before, ((said,),) = rows(tmp_path, state), rows(tmp_path, answers)
        for n, (kind, mime) in enumerate(strange, 1):
            anna.sends(((b"....", mime),), MessageType=kind)
            assert rows(tmp_path, answers) == [(said + n * each,)]
        if step != "2":  # then it is the place that was asked for
            anna.sends_location(52.3676, 4.9041)
        anna.sends(((jpeg(), "image/jpeg"),), MessageType="image")
        until(lambda: rows(tmp_path, "SELECT id FROM inbox WHERE state != 'done'") == [])
        assert rows(tmp_path, state) == before
    assert rows(tmp_path, "SELECT count(*) FROM plans") == [(0,)]


def jpeg(colour: str = "green") -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (80, 60), colour).save(picture, "JPEG")
    return picture.getvalue()


def test_several_photos_are_fetched_without_leaking_the_key_and_deleted_at_twilio(
    server: Server, twilio: TwilioEmulator, tmp_path: Path
) -> None:
    anna = twilio.person()
    asked_for_a_plan(anna)
    anna.sends_photos(jpeg("red"), jpeg("blue"), caption="hier")
    until(lambda: rows(tmp_path, "SELECT count(*) FROM photos") == [(2,)])
    until(lambda: not twilio.files)
    assert len(twilio.deleted) == 2
    assert twilio.leaked == 0


@pytest.mark.skipif(not SPEECH.exists(), reason="no recordings of speech in ../shared")
def test_text_and_voice_50_ms_apart_are_in_one_draft_in_order(
    server: Server, twilio: TwilioEmulator, tmp_path: Path
) -> None:
    anna = twilio.person()
    asked_for_a_plan(anna)
    recording = SPEECH / "nl" / "vlaams_vl04108.wav"
    anna.sends_voice(recording.read_bytes())
    time.sleep(0.05)
    anna.says("en ook een bankje erbij")
    until(lambda: "bankje erbij" in "".join(sent.text for sent in anna.messages()[5:]))
    last = [sent.text for sent in anna.messages() if "bankje erbij" in sent.text][-1]
    (heard,) = rows(tmp_path, "SELECT transcript FROM recordings")
    assert heard[0]
    assert re.sub(r"\W", "", heard[0]) in re.sub(r"\W", "", last)
    assert re.sub(r"\W", "", last).index(re.sub(r"\W", "", heard[0])) < re.sub(
        r"\W", "", last
    ).index("bankjeerbij")


@pytest.mark.parametrize("status", [404, 401])
def test_a_file_that_cannot_be_had_is_asked_for_again(
    server: Server, twilio: TwilioEmulator, tmp_path: Path, status: int
) -> None:
    anna = twilio.person()
    asked_for_a_plan(anna)
    twilio.file_status = [status] * 3
    anna.sends_voice(b"OggS")
    listening, sorry = anna.replies(2, timeout=60)
    assert "👂" in listening.text
    assert "nog een keer" in sorry.text.lower() or "opnieuw" in sorry.text.lower()
    assert twilio.file_status == []


def test_a_file_that_comes_at_the_third_try_is_taken(
    server: Server, twilio: TwilioEmulator, tmp_path: Path
) -> None:
    anna = twilio.person()
    asked_for_a_plan(anna)
    twilio.file_status = [404, 503]
    anna.sends_photos(jpeg())
    until(lambda: rows(tmp_path, "SELECT count(*) FROM photos") == [(1,)])


def test_an_empty_a_silent_and_a_huge_recording_make_no_plan(
    server: Server, twilio: TwilioEmulator, tmp_path: Path
) -> None:
    anna = twilio.person()
    asked_for_a_plan(anna)
    for recording in (b"", silence(), b"OggS" + bytes(21_000_000)):
        anna.sends_voice(recording)
        anna.replies(2, timeout=30)
    assert rows(tmp_path, "SELECT count(*) FROM plans") == [(0,)]
    assert rows(tmp_path, "SELECT count(*) FROM help_requests") == [(0,)]
    assert "Een" not in rows(tmp_path, "SELECT data FROM sessions")[0][0]


def silence() -> bytes:
    import av
    import numpy as np

    written = io.BytesIO()
    with av.open(written, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=48_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 96_000), np.int16), "s16", "mono")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return written.getvalue()

"""One inbound message, one transaction: order, repeats, waiting, forgetting, and silence."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.messages import Inbound, Media, Outbound
from bot.session import RESTING, Session
from bot.taken import Failed, Taken
from civic.rounds import AMSTERDAM
from runtime.round_file import load_round
from storage import hot, outbox, people, plans, rounds, tables
from storage.db import Database
from storage.times import to_ms
from tests.dialogue import REPO, Town

START = datetime(2019, 6, 12, 12, tzinfo=UTC)  # a Wednesday, two o'clock in Amsterdam
LISTENING = "👂 Ik luister naar je bericht."


@dataclass
class Resident:
    """Somebody who talks with the bot; `says` gives what was said back to the last line."""

    town: Town
    address: str
    channel: str = "telegram"

    def says(self, *lines: str) -> list[str]:
        self.hears()
        for line in lines:
            self.hears()
            self.town.send(self.writes(line))
        return self.hears()

    def writes(self, line: str) -> Inbound:
        return self.town.message(line, self.channel, self.address)

    def sends(self, *lines: str) -> None:
        """Messages right behind each other, while nothing has been fetched yet."""
        for line in lines:
            self.town.take(self.writes(line))

    def hears(self) -> list[str]:
        return [message.text for message in self.gets()]

    def gets(self) -> list[Outbound]:
        return self.town.new(self.channel, self.address)

    @property
    def id(self) -> int:
        where = (tables.addresses.c.channel == self.channel) & (
            tables.addresses.c.address == self.address
        )
        query = select(tables.addresses.c.person_id).where(where)
        person: int = self.town.db.call(lambda conn: conn.execute(query).scalar_one())
        return person

    @property
    def session(self) -> Session:
        person = self.id
        loaded = self.town.db.call(lambda conn: hot.load(conn, person))
        assert loaded
        return Session.from_json(loaded.session_json)

    @property
    def parts(self) -> list[str]:
        """What the plan that is being made has been told, in order."""
        return [part["text"] for part in self.session.answers["draft"]["parts"]]


@pytest.fixture
def town(db: Database) -> Town:
    found = Town(db, START)
    found.load(load_round(REPO / "examples" / "slotermeer.toml"))
    return found


@pytest.fixture
def anna(town: Town) -> Resident:
    """A resident who has chosen Dutch and said yes."""
    resident = Resident(town, "12345")
    resident.says("hoi", "nederlands", "ja")
    return resident


def rows(town: Town, table: Any) -> list[Any]:
    return town.db.call(lambda conn: conn.execute(select(table)).all())


def my_plans(anna: Resident) -> list[plans.Plan]:
    person = anna.id

    def read(conn: Any) -> list[plans.Plan]:
        active = rounds.active(conn)
        assert active
        return plans.of_person(conn, active.id, person)

    return anna.town.db.call(read)


PLAN = ("1", "Een bankje bij de speeltuin", "klopt", "goed", "groen", "weet ik niet", "500")
TO_THE_SUMMARY = (*PLAN, "geen foto", "samen", "nee")


# --- once, and in order ---------------------------------------------------------------------


def test_a_repeat_of_the_provider_gets_one_reply(anna: Resident) -> None:
    message = anna.writes("1")
    for _ in range(5):
        anna.town.send(message)
    assert len(anna.hears()) == 1
    assert anna.town.take(message) is None


def test_a_voice_note_that_is_repeated_is_heard_once(anna: Resident) -> None:
    anna.says("1")
    message = anna.writes("@ Een bankje in het park")
    for _ in range(5):
        anna.town.take(message)
    anna.town.work()
    assert anna.parts == ["Een bankje in het park"]
    assert len(rows(anna.town, tables.recordings)) == 1


@pytest.mark.parametrize(
    "lines",
    [
        ("@ Een bankje in het park", "en ook een prullenbak erbij"),
        ("En ook een prullenbak erbij", "@ een bankje in het park"),
        ("@ Een bankje in het park", "en een prullenbak erbij", "@ en een boom", "voor de schaduw"),
    ],
)
def test_text_and_voice_land_in_one_plan_in_order(anna: Resident, lines: tuple[str, ...]) -> None:
    anna.says("1")
    for line in lines:
        anna.sends(line)
        anna.town.now += timedelta(milliseconds=50)
    anna.town.work()
    assert anna.parts == [line.removeprefix("@ ") for line in lines]


def test_what_comes_while_a_voice_note_is_taken_waits(anna: Resident) -> None:
    anna.says("1")
    anna.sends("@ Een bankje in het park", "klopt", "Bankje", "hulp")
    assert anna.hears() == [LISTENING]
    anna.town.work()
    heard = anna.hears()
    assert [text.splitlines()[0][:1] for text in heard] == ["D", "🏷", "🎨", "🙋"]
    assert not anna.says("verder")[0].startswith(LISTENING)


def test_waiting_messages_have_their_turn_although_the_job_was_lost(anna: Resident) -> None:
    """The sweep finds a message that waits behind nothing, and wakes it."""
    anna.says("1")
    anna.sends("@ Een bankje in het park", "klopt")
    held = [row.id for row in rows(anna.town, tables.inbox) if row.state == "taking"]
    anna.town.db.call(lambda conn: hot.finish(conn, held[0]))
    anna.hears()
    person = anna.id
    anna.town.db.call(lambda conn: anna.town.conversation.wake(conn, person))
    assert anna.hears()
    assert {row.state for row in rows(anna.town, tables.inbox)} == {"done"}


def test_two_voice_notes_of_which_one_fails(anna: Resident) -> None:
    anna.says("1")
    anna.sends("@!not_fetched", "@ Een bankje in het park")
    anna.town.work()
    listening, failed, checked = anna.hears()
    assert listening == LISTENING
    assert failed.startswith("Je bericht kwam niet goed aan.")
    assert "“Een bankje in het park”" in checked


def test_one_answer_to_several_voice_notes(anna: Resident) -> None:
    anna.says("1")
    anna.sends("@ Een bankje", "@ in het park", "@ voor oude mensen")
    anna.town.work()
    listening, checked = anna.hears()
    assert listening == LISTENING
    assert "Een bankje\nin het park\nvoor oude mensen" in checked


def test_taken_twice_changes_nothing(anna: Resident) -> None:
    """The sweep may run the same job again while the first is still at work."""
    anna.says("1")
    anna.sends("@ Een bankje in het park")
    (inbox_id,) = (ref for task, ref in anna.town.jobs if task == "take_in")
    what = next(iter(anna.town.hears.values()))
    for _ in range(3):
        anna.town.db.call(lambda conn: anna.town.conversation.taken(conn, inbox_id, what))
    assert anna.parts == ["Een bankje in het park"]
    assert len(anna.hears()) == 2


# --- files ------------------------------------------------------------------------------------


def with_files(anna: Resident, *media: Media, text: str = "") -> Inbound:
    return replace(anna.writes("x"), text=text, media=media)


def test_several_photos_in_one_message(anna: Resident) -> None:
    anna.says(*PLAN)
    photos = (anna.town.photo(), anna.town.photo(), anna.town.photo())
    anna.town.send(with_files(anna, *photos, text="zo is het nu"))
    (heard,) = anna.hears()
    assert heard.endswith("Wie gaat het plan uitvoeren?")
    assert len(anna.session.answers["draft"]["photos"]) == 3
    assert anna.parts == ["Een bankje bij de speeltuin", "zo is het nu"]


def test_a_message_with_several_files_is_taken_once(anna: Resident) -> None:
    anna.says("1")
    message = with_files(anna, anna.town.photo(), anna.town.photo())
    assert anna.town.take(message) == anna.id
    assert anna.town.take(message) is None
    anna.town.work()
    assert len(anna.session.answers["draft"]["photos"]) == 2


def test_a_photo_with_words_tells_the_plan(anna: Resident) -> None:
    anna.says("1")
    (heard,) = anna.says("!photo Hier moet een bankje komen")
    assert "“Hier moet een bankje komen”" in heard
    assert anna.says("klopt", "goed", "groen", "weet ik niet", "500")[-1].startswith("🛠️")


def test_a_photo_may_come_before_anything_else(town: Town) -> None:
    resident = Resident(town, "777")
    (heard,) = resident.says("!photo", "nederlands", "ja")
    assert "📷 een foto" in heard
    assert resident.says("ja")[0].startswith("💡 Vertel je plan.")
    assert len(resident.session.answers["draft"]["photos"]) == 1


@pytest.mark.parametrize("reason", ["no_speech", "rejected", "too_long", "too_big", "unreadable"])
def test_a_file_that_fails_is_answered_kindly(anna: Resident, reason: str) -> None:
    anna.says("1")
    assert anna.says(f"@!{reason}")[-1].endswith("✍️ typ het.")
    assert anna.session.misses == 1


# --- a voice note decides nothing that cannot be undone ----------------------------------------


@pytest.mark.parametrize("line", ["@ ja", "@ ja klopt", "@? ja", "@ nee"])
def test_yes_and_no_are_not_taken_from_a_voice_note(anna: Resident, line: str) -> None:
    anna.says("1", "Een bankje bij de speeltuin")
    before = anna.session
    assert "Ik weet niet zeker wat je zei" in anna.says(line)[-1]
    assert anna.session.state == before.state
    assert anna.session.answers == before.answers


def test_a_plan_is_never_sent_by_voice(anna: Resident) -> None:
    anna.says(*TO_THE_SUMMARY, "@ insturen", "@ ja insturen", "@=send stuur maar op")
    assert not my_plans(anna)
    anna.says("insturen")
    assert len(my_plans(anna)) == 1


def test_keywords_and_choices_may_be_said_aloud(anna: Resident) -> None:
    assert "Welk" not in anna.says("@=my_plans mijn plannen")[-1]
    assert anna.says("@=word:back terug")[-1].startswith("💡 Je kunt")
    assert "🙋 Iemand helpt je graag." in anna.says("1", "@=word:help help")[-1]
    anna.says("verder", "Een bankje bij de speeltuin", "klopt", "goed", "@=groen groen en veilig")
    assert anna.session.answers["draft"]["theme"] == "groen"


def test_a_transcript_alone_decides_nothing(anna: Resident) -> None:
    for line in ("@ mijn plannen", "@ help", "@ terug", "@ stop"):
        assert "Ik weet niet zeker wat je zei" in anna.says(line)[-1]
        assert anna.session.state == "menu.menu"
    assert anna.session.notify
    anna.says("1", "Een bankje bij de speeltuin", "klopt", "goed", "@ groen en veilig")
    assert anna.session.state == "submit_plan.theme"


def test_what_is_not_sure_never_leads_away(anna: Resident) -> None:
    """A miss does: the third leads to a person."""
    anna.says("1", "Een bankje bij de speeltuin", "klopt", "goed")
    for _ in range(5):
        assert "Druk op een knop" in anna.says("@ blauw")[-1]
    assert anna.session.state == "submit_plan.theme"


def test_another_language_is_offered_once_and_never_taken(anna: Resident) -> None:
    anna.says("1")
    offered = anna.says("@~tr| Parkta bir bank istiyorum")[-1]
    assert "Het klinkt als Türkçe" in offered
    assert "Türkçe gibi" in offered
    assert anna.session.language == "nl"
    assert "Parkta bir bank istiyorum" in anna.says("#no")[-1]
    assert "klinkt" not in anna.says("@~tr| ve bir çöp kutusu")[-1]
    assert anna.session.language == "nl"
    assert "Orada" not in anna.says("@~en| and a bin please")[-1]
    assert "“Parkta" in anna.says("#yes")[-1]
    assert anna.session.language == "en"


# --- silence ----------------------------------------------------------------------------------


def test_one_reminder_after_twenty_hours(anna: Resident) -> None:
    anna.says("1")
    anna.town.wait(19)
    assert not anna.hears()
    anna.town.wait(1)
    assert anna.hears()[0].startswith("👋 Je was nog bezig.")
    anna.town.wait(100)
    assert not anna.hears()
    kinds = [row.kind for row in rows(anna.town, tables.outbox)]
    assert kinds.count("notice") == 1


@pytest.mark.parametrize("hour", range(24))
def test_no_reminder_at_night(anna: Resident, hour: int) -> None:
    anna.town.now = datetime(2019, 6, 12, hour, 30, tzinfo=AMSTERDAM)
    anna.says("1")
    anna.town.wait(45)
    (sent,) = [row for row in rows(anna.town, tables.outbox) if row.kind == "notice"]
    at = datetime.fromtimestamp(sent.created_at / 1000, AMSTERDAM)
    assert 9 <= at.hour < 21
    assert at - datetime(2019, 6, 12, hour, 30, tzinfo=AMSTERDAM) >= timedelta(hours=20)


def test_a_timer_that_rings_late_wakes_nobody(anna: Resident) -> None:
    """The server was down while the reminder was due, and comes back in the evening."""
    anna.says("1")
    anna.town.now = datetime(2019, 6, 13, 22, tzinfo=AMSTERDAM)
    anna.town.ring()
    assert not anna.hears()
    anna.town.wait(10)
    assert not anna.hears()
    anna.town.wait(1)
    assert anna.hears()[0].startswith("👋 Je was nog bezig.")


@pytest.mark.parametrize("lines", [("2",), ("instellingen",), ("help", "bel mij", "0612345678")])
def test_who_has_nothing_unfinished_is_not_reminded(anna: Resident, lines: tuple[str, ...]) -> None:
    anna.says(*lines)
    anna.town.wait(7 * 24)
    assert not anna.hears()


def test_a_plan_that_was_sent_is_not_unfinished(anna: Resident) -> None:
    anna.says(*TO_THE_SUMMARY, "insturen")
    anna.town.wait(8 * 24)
    assert not anna.hears()
    assert anna.session.state == RESTING


def test_rest_after_seven_days_keeps_the_plan(anna: Resident) -> None:
    anna.says(*PLAN)
    plan = anna.session.answers["draft"]
    anna.town.wait(7 * 24 - 1)
    assert anna.session.state != RESTING
    anna.town.wait(1)
    assert anna.session.state == RESTING
    assert anna.session.answers["draft"] == plan
    anna.hears()
    assert "Een bankje bij de speeltuin" in anna.says("hoi", "verder")[0]


def test_a_transcript_after_the_rest_says_nothing_and_is_kept(anna: Resident) -> None:
    anna.says("1")
    anna.sends("@ Een bankje in het park")
    anna.town.wait(8 * 24)
    assert anna.session.state == RESTING
    anna.hears()
    anna.town.work()
    assert not anna.hears()
    assert anna.session.state == RESTING
    (recording,) = rows(anna.town, tables.recordings)
    assert recording.transcript == "Een bankje in het park"
    assert recording.person_id == anna.id


# --- rules of the round -------------------------------------------------------------------------


def test_a_plan_that_is_sent_in_the_last_second_counts(anna: Resident) -> None:
    anna.says(*TO_THE_SUMMARY)
    anna.town.now = datetime(2019, 7, 9, 23, 59, 59, tzinfo=AMSTERDAM)
    assert anna.says("insturen")[0].startswith("📥 Je plan is binnen!")
    assert len(my_plans(anna)) == 1


def test_a_plan_that_is_sent_a_second_too_late_is_told_so(anna: Resident) -> None:
    anna.says(*TO_THE_SUMMARY)
    plan = anna.session.answers["draft"]
    anna.town.now = datetime(2019, 7, 10, 0, 0, 0, tzinfo=AMSTERDAM)
    (heard,) = anna.says("insturen")
    assert "je plan is niet ingestuurd" in heard
    assert "Plannen insturen kon tot en met dinsdag 9 juli." in heard
    assert not my_plans(anna)
    assert anna.session.answers["draft"] == plan


# --- who is who --------------------------------------------------------------------------------


def test_two_residents_do_not_mix(anna: Resident) -> None:
    bea = Resident(anna.town, "99999")
    bea.says("hello", "english", "yes", "1")
    anna.says("1")
    bea.sends("@ Flower boxes in our street")
    anna.sends("@ Een bankje in het park")
    anna.town.work()
    assert anna.parts == ["Een bankje in het park"]
    assert bea.parts == ["Flower boxes in our street"]
    anna.says("klopt")
    assert bea.says("right")[0].startswith("🏷️ Your plan")
    for line in ("goed", "groen", "weet ik niet", "500", "geen foto", "ik", "nee", "insturen"):
        anna.says(line)
    assert bea.says("menu", "my plans")[0].startswith("📋 You have not sent in")
    assert anna.says("1")[0].startswith("📋 Je hebt 1 plan.")


def test_the_same_address_on_two_channels_is_two_people(town: Town) -> None:
    one, other = Resident(town, "+31612345678", "sms"), Resident(town, "+31612345678", "phone")
    one.says("hoi", "1", "ja")
    assert "Kies je taal." in other.says("1")[0]
    assert one.id != other.id


def test_in_a_group_nothing_personal_is_said_or_kept(anna: Resident) -> None:
    anna.says(*TO_THE_SUMMARY, "insturen")
    group = Resident(anna.town, "-100777")
    for text in ("mijn plannen", "Een geheim plan van Karim", "stop", "/start"):
        (heard,) = group.says(f"!group {text}")
        assert "https://t.me/buurtstem_bot" in heard
        assert "bankje" not in heard.lower()
    assert not marked_rows(anna.town, "Karim")
    assert group.session == Session()


# --- forgetting ---------------------------------------------------------------------------------

MARK = "Zeldzaamwoord"


def marked_rows(town: Town, *marks: str) -> list[str]:
    """Tables with a row in which one of the marks stands."""

    def read(conn: Any) -> list[str]:
        return [
            name
            for name, table in tables.metadata.tables.items()
            for row in conn.execute(select(table))
            if any(mark in str(row) for mark in marks)
        ]

    return town.db.call(read)


def deliver(resident: Resident, person: int) -> list[str]:
    """Sends what is to be sent to a person, as `runtime.sender` does; returns the texts."""
    town, texts = resident.town, []
    while row := town.db.call(lambda conn: outbox.claim(conn, person, to_ms(town.now))):
        texts.append(json.loads(row.body)["text"])
        town.db.call(lambda conn, row=row: outbox.sent(conn, row.id, "p1", to_ms(town.now)))
    return texts


@pytest.mark.parametrize("channel", ["telegram", "whatsapp"])
def test_forget_me_leaves_nothing_and_says_goodbye(town: Town, channel: str) -> None:
    resident = Resident(town, "whatsapp:NL.555333111", channel)
    resident.says(f"hoi {MARK}", "nederlands", "ja", "help", f"ik heb een vraag over {MARK}")
    resident.says("menu", "1", f"@ Een bankje voor {MARK}", f"!photo bij {MARK}", "klopt", "goed")
    resident.says("groen", f"{MARK}straat 1")
    person = resident.id
    deliver(resident, person)
    assert {"inbox", "outbox", "sessions", "recordings"} <= set(marked_rows(town, MARK))
    resident.says("vergeet mij")
    resident.says("ja")
    assert deliver(resident, person)[-1] == "🗑️ Alles is gewist. Dank je wel en tot ziens."
    assert marked_rows(town, MARK, "555333111") == []
    assert town.erased
    assert "Kies je taal." in resident.says("hoi")[0]
    assert resident.id != person


def test_a_no_to_the_notice_forgets_what_was_told_at_once(town: Town) -> None:
    resident = Resident(town, "555333111")
    resident.says(f"@ Een bankje voor {MARK} in het park", "nederlands")
    person = resident.id
    deliver(resident, person)
    resident.says("nee")
    assert deliver(resident, person)[-1].startswith("Dat is goed. We hebben alles gewist.")
    assert marked_rows(town, MARK, "555333111") == []


def test_a_plan_stays_when_its_initiator_is_forgotten(anna: Resident) -> None:
    anna.says(*TO_THE_SUMMARY, "insturen", "vergeet mij", "ja")
    (plan,) = rows(anna.town, tables.plans)
    assert (plan.initiator, plan.phone, plan.may_call) == (None, "", False)
    assert plan.text == "Een bankje bij de speeltuin"


def test_a_file_that_comes_in_after_forgetting_is_dropped(anna: Resident) -> None:
    anna.says("1")
    anna.sends(f"@ Een bankje voor {MARK}", "vergeet mij")
    person = anna.id
    anna.town.db.call(lambda conn: people.forget(conn, person))
    anna.town.work()
    assert marked_rows(anna.town, MARK) == []


# --- upgrades ---------------------------------------------------------------------------------


def test_a_session_of_a_newer_version_lands_in_the_menu(anna: Resident) -> None:
    answers = {"draft": {"parts": [{"text": "Een bankje"}]}, "novelty": [1, 2]}
    newer = {"state": "quiz.question", "language": "nl", "consent": True, "answers": answers}
    newer |= {"trail": ["quiz.start"], "colour": "blue", "misses": "three"}
    sessions = tables.sessions
    change = update(sessions).where(sessions.c.person_id == anna.id)
    change = change.values(state="quiz.question", data=json.dumps(newer))
    anna.town.db.call(lambda conn: conn.execute(change))
    (heard,) = anna.says("3")
    assert heard.startswith("Er ging iets mis bij ons. Sorry! Je antwoorden zijn bewaard.")
    assert "Wat wil je doen?" in heard
    assert anna.session.state == "menu.menu"
    assert anna.session.answers == answers
    assert "“Een bankje”" in anna.says("verder")[0]


def test_a_job_for_a_message_of_nobody_does_nothing(town: Town) -> None:
    what: Taken = Failed("gone")
    town.db.call(lambda conn: town.conversation.taken(conn, 4711, what))
    town.db.call(lambda conn: town.conversation.wake(conn, 4711))
    assert not rows(town, tables.outbox)

"""The weekly mail, through a real mail server."""

import asyncio
import smtplib
import socket
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller

from civic.alarms import Alarm, Kind
from civic.plans import Status
from runtime.mail import MONDAY, WeeklyMail, text_of, week_of
from storage import help as help_requests
from storage.times import from_ms
from tests.storage.living import DAY, NOON, Living

MONDAY_MORNING = datetime(2026, 6, 22, 6, tzinfo=UTC)  # eight in Amsterdam


class Kept:
    def __init__(self):
        self.mails = []
        self.refuses = 0

    async def handle_DATA(self, server, session, envelope):
        if self.refuses:
            self.refuses -= 1
            return "451 not now"
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append((envelope.rcpt_tos, mail))
        return "250 taken"


@contextmanager
def mail_server():
    kept = Kept()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield kept, f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()


@pytest.fixture
def town(db):
    made = Living(db)
    person = made.person("whatsapp:+31612345678", language="nl")
    made.plan(person, Status.SUPPORTED)
    db.call(lambda c: help_requests.ask(c, person, "call", "+31687654321", "geheim", None, 1, NOON))
    return made


def mail(db, url, at=MONDAY_MORNING):
    to = ["anna@example.org", "bart@example.org"]
    return WeeklyMail(db, url, "bot@example.org", to, "https://x.nl/console", lambda: at)


def send(db, url, at=MONDAY_MORNING):
    asyncio.run(mail(db, url, at).send())


def test_once_a_week_with_numbers_and_without_people(db, town):
    with mail_server() as (kept, url):
        for minutes in (0, 20, 200):
            send(db, url, MONDAY_MORNING + timedelta(minutes=minutes))
        assert len(kept.mails) == 1
        send(db, url, MONDAY_MORNING + timedelta(days=7))
        assert len(kept.mails) == 2
    to, message = kept.mails[0]
    assert to == ["anna@example.org", "bart@example.org"]
    text = message.get_content()
    assert message["Subject"] == "Buurtstem: wacht op iemand: 1"
    assert "- mensen die langer dan twee dagen op hulp wachten: 1\r\n" in text
    assert "https://x.nl/console" in text
    for trace in ("612345678", "687654321", "geheim", "bankje"):
        assert trace not in text
    second = kept.mails[1][1].get_content()
    assert "- plannen die niemand toetst: 1 (plan 1)\r\n" in second


def test_a_server_that_is_down_is_tried_again(db, town):
    with mail_server() as (kept, url):
        kept.refuses = 1
        with pytest.raises(smtplib.SMTPDataError):
            send(db, url)
        send(db, url, MONDAY_MORNING + timedelta(minutes=5))  # too soon
        assert kept.mails == []
        send(db, url, MONDAY_MORNING + timedelta(minutes=10))
        send(db, url, MONDAY_MORNING + timedelta(minutes=20))
        assert len(kept.mails) == 1
    with pytest.raises(OSError):
        send(db, url, MONDAY_MORNING + timedelta(days=7))


def test_two_processes_send_one(db, town):
    with mail_server() as (kept, url):

        async def both():
            await asyncio.gather(*(mail(db, url).send() for _ in range(4)))

        asyncio.run(both())
        assert len(kept.mails) == 1


def test_a_week_begins_on_monday_in_amsterdam():
    assert week_of(from_ms(NOON)) == "2026-W25"
    late_on_sunday = datetime(2026, 6, 21, 22, 30, tzinfo=UTC)  # half past midnight
    assert week_of(late_on_sunday) == "2026-W26"
    first = MONDAY.get_next_fire_time(None, late_on_sunday)
    assert first == MONDAY_MORNING
    assert week_of(first) == "2026-W26"


def test_many_plans_are_named_up_to_a_line():
    found = [Alarm(kind=Kind.SILENT, since=n * DAY, number=n + 1) for n in range(25)]
    found.append(Alarm(kind=Kind.FAILED, since=0, count=7))
    lines = text_of(found).splitlines()
    start = "- gekozen plannen die drie weken niets hebben gehoord: 25 (plan 1, 2,"
    assert lines[0].startswith(start)
    assert lines[0].endswith("20 …)")
    assert lines[1] == "- berichten die niet zijn aangekomen: 7"
    assert text_of([]) == "Er wacht niets op iemand.\n"

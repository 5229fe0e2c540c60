"""The weekly mail to coordinators: how much waits for a person, and in which plans.

Sent on Monday morning, once a week, by the process that holds the lease; a server that is down
is tried again until noon. It holds numbers of plans and nothing about people.
"""

from __future__ import annotations

import asyncio
import logging
import smtplib
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial
from urllib.parse import unquote, urlsplit

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from civic.alarms import Alarm, Kind
from civic.rounds import AMSTERDAM
from runtime.lease import Lease, under
from storage import alarms, rounds, weekly_mails
from storage.db import Database
from storage.times import to_ms

log = logging.getLogger(__name__)

MONDAY = CronTrigger(day_of_week="mon", hour="8-11", minute="*/10", timezone=AMSTERDAM)
STALE = timedelta(minutes=9)  # a claim whose process died
ATTEMPTS = 20
TIMEOUT = 30.0  # seconds
MOST_NUMBERS = 20  # plans named in one line

SUBJECT = "Buurtstem: wacht op iemand: {count}"
NOTHING = "Buurtstem: er wacht niets"
LINES = {
    Kind.DEADLINE_PAST: "haalbaarheidstoetsen over hun datum",
    Kind.DEADLINE_NEAR: "haalbaarheidstoetsen die binnen drie dagen klaar moeten zijn",
    Kind.ANSWER_PAST: "initiatiefnemers die niet op tijd hebben geantwoord",
    Kind.UNTESTED: "plannen die niemand toetst",
    Kind.WAITING: "mensen die langer dan twee dagen op hulp wachten",
    Kind.SILENT: "gekozen plannen die drie weken niets hebben gehoord",
    Kind.NO_CONTACT: "gekozen plannen zonder contactpersoon",
    Kind.NOT_REACHED: "initiatiefnemers die de uitslag niet hebben gekregen",
    Kind.FAILED: "berichten die niet zijn aangekomen",
    Kind.EXPORT_FAILED: "exports die niet zijn gelukt",
}


class WeeklyMail:
    """`url` is smtp://[name:password@]host[:port] or smtps://…; `to` the coordinators."""

    def __init__(
        self,
        db: Database,
        url: str,
        sender: str,
        to: Sequence[str],
        console: str = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._db = db
        self._url = url
        self._from = sender
        self._to = to
        self._console = console
        self._clock = clock

    def schedule(self, scheduler: AsyncIOScheduler, lease: Lease) -> None:
        """Has the calendar send it, where a mail server is set."""
        if self._url and self._from and self._to:
            work = under(lease, "weekly_mail", self.send)
            scheduler.add_job(work, MONDAY, id="weekly_mail", coalesce=True, max_instances=1)

    async def send(self) -> None:
        """Sends this week's mail if nobody did. Raises what SMTP raises."""
        now = self._clock()
        week = week_of(now)
        claim = partial(
            weekly_mails.claim,
            week=week,
            now_ms=to_ms(now),
            stale_ms=to_ms(now - STALE),
            most=ATTEMPTS,
        )
        active = await self._db.aread(rounds.active)
        if active is None or not await self._db.run(claim):
            return
        find = partial(alarms.alarms, round_id=active.id, now_ms=to_ms(now))
        message = self._message(await self._db.aread(find), active.round.name.get("nl"))
        await asyncio.to_thread(deliver, self._url, message)
        await self._db.run(partial(weekly_mails.sent, week=week, now_ms=to_ms(now)))

    def _message(self, found: Sequence[Alarm], round_name: str) -> EmailMessage:
        message = EmailMessage()
        count = sum(alarm.count for alarm in found)
        message["Subject"] = SUBJECT.format(count=count) if count else NOTHING
        message["From"] = self._from
        message["To"] = ", ".join(self._to)
        more = f"\n{self._console}\n" if self._console else ""
        message.set_content(f"{round_name}\n\n{text_of(found)}{more}")
        return message


def week_of(now: datetime) -> str:
    """The week in Amsterdam: `2026-W48`."""
    year, week, _ = now.astimezone(AMSTERDAM).isocalendar()
    return f"{year}-W{week:02}"


def text_of(found: Sequence[Alarm]) -> str:
    """A line for each kind, with the numbers of its plans, the oldest first."""
    lines = [_line(kind, [alarm for alarm in found if alarm.kind is kind]) for kind in LINES]
    return "".join(line for line in lines if line) or "Er wacht niets op iemand.\n"


def _line(kind: Kind, found: Sequence[Alarm]) -> str:
    if not found:
        return ""
    numbers = [str(alarm.number) for alarm in found if alarm.number is not None]
    named = ", ".join(dict.fromkeys(numbers[:MOST_NUMBERS]))
    more = " …" if len(numbers) > MOST_NUMBERS else ""
    plans = f" (plan {named}{more})" if numbers else ""
    return f"- {LINES[kind]}: {sum(alarm.count for alarm in found)}{plans}\n"


def deliver(url: str, message: EmailMessage) -> None:
    """Hands the mail to the server; encrypted whenever the server can, always with a password."""
    parts = urlsplit(url)
    host, secure = parts.hostname or "localhost", parts.scheme == "smtps"
    context = ssl.create_default_context()
    server = (
        smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT, context=context)
        if secure
        else smtplib.SMTP(host, parts.port or 25, timeout=TIMEOUT)
    )
    with server:
        server.ehlo()
        if not secure and (server.has_extn("starttls") or parts.username):
            server.starttls(context=context)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)

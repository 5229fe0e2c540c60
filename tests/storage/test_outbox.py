"""What goes out: order, one at a time, nothing twice, nothing left behind."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import select

from storage import hot, outbox, people
from storage.db import Database
from storage.tables import outbox as rows

Write = Callable[..., hot.Arrival]


class Mail:
    """The outbox of one person."""

    def __init__(self, db: Database, arrival: hot.Arrival, now: int) -> None:
        self.db, self.now = db, now
        self.person, self.channel, self.address = (
            arrival.person_id,
            arrival.channel,
            arrival.address,
        )

    def put(self, *bodies: str, secret: bool = False, at: int | None = None) -> None:
        to = (self.person, self.channel, self.address, bodies, "reply", at or self.now)
        self.db.call(lambda conn: outbox.put(conn, *to, secret=secret))

    def claim(self, at: int | None = None) -> outbox.Unsent | None:
        return self.db.call(lambda conn: outbox.claim(conn, self.person, at or self.now))

    def take(self) -> outbox.Unsent:
        row = self.claim()
        assert row
        return row

    def sent(self, row: outbox.Unsent, *, scrub: bool = False) -> None:
        self.db.call(lambda conn: outbox.sent(conn, row.id, f"P{row.id}", self.now, scrub))

    def states(self) -> list[str]:
        query = select(rows.c.state).where(rows.c.person_id == self.person).order_by(rows.c.id)
        return list(self.db.read(lambda conn: conn.scalars(query).all()))

    def kept(self) -> list[tuple[str, str]]:
        query = select(rows.c.address, rows.c.body).order_by(rows.c.id)
        return [(a, b) for a, b in self.db.read(lambda conn: conn.execute(query).all())]


@pytest.fixture
def mail(db: Database, write: Write, now: int) -> Mail:
    return Mail(db, write("anna", channel="sms"), now)


def test_rows_go_out_one_by_one_in_order(mail: Mail) -> None:
    mail.put("a", "b")
    mail.put("c")
    said = []
    while row := mail.claim():
        assert mail.claim() is None  # one of theirs is on its way
        said.append(row.body)
        mail.sent(row)
    assert said == ["a", "b", "c"]
    assert mail.states() == ["sent"] * 3


def test_a_claimed_row_has_all_that_sending_needs(mail: Mail) -> None:
    mail.put('{"text": "hallo"}')
    row = mail.take()
    assert (row.person_id, row.channel, row.address) == (mail.person, "sms", "anna")
    assert (row.body, row.kind, row.secret) == ('{"text": "hallo"}', "reply", False)
    assert (row.attempts, row.created_at, row.last_in_at) == (1, mail.now, mail.now)


def test_head_only_looks(mail: Mail, db: Database) -> None:
    mail.put("a")
    looked = db.call(lambda conn: outbox.head(conn, mail.person, mail.now))
    assert looked
    assert (looked.body, looked.attempts, looked.last_in_at) == ("a", 0, mail.now)
    assert mail.take().id == looked.id
    assert db.call(lambda conn: outbox.head(conn, mail.person, mail.now)) is None


def test_a_row_to_be_tried_later_holds_up_those_behind_it(mail: Mail, db: Database) -> None:
    mail.put("a", "b")
    row = mail.take()
    db.call(lambda conn: outbox.retry_at(conn, row.id, mail.now + 50, "20429"))
    assert mail.claim(mail.now + 49) is None
    again = mail.claim(mail.now + 50)
    assert again
    assert (again.id, again.attempts) == (row.id, 2)


def test_given_up_and_unknown_let_the_next_one_pass(mail: Mail, db: Database) -> None:
    mail.put("a", "b", "c")
    row = mail.take()
    db.call(lambda conn: outbox.failed(conn, row.id, "63024"))
    row = mail.take()
    db.call(lambda conn: outbox.unknown(conn, row.id, "timeout"))
    assert mail.take().body == "c"
    assert mail.states() == ["failed", "unknown", "sending"]


def test_an_unknown_row_is_settled_but_never_sent_again(mail: Mail, db: Database) -> None:
    mail.put("a")
    row = mail.take()
    db.call(lambda conn: outbox.unknown(conn, row.id, "timeout"))
    db.call(lambda conn: outbox.retry_at(conn, row.id, mail.now, "late"))
    assert mail.claim() is None
    mail.sent(row)
    assert mail.states() == ["sent"]


def test_nothing_undoes_what_was_sent(mail: Mail, db: Database) -> None:
    mail.put("a")
    row = mail.take()
    mail.sent(row)
    for undo in (outbox.failed, outbox.unknown, outbox.waiting):
        db.call(lambda conn, undo=undo: undo(conn, row.id, "late"))
    db.call(lambda conn: outbox.retry_at(conn, row.id, mail.now, "late"))
    assert mail.states() == ["sent"]


def test_what_waits_for_the_person_goes_first_when_they_write(mail: Mail, db: Database) -> None:
    mail.put("notice", "reply")
    row = mail.take()
    db.call(lambda conn: outbox.waiting(conn, row.id, "window"))
    reply = mail.take()
    assert reply.body == "reply"
    assert db.call(lambda conn: outbox.resume(conn, mail.person, mail.now)) == 1
    assert mail.claim() is None  # the reply is still on its way, though it has the higher id
    assert db.read(lambda conn: outbox.persons_due(conn, mail.now, 9)) == []
    mail.sent(reply)
    assert mail.take().body == "notice"


def test_one_person_does_not_hold_up_another(mail: Mail, write: Write, db: Database) -> None:
    other = Mail(db, write("bert"), mail.now)
    mail.put("a")
    other.put("b")
    mail.take()
    assert other.take().body == "b"


def test_two_senders_never_take_the_same_row(mail: Mail, write: Write, db: Database) -> None:
    others = [Mail(db, write(f"p{n}"), mail.now) for n in range(10)]
    for other in others:
        other.put("a", "b")
    with ThreadPoolExecutor(16) as threads:
        taken = [row for row in threads.map(Mail.claim, others * 5) if row]
    assert len(taken) == 10
    assert {row.body for row in taken} == {"a"}


def test_the_sweep_finds_those_whose_turn_it_is(mail: Mail, write: Write, db: Database) -> None:
    late, busy, later, twice = (Mail(db, write(f"p{n}"), mail.now) for n in range(4))
    twice.put("a", "b", at=mail.now - 5)
    late.put("a", at=mail.now - 10)
    busy.put("a", "b")
    busy.take()
    later.put("a", "b")
    row = later.take()
    db.call(lambda conn: outbox.retry_at(conn, row.id, mail.now + 99, ""))
    due = db.read(lambda conn: outbox.persons_due(conn, mail.now, 9))
    assert due == [late.person, twice.person]
    assert db.read(lambda conn: outbox.persons_due(conn, mail.now, 1)) == [late.person]


def test_what_was_on_its_way_in_a_crash_is_unknown_or_repeated(
    mail: Mail, write: Write, db: Database
) -> None:
    page = Mail(db, write("bert", channel="simulator"), mail.now)
    mail.put("a")
    page.put("b")
    mail.take()
    page.take()
    before = mail.now
    assert db.call(lambda conn: outbox.requeue_lost(conn, before, ["simulator"])) == 0
    assert db.call(lambda conn: outbox.requeue_lost(conn, before + 1, ["simulator"])) == 1
    assert db.call(lambda conn: outbox.lost(conn, before)) == 0
    assert db.call(lambda conn: outbox.lost(conn, before + 1)) == 1
    assert (mail.states(), page.states()) == (["unknown"], ["queued"])
    assert page.take().attempts == 2


def test_an_address_that_is_gone_gets_nothing_more(mail: Mail, write: Write, db: Database) -> None:
    other = Mail(db, write("bert", channel="sms"), mail.now)
    mail.put("a", "b")
    other.put("c")
    row = mail.take()
    db.call(lambda conn: outbox.fail_address(conn, "sms", "anna", "21610"))
    assert (mail.states(), other.states()) == (["sending", "failed"], ["queued"])
    db.call(lambda conn: outbox.failed(conn, row.id, "21610"))
    assert mail.states() == ["failed", "failed"]


@pytest.mark.parametrize("end", ["sent", "failed", "unknown", "lost"])
def test_a_secret_is_blanked_however_it_ends(mail: Mail, db: Database, end: str) -> None:
    mail.put("482913", secret=True)
    row = mail.take()
    if end == "sent":
        mail.sent(row)
    elif end == "lost":
        db.call(lambda conn: outbox.lost(conn, mail.now + 1))
    else:
        db.call(lambda conn: getattr(outbox, end)(conn, row.id, "code"))
    assert mail.kept() == [("anna", "")]


def test_scrub_blanks_what_need_not_be_kept(mail: Mail) -> None:
    mail.put("a", "b")
    mail.sent(mail.take(), scrub=True)
    mail.sent(mail.take())
    assert mail.kept() == [("anna", ""), ("anna", "b")]


def test_a_goodbye_leaves_nothing_behind(mail: Mail, db: Database) -> None:
    def forget(conn: hot.Connection) -> None:
        people.forget(conn, mail.person)
        outbox.put(conn, mail.person, "sms", "anna", ["dag"], "reply", mail.now)

    mail.put("old")
    db.call(forget)
    row = mail.take()
    assert (row.body, row.address, row.last_in_at) == ("dag", "anna", None)
    mail.sent(row)
    assert mail.kept() == [("", "")]


def test_the_simulator_shows_before_it_blanks(db: Database, write: Write, now: int) -> None:
    mail = Mail(db, write("anna", channel="simulator"), now)
    mail.put("plain")
    mail.put("code", secret=True)
    mail.sent(mail.take())
    mail.sent(mail.take())
    assert [body for _, body in mail.kept()] == ["plain", "code"]
    assert db.call(lambda conn: outbox.blank_shown(conn, now)) == 0
    assert db.call(lambda conn: outbox.blank_shown(conn, now + 1)) == 1
    assert [body for _, body in mail.kept()] == ["plain", ""]
    db.call(lambda conn: people.forget(conn, mail.person))
    mail.put("dag")
    mail.sent(mail.take())
    assert mail.kept() == [("anna", "dag")]
    assert db.call(lambda conn: outbox.blank_shown(conn, now + 1)) == 1
    assert mail.kept() == [("", "")]


def test_a_page_reads_on_from_where_it_was(mail: Mail, write: Write, db: Database) -> None:
    other = Mail(db, write("bert", channel="sms"), mail.now)
    mail.put("a")
    other.put("x")
    mail.put("b", "c")
    read = partial(outbox.after, channel="sms", address="anna")
    page = db.read(lambda conn: read(conn, after_id=0, limit=2))
    assert [row.body for row in page] == ["a", "b"]
    rest = db.read(lambda conn: read(conn, after_id=page[-1].id, limit=2))
    assert [(row.body, row.state, row.kind) for row in rest] == [("c", "queued", "reply")]


def test_the_highest_word_on_delivery_is_kept(mail: Mail, db: Database) -> None:
    mail.put("a")
    row = mail.take()
    mail.sent(row)

    def tell(word: str, reason: str = "") -> bool:
        return db.call(lambda conn: outbox.status(conn, "sms", f"P{row.id}", word, reason))

    def word() -> tuple[str, str]:
        found = db.read(lambda conn: conn.execute(select(rows.c.status, rows.c.reason)).one())
        return found[0], found[1]

    assert tell("delivered")
    assert tell("sent")
    assert word() == ("delivered", "")
    assert tell("read")
    assert tell("delivered")
    assert word() == ("read", "")
    assert mail.states() == ["sent"]
    assert tell("failed", "63016")
    assert word() == ("failed", "63016")
    assert mail.states() == ["failed"]
    assert not db.call(lambda conn: outbox.status(conn, "sms", "P0", "sent"))


def test_idle_means_nothing_held_and_nothing_due(mail: Mail, write: Write, db: Database) -> None:
    def idle() -> bool:
        return db.read(lambda conn: outbox.idle(conn, mail.person, mail.now))

    assert idle()
    mail.put("a")
    assert not idle()
    row = mail.take()
    assert not idle()
    db.call(lambda conn: outbox.retry_at(conn, row.id, mail.now + 1, ""))
    assert idle()
    voice = write("anna", channel="sms", kind="voice")
    db.call(lambda conn: hot.hold(conn, voice.inbox_id, "taking", 0, 0))
    assert not idle()


def test_nobody_in_particular_can_be_written_to(db: Database, now: int) -> None:
    db.call(lambda conn: outbox.put(conn, None, "sms", "+31", ["a"], "campaign", now))
    assert db.read(lambda conn: outbox.persons_due(conn, now, 9)) == []
    db.call(lambda conn: outbox.put(conn, None, "sms", "+31", [], "campaign", now))
    assert len(db.read(lambda conn: outbox.after(conn, "sms", "+31", 0, 9))) == 1

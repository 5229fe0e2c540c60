"""Nothing of a vote is kept in clear at any step; one left lying is gone in half an hour."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, insert, select, update

from bot.conversation import Conversation
from bot.keeping import Keeping
from bot.session import RESTING, Session
from bot.voting import Uncast
from storage import hot, outbox, people, stempassen, tables, vote_tables
from storage.db import Database
from storage.times import to_ms
from storage.vault import SEALED, Vault
from tests.dialogue import PEPPER, Town
from tests.voters import (
    CHOICE,
    CODE,
    HELLO,
    OTHER,
    THIRD,
    TO_THE_BASKET,
    TO_THE_OVERVIEW,
    WHOLE,
    Voter,
    boxes,
    forms_of,
    rows_with,
    voting_town,
)

LASTS = timedelta(minutes=30)
# What only the replies to a vote say, and what was typed in it.
SAID = (*forms_of(CODE, OTHER, THIRD), CHOICE, "Gekozen", "▰", '"choices"', "vote.overview:")


@pytest.fixture
def town(db: Database) -> Town:
    return voting_town(db)


@pytest.fixture
def anna(town: Town) -> Voter:
    return Voter(town).begins()


def later(town: Town, time: timedelta) -> None:
    town.now += time
    town.ring()


def count(town: Town, table, *where) -> int:
    query = select(func.count()).select_from(table).where(*where)
    return town.db.call(lambda conn: conn.scalar(query))


# --- what is kept ---------------------------------------------------------------------------


def test_no_row_says_anything_of_the_vote_at_any_step(anna: Voter) -> None:
    for line in WHOLE:
        assert anna.says(line)
        assert rows_with(anna.town.db, *SAID) == []
    assert boxes(anna.town) == {CODE: [(2, 1), (3, 1), (4, 1)]}
    secret = count(anna.town, tables.outbox, tables.outbox.c.secret)
    sealed = count(anna.town, tables.outbox, tables.outbox.c.body.startswith(SEALED))
    assert secret == sealed == len(WHOLE)
    plain = count(anna.town, tables.inbox, tables.inbox.c.body != "")
    assert plain == len(HELLO), "what was said before the vote is kept as ever"


def test_all_that_is_said_in_a_vote_is_marked_secret(anna: Voter) -> None:
    for line in WHOLE:
        assert all(message.secret for message in anna.gets(line))
    assert not any(message.secret for message in Voter(anna.town, "999").gets(*HELLO))


def test_a_session_goes_on_from_what_was_stored_at_every_step(anna: Voter) -> None:
    """As after a restart: another conversation, nothing but the database and the pepper."""
    for line in TO_THE_OVERVIEW:
        anna.says(line)
        assert anna.vote
        anna.town.__post_init__()
    assert anna.vote["choices"] == [[2, 1], [3, 1], [4, 1]]
    assert "🗳️" in anna.says("ja")[0]
    assert boxes(anna.town) == {CODE: [(2, 1), (3, 1), (4, 1)]}


def test_a_session_row_tells_a_state_and_nothing_else(anna: Voter) -> None:
    anna.says(*TO_THE_BASKET)
    data = json.loads(anna.row.session_json)
    assert set(data["answers"]) == {"vote"} | (set(data["answers"]) & {"guess"})
    assert data["answers"]["vote"].startswith(SEALED)
    few = len(anna.row.session_json)
    anna.says("1")
    assert abs(len(anna.row.session_json) - few) < 40, "its length tells no choices"


def test_a_tap_on_an_old_button_of_a_vote_is_secret_too(anna: Voter) -> None:
    anna.says("#vote.browse:plan-4711")
    assert rows_with(anna.town.db, "4711") == []


def test_a_code_in_the_menu_or_mistyped_is_secret(anna: Voter) -> None:
    wrong = CODE[:-1] + str((int(CODE[-1]) + 1) % 10)
    anna.says(f"hallo, mijn code is {wrong[:6]} {wrong[6:]}")
    assert rows_with(anna.town.db, wrong[:6]) == []
    anna.says("menu", f"Stem {CODE}")
    assert rows_with(anna.town.db, *forms_of(CODE)) == []


def test_in_a_group_nothing_is_kept_and_a_code_is_deleted(anna: Voter) -> None:
    group = Voter(anna.town, "-100777")
    group.says(f"!group {CODE}", "!group hallo buren")
    assert rows_with(anna.town.db, CODE, "buren") == []
    assert group.town.jobs == []


def test_a_telephone_number_is_not_deleted_at_the_provider(anna: Voter) -> None:
    removed = []
    anna.town.jobs = _Jobs(removed)
    anna.says("help", "bel mij", "0031612345679")
    assert removed == []
    anna.says("menu", CODE)
    assert len(removed) == 1


class _Jobs(list):
    """Keeps what would be deleted at the provider."""

    def __init__(self, removed):
        super().__init__()
        self.removed = removed

    def append(self, job):
        if job[0] == "remove":
            self.removed.append(job[1])
        super().append(job)


def test_the_job_that_deletes_a_code_finds_its_message(anna: Voter) -> None:
    removed: list[int] = []
    anna.town.jobs = _Jobs(removed)
    message = anna.writes(CODE)
    anna.town.send(message)
    origin = anna.town.db.read(lambda conn: hot.origin(conn, removed[0]))
    assert origin == hot.Origin("telegram", "12345", message.id)
    person = anna.id
    anna.town.db.call(lambda conn: people.forget(conn, person))
    assert anna.town.db.read(lambda conn: hot.origin(conn, removed[0])) is None


# --- voice notes ---------------------------------------------------------------------------


def test_what_is_said_aloud_in_a_vote_has_no_recording(anna: Voter) -> None:
    anna.says("ik wil stemmen")
    spoken = " ".join(CODE)
    heard = anna.says(f"@ {spoken}")
    assert any(CODE[0] in line for line in heard)
    assert count(anna.town, tables.recordings) == 0
    assert rows_with(anna.town.db, *forms_of(CODE)) == []
    assert anna.vote["heard"] == CODE
    anna.says("ja", "ja")
    anna.says("@ twee en drie")
    assert count(anna.town, tables.recordings) == 0
    assert anna.town.erased == []


def test_a_code_said_aloud_in_the_menu_has_no_recording_and_other_words_have(anna: Voter) -> None:
    anna.says(f"@ {' '.join(CODE)}")
    assert count(anna.town, tables.recordings) == 0
    assert rows_with(anna.town.db, *forms_of(CODE)) == []
    bea = Voter(anna.town, "999").begins()
    bea.says("@ ik wil mijn plannen zien")
    assert count(anna.town, tables.recordings) == 1


def test_what_waits_behind_a_voice_note_is_sealed_and_has_its_turn_in_order(anna: Voter) -> None:
    anna.says(CODE, "ja")
    anna.sends("@ plannen een voor een", CHOICE, "klaar", "klaar", "ja")
    waiting = count(anna.town, tables.inbox, tables.inbox.c.body.startswith(SEALED))
    assert waiting == 5
    assert rows_with(anna.town.db, *SAID) == []
    anna.town.work()
    assert boxes(anna.town) == {CODE: [(2, 1), (3, 1), (4, 1)]}
    assert count(anna.town, tables.inbox, tables.inbox.c.body.startswith(SEALED)) == 0
    assert rows_with(anna.town.db, *SAID) == []


def test_a_photo_and_a_location_are_not_taken_in_a_vote(anna: Voter) -> None:
    anna.says(CODE, "ja")
    for what in ("!photo", "!location 52.38,4.80"):
        anna.says(what)
    assert count(anna.town, tables.photos) == 0
    assert rows_with(anna.town.db, "52.38") == []


# --- a vote that is left lying ----------------------------------------------------------------


def test_a_draft_is_gone_half_an_hour_after_the_last_message(anna: Voter) -> None:
    anna.says(*TO_THE_BASKET)
    assert anna.row.timer_at == to_ms(anna.town.now + LASTS)
    later(anna.town, LASTS - timedelta(seconds=1))
    assert anna.vote
    anna.says("1")  # which begins the half hour anew
    later(anna.town, LASTS - timedelta(seconds=1))
    assert anna.vote
    later(anna.town, timedelta(seconds=1))
    assert anna.vote is None
    assert anna.state == RESTING
    told = anna.says()
    assert not any(mark in line for line in told for mark in SAID)


def test_a_draft_that_nobody_swept_is_gone_all_the_same(anna: Voter) -> None:
    anna.says(*TO_THE_OVERVIEW)
    anna.town.now += LASTS
    assert anna.says("ja")
    assert boxes(anna.town) == {}
    assert anna.vote is None
    assert not anna.state.startswith("vote.")


def test_the_answer_to_a_vote_that_lapsed_is_secret_and_the_next_message_is_not(
    anna: Voter,
) -> None:
    anna.says(*TO_THE_BASKET)
    later(anna.town, LASTS)
    before = count(anna.town, tables.inbox, tables.inbox.c.body != "")
    anna.says("5 en 1")
    assert count(anna.town, tables.inbox, tables.inbox.c.body != "") == before
    anna.says("help")
    assert count(anna.town, tables.inbox, tables.inbox.c.body != "") == before + 1


def test_a_vote_that_was_left_for_the_menu_is_gone_too_and_nobody_is_disturbed(
    anna: Voter,
) -> None:
    anna.says(*TO_THE_BASKET, "menu", "instellingen")
    assert anna.vote
    state = anna.state
    later(anna.town, LASTS)
    assert anna.vote is None
    assert anna.state == state
    assert anna.row.timer_at, "and then the rest of a settings dialogue, as ever"


def test_a_timer_that_rings_while_they_write_takes_nothing(anna: Voter) -> None:
    anna.says(*TO_THE_BASKET)
    anna.town.now += LASTS
    (ringing,) = anna.town.db.call(lambda c: hot.due_timers(c, to_ms(anna.town.now), 9))
    anna.town.now -= timedelta(minutes=1)
    anna.says("nietszeggend")  # not understood: the revision stays
    anna.town.now += timedelta(minutes=1)
    anna.town.done(partial(anna.town.conversation.rang, rings=ringing))
    assert anna.vote


def test_leaving_casts_nothing(anna: Voter) -> None:
    anna.says(*TO_THE_OVERVIEW, "menu")
    later(anna.town, LASTS)
    assert boxes(anna.town) == {}


# --- once, again, void -----------------------------------------------------------------------


def test_retries_of_a_webhook_cast_once(anna: Voter) -> None:
    anna.says(*TO_THE_OVERVIEW)
    message = anna.writes("ja")
    for _ in range(5):
        anna.town.send(message)
    (box,) = anna.town.db.call(lambda c: c.execute(select(vote_tables.envelopes.c.box)).all())
    for _ in range(3):
        assert anna.town.take(message) is None
    (same,) = anna.town.db.call(lambda c: c.execute(select(vote_tables.envelopes.c.box)).all())
    assert same == box
    assert count(anna.town, vote_tables.turnout, vote_tables.turnout.c.count == 1) == 1


def test_a_new_vote_replaces_the_old_one_and_counts_once(anna: Voter) -> None:
    anna.says(*WHOLE)
    bea = Voter(anna.town, "999").begins()
    bea.says(CODE, "ja", "5", "klaar", "klaar", "ja")
    assert boxes(anna.town) == {CODE: [(5, 1)]}
    used = anna.town.db.call(lambda c: c.execute(select(vote_tables.passes_used)).all())
    assert [(row.person_id, row[2]) for row in used] == [(anna.id, 1)]
    (turnout,) = anna.town.db.call(lambda c: c.execute(select(vote_tables.turnout)).all())
    assert (turnout.day, turnout[3]) == ("2019-10-15", 1)


def test_somebody_helps_others_with_their_codes_on_one_phone(anna: Voter) -> None:
    for code, choice in ((CODE, "1, 2"), (OTHER, "3, 4"), (THIRD, "5, 1")):
        anna.says("menu", code, "ja", choice, "klaar", "klaar", "ja")
    assert {code: {n for n, _ in found} for code, found in boxes(anna.town).items()} == {
        CODE: {1, 2},
        OTHER: {3, 4},
        THIRD: {1, 5},
    }
    (used,) = anna.town.db.call(lambda c: c.execute(select(vote_tables.passes_used)).all())
    assert used[2] == 3
    assert rows_with(anna.town.db, *SAID) == []


def test_a_void_pass_takes_its_vote_along_and_a_replacement_votes(anna: Voter) -> None:
    from civic.stempas import credential

    anna.says(*WHOLE)
    mine = credential(PEPPER, "slotermeer-2019", CODE)
    assert anna.town.db.call(lambda c: stempassen.void(c, 1, mine))
    assert boxes(anna.town) == {}
    refused = anna.says("menu", CODE)
    assert anna.vote is None or "area" not in anna.vote
    assert refused
    anna.says("menu", OTHER, "ja", "5, 1", "klaar", "klaar", "ja")
    assert set(boxes(anna.town)) == {OTHER}


def test_a_pass_that_is_voided_while_its_vote_is_made_casts_nothing(anna: Voter) -> None:
    from civic.stempas import credential

    anna.says(*TO_THE_OVERVIEW)
    mine = credential(PEPPER, "slotermeer-2019", CODE)
    anna.town.db.call(lambda c: stempassen.void(c, 1, mine))
    assert anna.says("ja")
    assert boxes(anna.town) == {}


# --- what goes wrong ---------------------------------------------------------------------------


def test_a_crash_between_the_envelope_and_the_chat_repeats_harmlessly(anna: Voter) -> None:
    anna.says(*TO_THE_OVERVIEW)
    message = anna.writes("ja")
    take = partial(anna.town.conversation.take, inbound=message)
    with pytest.raises(Uncast) as raised:
        anna.town.db.call(take)
    assert boxes(anna.town) == {}, "nothing of the chat's transaction is there"
    assert anna.state == "vote.overview"
    assert anna.town.db.call(raised.value.put).new
    assert boxes(anna.town) == {CODE: [(2, 1), (3, 1), (4, 1)]}
    # Here the process dies. The provider sends the message again.
    anna.town.__post_init__()
    assert anna.says() == []
    anna.town.send(message)
    (told,) = anna.town.new("telegram", "12345")
    assert told.secret
    assert anna.state == "vote.receipt"
    assert boxes(anna.town) == {CODE: [(2, 1), (3, 1), (4, 1)]}
    assert count(anna.town, vote_tables.turnout, vote_tables.turnout.c.count == 1) == 1


def test_an_envelope_of_another_ballot_is_not_taken_for_this_one(anna: Voter) -> None:
    anna.says(*TO_THE_OVERVIEW)
    with pytest.raises(Uncast) as raised:
        anna.town.db.call(partial(anna.town.conversation.take, inbound=anna.writes("ja")))
    cast = anna.town.db.call(raised.value.put)
    anna.says("#vote.overview:change", "plan 1", "klaar")
    taking = partial(anna.town.conversation.take, inbound=anna.writes("ja"))
    with pytest.raises(Uncast):
        anna.town.db.call(partial(taking, cast=cast))
    anna.town.done(taking)
    assert {n for n, _ in boxes(anna.town)[CODE]} == {1, 2, 3, 4}


def test_nothing_of_an_envelope_is_in_what_is_raised(anna: Voter) -> None:
    anna.says(*TO_THE_OVERVIEW)
    with pytest.raises(Uncast) as raised:
        anna.town.db.call(partial(anna.town.conversation.take, inbound=anna.writes("ja")))
    shown = f"{raised.value!r} {raised.value} {raised.value.args}"
    assert not any(character.isdigit() for character in shown)


def test_with_another_pepper_everybody_gets_a_kind_answer(anna: Voter) -> None:
    """What was sealed does not open any more: a draft, a waiting message, a reply to be sent."""
    anna.says(*TO_THE_BASKET)
    anna.sends("@ klaar", "1")
    town = anna.town
    other = Town(town.db, town.now, town.ids, [], [], town.hears)
    other.conversation = _with_pepper(town, b"quite another pepper")
    other.vault = Vault(b"quite another pepper")
    held = town.db.call(lambda c: c.execute(select(tables.inbox.c.id).where(
        tables.inbox.c.state == "taking")).scalar_one())  # fmt: skip
    from bot.taken import Failed

    other.done(partial(other.conversation.taken, inbox_id=held, what=Failed("not_fetched")))
    assert count(town, tables.inbox, tables.inbox.c.state != "done") == 0
    rows = town.db.call(lambda c: outbox.after(c, "telegram", "12345", 0, 500))
    with_new = [row.body for row in rows if _opens(other.vault, row.body)]
    assert with_new, "an answer that can be read"
    assert not anna.state.startswith("vote.")


def _opens(vault: Vault, body: str) -> bool:
    try:
        return body.startswith(SEALED) and bool(vault.open(body))
    except ValueError:
        return False


def _with_pepper(town: Town, pepper: bytes) -> Conversation:
    from bot.i18n.languages import LANGUAGES
    from runtime.fitting import fit

    return Conversation(
        render=fit,
        enqueue=lambda conn, task, ref, key, at=None: None,
        languages={code: known.own_name for code, known in LANGUAGES.items()},
        erase=lambda names: None,
        pepper=pepper,
        clock=lambda: town.now,
    )


def test_a_vote_that_was_stored_in_clear_is_not_taken_over(anna: Voter) -> None:
    """By a fault, or by somebody who has the database: only what we sealed is a vote."""
    anna.says(CODE, "ja")
    person = anna.id
    change = update(tables.sessions).where(tables.sessions.c.person_id == person)
    vote = {"code": CODE, "area": "x", "choices": [[1, 1]], "aged": True}
    data = Session("vote.overview", "nl", {"vote": vote}, consent=True).to_json()
    anna.town.db.call(lambda c: c.execute(change.values(data=data)))
    assert anna.says("ja")
    assert boxes(anna.town) == {}
    assert anna.vote is None


def test_who_is_forgotten_in_the_middle_of_a_vote_leaves_nothing(anna: Voter) -> None:
    anna.says(*TO_THE_OVERVIEW)
    person = anna.id
    anna.says("vergeet mij", "ja")
    row = anna.town.db.call(lambda c: outbox.claim(c, person, to_ms(anna.town.now)))
    while row:
        sent = partial(outbox.sent, row_id=row.id, provider_id="p", now_ms=1)
        anna.town.db.call(sent)
        row = anna.town.db.call(lambda c: outbox.claim(c, person, to_ms(anna.town.now)))
    assert rows_with(anna.town.db, *SAID, "12345", SEALED) == []
    assert boxes(anna.town) == {}
    again = Voter(anna.town).begins()
    assert again.id != person
    assert again.vote is None
    again.says(*WHOLE)
    assert set(boxes(anna.town)) == {CODE}


# --- guessing -----------------------------------------------------------------------------------


def test_after_five_wrong_codes_one_waits_and_a_right_one_says_nothing(anna: Voter) -> None:
    from civic.stempas import with_check

    anna.says("ik wil stemmen")
    for n in range(5):
        anna.says(with_check(f"{n + 1:010d}"))
    anna.says("menu", CODE)
    assert anna.vote is None
    anna.town.now += timedelta(minutes=15, seconds=1)
    anna.says("menu", CODE)
    assert anna.vote["area"]


def test_in_a_storm_answers_come_later_and_right_codes_still_work(
    anna: Voter, caplog: pytest.LogCaptureFixture
) -> None:
    from storage.attempts import MOST_IN_ROUND

    other = Voter(anna.town, "999").begins()
    wrong = {"round_id": 1, "person_id": other.id, "wrong": True, "at": to_ms(anna.town.now) - 1}
    storm = [wrong] * (MOST_IN_ROUND + 1)
    anna.town.db.call(lambda c: c.execute(insert(vote_tables.code_checks), storm))
    now = to_ms(anna.town.now)
    anna.says(CODE)
    assert anna.vote["area"]
    last = select(func.max(tables.outbox.c.due_at))
    assert anna.town.db.call(lambda c: c.scalar(last)) == now + 4000
    anna.says("menu", OTHER)
    alarms = [record for record in caplog.records if "guessing" in record.message]
    assert len(alarms) == 1, "once an hour"
    assert not any(code in caplog.text for code in forms_of(CODE, OTHER))


# --- how a session is kept ----------------------------------------------------------------------


def test_other_sessions_are_kept_as_they_were() -> None:
    from tests.voters import VOTE_DAY

    keeping = Keeping(Vault(PEPPER))
    for session in (
        Session(),
        Session("submit_plan.idea", "tr", {"draft": {"parts": [{"text": "ı"}]}}, ("menu.menu",)),
    ):
        assert keeping.written(session, VOTE_DAY) == session.to_json()
        kept = keeping.read(session.to_json(), VOTE_DAY)
        assert (kept.session, kept.secret) == (session, False)
    for text in ("", "{", "[]", '{"answers": 3}', '{"answers": {"vote": 7}}'):
        assert keeping.read(text, VOTE_DAY).session.answers == {}

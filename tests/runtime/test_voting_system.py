"""A vote through the whole system: at once from many phones, and nothing of it on the disk."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import wave
from pathlib import Path

import pytest
from sqlalchemy import select, text

from bot.messages import Outbound
from bot.scope import Cast
from bot.speech.closed import Chosen
from bot.speech.transcribe import Transcript, Verdict
from bot.voting import Uncast
from runtime.casting import Casting
from runtime.chat import as_json, shown
from runtime.config import Settings
from runtime.serve import built
from runtime.sweep import Ages
from runtime.web import _outgoing
from storage import elections, envelopes, hot, outbox, tables, vote_tables
from storage.times import now_ms
from storage.vault import SEALED, Vault
from tests.dialogue import REPO
from tests.voters import forms_of

from .voting import CHOICE, HELLO, Phone, box_of, shows, voting_system


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With PostgreSQL the small files are beside where the command was started."""
    monkeypatch.chdir(tmp_path)


def count(system, table):
    return len(system.db.read(lambda conn: conn.execute(select(table)).all()))


# --- at once ------------------------------------------------------------------------------------


def test_one_code_from_fifty_phones_at_once_is_one_envelope(
    tmp_path: Path, database_url: str
) -> None:
    with voting_system(tmp_path, database_url) as (system, (code,)):
        phones = [Phone(system, f"p{n}") for n in range(50)]

        async def scene() -> list[list[Outbound]]:
            await asyncio.gather(*(phone.gets_ready(code) for phone in phones))
            await asyncio.gather(*(phone.hears() for phone in phones))
            await asyncio.gather(*(phone.says("ja") for phone in phones))
            return [await phone.hears() for phone in phones]

        heard = asyncio.run(scene())
        (box,) = box_of(system)
        assert all(len(each) == 1 and each[0].secret for each in heard)
        assert sum(shows(each[0], box) for each in heard) == 1
        turnout = system.db.read(lambda conn: envelopes.daily_turnout(conn, 1))
        assert list(turnout.values()) == [1]
        assert count(system, vote_tables.passes_used) == 1


def test_who_taps_ten_times_at_once_sees_the_receipt_of_what_is_in_the_box(
    tmp_path: Path, database_url: str
) -> None:
    with voting_system(tmp_path, database_url) as (system, (code,)):
        phone = Phone(system, "anna")

        async def scene() -> list[Outbound]:
            await phone.gets_ready(code)
            await phone.hears()
            await asyncio.gather(*(phone.says("ja") for _ in range(10)))
            return await phone.hears()

        heard = asyncio.run(scene())
        (box,) = box_of(system)
        receipts = [message for message in heard if "zes tekens" in message.text]
        assert receipts
        assert all(shows(message, box) for message in receipts)


def test_what_is_sent_while_a_vote_is_cast_comes_after_it(tmp_path: Path, sqlite_url: str) -> None:
    with voting_system(tmp_path, sqlite_url) as (system, (code,)):
        phone = Phone(system, "anna")

        async def scene() -> list[Outbound]:
            await phone.gets_ready(code)
            await phone.hears()
            casting = asyncio.create_task(phone.says("ja"))
            while not box_of(system):
                await asyncio.sleep(0)
            await phone.says("menu")
            await casting
            return await phone.hears()

        first, *_ = asyncio.run(scene())
        assert shows(first, box_of(system)[0])


def test_a_vote_that_closes_while_it_is_cast_is_told_so(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with voting_system(tmp_path, database_url) as (system, (code,)):
        phone = Phone(system, "anna")
        put = Casting._put

        async def too_late(casting: Casting, uncast: Uncast) -> Cast | None:
            await system.db.run(lambda conn: elections.close(conn, 1))
            return await put(casting, uncast)

        monkeypatch.setattr(Casting, "_put", too_late)

        async def scene() -> list[Outbound]:
            await phone.gets_ready(code)
            await phone.hears()
            await phone.says("ja")
            return await phone.hears()

        (told,) = asyncio.run(scene())
        assert "zes tekens" not in told.text
        assert box_of(system) == []


# --- on the disk --------------------------------------------------------------------------------


def needles(codes: list[str]) -> list[bytes]:
    """Codes and choices in every form in which they may have been written down."""
    choices = (CHOICE, "Gekozen", '"choices"', "[[3,1],[1,1]]", "[[3, 1], [1, 1]]", "▰")
    return [form.encode() for form in (*forms_of(*codes), *choices)]


def found_in(files: list[Path], marks: list[bytes]) -> list[tuple[str, bytes]]:
    return [(path.name, mark) for path in files for mark in marks if mark in path.read_bytes()]


def all_files(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


async def votes_and_waiting(system, codes: list[str]) -> None:
    """Everybody votes but the last one, whose answers wait behind a voice note."""
    *voting, waiting = codes
    for n, code in enumerate(voting):
        phone = Phone(system, f"p{n}")
        await phone.gets_ready(code)
        await phone.says("ja")
        if n % 2:
            await phone.says("menu", code, "ja", "4", "klaar", "klaar", "ja")
    slow = Phone(system, "slow")
    await slow.says(*HELLO, waiting, "ja")
    await slow.takes(slow.speaks(b"a voice note that nobody has heard yet"))
    await slow.says(CHOICE, "klaar", waiting)


def test_no_byte_of_a_code_or_a_choice_is_on_the_disk_with_sqlite(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "town.db"
    with voting_system(tmp_path, f"sqlite:///{path}", 6) as (system, codes):
        asyncio.run(votes_and_waiting(system, codes))
        assert len(box_of(system)) == 5
        files = all_files(tmp_path)
        assert {"town.db", "town.db-wal"} <= {file.name for file in files}
        assert found_in(files, needles(codes)) == []
        assert found_in(files, [b'"text": "hoi"', b"Moestuin"]), "the search finds what is there"
    assert found_in(all_files(tmp_path), needles(codes)) == []
    assert not any(mark.decode() in caplog.text for mark in needles(codes))


def test_no_byte_of_a_code_or_a_choice_is_on_the_disk_with_postgresql(
    tmp_path: Path, postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with voting_system(tmp_path, postgres_url, 6) as (system, codes):
        asyncio.run(votes_and_waiting(system, codes))
        assert len(box_of(system)) == 5
        where = "SELECT setting FROM pg_settings WHERE name = 'data_directory'"
        data = Path(system.db.read(lambda conn: conn.scalar(text(where))))
        with system.db._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.exec_driver_sql("CHECKPOINT")
            oid = conn.scalar(
                text("SELECT oid FROM pg_database WHERE datname = current_database()")
            )
        files = all_files(data / "base" / str(oid), data / "pg_wal", tmp_path)
        files += [path for path in data.glob("*log*") if path.is_file()]
        mine = [mark for mark in needles(codes) if mark != "▰".encode()]
        assert found_in(files, mine) == []
        assert found_in(files, [b'"text": "hoi"']), "the search finds what is there"
    assert not any(mark.decode() in caplog.text for mark in needles(codes))


def test_the_log_is_emptied_while_there_is_a_vote(tmp_path: Path) -> None:
    path = tmp_path / "town.db"
    with voting_system(tmp_path, f"sqlite:///{path}") as (system, (code,)):
        asyncio.run(Phone(system, "anna").gets_ready(code))
        log = Path(f"{path}-wal")
        assert log.stat().st_size > 0
        asyncio.run(system.traces.empty_log())
        assert log.stat().st_size == 0
        system.db.call(lambda conn: elections.close(conn, 1))
        asyncio.run(Phone(system, "bea").says("hoi"))
        asyncio.run(system.traces.empty_log())
        assert log.stat().st_size > 0, "no vote: no need"


def test_mixing_runs_by_itself_and_only_when_something_is_new(
    tmp_path: Path, postgres_url: str
) -> None:
    with voting_system(tmp_path, postgres_url, 3) as (system, codes):

        async def votes() -> None:
            for n, code in enumerate(codes):
                phone = Phone(system, f"p{n}")
                await phone.gets_ready(code)
                await phone.says("ja")

        def writers() -> list[str]:
            query = text("SELECT DISTINCT xmin::text FROM envelopes")
            return list(system.db.read(lambda conn: conn.scalars(query)))

        asyncio.run(votes())
        assert len(writers()) == 3
        asyncio.run(system.traces.mix())
        (first,) = writers()
        system.traces._rest_until = 0.0
        asyncio.run(system.traces.mix())
        assert writers() == [first]


# --- what is said ---------------------------------------------------------------------------------


def test_the_simulator_shows_what_is_secret_for_a_moment(tmp_path: Path) -> None:
    with voting_system(tmp_path, f"sqlite:///{tmp_path}/town.db") as (system, (code,)):
        phone = Phone(system, "anna")

        async def scene() -> None:
            await system.start()
            await phone.says(*HELLO, code)
            while not await system.db.aread(lambda conn: outbox.idle(conn, phone.person, now_ms())):
                await asyncio.sleep(0.01)
            *_, age = await _outgoing(system, phone.address, 0)
            assert age.message.secret
            assert "12" in age.message.text
            rows = await system.db.aread(
                lambda conn: outbox.after(conn, "simulator", phone.address, 0, 99)
            )
            assert rows[-1].body.startswith(SEALED)
            as_printed = as_json(system, shown(system, rows[-1]))
            assert as_printed["secret"]
            assert as_printed["text"] == age.message.text
            await system.db.run(lambda conn: outbox.blank_shown(conn, now_ms() + 1))
            *_, gone = await _outgoing(system, phone.address, 0)
            assert gone.id == age.id
            assert gone.message == Outbound("", secret=True)
            await phone.says("ja")
            await system.stop()

        asyncio.run(scene())
        # `stop` closes the database; what was shown went before.
        files = all_files(tmp_path)
        assert found_in(files, [SEALED.encode() + b"\0"]) == []
        assert Ages().shown <= 15


def test_a_sender_that_starts_again_sends_what_was_sealed(
    tmp_path: Path, database_url: str
) -> None:
    with voting_system(tmp_path, database_url) as (system, (code,)):
        phone = Phone(system, "anna")
        asyncio.run(phone.says(*HELLO, code))
        again = built(system.settings)
        sent: list[str] = []

        class Port:
            idempotent = False

            async def send(self, address, message, sound):
                sent.append(message.text)
                return f"id-{len(sent)}"

        again.sweep._sender._ports["simulator"] = Port()
        again.sweep._sender._limiters.pop("simulator", None)
        asyncio.run(again.sweep._sender.deliver(phone.person))
        assert len(sent) == 4
        assert "12" in sent[-1]
        again.db.close()


def test_a_reply_that_does_not_open_any_more_fails_and_holds_up_nobody(
    tmp_path: Path, database_url: str
) -> None:
    with voting_system(tmp_path, database_url) as (system, (code,)):
        phone = Phone(system, "anna")
        asyncio.run(phone.says(*HELLO, code, "menu"))
        system.sweep._sender._vault = Vault(b"another pepper")
        asyncio.run(system.sweep._sender.deliver(phone.person))
        rows = system.db.read(lambda conn: conn.execute(select(tables.outbox)).all())
        assert {(row.state, row.secret) for row in rows} == {("sent", False), ("failed", True)}


# --- voice ----------------------------------------------------------------------------------------


class Ears:
    """Hears these words in anything; loads no model."""

    def __init__(self, words: str) -> None:
        self.words = words

    def load(self) -> None:
        pass

    def choose(self, pcm, language, answers, others):
        return Chosen()

    def transcribe(self, pcm, hint, offered=(), hotwords=()):
        return Transcript(
            text=self.words,
            language=hint or "nl",
            seconds=2.0,
            speech_seconds=1.5,
            avg_logprob=-0.2,
            no_speech_prob=0.1,
            compression_ratio=1.0,
            verdict=Verdict.OK,
            model="none",
        )


def note() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(os.urandom(32000))
    return out.getvalue()


@pytest.mark.parametrize("in_a_vote", [True, False])
def test_a_voice_note_of_a_vote_is_never_stored(tmp_path: Path, in_a_vote: bool) -> None:
    with voting_system(tmp_path, f"sqlite:///{tmp_path}/town.db") as (system, (code,)):
        phone = Phone(system, "anna")

        async def scene() -> None:
            await phone.says(*HELLO, *(["ik wil stemmen"] if in_a_vote else []))
            system.listener._transcriber = Ears(" ".join(code))
            await phone.takes(phone.speaks(note()))
            (held,) = await system.db.aread(lambda conn: hot.stale_taking(conn, now_ms() + 10**9))
            assert held.body.startswith(SEALED) == in_a_vote
            await system.listener.take_in(held.id)

        asyncio.run(scene())
        assert not [path for path in (tmp_path / "media").rglob("*") if path.is_file()]
        assert not list((tmp_path / "uploads").iterdir()), "released where it was kept"
        assert count(system, tables.recordings) == 0
        assert found_in(all_files(tmp_path), needles([code])) == []
        rows = system.db.read(lambda conn: conn.execute(select(tables.jobs)).all())
        assert [row.task for row in rows].count("remove") == 1


def test_a_voice_note_whose_place_does_not_open_any_more_is_asked_for_again(
    tmp_path: Path,
) -> None:
    with voting_system(tmp_path, f"sqlite:///{tmp_path}/town.db") as (system, (code,)):
        phone = Phone(system, "anna")

        async def scene() -> list[Outbound]:
            await phone.says(*HELLO, "ik wil stemmen")
            await phone.takes(phone.speaks(note()))
            await phone.hears()
            (held,) = await system.db.aread(lambda conn: hot.stale_taking(conn, now_ms() + 10**9))
            system.listener._vault = Vault(b"another pepper")
            await system.listener.take_in(held.id)
            return await phone.hears()

        (asked,) = asyncio.run(scene())
        assert asked.secret
        assert code not in json.dumps(asked.to_json())


def test_settings_without_a_pepper_keep_one_beside_the_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/town.db"
    settings = Settings(database_url=url, media_url=f"file://{tmp_path}/media")
    first = built(settings, REPO / "examples" / "demo.toml")
    sealed = first.vault.seal("x")
    first.db.close()
    second = built(settings)
    assert second.vault.open(sealed) == "x"
    second.db.close()

"""`buurtstem doctor`: does this machine have what the bot needs, and does it reach whom it needs?

Each check says one line, what is wrong with what to do about it, and never a secret: of an error
that is not our own only the class is told, for others put addresses and keys into their texts.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from admin_export.destinations import DestinationError
from bot.channels.port import ChannelError
from bot.speech.model import ModelError
from runtime.config import ConfigError, Settings
from storage.db import Database

T = TypeVar("T")

SECONDS = 8.0  # for a check that asks somebody else
LONG_SECONDS = 120.0  # for one that reads a model or speaks


class WrongError(Exception):
    """What is wrong, and what to do; without a secret."""


class NoteError(Exception):
    """Nothing is wrong, but the operator should know."""


OUR_WORDS = (WrongError, NoteError, ConfigError, ModelError, DestinationError, ChannelError)


@dataclass(frozen=True, slots=True)
class Case:
    """What a check looks at; `db` is None when the database cannot be reached or is not there."""

    settings: Settings
    db: Database | None

    @property
    def data(self) -> Database:
        """The database. Raises `NoteError`."""
        if self.db is None:
            raise NoteError("not looked at: there is no database")
        return self.db


@dataclass(frozen=True, slots=True)
class Check:
    """`look` says in one line what it found; raises `WrongError` or `NoteError`."""

    name: str
    look: Callable[[Case], str]
    seconds: float = SECONDS


def examine(settings: Settings) -> int:
    """One line a check; 0 when nothing is wrong, else 1."""
    from runtime.doctor_local import CHECKS as LOCAL
    from runtime.doctor_remote import CHECKS as REMOTE

    logging.disable()  # what the checks meet is told here, in their own lines
    try:
        with _database(settings) as db:
            case = Case(settings, db)
            words = [_say(check, case) for check in (*LOCAL, *REMOTE)]
    finally:
        logging.disable(logging.NOTSET)
    return 1 if "WRONG" in words else 0


@contextmanager
def _database(settings: Settings) -> Iterator[Database | None]:
    """The database as it is: neither made nor brought up to date."""
    path, db = settings.sqlite_path, None
    if path is None or path.exists():
        try:
            db = within(SECONDS, lambda: _opened(settings.database_url))
        except Exception:
            db = None
    try:
        yield db
    finally:
        if db is not None:
            db.close()


def _opened(url: str) -> Database:
    db = Database.open(url, pool=2)
    try:
        db.read(lambda conn: conn.exec_driver_sql("SELECT 1").scalar())
    except BaseException:
        db.close()
        raise
    return db


def _say(check: Check, case: Case) -> str:
    word, said = "ok", ""
    try:
        said = within(check.seconds, lambda: check.look(case))
    except NoteError as note:
        word, said = "note", str(note)
    except Exception as error:
        word, said = "WRONG", in_our_words(error)
    print(f"{word:5} {check.name}: {said}", flush=True)
    return word


def in_our_words(error: Exception) -> str:
    """What may be shown of an error, on one line."""
    if isinstance(error, OUR_WORDS):
        return " ".join(str(error).split())[:300]
    if isinstance(error, OSError) and error.errno:
        return f"{type(error).__name__}: {os.strerror(error.errno)}"
    return type(error).__name__


def within(seconds: float, work: Callable[[], T]) -> T:
    """The result of `work`, on a thread that is left behind when it takes too long."""
    found: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="doctor", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not found:
        wrong(f"no answer within {seconds:g} seconds")
    return found[0]


def wrong(what: str) -> NoReturn:
    raise WrongError(what)


def note(what: str) -> NoReturn:
    raise NoteError(what)

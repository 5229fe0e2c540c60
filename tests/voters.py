"""Somebody who votes, through the real conversation and database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from bot.messages import Inbound, Outbound
from civic.stempas import credential, in_threes
from runtime.round_file import load_round
from storage import envelopes, hot, schema
from storage.db import Database
from storage.tables import addresses
from storage.times import to_ms
from tests import ballot
from tests.dialogue import PEPPER, REPO, Town

VOTE_DAY = datetime(2019, 10, 15, 12, tzinfo=UTC)
CODE, OTHER, THIRD = ballot.CODES
HELLO = ("hoi", "nederlands", "ja")
CHOICE = "2, 3 en 4"  # typed as nobody else does
TO_THE_BASKET = (CODE, "ja", CHOICE)
TO_THE_OVERVIEW = (*TO_THE_BASKET, "klaar", "klaar")
WHOLE = (*TO_THE_OVERVIEW, "ja")
RECEIPT = "vote.receipt"


def voting_town(db: Database) -> Town:
    """A town on a day of the vote, with plans admitted, a key, and a pass for each code."""
    town = Town(db, VOTE_DAY)
    town.load(load_round(REPO / "examples" / "slotermeer.toml"))
    db.call(lambda conn: ballot.begin(conn, 5, PEPPER, to_ms(town.now)))
    return town


@dataclass
class Voter:
    """A resident by their address; `says` gives what was said back to the last line."""

    town: Town
    address: str = "12345"
    channel: str = "telegram"

    def begins(self) -> Voter:
        self.says(*HELLO)
        return self

    def says(self, *lines: str) -> list[str]:
        return [message.text for message in self.gets(*lines)]

    def gets(self, *lines: str) -> list[Outbound]:
        self.town.new(self.channel, self.address)
        for line in lines:
            self.town.new(self.channel, self.address)
            self.town.send(self.writes(line))
        return self.town.new(self.channel, self.address)

    def sends(self, *lines: str) -> None:
        """Right behind each other, while no file has been fetched yet."""
        for line in lines:
            self.town.take(self.writes(line))

    def writes(self, line: str) -> Inbound:
        return self.town.message(line, self.channel, self.address)

    @property
    def id(self) -> int:
        where = (addresses.c.channel == self.channel) & (addresses.c.address == self.address)
        query = select(addresses.c.person_id).where(where)
        person: int = self.town.db.call(lambda conn: conn.execute(query).scalar_one())
        return person

    @property
    def row(self) -> hot.Loaded:
        """The session as it is stored."""
        person = self.id
        loaded = self.town.db.call(lambda conn: hot.load(conn, person))
        assert loaded
        return loaded

    @property
    def state(self) -> str:
        return str(json.loads(self.row.session_json).get("state", "welcome.hello"))

    @property
    def vote(self) -> dict[str, Any] | None:
        """What the sealed session holds of the vote."""
        sealed = json.loads(self.row.session_json).get("answers", {}).get("vote")
        return json.loads(self.town.vault.open(sealed))["vote"] if sealed else None


def boxes(town: Town) -> dict[str, list[tuple[int, int]]]:
    """What is in the box, opened, by code."""
    from civic.ballots import open_box

    names = {credential(PEPPER, "slotermeer-2019", code): code for code in ballot.CODES}
    found = town.db.read(lambda conn: envelopes.boxes(conn, 1))
    return {names[name]: list(open_box(box, bytes(ballot.KEY)).choices) for name, box in found}


def forms_of(*codes: str) -> Iterator[str]:
    """The ways in which a code may have been written down."""
    for code in codes:
        yield from (code, in_threes(code), "-".join(in_threes(code).split()), " ".join(code))


def rows_with(db: Database, *marks: str) -> list[str]:
    """The tables with a row in which one of the marks stands."""

    def read(conn: Any) -> list[str]:
        return [
            name
            for name, table in schema.metadata.tables.items()
            for row in conn.execute(select(table))
            if any(mark in str(row) for mark in marks)
        ]

    return db.call(read)

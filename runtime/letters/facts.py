"""What the letters tell: the facts of the active round, and the ways to vote that are set up."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from bot.channels.port import ChannelError
from bot.channels.telegram import Telegram
from civic.rounds import Phase, PhaseDates, Round
from runtime.config import PREFIX, Settings
from runtime.letters.codes import LettersError
from storage import papers, rounds
from storage.db import Database


@dataclass(frozen=True, slots=True)
class Ways:
    """How a code can be sent; "" for a way that is not set up.

    whatsapp: the number's digits with the country's code. telegram: the bot's name without @.
    sms: the number as E.164.
    """

    whatsapp: str = ""
    telegram: str = ""
    sms: str = ""

    def __bool__(self) -> bool:
        return bool(self.whatsapp or self.telegram or self.sms)


@dataclass(frozen=True, slots=True)
class Facts:
    """What all letters share. plans: how many can be voted for, by area."""

    round: Round
    votes: PhaseDates
    plans: Mapping[str, int]
    ways: Ways

    @property
    def areas(self) -> frozenset[str]:
        """Ids of the areas where people vote."""
        return frozenset(area.id for area in self.round.areas if area.votes)


def facts(db: Database, settings: Settings) -> Facts:
    """Raises `LettersError` without a round, or for a round in which nobody votes."""
    found = db.read(_of_round)
    if found is None:
        raise LettersError("no round is loaded: buurtstem round load FILE")
    round_, counts = found
    votes = round_.dates(Phase.VOTE)
    if votes is None:
        raise LettersError("the round has no vote: its file gives no dates for it")
    return Facts(round_, votes, counts, ways(settings))


def _of_round(conn: Connection) -> tuple[Round, Mapping[str, int]] | None:
    active = rounds.active(conn)
    if active is None:
        return None
    all_papers = papers.of_round(conn, active)
    return active.round, {area: len(paper.items) for area, paper in all_papers.items()}


def ways(settings: Settings) -> Ways:
    """The ways to vote as set up. Asks Telegram for the bot's name when it is not set."""
    whatsapp = settings.twilio_whatsapp_from.removeprefix("whatsapp:").removeprefix("+")
    telegram = settings.telegram_name
    if not telegram and settings.telegram_token.get_secret_value():
        telegram = asyncio.run(_asked(settings))
    return Ways(re.sub(r"\D", "", whatsapp), telegram, settings.twilio_sms_from)


async def _asked(settings: Settings) -> str:
    token = settings.telegram_token.get_secret_value()
    bot = Telegram(token, "", settings.telegram_api_url, read_timeout=10.0)
    try:
        return await bot.username()
    except ChannelError:
        raise LettersError(
            f"Telegram did not tell the bot's name: set {PREFIX}TELEGRAM_NAME"
        ) from None
    finally:
        await bot.close()


def as_dialled(number: str) -> str:
    """A number as people in the Netherlands dial it: `06 12 34 56 78`; others as they are."""
    national = re.fullmatch(r"\+?31(\d{9})", number)
    if national is None:
        return f"+{number.removeprefix('+')}" if number else ""
    digits = f"0{national[1]}"
    if digits.startswith("06"):
        return " ".join(digits[at : at + 2] for at in range(0, 10, 2))
    return f"{digits[:3]} {digits[3:6]} {digits[6:8]} {digits[8:]}"

"""What the console needs for campaigns: see `runtime.console_campaigns`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from civic.campaigns import Campaign
from civic.rounds import Round
from storage.campaigns import Stored


@dataclass(frozen=True, slots=True)
class Said:
    """What a campaign says in one language on these channels, message by message.

    `invitation` is WhatsApp's approved text for who has not written lately, "" elsewhere.
    """

    language: str
    channels: tuple[str, ...]
    texts: tuple[str, ...]
    invitation: str = ""


class Campaigning(Protocol):
    """The preview, and the acts, each part of a transaction; False when it is over already."""

    def preview(self, campaign: Campaign, round_: Round) -> list[Said]:
        """What it says in each language; channels that say the same are together."""

    def pause(self, conn: Connection, stored: Stored) -> bool:
        """What has not gone out waits."""

    def resume(self, conn: Connection, stored: Stored) -> bool:
        """It goes on where it stopped."""

    def cancel(self, conn: Connection, stored: Stored) -> bool:
        """What has not gone out never will."""

"""Campaigns for the console: what each says, on which channel, and how they are held up."""

from __future__ import annotations

from sqlalchemy import Connection

from bot.i18n.languages import LANGUAGES
from bot.messages import Channel
from civic.campaigns import Campaign
from civic.rounds import Round
from console.campaigning import Said
from runtime import campaigns
from runtime.campaign_texts import preview, written
from storage.campaigns import Stored

CHANNELS = (Channel.WHATSAPP, Channel.TELEGRAM, Channel.SMS)  # nobody is called for a campaign


class ConsoleCampaigns:
    """`console.campaigning.Campaigning` by the code that sends them."""

    def preview(self, campaign: Campaign, round_: Round) -> list[Said]:
        """What it says in each language; channels that say the same are together."""
        invitations = {code: texts[0] for code, texts in preview(campaign, round_).items()}
        return [
            said
            for code in LANGUAGES
            if code in round_.languages
            for said in _in_language(campaign, round_, code, invitations[code])
        ]

    def pause(self, conn: Connection, stored: Stored) -> bool:
        return campaigns.pause(conn, stored)

    def resume(self, conn: Connection, stored: Stored) -> bool:
        return campaigns.resume(conn, stored)

    def cancel(self, conn: Connection, stored: Stored) -> bool:
        return campaigns.cancel(conn, stored)


def _in_language(campaign: Campaign, round_: Round, code: str, invitation: str) -> list[Said]:
    by_texts: dict[tuple[str, ...], list[str]] = {}
    for channel in CHANNELS:
        messages = written(campaign, round_, code, channel, "", sound=False)
        by_texts.setdefault(tuple(each.text for each in messages), []).append(channel.value)
    return [
        Said(code, tuple(channels), texts, invitation if Channel.WHATSAPP in channels else "")
        for texts, channels in by_texts.items()
    ]

"""What a campaign says to one person, in their language and within their channel's limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.channels.content import filled, of_text, template_values
from bot.i18n.catalogue import translate
from bot.i18n.languages import LANGUAGES
from bot.messages import Channel, Outbound, Reply, Template
from bot.prompts import Param, Text
from civic.campaigns import Campaign, Kind
from civic.rounds import Phase, Round
from runtime.fitting import fit

# The approved text that asks somebody to write, outside WhatsApp's window, with its values;
# see `bot.channels.content.OUTSIDE`. Then they get the campaign's own text.
OUTSIDE: Mapping[Kind, tuple[str, tuple[str, ...]]] = {
    Kind.VOTE_OPENING: ("outside.vote_open", ("last_day",)),
    Kind.VOTE_HALFWAY: ("outside.vote_reminder", ("last_day",)),
    Kind.VOTE_CLOSING: ("outside.vote_reminder", ("last_day",)),
    Kind.NEWS: ("outside.news", ()),
    Kind.RESULT: ("outside.news", ()),
}


def written(
    campaign: Campaign, round_: Round, language: str, channel: str, address: str, *, sound: bool
) -> list[Outbound]:
    """The messages to one person, in order. An empty `language` reads as Dutch."""
    language = language or "nl"
    facts = _facts(campaign, round_)
    stop = Text("campaign.stop")
    how = Text("campaign.how", stop=stop, **facts)
    reply = Reply((Text(f"campaign.{campaign.kind.value}", how=how, stop=stop, **facts),))
    messages = list(fit(reply, language, channel, address, sound=sound))
    if channel == Channel.WHATSAPP and messages:
        messages[0] = replace(messages[0], template=_template(campaign.kind, facts, language))
    return messages


def preview(campaign: Campaign, round_: Round) -> dict[str, tuple[str, ...]]:
    """By language: the approved text for outside WhatsApp's window, then the text itself."""
    languages = [code for code in LANGUAGES if code in round_.languages]
    return {code: _preview(campaign, round_, code) for code in languages}


def _preview(campaign: Campaign, round_: Round, language: str) -> tuple[str, ...]:
    messages = written(campaign, round_, language, Channel.WHATSAPP, "", sound=False)
    template = messages[0].template
    assert template is not None
    invitation = filled(of_text(template.key, language), template_values(template))
    return (invitation, *(message.text for message in messages))


def _facts(campaign: Campaign, round_: Round) -> dict[str, Param]:
    vote = round_.dates(Phase.VOTE)
    facts: dict[str, Param] = {
        "round": round_.name,
        "place": round_.help.place,
        "phone": round_.help.phone,
        "words": campaign.words,
    }
    return facts | ({"last_day": vote.end} if vote else {})


def _template(kind: Kind, facts: Mapping[str, Param], language: str) -> Template:
    key, names = OUTSIDE[kind]
    return Template(key, language, tuple(translate(facts[name], language) for name in names))

"""What an address can carry: its channel's limits and ways, and whether it is a phone number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.channels import simulator
from bot.channels.limits import LIMITS
from bot.channels.render import render
from bot.messages import Channel, Outbound, Reply
from bot.prompts import WAYS

_WAYS = {Channel.SMS.value: frozenset({"text"}), Channel.PHONE.value: frozenset({"voice"})}


def fit(
    reply: Reply,
    language: str,
    channel: str,
    address: str,
    *,
    sound: bool,
    interactive: Callable[[], bool] = lambda: False,
) -> Sequence[Outbound]:
    """A reply as this address can show it. `interactive`: whether WhatsApp's choices can be
    tapped, which takes templates that Twilio has to have first."""
    limits = LIMITS[_shown_as(channel, address)]
    if channel == Channel.WHATSAPP and interactive():
        limits = replace(limits, interactive=True)
    if channel == Channel.SIMULATOR and limits.sound == "after":
        limits = replace(limits, sound="with")  # one bubble on the page, one object in the terminal
    return render(reply, language, limits, sound=sound)


def ways(channel: str, address: str) -> frozenset[str]:
    """Which of `WAYS` a person has at this address. A phone call has sound without asking."""
    return _WAYS.get(_shown_as(channel, address), WAYS)


def _shown_as(channel: str, address: str) -> str:
    return simulator.limits_name(address) if channel == Channel.SIMULATOR else channel


def knows_number(channel: str, address: str) -> bool:
    """Whether the address is itself a number that a person can be called on."""
    return channel in (Channel.WHATSAPP, Channel.SMS, Channel.PHONE) and "+" in address

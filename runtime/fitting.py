"""Which limits apply at an address, and whether it is a phone number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.channels import simulator
from bot.channels.limits import LIMITS
from bot.channels.render import render
from bot.messages import Channel, Outbound, Reply


def fit(
    reply: Reply, language: str, channel: str, address: str, *, sound: bool
) -> Sequence[Outbound]:
    """A reply as this address can show it."""
    name = simulator.limits_name(address) if channel == Channel.SIMULATOR else channel
    limits = LIMITS[name]
    if channel == Channel.SIMULATOR and limits.sound == "after":
        limits = replace(limits, sound="with")  # one bubble on the page, one object in the terminal
    return render(reply, language, limits, sound=sound)


def knows_number(channel: str, address: str) -> bool:
    """Whether the address is itself a number that a person can be called on."""
    return channel in (Channel.WHATSAPP, Channel.SMS, Channel.PHONE) and "+" in address

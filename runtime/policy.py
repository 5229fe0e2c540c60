"""Which way a message may go, as data in one place. Pure.

WhatsApp takes free text within 24 hours of the person's last message, and beyond that only
a text that it approved beforehand; Twilio tells so later, with error 63016.
https://www.twilio.com/docs/whatsapp/key-concepts
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from civic.worktime import waking_hour
from storage.times import from_ms, to_ms

PHONE = "phone"  # nobody is called up: what is to be said waits for their next call

WINDOWS_MS: Mapping[str, int] = {"whatsapp": 24 * 3600 * 1000, PHONE: -(2**53)}
"""How long after somebody's message their channel takes free text; others always do.

A phone never does, whatever the clocks of two machines say: who is on the line gets what is said
from the call itself (`runtime.phone`).
"""

CLOSED = frozenset({"63016"})
"""The provider says that the window is closed, whatever we thought."""

UNAPPROVED = frozenset({"no_template", "bad_template", "63027", "63040", "63041", "63042"})
"""The approved text cannot be used: none, rejected, paused, disabled (Twilio's error codes)."""


class Route(StrEnum):
    FREE = "free"  # as it is
    TEMPLATE = "template"  # the approved text in its place
    SMS = "sms"  # as a text message
    WAIT = "wait"  # until the person writes
    LATER = "later"  # at `Decision.until`


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason` is what the row shows of it; `until` is UTC milliseconds."""

    route: Route
    reason: str = ""
    until: int | None = None


def decide(
    kind: str,
    channel: str,
    last_in_at: int | None,
    now: int,
    has_template: bool,
    sms_allowed: bool,
) -> Decision:
    """The way for one message; times in UTC milliseconds.

    `kind` is reply | notice | campaign, `last_in_at` when this address last wrote, None for
    never. `sms_allowed`: the person allowed it, has a number, and the message suits it.
    """
    if kind == "campaign" and (later := _waking(now)) > now:
        return Decision(Route.LATER, "quiet_hours", later)
    if not is_closed(channel, last_in_at, now):
        return Decision(Route.FREE)
    if has_template:
        return Decision(Route.TEMPLATE, "template")
    if sms_allowed and not (channel == PHONE and kind == "reply"):  # they are on the line
        return Decision(Route.SMS, "window_sms")
    return Decision(Route.WAIT, "window" if channel != PHONE else "call")


def is_closed(channel: str, last_in_at: int | None, now: int) -> bool:
    """Whether this channel no longer takes free text to somebody who last wrote then."""
    window = WINDOWS_MS.get(channel)
    return window is not None and (last_in_at is None or now - last_in_at > window)


def _waking(now: int) -> int:
    return to_ms(waking_hour(from_ms(now)))

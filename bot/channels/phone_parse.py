"""Twilio's voice webhooks as acts of a caller.

https://www.twilio.com/docs/voice/twiml and .../gather, .../record; the parameters are Twilio's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.channels.phone import LONGEST_KEYS, Act, Did, hidden
from bot.messages import Media

# What Twilio gives as the number of somebody who hides it: ANONYMOUS, RESTRICTED, BLOCKED,
# UNKNOWN (twice) and UNAVAILABLE on a keypad.
WITHHELD = frozenset(
    {"+266696687", "+7378742833", "+2562533", "+8566696", "+8656696", "+86282452253"}
)
OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})

_NUMBER = re.compile(r"\+[1-9][0-9]{5,14}")
_SID = re.compile(r"CA[0-9a-fA-F]{32}")
_KEYS = re.compile(r"[0-9*#]*")
_DIDS: Mapping[str, Did] = {
    "": "begin", "keys": "keys", "voice": "voice", "silence": "silence", "wait": "wait",
}  # fmt: skip


def parse(step: str, query: Mapping[str, str], form: Mapping[str, str]) -> Act | None:
    """The act that a webhook tells; `step` is the last part of its path. None for no such act."""
    call, did = form.get("CallSid", ""), _DIDS.get(step)
    if did is None or not _SID.fullmatch(call):
        return None
    n, times = _number(query.get("n")), _number(query.get("times"))
    address, digits = _address(call, form.get("From", "")), _digits(form.get("Digits", ""))
    return Act(call, address, n, did, digits, _media(form) if did == "voice" else None, times)


def _address(call: str, caller: str) -> str:
    known = _NUMBER.fullmatch(caller) and caller not in WITHHELD
    return caller if known else hidden(call)


def _digits(told: str) -> str:
    """The keys; Twilio says "hangup" of a recording that ended with the call."""
    return told[:LONGEST_KEYS] if _KEYS.fullmatch(told) else ""


def _media(form: Mapping[str, str]) -> Media | None:
    """The recording. It may be there only a moment later."""
    url = form.get("RecordingUrl", "")
    if not url:
        return None
    seconds = _number(form.get("RecordingDuration"))
    return Media("voice", url, "audio/wav", None, float(seconds) if seconds else None)


def recording(form: Mapping[str, str]) -> Media | None:
    """The recording of a callback that says that it is there."""
    return _media(form) if form.get("RecordingStatus") == "completed" else None


def is_over(form: Mapping[str, str]) -> str:
    """The call that is over by this callback, "" for none."""
    call = form.get("CallSid", "")
    return call if form.get("CallStatus") in OVER and _SID.fullmatch(call) else ""


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 7 else 0

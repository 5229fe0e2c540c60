"""What Twilio posts to our webhooks, as `Inbound` and `Delivery`.

Field names: https://www.twilio.com/docs/messaging/guides/webhook-request. Fields that we do not
know are ignored: Twilio adds new ones without notice.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.messages import Channel, Inbound, Media

MOST_MEDIA = 10
_WHATSAPP = "whatsapp:"
_PHONE = re.compile(r"\+?[0-9]{3,15}")  # a short code has no plus
# A country, a dot and up to 128 letters and digits; a parent's has ENT between.
_USER = re.compile(r"whatsapp:(\+?[0-9]{3,20}|[A-Z]{2}(\.ENT)?\.[A-Za-z0-9]{1,128})")
_SOUNDS = ("audio/", "application/ogg")
_STICKER = "image/webp"  # photos always come as JPEG or PNG
_STRANGE = frozenset({"sticker", "contacts", "contact", "video", "unsupported", "order", "poll"})
_SILENT = frozenset({"reaction"})  # nothing that was said to us

Word = Literal["", "sent", "delivered", "read", "failed"]
# Twilio's words on an outgoing message; "" says nothing yet of its arrival.
WORDS: Mapping[str, Word] = {
    **dict.fromkeys(("accepted", "scheduled", "queued", "sending"), ""),
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    **dict.fromkeys(("failed", "undelivered", "canceled"), "failed"),
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one message: `id` is Twilio's, `word` one of `storage.outbox.RANKS`, `code`
    Twilio's error or ""."""

    id: str
    channel: str
    address: str
    word: Word
    code: str


def parse(form: Mapping[str, str]) -> Inbound | None:
    """The act in one webhook, or None when there is nothing to act on. Never raises.

    `address` is the id that WhatsApp gives a person with this organisation, if there is one: a
    number can be somebody else's tomorrow, and some people have none. `private` is always True.
    """
    id_ = form.get("MessageSid") or form.get("SmsMessageSid") or ""
    channel = _channel(form)
    address = _address(form, channel)
    kind = form.get("MessageType", "").lower()
    if not id_ or not channel or not address or kind in _SILENT:
        return None
    choice = form.get("ButtonPayload") or form.get("ListId") or ""
    media, place = _media(form), _location(form)
    text = "" if choice else form.get("Body", "")
    taken = bool(media or place or choice)
    strange = not taken and (kind in _STRANGE or _count(form) > 0 or not text.strip())
    return Inbound(
        id=id_,
        channel=channel,
        address=address,
        text=text,
        choice=_clean(choice),
        media=media,
        location=place,
        kind_unknown=strange,
    )


def parse_status(form: Mapping[str, str]) -> Delivery | None:
    """Twilio's word on one of our messages; None when it says nothing we know. Never raises."""
    id_ = form.get("MessageSid") or form.get("SmsSid") or ""
    word = WORDS.get((form.get("MessageStatus") or form.get("SmsStatus") or "").lower())
    if not id_ or word is None:
        return None
    to = _clean(form.get("To", ""))
    channel = Channel.WHATSAPP if to.startswith(_WHATSAPP) else Channel.SMS
    code = form.get("ErrorCode", "")
    return Delivery(_clean(id_), channel.value, to, word, code if code.isdecimal() else "")


def _channel(form: Mapping[str, str]) -> str:
    sender = form.get("From", "")
    if sender.startswith(_WHATSAPP):
        return Channel.WHATSAPP.value
    return Channel.SMS.value if _PHONE.fullmatch(sender) else ""


def _address(form: Mapping[str, str], channel: str) -> str:
    if channel == Channel.SMS:
        return form["From"]
    known = form.get("ExternalUserId", "")
    if known and not known.startswith(_WHATSAPP):
        known = _WHATSAPP + known
    given = known or form.get("From", "")
    return given if _USER.fullmatch(given) else ""


def _count(form: Mapping[str, str]) -> int:
    count = form.get("NumMedia", "0")
    return min(int(count), MOST_MEDIA) if count.isdecimal() and len(count) < 4 else 0


def _media(form: Mapping[str, str]) -> tuple[Media, ...]:
    found = (_file(form, n) for n in range(_count(form)))
    return tuple(media for media in found if media)


def _file(form: Mapping[str, str], n: int) -> Media | None:
    url = _clean(form.get(f"MediaUrl{n}", ""))
    mime = _clean(form.get(f"MediaContentType{n}", "")).lower()
    if not url:
        return None
    if mime.startswith(_SOUNDS):
        return Media("voice", url, mime)
    is_photo = mime.startswith("image/") and mime != _STICKER
    return Media("photo", url, mime) if is_photo else None


def _location(form: Mapping[str, str]) -> tuple[float, float] | None:
    try:
        place = float(form["Latitude"]), float(form["Longitude"])
    except (KeyError, ValueError):
        return None
    on_earth = all(map(math.isfinite, place)) and abs(place[0]) <= 90 and abs(place[1]) <= 180
    return place if on_earth else None


def _clean(text: str) -> str:
    return text.replace("\0", "")  # PostgreSQL takes no NUL

"""The simulator: a channel without a provider, that can show how any other channel looks.

Its address is `"{channel}:{as}"`, such as `whatsapp:anna`: the part before the colon names the
channel whose limits apply to what the bot says.
"""

from __future__ import annotations

import asyncio
import math
import re
import uuid
from collections.abc import Callable, Mapping

from bot.channels.port import ChannelError, Policy
from bot.messages import Channel, Inbound, Media, Outbound

LONGEST_TEXT = 4096  # Telegram's limit, the widest of the channels it stands for
LONGEST_CHOICE = 256

_AS = re.compile(r"[A-Za-z0-9_-]{1,40}")
_LANGUAGE = re.compile(r"[A-Za-z0-9-]{0,35}")
_CONTENTS = ("text", "choice", "location")


class BadMessageError(ValueError):
    """A message that cannot be taken; `code` names the field that is wrong."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def address(channel: str, as_id: str) -> str:
    """The address of resident `as_id` with the limits of `channel`; raises `BadMessageError`."""
    if channel not in list(Channel):
        raise BadMessageError("channel")
    if not _AS.fullmatch(as_id):
        raise BadMessageError("as")
    return f"{channel}:{as_id}"


def limits_name(address: str) -> str:
    """The channel whose limits apply at this address."""
    name = address.partition(":")[0]
    return name if name in list(Channel) else Channel.SIMULATOR.value


def parse(
    fields: Mapping[str, str], media: Media | None = None, *, kind_unknown: bool = False
) -> Inbound:
    """The message that was sent; raises `BadMessageError`.

    `fields` has `as`, `channel`, perhaps `id` (a UUID made by the sender, so that sending again
    never doubles) and `hint` (a language), and exactly one of `text`, `choice` and `location`
    ("lat,lng" in degrees), unless there is `media` or a file of a kind that we cannot take.
    """
    contents = [name for name in _CONTENTS if fields.get(name)]
    if len(contents) + (media is not None) + kind_unknown != 1:
        raise BadMessageError("contents")
    return Inbound(
        id=_id(fields.get("id", "")),
        channel=Channel.SIMULATOR.value,
        address=address(fields.get("channel", Channel.SIMULATOR.value), fields.get("as", "")),
        text=_text(fields, "text", LONGEST_TEXT),
        choice=_text(fields, "choice", LONGEST_CHOICE),
        media=(media,) if media else (),
        location=_location(fields["location"]) if "location" in contents else None,
        kind_unknown=kind_unknown,
        language_hint=_hint(fields.get("hint", "")),
    )


def _id(given: str) -> str:
    try:
        return str(uuid.UUID(given)) if given else str(uuid.uuid4())
    except ValueError:
        raise BadMessageError("id") from None


def _text(fields: Mapping[str, str], name: str, longest: int) -> str:
    text = fields.get(name, "")
    if len(text) > longest:
        raise BadMessageError("too_long")
    # JSON can carry half a character and a zero, which no database takes.
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def _location(text: str) -> tuple[float, float]:
    try:
        lat, lng = map(float, text.split(","))
    except ValueError:
        raise BadMessageError("location") from None
    if not (math.isfinite(lat) and math.isfinite(lng) and abs(lat) <= 90 and abs(lng) <= 180):
        raise BadMessageError("location")
    return lat, lng


def _hint(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise BadMessageError("hint")
    return text


class SimulatorPort:
    """Sending is nothing more than an id: who simulates reads the outbox.

    `read` gives the bytes of an upload by its name, or raises `OSError` or `ValueError`; `remove`
    deletes it. A secret message can be read in the outbox for a moment: see `outbox.blank_shown`.
    """

    idempotent = True

    def __init__(
        self,
        read: Callable[[str], bytes],
        remove: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._read = read
        self._remove = remove

    async def send(self, address: str, message: Outbound, sound: bytes | None) -> str:
        return uuid.uuid4().hex

    async def fetch(self, media: Media, limit: int) -> bytes:
        if media.size is not None and media.size > limit:
            raise ChannelError(Policy.GIVE_UP, "too_big")
        try:
            content = await asyncio.to_thread(self._read, media.ref)
        except (OSError, ValueError):
            raise ChannelError(Policy.GIVE_UP, "gone") from None
        if len(content) > limit:
            raise ChannelError(Policy.GIVE_UP, "too_big")
        return content

    async def release(self, media: Media) -> None:
        await asyncio.to_thread(self._remove, media.ref)

    async def delete(self, address: str, provider_id: str) -> None:
        """No provider keeps anything of it."""

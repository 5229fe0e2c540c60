"""What each channel can carry, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from bot.channels.gsm7 import economical, segments
from bot.messages import Channel

# `with`: sound travels in the same message; `after`: in a message of its own;
# `only`: everything is sound; `never`: the channel has none.
SoundTravels = Literal["with", "after", "only", "never"]


def units(text: str) -> int:
    """Length in UTF-16 units: what Telegram counts, and never less than characters."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _as_it_is(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Limits:
    """What one channel can carry.

    text: the most of one message, as `measure` counts it (UTF-16 units; SMS: segments).
    body: likewise of a message that carries buttons or a list.
    buttons, rows: how many choices the channel can show as buttons or as a list; 0 is none.
    button_label, row_label: the longest labels of those; opener: of the button that opens the
    list. All in UTF-16 units. id_bytes: the longest id, in UTF-8.
    interactive: False shows choices as numbers in the text whatever the channel could do.
    marks: a line must itself show that it runs from right to left.
    plainer: what is done to a text before it is measured.
    """

    text: int
    body: int
    buttons: int = 0
    rows: int = 0
    button_label: int = 20
    row_label: int = 24
    opener: int = 20
    id_bytes: int = 64
    interactive: bool = True
    marks: bool = True
    sound: SoundTravels = "after"
    measure: Callable[[str], int] = units
    plainer: Callable[[str], str] = _as_it_is


LIMITS: Mapping[str, Limits] = {
    # Bot API: message text 1-4096 UTF-16 units, callback data 64 bytes; up to a hundred buttons.
    # One button a row: a label as long as a row of a list still shows whole on a small phone.
    Channel.TELEGRAM: Limits(4096, 4096, buttons=100, button_label=24, sound="with"),
    # Twilio: body 1600; quick replies and list pickers 1024, and only through content templates.
    Channel.WHATSAPP: Limits(1600, 1024, buttons=3, rows=10, id_bytes=200, interactive=False),
    # Six segments: what is longer arrives in the wrong order or not at all on older phones.
    Channel.SMS: Limits(6, 6, sound="never", measure=segments, plainer=economical),
    Channel.PHONE: Limits(4096, 4096, marks=False, sound="only"),
    Channel.SIMULATOR: Limits(4096, 4096, buttons=3, rows=100, marks=False, sound="with"),
}

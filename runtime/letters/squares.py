"""The QR codes: what they open, and how they are drawn."""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import quote

import segno

from civic import stempas

_RUN = re.compile(b"\x01+")
_DIGIT = re.compile("[0-9]")


def whatsapp_link(number: str, code: str) -> str:
    """Opens WhatsApp with "Stem 482 913 075 664" written, to be sent. `number`: digits, E.164
    without the plus (WhatsApp's "click to chat")."""
    return f"https://wa.me/{number}?text={quote(f'Stem {stempas.in_threes(code)}')}"


def telegram_link(name: str, code: str) -> str:
    """Opens Telegram at the bot, with a button that sends "/start 482913075664"."""
    return f"https://t.me/{name}?start={code}"


def drawn(link: str, x: float, y: float, size: float) -> bytes:
    """The QR code of a link as PDF operators: one path of vectors, black on what is there.

    x, y: lower left corner, `size` the length of a side, in points; the quiet zone of four
    modules (ISO/IEC 18004) is not in it. Error correction M or better: a fold or a stain may
    take a seventh of it.
    """
    rows = segno.make_qr(link, error="m", mask=_mask(_DIGIT.sub("0", link))).matrix
    scale = size / len(rows)
    runs = b"\n".join(
        b"%d %d %d 1 re" % (run.start(), len(rows) - 1 - down, run.end() - run.start())
        for down, row in enumerate(rows)
        for run in _RUN.finditer(row)
    )
    return b"q %.4f 0 0 %.4f %.3f %.3f cm 0 g\n%b\nf Q\n" % (scale, scale, x, y, runs)


@cache
def _mask(link: str) -> int:
    """The best mask (ISO/IEC 18004, 7.8.3) for a link with these letters, whatever its digits.

    Weighing all eight masks takes most of the time that a QR code takes, and links that differ in
    a few digits are much alike.
    """
    return int(segno.make_qr(link, error="m").mask)

"""A photo somebody sent: is it one, and without what the camera wrote into it."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

LARGEST = 2048  # pixels on the longer side; enough to see a place, small to keep
MOST_PIXELS = 60_000_000  # beyond this a small file may unpack to gigabytes
QUALITY = 85

Image.MAX_IMAGE_PIXELS = None  # our own limit is lower, and is no mere warning


class PhotoError(Exception):
    """Not a picture that we can open; `reason` is a key below `taken.`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Photo:
    """A JPEG and its size in pixels."""

    data: bytes
    width: int
    height: int


def clean(data: bytes) -> Photo:
    """The picture upright, at most 2048 pixels wide or high, with no metadata (no place, no name).

    Raises `PhotoError`.
    """
    if not data:
        raise PhotoError("empty")
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise PhotoError("too_big")
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        raise PhotoError("unreadable") from None
    upright.thumbnail((LARGEST, LARGEST))
    out = io.BytesIO()
    upright.save(out, "JPEG", quality=QUALITY, optimize=True)
    return Photo(out.getvalue(), upright.width, upright.height)

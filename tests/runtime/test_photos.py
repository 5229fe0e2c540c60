"""A photo is a photo: upright, smaller, and without what the camera wrote into it."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from runtime.photos import LARGEST, PhotoError, clean


def picture(size: tuple[int, int], kind: str = "JPEG", **more: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "green").save(out, kind, **more)
    return out.getvalue()


def test_a_large_photo_gets_smaller() -> None:
    photo = clean(picture((4000, 1000)))
    assert (photo.width, photo.height) == (LARGEST, LARGEST // 4)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_every_kind_becomes_jpeg(kind: str) -> None:
    photo = clean(picture((64, 48), kind))
    with Image.open(io.BytesIO(photo.data)) as image:
        assert image.format == "JPEG"
        assert image.size == (64, 48)


def test_the_camera_s_notes_are_gone_and_the_picture_is_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter
    exif[0x010F] = "Somebody's phone"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", (52.0, 22.0, 0.0)
    photo = clean(picture((64, 48), exif=exif))
    assert (photo.width, photo.height) == (48, 64)
    assert b"Somebody" not in photo.data
    with Image.open(io.BytesIO(photo.data)) as image:
        assert not dict(image.getexif())


def bomb() -> bytes:
    """A small file that unpacks to a hundred million pixels."""
    out = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"not a picture", "unreadable"),
        (picture((64, 48))[:200], "unreadable"),
        (bomb(), "too_big"),
    ],
    ids=["empty", "text", "cut off", "bomb"],
)
def test_what_is_no_photo_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(PhotoError) as fault:
        clean(data)
    assert fault.value.reason == reason

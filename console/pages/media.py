"""Recordings and photos, for those who may hear and see them; part by part if asked."""

from __future__ import annotations

import re
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from console.roles import EVERYONE, HEARS_VOICES, SEES_CONTACTS
from console.routes import View
from console.visit import Visit
from storage import photos, recordings

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_SOUND = re.compile(r"(audio|video)/[a-z0-9.+-]+")
_PICTURES = frozenset({"image/jpeg", "image/png", "image/webp"})


async def recording(visit: Visit) -> Response:
    row = await visit.read(partial(recordings.get, recording_id=visit.number("id")))
    if row is None or not _SOUND.fullmatch(row.mime):
        raise visit.missing()
    if row.plan_id is None and not visit.may(SEES_CONTACTS):  # said to us, not to everybody
        raise visit.missing()
    visit.saw("recording", row.id)
    return await _file(visit, row.name, row.mime)


async def photo(visit: Visit) -> Response:
    row = await visit.read(partial(photos.get, photo_id=visit.number("id")))
    if row is None or row.mime not in _PICTURES:
        raise visit.missing()
    if row.plan_id is None and not visit.may(SEES_CONTACTS):
        raise visit.missing()
    visit.saw("photo", row.id)
    return await _file(visit, row.name, row.mime)


async def _file(visit: Visit, name: str, mime: str) -> Response:
    try:
        content = await run_in_threadpool(visit.deps.store.get, name)
    except (FileNotFoundError, ValueError):
        raise visit.missing() from None
    return part_of(content, mime, visit.request.headers.get("range", ""))


def part_of(content: bytes, mime: str, wanted: str) -> Response:
    """The file, or the one part of it that a Range header asks for (RFC 9110, 14.2)."""
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "private, no-store"}
    asked = _RANGE.fullmatch(wanted)
    if not asked or asked[0] == "bytes=-":
        return Response(content, headers=headers, media_type=mime)
    start, end = _span(asked[1], asked[2], len(content))
    if start >= len(content) or start > end:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{len(content)}"})
    headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
    return Response(content[start : end + 1], 206, headers=headers, media_type=mime)


def _span(first: str, last: str, size: int) -> tuple[int, int]:
    """First and last byte; without a first one, so many from the end."""
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1


ROUTES = [
    View("recording", "/recordings/{id:int}", recording, HEARS_VOICES),
    View("photo", "/photos/{id:int}", photo, EVERYONE),
]

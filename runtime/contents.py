"""The content templates at Twilio: what is there, what may be sent, and how they get there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from functools import partial

from twilio.rest.content.v1.content import ContentInstance, ContentList
from twilio.rest.content.v1.content.approval_create import ApprovalCreateList

from bot.channels.content import OUTSIDE, Content, of_choices, of_text, wanted
from bot.channels.twilio import Account
from bot.channels.twilio_client import ask
from storage import contents
from storage.contents import Row
from storage.db import Database
from storage.times import now_ms

log = logging.getLogger(__name__)

NOT_SUBMITTED = "unsubmitted"


class Contents:
    """Which templates may be sent now, in memory; `refresh` reads them from the database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._usable: Mapping[str, str] = {}

    async def refresh(self) -> None:
        rows = await self._db.aread(contents.every)
        self._usable = {row.hash: row.sid for row in rows if row.usable}

    def sid(self, content: Content) -> str:
        """Its SID, or "" while it is not there or not approved."""
        return self._usable.get(content.hash, "")

    def interactive(self) -> bool:
        """Whether choices can be tapped."""
        return bool(self.sid(of_choices("buttons", 1)) and self.sid(of_choices("list", 1)))

    def has(self, key: str, language: str) -> bool:
        """Whether this text may be sent outside the window."""
        return key in OUTSIDE and bool(self.sid(of_text(key, language)))


# --- the commands ------------------------------------------------------------------------------


async def sync(account: Account, db: Database) -> list[str]:
    """Creates what Twilio lacks, has approved what needs it, and returns a line for each change.

    May be repeated, and broken off at any moment: what is there is found by its name, which holds
    its hash. Raises `ChannelError`.
    """
    there = await _there(account)
    rows = {row.hash: row for row in await db.aread(contents.every)}
    lines = []
    for content in wanted():
        row = rows.get(content.hash)
        if row is None or there.get(row.name) != row.sid:
            row = await _create(account, db, content, there.get(content.name))
            lines.append(f"{row.name}: {'found' if content.name in there else 'created'}")
        if row.approval == NOT_SUBMITTED:
            lines.append(f"{row.name}: {await _submit(account, db, row, content)}")
    return lines


async def status(account: Account, db: Database) -> list[str]:
    """A line for each template that the program wants: its approval as Twilio tells it now."""
    rows = {row.hash: row for row in await db.aread(contents.every)}
    return [await _status(account, db, content, rows.get(content.hash)) for content in wanted()]


async def _status(account: Account, db: Database, content: Content, row: Row | None) -> str:
    if row is None:
        return f"{content.name}: missing (buurtstem content sync)"
    if not content.category:
        return f"{row.name}: {row.sid} needs no approval"
    word, why = await _approval(account, row.sid)
    await db.run(partial(contents.set_approval, hash_=row.hash, approval=word))
    return f"{row.name}: {row.sid} {word}" + (f": {why}" if why else "")


async def _there(account: Account) -> dict[str, str]:
    """The SIDs of our templates at Twilio, by name."""
    listed = await ask(account.client.content.v1.contents.list_async(page_size=500))
    return {str(each.friendly_name): str(each.sid) for each in listed}


async def _create(account: Account, db: Database, content: Content, sid: str | None) -> Row:
    created = sid or await _post(account, content)
    approval = ""
    if content.category:
        approval = (await _approval(account, created))[0] if sid else NOT_SUBMITTED
    row = Row(
        content.hash,
        created,
        content.name,
        content.language,
        content.kind,
        approval,
        now_ms(),
    )
    await db.run(partial(contents.put, row=row))
    return row


async def _post(account: Account, content: Content) -> str:
    request = _Create(content)
    created: ContentInstance = await ask(account.client.content.v1.contents.create_async(request))
    return str(created.sid)


class _Create(ContentList.ContentCreateRequest):  # type: ignore[misc]
    """What the API takes. The package's own would send a null for each type that this is not."""

    def __init__(self, content: Content) -> None:
        self._fields: dict[str, object] = {
            "friendly_name": content.name,
            "language": content.language,
            "variables": content.variables,
            "types": {content.kind: content.fields},
        }

    def to_dict(self) -> dict[str, object]:
        return self._fields


async def _submit(account: Account, db: Database, row: Row, content: Content) -> str:
    fields = {"name": row.name, "category": content.category}
    request = ApprovalCreateList.ContentApprovalRequest(fields)
    asked = await ask(
        account.client.content.v1.contents(row.sid).approval_create.create_async(request)
    )
    word = str(asked.status or "received")
    await db.run(partial(contents.set_approval, hash_=row.hash, approval=word))
    return word


async def _approval(account: Account, sid: str) -> tuple[str, str]:
    """WhatsApp's word, and why if it said no."""
    found = await ask(account.client.content.v1.contents(sid).approval_fetch().fetch_async())
    whatsapp = found.whatsapp or {}
    word = str(whatsapp.get("status") or NOT_SUBMITTED)
    return word, str(whatsapp.get("rejection_reason") or "")


def run(account: Account, db: Database, command: str) -> list[str]:
    """One of the commands, start to end."""

    async def whole() -> list[str]:
        try:
            return await (sync if command == "sync" else status)(account, db)
        finally:
            await account.close()

    return asyncio.run(whole())

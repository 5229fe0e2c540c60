"""Twilio's webhooks: people's messages, and what became of ours; and the sounds it fetches."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qsl

from sqlalchemy import Connection
from starlette.datastructures import ImmutableMultiDict
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.channels.port import ChannelError
from bot.channels.twilio import (
    MESSAGES_PATH,
    STATUS_PATH,
    Account,
    Delivery,
    parse,
    parse_status,
)
from bot.channels.twilio_client import policy_of
from bot.messages import Inbound, Outbound
from runtime.heard import PATH as HEARD_PATH
from runtime.heard import Heard
from storage import outbox, routing
from storage.db import Database
from storage.times import now_ms
from storage.vault import Vault

log = logging.getLogger(__name__)

MOST_BYTES = 100_000  # a webhook is a few thousand
MOST_FIELDS = 500
FORM = "application/x-www-form-urlencoded"

Form = ImmutableMultiDict[str, str]
OnFailed = Callable[[Connection, str, str, str, ChannelError], None]


@dataclass(frozen=True, slots=True)
class TwilioRoutes:
    """`take` persists a message. `on_failed` (channel, id, address, error) decides, in the
    callback's own transaction, what follows when a message that was sent has failed; it may be
    told the same failure again."""

    account: Account
    heard: Heard
    db: Database
    take: Callable[[Inbound], Awaitable[object]]
    on_failed: OnFailed
    vault: Vault

    def routes(self) -> list[BaseRoute]:
        return [
            Route(MESSAGES_PATH, self.messages, methods=["POST"]),
            Route(STATUS_PATH, self.status, methods=["POST"]),
            Route(HEARD_PATH, self.sound, methods=["GET"]),
        ]

    async def messages(self, request: Request) -> Response:
        """One message: verified, persisted, then acknowledged."""
        inbound = parse(await self._form(request, MESSAGES_PATH))
        if inbound is not None:
            await self.take(inbound)
        return Response("<Response/>", media_type="text/xml")

    async def status(self, request: Request) -> Response:
        """What became of one of our messages."""
        delivery = parse_status(await self._form(request, STATUS_PATH))
        if delivery is not None:
            mark = request.query_params.get("m", "")
            await self.db.run(partial(self._note, delivery=delivery, mark=mark))
        return Response(status_code=204)

    async def sound(self, request: Request) -> Response:
        try:
            data = self.heard.get(request.path_params["token"])
        except LookupError:
            raise HTTPException(404) from None
        return Response(data, media_type="audio/ogg", headers={"cache-control": "private"})

    async def _form(self, request: Request, path: str) -> Form:
        return await signed_form(self.account, request, path)

    def _note(self, conn: Connection, delivery: Delivery, mark: str) -> None:
        """Callbacks come in any order, and the first may come before the answer to the request."""
        if not self._status(conn, delivery) and self._settle(conn, delivery, mark):
            self._status(conn, delivery)
        if delivery.word == "failed":
            log.warning("%s: a message did not arrive: %s", delivery.channel, delivery.code)
            error = ChannelError(policy_of(delivery.code), delivery.code or "failed")
            self.on_failed(conn, delivery.channel, delivery.id, delivery.address, error)

    def _status(self, conn: Connection, delivery: Delivery) -> bool:
        return outbox.status(conn, delivery.channel, delivery.id, delivery.word, delivery.code)

    def _settle(self, conn: Connection, delivery: Delivery, mark: str) -> bool:
        """Twilio has a message that we do not know it has: now we do."""
        found = routing.unanswered(conn, delivery.channel, delivery.address)
        ours = [row.id for row in found if self._mark(delivery, row.body) == mark]
        if not ours and len(found) == 1 and not found[0].body:
            ours = [found[0].id]  # it was secret, and nothing else is open
        if ours:
            routing.found(conn, ours[0], delivery.id, now_ms())
        return bool(ours)

    def _mark(self, delivery: Delivery, body: str) -> str | None:
        """See `Account.fingerprint`; None for a message that cannot be read (any more)."""
        try:
            message = Outbound.from_json(json.loads(self.vault.open(body)))
        except ValueError:
            return None
        return self.account.fingerprint(delivery.address, message)


async def signed_form(account: Account, request: Request, path: str) -> Form:
    """The form of a webhook. Raises `HTTPException`: 403 for what Twilio did not sign."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise HTTPException(400)
    form = _fields(await _body(request))
    signature = request.headers.get("x-twilio-signature", "")
    if not account.is_ours(path, request.url.query, form, signature):
        raise HTTPException(403)
    return form


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                raise HTTPException(413)
    except ClientDisconnect:
        raise HTTPException(400) from None
    return bytes(body)


def _fields(body: bytes) -> Form:
    """Every field, also empty and repeated ones: the signature is made of all of them."""
    try:
        pairs = parse_qsl(body.decode("ascii"), True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise HTTPException(400) from None
    return ImmutableMultiDict(pairs)

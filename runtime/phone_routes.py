"""Twilio's voice webhooks: what a caller does comes in, and what is to be played goes back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.channels import phone_parse
from bot.channels.phone import Act, Turn
from bot.channels.phone_twiml import VOICE_PATH, addresses, twiml
from bot.channels.twilio import Account
from runtime.phone import Calls
from runtime.phone_sounds import Played
from runtime.twilio_routes import Form, signed_form

STEPS = "keys", "voice", "silence", "wait"
SOON, LATE = 4.0, 9.0  # seconds for the sounds; Twilio gives up after 15
MOST_LATE = 5  # turns back without a sound; then it may take as long as it can


@dataclass(frozen=True, slots=True)
class PhoneRoutes:
    """All below `VOICE_PATH`; the sounds are `Played.route`."""

    account: Account
    calls: Calls
    played: Played

    def routes(self) -> list[BaseRoute]:
        return [
            Route(VOICE_PATH, self.voice, methods=["POST"]),
            *(Route(f"{VOICE_PATH}/{step}", self.voice, methods=["POST"]) for step in STEPS),
            Route(f"{VOICE_PATH}/recording", self.recording, methods=["POST"]),
            Route(f"{VOICE_PATH}/status", self.status, methods=["POST"]),
            self.played.route(),
        ]

    async def voice(self, request: Request) -> Response:
        """One act of a caller; what follows as TwiML."""
        form = await self._form(request)
        step = request.url.path.removeprefix(VOICE_PATH).strip("/")
        act = phone_parse.parse(step, request.query_params, form)
        if act is None:
            raise HTTPException(400)
        return Response(await self._twiml(act), media_type="text/xml")

    async def _twiml(self, act: Act) -> str:
        turn = await self.calls.answer(act)
        address = addresses(self.account.public_url)
        sounds = await self.played.links(turn.plays, LATE if act.times > MOST_LATE else SOON)
        if sounds is None:  # the caller comes back for it in a second
            turn, sounds = replace(_later(turn), times=act.times), []
        return twiml(turn, sounds, address)

    async def recording(self, request: Request) -> Response:
        """A recording is ready, sooner or later than the caller's own act tells of it."""
        form = await self._form(request)
        act = phone_parse.parse("voice", request.query_params, form)
        if act is not None:
            await self.calls.recorded(replace(act, media=phone_parse.recording(form)))
        return Response(status_code=204)

    async def status(self, request: Request) -> Response:
        """What became of a call."""
        call = phone_parse.is_over(await self._form(request))
        if call:
            await self.calls.over(call)
        return Response(status_code=204)

    async def _form(self, request: Request) -> Form:
        return await signed_form(self.account, request, request.url.path)


def _later(turn: Turn) -> Turn:
    return Turn(turn.n, (), "wait")

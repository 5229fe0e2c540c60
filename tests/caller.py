"""Somebody on the telephone, and the line between them and us: TwiML walked as Twilio walks it.

Webhooks are signed by Twilio's own signer and posted over HTTP. Every `<Play>` is fetched, decoded
and checked to be sound that a telephone can play; then it is recognised by its samples alone: what
was heard is the text that sounds like this. So a caller here knows a question by its
key in the catalogue only when the right sound was really there.

The embedded voice has noise in it that is never twice the same, so it is not bytes that are
compared but how loud each pitch is from moment to moment.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import av
import httpx
import numpy as np
from aiohttp import web
from babel.messages.pofile import read_po

from bot.channels.phone import Turn
from bot.i18n.catalogue import LOCALES, po_file
from bot.i18n.languages import LANGUAGES
from bot.i18n.script import without_signs
from bot.messages import Sound
from bot.speech import telephone
from runtime.phone_turns import spoken
from storage import calls
from storage.db import Database
from storage.vault import Vault
from tests.emulators.twilio import ACCOUNT, SID, TwilioEmulator, _Error, sid

VOICE = "/webhooks/twilio/voice"
NUMBER = "+3197010000003"
VERBS = frozenset({"Play", "Gather", "Record", "Redirect", "Pause", "Hangup"})
PATIENCE = 240.0  # seconds; the model may have to be loaded, on a busy machine

ALIKE = 0.75  # the same sentence twice has 0.86 and more, two others at most 0.57
SECOND = 50  # moments of 20 ms

Made = Callable[[Sound], bytes]
Samples = np.ndarray[Any, np.dtype[np.float32]]


class Line(TwilioEmulator):
    """Twilio with recordings: kept until they are deleted, given out as other files are."""

    def __init__(self) -> None:
        super().__init__()
        self.http = httpx.Client(timeout=PATIENCE)

    def post(
        self, path: str, form: Mapping[str, str], *, query: str = "", signature: str | None = None
    ) -> httpx.Response:
        """As always, over a connection that stays."""
        tail = path + (f"?{query}" if query else "")
        signed = self._signer.compute_signature(self.public_url + tail, dict(form))
        headers = {"X-Twilio-Signature": signed if signature is None else signature}
        headers = {} if signature == "" else headers
        if "Body" in form:
            self.last_in[form.get("ExternalUserId") or form["From"]] = time.time()
        return self.http.post(self.server_url + tail, data=dict(form), headers=headers)

    @property
    def settings(self) -> dict[str, str]:
        return {**super().settings, "twilio_voice_from": NUMBER}

    async def _pass_on(self, request: web.Request) -> web.Response:
        if request.method == "GET" and "/Recordings/" in request.path:
            answer = await self._back(request)
            assert isinstance(answer, web.Response)
            return answer
        return await super()._pass_on(request)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        found = re.fullmatch(rf"{ACCOUNT}/Recordings/(RE\w+)(\.json)?", request.path)
        if not found:
            return await super()._handle(request)
        name = found[1]
        if name not in self.files:
            raise _Error(404, 20404)
        if request.method == "DELETE":
            del self.files[name]
            self.deleted.append(name)
            return web.Response(status=204)
        return web.Response(status=307, headers={"Location": f"{self.cdn_url}/{name}"})

    def keep(self, data: bytes) -> tuple[str, str]:
        """A recording that was made on the line: its id and address."""
        name = sid("RE")
        self.files[name] = (data, "audio/x-wav")
        return name, f"{self.base_url}{ACCOUNT}/Recordings/{name}"


class Voice:
    """What sentences sound like; each is made once."""

    def __init__(self, made: Made) -> None:
        self._made = made
        self._known: dict[Sound, Samples] = {}

    def sounds_like(self, sound: Sound) -> Samples:
        if sound not in self._known:
            made = telephone.to_wav(self._made(sound))
            self._known[sound] = loudness(checked(made, "audio/wav"))
        return self._known[sound]


@dataclass
class Caller:
    """One person with a telephone. `voice` is the one that the server has, to compare with.

    `heard` is what was heard since they last did something, `all` in the whole call.
    """

    line: Line
    folder: Path
    pepper: bytes
    voice: Voice
    number: str = "+31612340001"
    call: str = ""
    heard: list[Sound] = field(default_factory=list)
    all: list[Sound] = field(default_factory=list)
    posted: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    _verbs: list[ElementTree.Element] = field(default_factory=list)
    _shape: list[tuple[str, str]] = field(default_factory=list)

    # --- what the caller does -----------------------------------------------------------------

    def calls(self) -> Caller:
        """Calls up, and listens until something is wanted."""
        self.call, self.all = sid("CA"), []
        self._do(VOICE, CallStatus="ringing")
        return self

    def press(self, keys: str) -> Caller:
        """Presses keys; what is wanted may be a number that a `#` or silence ends."""
        verb = self._verbs[0]
        if verb.tag == "Record":
            return self._ends_recording(verb, b"", keys[0])
        assert verb.tag == "Gather", verb.tag
        digits, ended = _gathered(verb, keys)
        if not digits:
            assert ended
            return self.silent()
        return self._do(verb.attrib["action"], Digits=digits)

    def silent(self) -> Caller:
        """Does nothing until it is somebody else's turn."""
        self.heard = []
        self._verbs.pop(0)
        return self._run()

    def speaks(self, recording: bytes, end: str = "#", *, told: str = "after") -> Caller:
        """Waits for the beep and speaks. `told`: when the callback tells of the recording, before
        or after the caller's own act, or never."""
        if self._verbs[0].tag == "Gather":
            self._verbs.pop(0)
        verb = self._verbs[0]
        assert verb.tag == "Record", "there is no beep"
        assert verb.attrib["playBeep"] == "true"
        return self._ends_recording(verb, recording, end, told)

    def hangs_up(self) -> None:
        self._verbs = []
        self._post(f"{VOICE}/status", CallStatus="completed", CallDuration="61")

    # --- what the caller knows ------------------------------------------------------------------

    def hears(self, key: str) -> bool:
        """Whether this text of the catalogue was among what was last heard."""
        return any(pattern(key, each.language).search(flat(each.text)) for each in self.heard)

    @property
    def wanted(self) -> str:
        """What is wanted: "keys", "number", "voice", or "" once the call is over."""
        if not self._verbs:
            return ""
        if "Record" in {verb.tag for verb in self._verbs}:
            return "voice"
        return "keys" if self._verbs[0].attrib.get("numDigits") == "1" else "number"

    def said(self) -> str:
        return "\n".join(each.text for each in self.heard)

    # --- the walk ---------------------------------------------------------------------------------

    def again(self) -> list[tuple[str, str]]:
        """Posts the last webhook once more; what is played and wanted then."""
        path, query, form = self.posted[-1]
        root = self._read(self.line.post(path, form, query=query))
        return _shape(root)

    def last_answer(self) -> list[tuple[str, str]]:
        return self._shape

    def _do(self, url: str, **what: str) -> Caller:
        self.heard = []
        self._follow(url, **what)
        return self._run()

    def _follow(self, url: str, **what: str) -> None:
        root = self._read(self._post(url, **what))
        self._shape = _shape(root)
        self._verbs = list(root)
        assert all(verb.tag in VERBS for verb in root.iter() if verb is not root)
        assert self._verbs[-1].tag in ("Redirect", "Hangup"), "nobody is left in silence"

    def _read(self, answer: httpx.Response) -> ElementTree.Element:
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/xml")
        return ElementTree.fromstring(answer.content)

    def _post(self, url: str, **what: str) -> httpx.Response:
        path, _, query = url.removeprefix(self.line.public_url).partition("?")
        form = {"CallSid": self.call, "AccountSid": SID, "From": self.number, "To": NUMBER}
        form |= {"Caller": self.number, "Called": NUMBER, "CallStatus": "in-progress"}
        form |= {"ApiVersion": "2010-04-01", "Direction": "inbound", **what}
        self.posted.append((path, query, form))
        return self.line.post(path, form, query=query)

    def _run(self) -> Caller:
        """Until the caller has to do something, or the call is over."""
        until = time.monotonic() + PATIENCE
        while self._verbs:
            assert time.monotonic() < until, "the caller waits for ever"
            verb = self._verbs[0]
            if verb.tag == "Gather":
                for play in verb:
                    self._play(play)
                return self
            if verb.tag == "Record":
                return self
            self._verbs.pop(0)
            self._pass(verb)
        return self

    def _pass(self, verb: ElementTree.Element) -> None:
        if verb.tag == "Play":
            self._play(verb)
        elif verb.tag == "Pause":
            time.sleep(0.1 * float(verb.attrib["length"]))
        elif verb.tag == "Redirect":
            self._follow(verb.text or "")
        elif verb.tag == "Hangup":
            self.hangs_up()

    def _ends_recording(
        self, verb: ElementTree.Element, recording: bytes, end: str, told: str = "after"
    ) -> Caller:
        assert end in verb.attrib["finishOnKey"] or end == "hangup", end
        if not recording:
            recording = wav(np.zeros(800, np.float32))
        name, url = self.line.keep(recording)
        what = {"RecordingSid": name, "RecordingUrl": url, "RecordingDuration": "4"}
        callback = verb.attrib["recordingStatusCallback"]
        ready = {**what, "RecordingStatus": "completed", "RecordingChannels": "1"}
        if told == "before":
            assert self._post(callback, **ready).status_code == 204
        if told == "alone":  # the caller's own act was lost, and the call is over
            self.hangs_up()
            assert self._post(callback, **ready).status_code == 204
            return self
        self._do(verb.attrib["action"], **what, Digits=end)
        if told == "after":
            posted = list(self.posted)
            assert self._post(callback, **ready).status_code == 204
            self.posted = posted
        return self

    # --- sound --------------------------------------------------------------------------------

    def _play(self, verb: ElementTree.Element) -> None:
        url = verb.text or ""
        assert url.startswith(self.line.public_url + "/media/")
        answer = self.line.http.get(url.replace(self.line.public_url, self.line.server_url, 1))
        assert answer.status_code == 200
        samples = checked(answer.content, answer.headers["content-type"])
        sound = self._recognised(samples)
        self.heard.append(sound)
        self.all.append(sound)

    def _recognised(self, samples: Samples) -> Sound:
        """Which sentences these samples are, in which language."""
        heard = loudness(samples)
        for candidates in (self._in_the_turn, _fixed):
            for sound in candidates():
                if alike(heard, self.voice.sounds_like(sound)) > ALIKE:
                    return sound
        raise AssertionError("a sound that nobody knows")

    def _in_the_turn(self) -> tuple[Sound, ...]:
        """What the server itself keeps of this call, for as long as it lasts."""
        database = Database.open(f"sqlite:///{self.folder}/town.db")
        kept = database.read(lambda conn: calls.kept(conn, self.call))
        database.close()
        body = Vault(self.pepper).open(kept.body) if kept else ""
        return Turn.from_json(body).plays if body else ()


def checked(data: bytes, mime: str) -> Samples:
    """The samples of a WAV file, when a telephone can play it and there is something to hear."""
    assert mime == "audio/wav"
    with av.open(io.BytesIO(data), "r") as source:
        stream = source.streams.audio[0]
        assert (stream.codec_context.name, stream.rate, stream.channels) == ("pcm_mulaw", 8000, 1)
        samples = np.concatenate([f.to_ndarray().ravel() for f in source.decode(audio=0)])
    assert len(samples) > 0.2 * 8000
    assert np.abs(samples.astype(np.float32)).max() > 1000, "nothing can be heard"
    return samples.astype(np.float32)


def loudness(samples: Samples) -> Samples:
    """How loud (dB) each of some bands is in every 20 ms: shape (moments, bands)."""
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    power = np.abs(np.fft.rfft(frames * np.hanning(160), axis=1)) ** 2
    bands = np.stack([part.sum(axis=1) for part in np.array_split(power, 12, axis=1)], axis=1)
    found: Samples = np.log10(bands + 1e4)
    return found


def alike(one: Samples, other: Samples) -> float:
    """How much two sounds are alike, second by second: the mean correlation, 0 for different
    lengths. One may fall behind the other a little from one second to the next."""
    if abs(len(one) - len(other)) > 0.03 * len(one) + 3:
        return 0.0
    found, behind = [], 0
    for at in range(0, max(1, len(one) - SECOND // 2), SECOND):
        lags = [(_match(one, other, at, lag), lag) for lag in range(behind - 6, behind + 7)]
        best, behind = max(lags)
        found.append(best)
    return float(np.mean(found))


def _match(one: Samples, other: Samples, at: int, lag: int) -> float:
    begin = max(at + lag, 0)
    mine, theirs = one[at : at + SECOND].ravel(), other[begin : begin + SECOND].ravel()
    n = min(len(mine), len(theirs))
    return float(np.corrcoef(mine[:n], theirs[:n])[0, 1]) if n > 100 else 0.0


def wav(samples: np.ndarray[Any, Any], rate: int = 8000) -> bytes:
    """A recording as Twilio keeps it: 8 kHz, 16 bits."""
    import wave

    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return target.getvalue()


def _gathered(verb: ElementTree.Element, keys: str) -> tuple[str, bool]:
    """What a `<Gather>` takes of these keys, and whether it was ended by a key or its length."""
    most, end = int(verb.attrib["numDigits"]), verb.attrib["finishOnKey"]
    digits = ""
    for key in keys:
        if end and key == end:
            return digits, True
        digits += key
        if len(digits) == most:
            return digits, True
    return digits, False  # silence ends it


def _shape(root: ElementTree.Element) -> list[tuple[str, str]]:
    """What a document does, without the addresses of its sounds, which are signed anew."""
    return [
        (verb.tag, verb.attrib.get("action", verb.text or "") if verb.tag != "Play" else "")
        for verb in root.iter()
    ]


def _fixed() -> list[Sound]:
    """What this channel says by itself, without anything filled in."""
    keys = ("silent", "moment", "long", "later", "bye", "other_key", "beep", "back")
    return [spoken(f"phone.{key}", code) for code in LANGUAGES for key in keys]


@cache
def texts(language: str) -> dict[str, tuple[str, ...]]:
    """Each text by its key, in all of its plural forms."""
    catalogue = read_po(io.BytesIO(po_file(LOCALES, language).read_bytes()))
    return {
        (m.id if isinstance(m.id, str) else m.id[0]): (
            (m.string,) if isinstance(m.string, str) else tuple(m.string)
        )
        for m in catalogue
        if m.id
    }


@cache
def pattern(key: str, language: str) -> re.Pattern[str]:
    """What a text of the catalogue sounds like, whatever is filled in."""
    return re.compile("|".join(_form(text) for text in texts(language)[key]), re.DOTALL)


def _form(text: str) -> str:
    parts = re.split(r"\{\w+\}", text)
    return ".*?".join(re.escape(flat(without_signs(part))) for part in parts)


def flat(text: str) -> str:
    return " ".join(text.split())

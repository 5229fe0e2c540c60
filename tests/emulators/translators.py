"""DeepL and LibreTranslate on loopback, as strict as their own descriptions.

Written from DeepL's OpenAPI description 3.11 (`/v2/translate`, github.com/DeepLcom/openapi) and
from LibreTranslate's `/spec` (`/translate`, github.com/LibreTranslate/LibreTranslate). Whatever
these do not name is refused, in a stricter way than the services do. A translation is the
original behind its language: `[TR] Een bankje`.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import web
from jsonschema import Draft202012Validator

T = TypeVar("T")
KEY = "a-synthetic-key-of-the-free-service:fx"
MOST_BYTES = 128 * 1024  # DeepL: "within the request size limit (128KiB)"
# https://developers.deepl.com/docs/getting-started/supported-languages, those of this project
SOURCES = ("AR", "DE", "EN", "NL", "TR")
TARGETS = ("AR", "DE", "EN-GB", "EN-US", "NL", "TR")
MODELS = ("ar", "en", "nl", "tr")  # what this LibreTranslate has loaded

DEEPL = {
    "type": "object",
    "required": ["text", "target_lang"],
    "additionalProperties": False,
    "properties": {
        "text": {"type": "array", "minItems": 1, "maxItems": 50, "items": {"type": "string"}},
        "source_lang": {"type": "string"},
        "target_lang": {"type": "string"},
        "context": {"type": "string"},
        "show_billed_characters": {"type": "boolean"},
        "split_sentences": {"enum": ["0", "1", "nonewlines"]},
        "preserve_formatting": {"type": "boolean"},
        "formality": {"enum": ["default", "more", "less", "prefer_more", "prefer_less"]},
        "model_type": {
            "enum": ["quality_optimized", "prefer_quality_optimized", "latency_optimized"]
        },
    },
}
LIBRE = {
    "type": "object",
    "required": ["q", "source", "target"],
    "additionalProperties": False,
    "properties": {
        "q": {
            "oneOf": [
                {"type": "string", "minLength": 1},
                {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
            ]
        },
        "source": {"type": "string"},
        "target": {"type": "string"},
        "format": {"enum": ["text", "html"]},
        "alternatives": {"type": "integer", "minimum": 0},
        "api_key": {"type": "string"},
    },
}


@dataclass
class Trouble:
    """An answer of another kind: a status with headers, a body, or no answer at all."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    drop: bool = False


@dataclass
class Asked:
    """One request that was right. `target` is our code."""

    texts: list[str]
    source: str
    target: str


class Translators:
    """`deepl` and `libre` are what BUURTSTEM_TRANSLATION_URL takes.

    `asked` are the requests that were right, `refused` why others were not, `requests` counts
    all; the next `troubles` come first. LibreTranslate asks for `libre_key` unless it is "".
    `holding` keeps answers back until it is set.
    """

    def __init__(self, libre_key: str = "") -> None:
        self.asked: list[Asked] = []
        self.refused: list[str] = []
        self.requests = 0
        self.troubles: list[Trouble] = []
        self.unknown: set[str] = set()  # languages that cannot be written
        self.holding: asyncio.Event | None = None
        self._libre_key = libre_key
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._call(self._start())

    async def _start(self) -> None:
        app = web.Application(client_max_size=1 << 22)
        app.router.add_route("*", "/{path:.*}", self._any)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.deepl = self.libre = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    def close(self) -> None:
        self._call(self._runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def hold(self) -> None:
        self.holding = self._call(_event())

    def release(self) -> None:
        assert self.holding
        self._loop.call_soon_threadsafe(self.holding.set)

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _any(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        content = await request.read()
        if self.troubles:
            trouble = self.troubles.pop(0)
            if trouble.drop and request.transport is not None:
                request.transport.close()
            return web.Response(
                status=trouble.status, headers=trouble.headers, text=trouble.body or "{}"
            )
        if self.holding:
            await self.holding.wait()
        answers = {"/v2/translate": self._deepl, "/translate": self._translate}
        if request.method != "POST" or request.path not in answers or request.query_string:
            return self._no(404, "no such thing")
        if request.content_type != "application/json":
            return self._no(400, "not JSON")
        return answers[request.path](request, content)

    def _deepl(self, request: web.Request, content: bytes) -> web.Response:
        if request.headers.get("Authorization") != f"DeepL-Auth-Key {KEY}":
            return self._no(403, "the key", "message")
        if len(content) > MOST_BYTES:
            return self._no(413, "too long", "message")
        body = json.loads(content)
        if wrong := _wrong(DEEPL, body):
            return self._no(400, wrong, "message")
        source, target = body.get("source_lang", ""), body["target_lang"]
        if target not in TARGETS or (source and source not in SOURCES) or target in self.unknown:
            return self._no(400, "Value for 'target_lang' not supported.", "message")
        self.asked.append(Asked(body["text"], source.lower(), target[:2].lower()))
        made = [
            {"detected_source_language": source or "NL", "text": _made(text, target[:2])}
            for text in body["text"]
        ]
        return web.json_response({"translations": made})

    def _translate(self, request: web.Request, content: bytes) -> web.Response:
        body = json.loads(content)
        if wrong := _wrong(LIBRE, body):
            return self._no(400, wrong)
        if self._libre_key and "api_key" not in body:
            return self._no(400, "Please contact the server operator to get an API key")
        if self._libre_key and body["api_key"] != self._libre_key:
            return self._no(403, "Invalid API key")
        for language in (body["source"], body["target"]):
            if language not in MODELS or language in self.unknown:
                return self._no(400, f"{language} is not supported")
        many = isinstance(body["q"], list)
        texts = body["q"] if many else [body["q"]]
        self.asked.append(Asked(texts, body["source"], body["target"]))
        made = [_made(text, body["target"]) for text in texts]
        return web.json_response({"translatedText": made if many else made[0]})

    def _no(self, status: int, why: str, name: str = "error") -> web.Response:
        self.refused.append(f"{status} {why}")
        return web.json_response({name: why}, status=status)


async def _event() -> asyncio.Event:
    return asyncio.Event()


def _wrong(schema: dict[str, Any], body: object) -> str:
    error = next(iter(Draft202012Validator(schema).iter_errors(body)), None)
    return f"{'/'.join(map(str, error.path))}: {error.validator}" if error else ""


def _made(text: str, language: str) -> str:
    return f"[{language.lower()}] {text}"


@contextmanager
def translators(libre_key: str = "") -> Iterator[Translators]:
    running = Translators(libre_key)
    try:
        yield running
    finally:
        running.close()

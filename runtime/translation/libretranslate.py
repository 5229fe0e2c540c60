"""LibreTranslate, which a municipality can run itself: what its own /spec says of /translate."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from runtime.translation.http import Service, Sleep, as_many, chunks
from runtime.translation.port import Policy, TranslationError


class LibreTranslate:
    """`key` is "" for a server that asks for none."""

    def __init__(self, url: str, key: str = "", sleep: Sleep = asyncio.sleep) -> None:
        self._service = Service(url, sleep=sleep)
        self._key = {"api_key": key} if key else {}

    async def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        found: list[str] = []
        for group in chunks(texts):
            found += await self._translate(group, source, target)
        return found

    async def _translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        body = {"q": list(texts), "source": source, "target": target, "format": "text"}
        answer = await self._service.post("/translate", body | self._key)
        if not isinstance(answer, dict):
            raise TranslationError(Policy.RETRY, "odd answer")
        return as_many(answer.get("translatedText"), texts)

    async def close(self) -> None:
        await self._service.close()

"""DeepL: https://developers.deepl.com, as its OpenAPI description 3.11 says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from runtime.translation.http import Service, Sleep, as_many, chunks
from runtime.translation.port import Policy, TranslationError

PRO, FREE = "https://api.deepl.com", "https://api-free.deepl.com"
_OF_FREE = ":fx"  # how a key of the free service ends
# Where DeepL wants to know which kind of a language to write.
_VARIANTS = {"en": "EN-GB", "pt": "PT-PT", "zh": "ZH-HANS"}


class DeepL:
    """`key` tells which of the two services it is for, unless there is a `url`."""

    def __init__(self, key: str, url: str = "", sleep: Sleep = asyncio.sleep) -> None:
        where = url or (FREE if key.endswith(_OF_FREE) else PRO)
        self._service = Service(where, {"Authorization": f"DeepL-Auth-Key {key}"}, sleep)

    async def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        found: list[str] = []
        for group in chunks(texts):
            found += await self._translate(group, source, target)
        return found

    async def _translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        body = {"text": list(texts), "source_lang": source.upper()}
        body["target_lang"] = _VARIANTS.get(target, target.upper())
        answer = await self._service.post("/v2/translate", body)
        try:
            translated = [each["text"] for each in answer["translations"]]
        except (KeyError, TypeError):
            raise TranslationError(Policy.RETRY, "odd answer") from None
        return as_many(translated, texts)

    async def close(self) -> None:
        await self._service.close()

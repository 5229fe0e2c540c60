"""Machine translation as a port: what every service does, and what its errors mean."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol


class Policy(StrEnum):
    """What to do after a failed translation. The error carries it, whoever asked obeys."""

    RETRY = "retry"  # later, with growing pauses
    PAUSE = "pause"  # nothing will go until a person did something: the key, the quota
    GIVE_UP = "give_up"  # this text, or this language, will never go


class TranslationError(Exception):
    """A translation that failed: `policy`, the service's `code`, and perhaps `after` seconds.

    Its text holds nothing of what was to be translated, so that it may be logged.
    """

    def __init__(self, policy: Policy, code: str, after: float | None = None) -> None:
        super().__init__(f"{policy.value} ({code})")
        self.policy = policy
        self.code = code
        self.after = after


class Translator(Protocol):
    """One service, as `runtime.translation.work` uses it."""

    async def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """The texts in another language, in the same order; none of them is empty.

        Languages are our codes: nl, en, tr, ar. Bounded in time; raises `TranslationError`.
        """

    async def close(self) -> None:
        """Lets go of its connections."""

"""The sound that asks every newcomer, in four languages, whether they would rather hear."""

from __future__ import annotations

from typing import Protocol, TypeVar


class _Heard(Protocol):
    @property
    def text(self) -> str: ...

    @property
    def sound(self) -> bytes | None: ...


S = TypeVar("S", bound=_Heard)


def without_greeting(sent: list[S]) -> list[S]:
    """Without the first message that is only heard. It comes when it is made: before the next
    answer, or after it, so who does not listen to it should not count it."""
    bare = next((n for n, one in enumerate(sent) if one.sound is not None and not one.text), None)
    return [one for n, one in enumerate(sent) if n != bare]

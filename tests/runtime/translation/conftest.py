"""The services on loopback, and adapters that do not really wait."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulators.translators import Translators, translators


@pytest.fixture
def services() -> Iterator[Translators]:
    with translators() as running:
        yield running


class Waits(list):
    """Takes no time, and remembers for how long it should have been."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()

"""What every channel can do, and what its errors mean for the one who sends."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from bot.messages import Media, Outbound


class Policy(StrEnum):
    """What to do after a failed send. The error carries it, the sender obeys."""

    RETRY = "retry"  # later, with growing pauses
    GIVE_UP = "give_up"  # this message will never arrive
    INACTIVE = "inactive"  # this person cannot or does not want to be reached here
    UNKNOWN = "unknown"  # it may have been sent: never blindly again


class ChannelError(Exception):
    """A send or fetch that failed: `policy`, the provider's `code`, and perhaps `after` seconds.

    The text holds no address and no message, so that it may be logged.
    """

    def __init__(self, policy: Policy, code: str, after: float | None = None) -> None:
        super().__init__(f"{policy.value} ({code})")
        self.policy = policy
        self.code = code
        self.after = after


class Port(Protocol):
    """One channel, as the sender and the listener use it."""

    async def send(self, address: str, message: Outbound, sound: bytes | None) -> str:
        """Sends one message and returns the provider's id of it; raises `ChannelError`.

        `sound` is Ogg/Opus, present when the message has a `Sound`.
        """

    async def fetch(self, media: Media, limit: int) -> bytes:
        """The file somebody sent, at most `limit` bytes; raises `ChannelError`."""

    async def release(self, media: Media) -> None:
        """We have what we need of this file: it is deleted where the channel keeps it.

        Best effort, may come twice; raises `ChannelError`.
        """

    async def delete(self, address: str, provider_id: str) -> None:
        """Deletes a message where the provider keeps it, if it can: the person's own by its
        `Inbound.id`, one of ours by the id that `send` returned.

        One that is gone is gone. Raises `ChannelError`.
        """

"""While a person answers in the bot's place: what of a message is still the bot's.

Nobody is ever stuck with us: "menu" brings the bot back. What is a right of theirs ("stop",
"forget me") never waits for somebody to read it. A vote is between a resident and the bot.
"""

from __future__ import annotations

from enum import Enum

from bot import understand


class For(Enum):
    """Who answers a message."""

    PERSON = "person"
    BOT = "bot"  # this one; the person stays
    BOT_AGAIN = "bot_again"  # from this one on


_WORDS = {
    "menu": For.BOT_AGAIN,
    "stop": For.BOT_AGAIN,
    "forget": For.BOT_AGAIN,
    "vote": For.BOT,
}


def meant_for(text: str, choice: str = "") -> For:
    """Whose a message is while a person answers. `text` is what they typed or surely said."""
    if choice.rpartition(":")[2] == "menu":
        return For.BOT_AGAIN
    word = understand.keyword(text) if text else None
    return _WORDS.get(word or "", For.PERSON)

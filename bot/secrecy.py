"""Which messages are secret: nothing of them may be kept in clear, whatever is being asked."""

from __future__ import annotations

from bot import understand
from bot.messages import Inbound
from bot.session import VOTE, Session, votes
from civic import stempas

# Channels whose provider keeps a log of its own: what is deleted there stays on the phone.
LOGGED = frozenset({"whatsapp", "sms"})


def is_secret(session: Session, inbound: Inbound) -> bool:
    """Whether a message belongs to a vote: it was said in one, answers one, or holds a code."""
    return votes(session) or inbound.choice.startswith(VOTE) or holds_code(inbound.text)


def holds_code(text: str) -> bool:
    """Whether there is a code in this text, or what may be a mistyped one."""
    # Nearly always; the rest takes longer.
    if len(text) < stempas.LEAST or sum(map(str.isdigit, text)) < stempas.LEAST:
        return False
    return stempas.code_in(text) is not None or stempas.looks_like_code(text)


def says_code(transcript: str) -> bool:
    """Whether a code was said aloud, digit by digit or in words."""
    return holds_code(transcript) or holds_code(understand.spoken_digits(transcript))


def is_to_be_deleted(session: Session, text: str, channel: str = "") -> bool:
    """Whether a secret message is deleted at the provider too: it holds a code, or a choice is
    kept in a log that nobody misses.

    What only looks like a code may be a telephone number, unless a code was asked for.
    """
    if channel in LOGGED:
        return True
    return holds_code(text) and (votes(session) or stempas.code_in(text) is not None)

"""What a typed text means as an answer to a prompt."""

from __future__ import annotations

from bot.prompts import Answer, Prompt, accepts, choices_of
from bot.understand.amounts import amount
from bot.understand.choosing import choose


def answer_in(text: str, prompt: Prompt) -> Answer | None:
    """One of its choices, an amount or the text itself; None when it is not clear."""
    choice = choose(text, choices_of(prompt))
    if choice:
        return Answer("choice", choice=choice)
    if accepts(prompt, "number"):
        said = amount(text)
        return None if said is None else Answer("number", amount=said, text=text)
    if accepts(prompt, "text") and text.strip():
        return Answer("text", text=text.strip())
    return None

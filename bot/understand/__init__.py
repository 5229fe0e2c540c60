"""What a person meant, from what they typed: pure, in every language at once, never guessing.

`choose` finds the answer among a question's choices, `keyword` the words that always work;
`amount`, `digits`, `phone` and `plans` read numbers, `language_named` and `guess_language` a
language.
The words are data: `bot/i18n/lexicon`. Nothing here raises, whatever comes in, or remembers it.
"""

from bot.normalise import normalise
from bot.understand.amounts import amount
from bot.understand.choosing import choose, meaning
from bot.understand.keywords import keyword
from bot.understand.languages import guess_language, language_named
from bot.understand.phones import digits, phone
from bot.understand.plans import plans, plans_removed, spoken_digits

__all__ = [
    "amount",
    "choose",
    "digits",
    "guess_language",
    "keyword",
    "language_named",
    "meaning",
    "normalise",
    "phone",
    "plans",
    "plans_removed",
    "spoken_digits",
]

"""The receipt of a vote: six picture signs. It says that the envelope is in, never the choice."""

from __future__ import annotations

import hashlib

LENGTH = 6

# Everyday things that differ clearly at a small size, by the name one says when reading them out.
# No people, flags, or signs of a faith, a party or a quarrel; none that the dialogue uses for
# something else; none newer than Emoji 5 (2017), so that old phones show them. The order is fixed:
# published receipts depend on it.
SIGNS: dict[str, str] = {
    "fish": "🐟", "bird": "🐦", "cat": "🐈", "cow": "🐄",
    "elephant": "🐘", "tortoise": "🐢", "butterfly": "🦋", "snail": "🐌",
    "bee": "🐝", "frog": "🐸", "rabbit": "🐇", "horse": "🐎",
    "duck": "🦆", "camel": "🐫", "owl": "🦉", "snake": "🐍",
    "crab": "🦀", "octopus": "🐙", "giraffe": "🦒", "hedgehog": "🦔",
    "apple": "🍎", "banana": "🍌", "grapes": "🍇", "strawberry": "🍓",
    "lemon": "🍋", "pineapple": "🍍", "carrot": "🥕", "corn": "🌽",
    "mushroom": "🍄", "bread": "🍞", "cheese": "🧀", "egg": "🥚",
    "ice cream": "🍦", "pizza": "🍕", "cup": "☕", "spoon": "🥄",
    "key": "🔑", "umbrella": "☔", "glasses": "👓", "shoe": "👞",
    "hat": "🎩", "sock": "🧦", "shirt": "👕", "balloon": "🎈",
    "present": "🎁", "drum": "🥁", "guitar": "🎸", "trumpet": "🎺",
    "bicycle": "🚲", "car": "🚗", "bus": "🚌", "train": "🚂",
    "boat": "⛵", "rocket": "🚀", "helicopter": "🚁", "tractor": "🚜",
    "hammer": "🔨", "bath": "🛁", "door": "🚪", "fire": "🔥",
    "star": "⭐", "snowman": "⛄", "cactus": "🌵", "clover": "🍀",
}  # fmt: skip

_BY_NUMBER = tuple(SIGNS.values())


def receipt(box: bytes) -> tuple[str, ...]:
    """Six of 64 signs: the first 36 bits of the SHA-256 of the box."""
    return signs_of(hashlib.sha256(box).digest())


def signs_of(digest: bytes) -> tuple[str, ...]:
    """Likewise of the hash itself, as the published list has it. In the order of the hashes."""
    bits = int.from_bytes(digest[:8], "big")
    return tuple(_BY_NUMBER[bits >> (58 - 6 * n) & 63] for n in range(LENGTH))

"""The key of an election: made here, its private half split among trustees, never written.

The split is SLIP-0039 (Shamir's secret sharing; each share 33 words with a checksum): any
`threshold` of the shares give the private half, fewer tell nothing of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nacl.public import PrivateKey
from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics
from shamir_mnemonic.share import Share

from runtime.election.instructions import letter

MOST_TRUSTEES = 16  # of SLIP-0039
PUBLIC = "public.key"
_NUMBERED = re.compile(r"\b(\d{1,2})\.\s*([a-z]+)")
_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """key: hex of the 32 bytes to which ballots are sealed."""

    key: str
    trustees: int
    threshold: int

    def to_text(self) -> str:
        """What the file `public.key` holds."""
        facts = {"key": self.key, "trustees": self.trustees, "threshold": self.threshold}
        return json.dumps({"buurtstem-election": 1, **facts}, indent=1) + "\n"


def make(trustees: int, threshold: int) -> tuple[PublicKey, list[str]]:
    """A new key, and the words of one share for each trustee.

    Raises ValueError for a split that is none: one person alone must not open the box, unless
    there is only one.
    """
    if not 1 <= trustees <= MOST_TRUSTEES:
        raise ValueError(f"--trustees: choose 1 to {MOST_TRUSTEES}")
    if not min(2, trustees) <= threshold <= trustees:
        raise ValueError(f"--threshold: choose {min(2, trustees)} to {trustees}")
    private = PrivateKey.generate()
    shares = generate_mnemonics(1, [(threshold, trustees)], bytes(private))[0]
    return PublicKey(bytes(private.public_key).hex(), trustees, threshold), shares


def files(public: PublicKey, shares: Sequence[str]) -> dict[str, bytes]:
    """What keygen writes: a letter for each trustee, and the public half."""
    count = len(shares)
    written = {
        f"share-{n}-of-{count}.txt": letter(n, public.trustees, public.threshold, words, public.key)
        for n, words in enumerate(shares, 1)
    }
    written[PUBLIC] = public.to_text()
    return {name: text.encode() for name, text in written.items()}


def read_public(path: Path) -> PublicKey:
    """The file `public.key`. Raises ValueError when it is something else."""
    try:
        data = json.loads(path.read_text("utf-8"))
        found = PublicKey(str(data["key"]), int(data["trustees"]), int(data["threshold"]))
        if len(bytes.fromhex(found.key)) != 32:
            raise ValueError
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path}: not the {PUBLIC} that keygen wrote") from None
    return found


def read_share(path: Path) -> str:
    """The words of a share: from the trustee's letter, or a file with nothing but the words.

    Raises ValueError that names the file, never a word of it.
    """
    try:
        text = path.read_text("utf-8").lower()
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not a text file") from None
    words = " ".join(_in_order(text) or _WORD.findall(text))
    try:
        Share.from_mnemonic(words)
    except MnemonicError:
        raise ValueError(f"{path}: the words of a share are not right; compare them") from None
    return words


def _in_order(text: str) -> list[str]:
    numbered = ((int(number), word) for number, word in _NUMBERED.findall(text))
    return [word for _, word in sorted(numbered)]


def combine(shares: Sequence[str], public_key: bytes, threshold: int) -> bytes:
    """The private half (32 bytes). Raises ValueError when these shares do not give it."""
    different = sorted(set(shares))
    if len(different) < threshold:
        raise ValueError(f"{threshold} different shares are needed; these are {len(different)}")
    try:
        private = PrivateKey(combine_mnemonics(different[:threshold]))
    except MnemonicError:
        raise ValueError("these shares do not belong together") from None
    if bytes(private.public_key) != public_key:
        raise ValueError("these shares are of another election's key")
    return bytes(private)

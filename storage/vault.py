"""What is secret and must be kept for a moment, sealed before it reaches the database.

Neither a table, nor its dead rows, nor the database's log, nor a backup then holds it in clear.
The key is made from the pepper, which is kept apart from the database.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode

from nacl.bindings import sodium_pad, sodium_unpad
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

SEALED = "sealed:"  # how everything begins that is sealed, and nothing else that we keep
STEP = 1024  # bytes: a length tells no more than how many of these steps it takes

_CONTEXT = b"buurtstem vault 1"


class SealError(ValueError):
    """This was sealed with another key, or changed since."""


class Vault:
    """Seals and opens. `key` is any secret of ours; vaults of one key open each other's."""

    def __init__(self, key: bytes) -> None:
        self._box = SecretBox(hmac.digest(key, _CONTEXT, "sha256"))

    def seal(self, text: str) -> str:
        """The text as nobody without the key can read it; never twice the same."""
        return SEALED + b64encode(self.seal_bytes(text.encode("utf-8"))).decode("ascii")

    def open(self, text: str) -> str:
        """What was sealed; other text as it is. Raises `SealError`."""
        if not is_sealed(text):
            return text
        try:
            sealed = b64decode(text.removeprefix(SEALED), validate=True)
            return self.open_bytes(sealed).decode("utf-8")
        except ValueError as error:
            raise SealError("what was sealed does not open") from error

    def seal_bytes(self, data: bytes) -> bytes:
        """Like `seal`, for a file."""
        return bytes(self._box.encrypt(sodium_pad(data, STEP)))

    def open_bytes(self, sealed: bytes) -> bytes:
        """What `seal_bytes` gave. Raises `SealError`."""
        try:
            return sodium_unpad(self._box.decrypt(sealed), STEP)
        except (CryptoError, ValueError) as error:
            raise SealError("what was sealed does not open") from error


def is_sealed(text: str) -> bool:
    """Whether only a vault can read this."""
    return text.startswith(SEALED)

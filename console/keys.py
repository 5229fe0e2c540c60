"""What is made from the application's key, so that the database alone is of no use to a thief."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b32encode

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST_PASSWORD = 12
RECOVERY_CODES = 10
_hasher = PasswordHasher()


class Keys:
    """Keyed hashes, each for one purpose."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def mac(self, purpose: str, *parts: object) -> str:
        """A keyed hash of `parts`, as hexadecimal digits."""
        return self._digest(purpose, *parts).hex()

    def csrf(self, token: str) -> str:
        """What a form must bring back to who has this cookie."""
        return self.mac("form", token)[:32]

    def totp(self, user_id: int, salt: str) -> str:
        """The secret of a user's authenticator app (RFC 6238), base32, 160 bits."""
        return b32encode(self._digest("totp", user_id, salt)[:20]).decode()

    def recovery(self, user_id: int, code: str) -> str:
        """How a recovery code is kept."""
        return self.mac("recovery", user_id, code.replace("-", "").replace(" ", "").upper())

    def _digest(self, purpose: str, *parts: object) -> bytes:
        message = "\0".join(["console", purpose, *map(str, parts)])
        return hmac.digest(self._secret, message.encode(), "sha256")


def new_token() -> str:
    """A session's token: 256 random bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """How a session's token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_recovery_codes() -> list[str]:
    """Codes of 50 random bits, in two halves that are easy to copy by hand."""
    return [_code() for _ in range(RECOVERY_CODES)]


def one_time_password() -> str:
    """A password for somebody else, to be changed at the first sign-in."""
    return "-".join(_code() for _ in range(2))


def _code() -> str:
    letters = b32encode(secrets.token_bytes(7)).decode()[:10]
    return f"{letters[:5]}-{letters[5:]}"


def hash_password(password: str) -> str:
    """Argon2id, with the library's parameters (RFC 9106, low memory)."""
    return _hasher.hash(password)


def password_is(hashed: str | None, password: str) -> bool:
    """Whether it is this password; takes as long when there is none."""
    try:
        return _hasher.verify(hashed or _nobodys(), password) and hashed is not None
    except (VerificationError, InvalidHashError):
        return False


_nobody: list[str] = []


def _nobodys() -> str:
    if not _nobody:
        _nobody.append(_hasher.hash(secrets.token_urlsafe()))
    return _nobody[0]
